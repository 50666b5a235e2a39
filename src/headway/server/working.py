"""A worker: runs jobs from the task store of a server on the same machine, in a process of its own. What it has to tell
goes through that server's HTTP interface, since the server alone writes to the log.

The law:
1. A worker has a name that no other had. So nobody takes a dead one's place by name: its lease ends, and whoever knows
   the job takes the task over.
2. What is published twice is stored once: each publication has an idempotency key, and is tried again with the same.
3. A server that is away for a while does not stop the work. What was decided meanwhile is announced when it is back.
4. A worker that is told to stop lets its work come to a point and gives it back.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import random
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.backoff import Backoff
from headway.client.endings import Ended, Refused, Unreachable, answered, failed
from headway.client.token import checked
from headway.client.transports.http import ANSWER_SECONDS, new_http
from headway.client.transports.interface import CONNECT_SECONDS, bearer
from headway.clock import Clock, SystemClock
from headway.codes import Advice, Code
from headway.errors import HeadwayError, UsageError
from headway.events import Draft
from headway.server.masking import masked
from headway.server.running import new_task_id
from headway.tasks.embedded import AT_ONCE, LEASE_SECONDS, Runner
from headway.tasks.jobs import Jobs
from headway.tasks.records import Filters
from headway.tasks.service import Service
from headway.tasks.store import Store

__all__ = ["HttpAnnounce", "Worker"]

logger = logging.getLogger("headway.worker")

_KEEP_SECONDS: Final = 1.0
_TRIES: Final = 3
"""Of one publication, before its task hears that the server is away: two lost answers are a bad network, three are a
server that restarts. Whoever publishes tries again later by itself."""
_FIRST: Final = 0.1
_MOST: Final = 1.0


class HttpAnnounce:
    """Publishes to one server. Implements `Announce`. Close it."""

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._token = token
        self._http = new_http(address)

    async def __call__(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> object:
        """Publish all drafts as one step, once. Raises `HeadwayError`, whose code says whether trying again can
        help."""
        key = idempotency_key or secrets.token_urlsafe(18)
        body = msgspec.json.encode([_event(draft) for draft in drafts])
        backoff = Backoff(random.random, first=_FIRST, most=_MOST)
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._post(self._address.channel(channel, "events"), body, key)
            except Ended as ended:
                if ended.advice is not Advice.RECONNECT or attempt == _TRIES:
                    raise _error(ended) from ended
                await asyncio.sleep(backoff.next(ended.retry))
        raise AssertionError("the last attempt returns or raises")

    async def get(self, path: str) -> Any:  # Any: JSON
        """Ask the server. Raises `Ended`."""
        return await self._ask("GET", self._address.http(path))

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._http.aclose()

    async def _post(self, url: str, body: bytes, key: str) -> Any:  # Any: JSON
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return await self._ask("POST", url, body, headers)

    async def _ask(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Any:  # Any: JSON
        try:
            response = await self._http.request(
                method,
                url,
                content=body,
                headers={**(headers or {}), **bearer(self._token)},
                timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            )
        except (httpx2.HTTPError, OSError) as error:
            raise failed(error) from error
        if not response.is_success:
            raise answered(response.status_code, response.content, response.headers.get("Retry-After"))
        try:
            return msgspec.json.decode(response.content)
        except msgspec.DecodeError as error:
            raise Ended("something answered that is no Headway") from error


class Worker:
    """Runs jobs, within `async with`."""

    def __init__(
        self,
        data: Path,
        url: str,
        token: str | None,
        jobs: Jobs,
        *,
        clock: Clock | None = None,
        lease: float = LEASE_SECONDS,
        at_once: int = AT_ONCE,
        durable: bool = True,
    ) -> None:
        """`data` is the folder of the server at `url`. Raises `UsageError`."""
        self.name = f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
        """Nobody else's."""
        self.jobs = jobs
        self._data = data
        self._address = Address.parse(url)
        self._token = None if token is None else checked(token)
        self._clock: Clock = clock or SystemClock()
        self._lease = lease
        self._at_once = at_once
        self._durable = durable
        self._undo: list[Callable[[], Awaitable[object]]] = []
        self._runner: Runner | None = None

    async def __aenter__(self) -> Worker:
        """Take what is ready from now on. Raises `UsageError`, `StorageError`, and `Refused` for a token that is not
        taken."""
        try:
            await self._start()
        except BaseException:  # whatever it was, nothing stays open
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give back what runs, tell what there is to tell, and close."""
        while self._undo:
            await self._undo.pop()()

    def statistics(self) -> dict[str, int]:
        """What runs, and how turns ended."""
        return {} if self._runner is None else self._runner.statistics()

    async def _start(self) -> None:
        file = self._data / "tasks.db"
        if not file.is_file():
            raise UsageError(
                f"there are no tasks in {self._data}: it is the --data folder of a server that has run there"
            )
        announce = HttpAnnounce(self._address, self._token)
        self._undo.append(announce.close)
        loop = asyncio.get_running_loop()
        store = await loop.run_in_executor(None, lambda: Store(file, loop, durable=self._durable))
        self._undo.append(store.close)
        service = Service(store, announce, self._clock, new_task_id, kept=math.inf)
        await self._acquaint(announce, service)
        await service.start()
        self._undo.append(service.close)
        kept = asyncio.create_task(self._keep(service), name="tasks kept")
        self._undo.append(lambda: _ended(kept))
        self._runner = Runner(
            service,
            self.jobs,
            self._clock,
            new_task_id,
            secrets.SystemRandom().random,
            name=self.name,
            lease=self._lease,
            at_once=self._at_once,
            mask=masked,
        )
        self._undo.append(self._runner.close)
        await self._runner.start()

    async def _acquaint(self, announce: HttpAnnounce, service: Service) -> None:
        """See that the server takes the token, and is the one whose tasks these are. One that is away is waited for:
        the work does not need it."""
        newest = (await service.find(Filters(limit=1))).states
        try:
            await announce.get("/api/me")
            if newest:
                await announce.get(f"/api/tasks/{quote(newest[0].id, safe='')}")
        except Ended as ended:
            if ended.advice is Advice.RECONNECT:
                logger.warning(
                    "! %s cannot be reached (%s); what is done is told when it is back", self._address, ended
                )
            elif ended.code is Code.NOT_FOUND:
                raise UsageError(
                    f"{self._address} does not know the tasks in {self._data}: it is another server's folder, or the "
                    "token does not allow to read them"
                ) from None
            else:
                raise ended.refusal() from None

    async def _keep(self, service: Service) -> None:
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            try:
                await service.keep()
            except HeadwayError as error:
                logger.warning("! the housekeeping of tasks: %s", error)
            except Exception:  # a mistake of ours in one must not keep the others from being done
                logger.exception("! the housekeeping of tasks failed")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _event(draft: Draft) -> dict[str, Any]:  # Any: JSON
    fields: dict[str, Any] = {"type": draft.type, "data": msgspec.Raw(draft.json)}
    return fields if draft.key is None else {**fields, "key": draft.key}


def _error(ended: Ended) -> HeadwayError:
    """What whoever publishes can decide by. A token that is not taken may be taken again, when its key is known or the
    clock is right: nothing is thrown away because of it."""
    match ended.advice:
        case Advice.RECONNECT | Advice.RENEW:
            return Unreachable(ended.reason, details={} if ended.retry is None else {"retry": ended.retry})
        case Advice.STOP:
            return Refused(ended.reason, code=ended.code)
