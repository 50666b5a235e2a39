"""Somebody who publishes over HTTP, and asks the log what is in it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from headway.testing.readers import fetch
from headway.testing.serving import Address
from headway.testing.waiting import wait_until

Fields = dict[str, Any]
"""An event. Any: JSON values."""


class Producer:
    """Publishes; each call returns once the event is in the log."""

    def __init__(self, server: Address, token: str | None = None) -> None:
        self.server = server
        self._headers = {"Authorization": f"Bearer {token}"} if token is not None else {}

    async def publish(self, channel: str, type: str, /, *, key: str | None = None, **data: Any) -> None:
        """One event."""
        await self.publish_all(channel, [{"type": type, "data": data, **({"key": key} if key is not None else {})}])

    async def publish_all(self, channel: str, events: list[Fields]) -> None:
        """Several events as one step."""
        path = f"/api/channels/{quote(channel, safe='')}/events"
        body = json.dumps(events).encode()
        answer = await fetch(self.server, "POST", path, body=body, headers=self._headers)
        assert answer.status == 201, answer.body

    async def log(self, channel: str) -> list[Fields]:
        """Everything the channel holds, as flat events."""
        events: list[Fields] = []
        since = ""
        while True:
            path = f"/api/channels/{quote(channel, safe='')}/events?{urlencode({'since': since})}"
            page = (await fetch(self.server, "GET", path, headers=self._headers)).json()
            events += page["events"]
            since = page["position"]
            if not page["more"]:
                return events

    async def readers(self, channel: str) -> int:
        """How many follow the channel now."""
        answer = await fetch(self.server, "GET", f"/api/channels/{quote(channel, safe='')}", headers=self._headers)
        count: int = answer.json()["readers"]
        return count

    async def followed(self, channel: str, readers: int = 1) -> None:
        """Wait until so many follow the channel."""

        async def enough() -> bool:
            return await self.readers(channel) >= readers

        await wait_until(enough)
