"""Long-polling: one question after the other, each from the position of the answer before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

import httpx2
import msgspec

from headway.client.doctor.inbox import Inbox
from headway.client.doctor.lines.interface import Told, Tools, answerer, answers_whole, read_answer, trouble_of
from headway.client.doctor.observed import Failed, Kind, Notes, Stage, Trouble
from headway.client.transports.http import new_http
from headway.client.transports.interface import Fields, bearer

__all__ = ["PollingLine"]

_LONG: Final = 25.0
"""Seconds that a poll waits while nothing is expected: what a client may ask for, below most proxies' idle times."""
_EARLY: Final = 0.5
"""Of the wait: who answers before that without news did not ask the server, or the server did not wait."""
_PAUSE: Final = 0.2
"""Least seconds between two answers without news: something that answers at once is not to be flooded."""


class PollingLine:
    """See `Line`."""

    def __init__(self, tools: Tools) -> None:
        self.inbox = Inbox(tools.clock)
        self.notes = Notes()
        self._tools = tools
        self._http = new_http(tools.address)
        self._since = ""
        self._polling: asyncio.Task[None] | None = None

    async def open(self) -> None:
        try:
            page = await self._page(None, 0.0)
        except Failed as failed:
            raise Failed(await self._doubted(failed.trouble)) from None
        self._since = str(page["position"])

    async def follow(self) -> None:
        """Here: whether a poll that is to wait does, and comes back when it should. Then it goes on polling."""
        clock, wait = self._tools.clock, self._tools.patience.wait
        began = clock.monotonic()
        try:
            self._take(await self._page(self._since, wait))
        except Failed as failed:
            took = clock.monotonic() - began
            dropped = failed.trouble.kind is Kind.CUT and took >= wait * _EARLY
            kind = Kind.DROPPED if dropped else failed.trouble.kind
            raise Failed(replace(failed.trouble, kind=kind, stage=Stage.FOLLOW, after=took)) from None
        self.notes = replace(self.notes, asked_wait=wait, waited=clock.monotonic() - began)
        self._polling = asyncio.create_task(self._loop())

    async def ping(self) -> bool:
        await self._page(self._since, 0.0, Stage.PING)
        return True

    async def close(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        await self._http.aclose()

    async def _doubted(self, trouble: Trouble) -> Trouble:
        """What a first answer that did not come back may still tell. Where the server is to wait before it answers and
        the connection is cut only then, the question came through, and the answer was thrown away."""
        clock, wait = self._tools.clock, self._tools.patience.wait
        if trouble.kind is Kind.SILENT:
            refused = self._tools.address.channel(self._tools.channel, "events", {"since": " "})
            return replace(trouble, kind=Kind.HELD) if await answers_whole(self._tools, refused) else trouble
        if trouble.kind is not Kind.CUT or self._tools.quiet is None:
            return trouble
        began = clock.monotonic()
        try:
            await self._page("", wait, channel=self._tools.quiet)
        except Failed as failed:
            late = clock.monotonic() - began >= wait * _EARLY
            return replace(trouble, kind=Kind.DROPPED) if failed.trouble.kind is Kind.CUT and late else trouble
        return trouble

    async def _loop(self) -> None:
        clock = self._tools.clock
        try:
            while True:
                asked = clock.monotonic()
                page = await self._page(self._since, _LONG)
                self._take(page)
                if not page["events"]:
                    self.inbox.put({"type": "heartbeat"})
                    await asyncio.sleep(max(0.0, asked + _PAUSE - clock.monotonic()))
        except Failed as failed:
            self.inbox.end(failed.trouble)
        except (LookupError, TypeError, ValueError) as error:
            self.inbox.end(trouble_of(error, Stage.OPEN))

    def _take(self, page: Fields) -> None:
        self._since = str(page["position"])
        for event in page["events"]:
            self.inbox.put({**event, "type": str(event["type"])})

    async def _page(
        self, since: str | None, wait: float, stage: Stage = Stage.OPEN, *, channel: str | None = None
    ) -> Fields:
        query = {} if since is None else {"since": since}
        if wait:
            query["wait"] = f"{wait:g}"
        url = self._tools.address.channel(channel or self._tools.channel, "events", query)
        answer = self._tools.patience.answer
        try:
            response = await self._http.get(
                url, headers=bearer(self._tools.token), timeout=httpx2.Timeout(answer + wait, connect=answer)
            )
        except (httpx2.HTTPError, OSError) as error:
            raise Failed(trouble_of(error, stage)) from None
        if response.status_code != 200:
            raise Failed(read_answer(Told(response.status_code, response.headers, response.content), stage))
        self.notes = replace(
            self.notes, by=answerer(response.headers), encoding=response.headers.get("content-encoding")
        )
        try:
            page: Any = msgspec.json.decode(response.content)  # Any: JSON
        except msgspec.DecodeError as error:
            raise Failed(trouble_of(error, stage)) from None
        if not (isinstance(page, dict) and isinstance(page.get("events"), list) and "position" in page):
            raise Failed(Trouble(Kind.NONSENSE, stage, "what came back is not what a Headway says"))
        return page
