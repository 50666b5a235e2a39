"""Tasks whose attempts run in different processes: what a queue of jobs needs, where any worker may take the next one.

The law:
1. A queue's id for its job is the key of the task: whoever begins it again, in whichever process, goes on with it.
2. Each owner's reports are numbered from the milliseconds of its begin, so that those of a later attempt are newer than
   all of an earlier one, and what a late one still has to say changes nothing.
3. A retry ends the attempt and not the task.

Not here: which queue it is.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import fields, replace
from typing import Final, Self

import httpx2

from headway.client.address import Address
from headway.client.token import checked
from headway.client.transports.http import new_http
from headway.client.transports.interface import bearer
from headway.clock import Clock, SystemClock
from headway.reporting.outlet import HttpOutlet
from headway.reporting.reporter import DEFAULT_URL
from headway.server.masking import masked
from headway.tasks.bridge import bridge
from headway.tasks.interface import Beginning, Lost, Outlet, Owned, Report
from headway.tasks.model import Failure, Happening, IllegalTransition, Progress, Status
from headway.tasks.pump import Desk
from headway.tasks.task import Task

__all__ = ["Attempt", "Attempts", "tell"]

_DONE: Final = ("current", "done", "completed")
_AT: Final = ("description", "current_file", "message", "status")

_ENDS: Final = frozenset({Happening.COMPLETED, Happening.FAILED, Happening.CANCELLED, Happening.RETRYING})


_key: Final[ContextVar[str]] = ContextVar("key of the task that is begun", default="")


class Attempt(Task):
    """One attempt of a task."""

    key = ""
    """Of its task."""

    def begin(self, *, again: bool) -> Self:
        """Begin, or go on where an earlier attempt ended with a retry."""
        if again:
            self._happened.append(Happening.STARTED)
        token = _key.set(self.key)
        try:
            return self.start()
        finally:
            _key.reset(token)

    def retry(self, error: BaseException | str) -> None:
        """This attempt failed, and there will be another."""
        if self.gate.held:
            self._happen(Happening.RESUMED)  # the table knows no other way on from a pause
        self._finish(Happening.RETRYING, _failure(error))

    def fail(self, error: BaseException | str) -> None:
        """It failed, and is not tried again."""
        self._finish(Happening.FAILED, _failure(error))


class Attempts:
    """Where the attempts of one process are told. In a forked process it makes connections of its own."""

    def __init__(self, url: str | None = None, token: str | None = None, *, clock: Clock | None = None) -> None:
        """Without a URL and a token those of HEADWAY_URL and HEADWAY_TOKEN. Raises `UsageError`."""
        self._address = Address.parse(url or os.environ.get("HEADWAY_URL") or DEFAULT_URL)
        token = token or os.environ.get("HEADWAY_TOKEN") or None
        self._token = None if token is None else checked(token)
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._desk: Desk | None = None
        self._process = 0

    def begin(self, key: str, name: str, *, again: bool = False) -> Attempt:
        """Begin an attempt of the task with this key; `again`, if an earlier one ended with a retry."""
        return self._attempt(key, name, _AGAIN if again else "").begin(again=again)

    def end(self, key: str, name: str, how: Callable[[Attempt], object]) -> None:
        """Say how a task ended that another process ran, or that never ran. It is told in the background."""
        how(self._attempt(key, name, _ENDED).begin(again=False))

    def _attempt(self, key: str, name: str, suffix: str) -> Attempt:
        if self._process != os.getpid():
            self._lock = threading.Lock()  # forked: another thread of the parent may have held it
        with self._lock:
            if self._desk is None or self._process != os.getpid():
                self._desk, self._process = self._new_desk(), os.getpid()
            attempt = Attempt(self._desk, name[:500])
        attempt.key = f"{key}{suffix}"
        return attempt

    async def _numbers(self, id: str) -> Progress | None:
        """How far a task is that another process reported, as far as this one may know."""
        async with new_http(self._address) as http:
            try:
                answer = await http.get(
                    self._address.http(f"/api/tasks/{id}"), headers=bearer(self._token), timeout=5.0
                )
                state = answer.json() if answer.status_code == 200 else {}
            except (httpx2.HTTPError, ValueError):
                return None
        names = {field.name for field in fields(Progress)} & state.keys()
        return Progress(**{name: state[name] for name in names}) if "done" in names else None

    def _new_desk(self) -> Desk:
        http = HttpOutlet(self._address, self._token)

        async def opened() -> Outlet:
            async def close() -> None:
                await desk.finish()
                await http.close()

            bridge().before_end(close)
            return _Numbering(http, self._numbers, self._clock)

        desk = Desk(
            opened,
            lambda: bridge().loop,
            self._clock,
            new_id=_key.get,
            random=random.random,
            name=str(self._address),
        )
        return desk


_AGAIN: Final = " again"
"""Ends the key of an attempt that goes on with a task; no part of the key that the server is told."""
_ENDED: Final = " ended"
"""The same where another process ran it, and this one only says how that ended."""


class _Numbering:
    """An outlet that tells one owner's attempts apart."""

    def __init__(self, outlet: Outlet, numbers: Callable[[str], Awaitable[Progress | None]], clock: Clock) -> None:
        self._outlet = outlet
        self._numbers = numbers
        self._clock = clock
        self._first: dict[str, int] = {}
        self._before: dict[str, Progress] = {}
        """How far tasks are whose end is told here, and nothing else."""

    async def begin(self, beginning: Beginning, *, idempotency_key: str | None = None) -> Owned:
        first = int(self._clock.now() * 1000)
        key, _, begins = (idempotency_key or "").rpartition(".")
        again, ended = key.endswith(_AGAIN), key.endswith(_ENDED)
        key = f"{key.removesuffix(_AGAIN).removesuffix(_ENDED)}.{begins}"
        try:
            owned = await self._outlet.begin(beginning, idempotency_key=key)
        except Lost:
            if again or ended:
                raise  # somebody cancelled it while it waited, or its end was told before
            # An earlier run of the same job has ended. This is another one.
            owned = await self._outlet.begin(beginning, idempotency_key=f"{key}.{first}")
        self._first[owned.id] = first
        before = await self._numbers(owned.id) if ended else None
        if before is not None:
            self._before[owned.id] = before
        return owned

    async def report(self, id: str, owner: str, report: Report) -> Status | None:
        number, before = report.number + self._first.get(id, 0), self._before.get(id)
        numbered = replace(report, number=number, progress=before or report.progress)
        try:
            wanted = await self._outlet.report(id, owner, numbered)
        except IllegalTransition:
            if report.happened is not Happening.STARTED:
                raise
            # That the attempt before it ended was never told: it still counts as running.
            wanted = await self._outlet.report(id, owner, replace(numbered, happened=None))
        if report.happened in _ENDS:
            self._first.pop(id, None)
            self._before.pop(id, None)
        return wanted


def tell(attempt: Attempt, meta: object) -> None:
    """Understand what people say of their jobs' progress: Celery's documentation, celery-progress, and their like."""
    if not isinstance(meta, Mapping):
        return
    done, total = next((meta[key] for key in _DONE if _is_number(meta.get(key))), None), meta.get("total")
    if done is None and _is_number(meta.get("percent")):
        done, total = meta["percent"], 100
    current = next((str(meta[key])[:4_000] for key in _AT if meta.get(key)), None)
    attempt.update(done=done, total=total if _is_number(total) else None, current=current)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _failure(error: BaseException | str) -> Failure:
    """What is told of an error; queues print them with arguments, which are none of a viewer's business."""
    name = "failed" if isinstance(error, str) else type(error).__name__
    return Failure(name[:100], masked(str(error) or name)[:4_000])
