"""Who is told: a webhook, as apprise reaches it, and stock clients of Socket.IO that watch a run as the seed's do.

    socket.emit('subscribe', {testRunId})               the seed's line: what holds now, and what comes from now on
    socket.emit('subscribe', {testRunId, since: ''})    the whole run, whenever one comes

python-socketio has no recovery of its own; the position in each event is its recovery: whenever the connection is back,
`since` is the last one.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import socketio
from aiohttp import web

__all__ = ["Hook", "Viewer", "hook", "milestones"]

Fields = dict[str, Any]
"""Any: JSON values."""


class Hook:
    """The webhook."""

    def __init__(self) -> None:
        self.told: list[Fields] = []
        self.address = ""

    async def take(self, request: web.Request) -> web.Response:
        """One message."""
        self.told.append(await request.json())
        return web.Response()

    def of(self, kind: str, title: str = "") -> list[Fields]:
        """What was told of this kind, of whoever's name the title begins with."""
        return [one for one in self.told if kind in one["kind"].split() and one["title"].startswith(title)]


@contextlib.asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    """A webhook on loopback."""
    made = Hook()
    application = web.Application()
    application.router.add_post("/hook", made.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.address = f"json://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield made
    finally:
        await runner.cleanup()


class Viewer:
    """Somebody who watches one run."""

    def __init__(self, name: str, run: str, *, whole: bool) -> None:
        self.name = name
        self.whole = whole
        """Whether it asks for the run from its beginning; else from when it came, as the seed's client does."""
        self.told: list[Fields] = []
        self.connections = 0
        self._run = run
        self._client = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5)
        self._client.on("connect", self._connected)
        self._client.on("*", self._heard)

    @classmethod
    @contextlib.asynccontextmanager
    async def watching(
        cls, name: str, run: str, url: str, transports: Sequence[str], *, whole: bool = True
    ) -> AsyncIterator[Viewer]:
        """From now until the end of the block."""
        viewer = cls(name, run, whole=whole)
        await viewer._client.connect(url, transports=list(transports))
        try:
            yield viewer
        finally:
            await viewer._client.disconnect()

    @property
    def connected(self) -> bool:
        """Whether it has a connection now, as far as it knows."""
        return bool(self._client.connected)

    def reached(self, offset: int) -> bool:
        """Whether it was told of this, or of something later."""
        return any(one["offset"] >= offset for one in self.told)

    async def _connected(self) -> None:
        self.connections += 1
        asked = {"testRunId": self._run}
        if self.told:
            asked["since"] = self.told[-1]["position"]
        elif self.whole:
            asked["since"] = ""
        await self._client.emit("subscribe", asked)

    async def _heard(self, name: str, event: Fields, *more: Any) -> None:  # Any: what else a packet holds
        if isinstance(event, Mapping) and event.get("channel") == self._run and "offset" in event:
            self.told.append(event)


def milestones(events: Sequence[Fields]) -> list[Fields]:
    """Those that no later event supersedes."""
    return [event for event in events if "key" not in event]
