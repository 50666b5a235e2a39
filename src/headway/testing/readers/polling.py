"""A reader that asks: polling and long-polling."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from headway.testing.readers.face import Beginning, Ended, Face, Fields, refusal
from headway.testing.readers.http import fetch
from headway.testing.serving import Address

__all__ = ["PollingReader"]


class PollingReader(Face):
    """Polling, or with `wait` long-polling. Each `next` that has nothing left asks the server; the position in the
    question acknowledges."""

    PAUSE: Final = 0.01
    """Seconds between two short polls. The seeds' clients take 2; here it only bounds how much a test waits."""

    def __init__(
        self,
        address: Address,
        *,
        wait: float = 0.0,
        limit: int | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._address = address
        self._wait = wait
        self._limit = limit
        self._headers = dict(headers or {})
        self._query = dict(query or {})
        self._channel = ""
        self._etag: str | None = None
        self._waiting: deque[Fields] = deque()
        self._going = asyncio.Event()
        self._going.set()
        self._reached = ""
        self._gone = False
        self.unchanged = 0
        """Answers that were a 304."""

    async def subscribe(self, channel: str, since: str | None = None) -> Beginning:
        """Ask the first question. Raises `Refused`, `Ended`."""
        self._channel = channel
        self._gone = False
        answer = await self._poll(since, 0.0)
        first = answer["events"][0] if answer["events"] else None
        # Until it has taken an event a poller stands where it said it does.
        position = answer["position"] if since is None or first is None or first["type"] == "gap" else since
        self._positions[channel] = self._last = position
        gap = first is not None and first["type"] == "gap"
        return Beginning(position, since is not None and not gap, answer.get("snapshot"))

    async def _poll(self, since: str | None, wait: float) -> Fields:
        query = list(self._query.items())
        query += [] if since is None else [("since", since)]
        query += [("wait", str(wait))] if wait else []
        query += [("limit", str(self._limit))] if self._limit is not None else []
        path = f"/api/channels/{quote(self._channel, safe='')}/events?{urlencode(query)}"
        headers = dict(self._headers)
        if self._etag is not None:
            headers["If-None-Match"] = self._etag
        try:
            answer = await fetch(self._address, "GET", path, headers=headers)
        except (OSError, EOFError) as error:
            raise Ended from error
        if answer.status == 304:
            self.unchanged += 1
            return {"events": [], "position": self._reached}
        if answer.status != 200:
            raise refusal(answer.status, answer.body)
        self._etag = answer.headers.get("etag")
        page: Fields = msgspec.json.decode(answer.body)
        self._reached = page["position"]
        self._waiting.extend(page["events"])
        return page

    async def next(self) -> Fields:
        """The next event or gap."""
        while True:
            await self._going.wait()
            if self._waiting:
                return self._told(self._waiting.popleft())
            if self._gone:
                raise Ended
            await self._poll(self._reached, self._wait)
            if not self._waiting and not self._wait:
                await asyncio.sleep(self.PAUSE)

    def stall(self) -> None:
        """Ask nothing from now on."""
        self._going.clear()

    def resume(self) -> None:
        """Ask again."""
        self._going.set()

    async def cut(self) -> None:
        """Lose what was answered and not taken. There is no connection to cut: each question is its own."""
        self._waiting.clear()
        self._etag = None
        self._gone = True

    async def close(self) -> None:
        """Ask no more."""
        self._gone = True
