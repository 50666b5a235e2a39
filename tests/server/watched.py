"""What the tests of figures share: a hub over a memory log with a `Watch`, and connections that are only looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from headway.events import Draft
from headway.figures import Life
from headway.hub.cursors import Cursor
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.log.interface import Log
from headway.log.memory import MemoryLog
from headway.positions import Position
from headway.server.watching import Watch
from headway.sessions.registry import Registry
from headway.testing.clock import FakeClock
from headway.testing.outlets import FakeOutlet, PlainForm

FORM = PlainForm()


@dataclass(slots=True)
class Somebody:
    """What is looked at of a session."""

    id: str
    user: str | None
    transport: str = "websocket"
    outlet: FakeOutlet = field(default_factory=FakeOutlet)
    cursors: dict[str, Cursor] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Line:
    """What is looked at of a connection."""

    life: Life
    people: list[Somebody]
    waiting: int = 0

    def sessions(self) -> Sequence[Any]:  # Any: as much of a session as is looked at
        """Who is on it."""
        return self.people

    def buffered(self) -> int:
        """What waits for it."""
        return self.waiting


class Place:
    """A watched hub, and the means to have somebody come."""

    def __init__(self, log: Log | None = None, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.clock = FakeClock()
        self.log: Log = log or MemoryLog(self.clock, new_epoch=lambda: "life1")
        self.watch = Watch("1.2.3", self.clock, limits, refused=lambda: {"address_rate": 3})
        self.hub = Hub(self.log, limits, clock=self.clock, on_told=self.watch.ring.told)
        self.registry = Registry(lambda: 0.5, self.watch.lives.ended)
        self.watch.observe(self.log, self.hub, self.registry)

    async def come(
        self,
        user: str | None = None,
        channel: str | None = None,
        since: Position | None = None,
        transport: str = "websocket",
    ) -> Line:
        """A connection opens, and follows."""
        now, monotonic = self.clock.now(), self.clock.monotonic()
        life = self.watch.figures.begin(transport, "10.0.0.7", now=now, monotonic=monotonic)
        somebody = Somebody("s3cret-session-id", user)
        line = Line(life, [somebody])
        if channel is not None:
            start = await self.hub.start(channel, since)
            cursor = Cursor(channel, start.position, FORM, somebody.outlet, whole_until=start.whole_until)
            somebody.cursors[channel] = cursor
            self.hub.attach(cursor, start)
        self.registry.add(line)  # type: ignore[arg-type]  # nobody ends it
        return line

    def leave(self, line: Line) -> None:
        """Its connection ends."""
        self.registry.discard(line)  # type: ignore[arg-type]  # as above
        for somebody in line.people:
            for cursor in somebody.cursors.values():
                self.hub.detach(cursor)

    async def publish(self, channel: str, *numbers: int, key: str | None = None) -> None:
        """Something happens."""
        await self.hub.publish(channel, [Draft.of("step", {"n": number}, key) for number in numbers])


@asynccontextmanager
async def place(log: Log | None = None, limits: Limits | None = None) -> AsyncIterator[Place]:
    """A place until the block ends."""
    made = Place(log, limits)
    try:
        yield made
    finally:
        await made.watch.close()
        await made.hub.close()
        await made.log.close()
