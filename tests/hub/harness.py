"""What the tests of the hub share: a log that can be slow, ill and born again, readers that keep their transcripts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from headway.errors import StorageError
from headway.events import Draft, Event
from headway.hub.cursors import Cursor
from headway.hub.hub import Hub, Start
from headway.limits import Limits, Retention
from headway.log.interface import Appended, Listener, Page, Snapshot
from headway.log.memory import MemoryLog
from headway.positions import Position
from headway.testing.clock import FakeClock
from headway.testing.outlets import FakeOutlet, PlainForm, Told, ToldGap

EVERYTHING = Retention(events=1_000_000, seconds=1e9, bytes=1 << 40)

TINY = Limits(tail_events=3, tail_bytes=60, page_events=4, page_bytes=40, chunk_cache_bytes=150, lag_events=0)
"""So small that the tail, the chunks of history and reads of one's own all have their part in a dozen events."""


class RestlessLog:
    """A memory log behind which anything can happen. `turns` of the loop go by in each call, before it is answered."""

    def __init__(self) -> None:
        self._lives = count(1)
        self._listener: Listener | None = None
        self.ill = False
        self.turns = 0
        self.reads = 0
        self.inner = self._life()

    def _life(self) -> MemoryLog:
        number = next(self._lives)
        return MemoryLog(FakeClock(), retention=EVERYTHING, new_epoch=lambda: f"life{number}")

    def restart(self) -> None:
        """Lose everything and go on under a new epoch. Nobody is told."""
        self.inner = self._life()
        if self._listener is not None:
            self.inner.listen(self._listener)

    async def _way(self) -> None:
        if self.ill:
            raise StorageError("the disk is gone")
        for _ in range(self.turns):
            await asyncio.sleep(0)

    async def append(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> Appended:
        await self._way()
        return await self.inner.append(channel, drafts, idempotency_key=idempotency_key)

    async def read(self, channel: str, after: Position, *, limit: int = 1_000, max_bytes: int = 524_288) -> Page:
        self.reads += 1
        page = await self.inner.read(channel, after, limit=limit, max_bytes=max_bytes)
        await self._way()
        return page

    async def head(self, channel: str) -> Position:
        head = await self.inner.head(channel)
        await self._way()
        return head

    async def snapshot(self, channel: str, keys: Collection[str] | None = None) -> Snapshot:
        snapshot = await self.inner.snapshot(channel, keys)
        await self._way()
        return snapshot

    async def trim(self, channel: str, through: int) -> None:
        await self.inner.trim(channel, through)

    async def channels(self, after: str = "", limit: int = 100) -> list[tuple[str, Position]]:
        return await self.inner.channels(after, limit)

    async def check(self) -> None:
        await self._way()

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        self.inner.listen(listener)

    def statistics(self) -> dict[str, Any]:  # Any: as the interface has it
        return self.inner.statistics()

    async def close(self) -> None:
        await self.inner.close()


class Reader:
    """One cursor on an outlet of its own, and what it was told."""

    def __init__(self, hub: Hub, channel: str = "run", form: PlainForm | None = None) -> None:
        self.hub = hub
        self.channel = channel
        self.form = form or PlainForm()
        self.outlet = FakeOutlet()

    async def join(self, since: Position | None = None) -> Start:
        """Find the start and follow from there."""
        start = await self.hub.start(self.channel, since)
        self.cursor = Cursor(self.channel, start.position, self.form, self.outlet, whole_until=start.whole_until)
        self.hub.attach(self.cursor)
        return start

    def resume(self, room: int | None = None) -> None:
        """Read again."""
        self.outlet.resume(room)
        self.hub.wake(self.cursor)

    def leave(self) -> None:
        """Follow no more."""
        self.hub.detach(self.cursor)

    @property
    def told(self) -> list[Told | ToldGap]:
        """Everything it was told."""
        return self.form.read(self.outlet.written)

    @property
    def numbers(self) -> list[int]:
        """What the drafts of the events it was told were made of."""
        return [told.event.data["n"] for told in self.told if isinstance(told, Told)]


def draft(number: int, key: str | None = None) -> Draft:
    """A draft that can be told from others."""
    return Draft.of("step", {"n": number}, key)


def drafts(*numbers: int, key: str | None = None) -> list[Draft]:
    """Drafts that can be told apart."""
    return [draft(number, key) for number in numbers]


def event(offset: int, key: str | None = None, epoch: str = "life1", channel: str = "run") -> Event:
    """An event that says where it stands."""
    return Event(channel, epoch, offset, "step", b'{"n":%d}' % offset, key, 0)


def offsets(events: Sequence[Event]) -> list[int]:
    """Where events stand."""
    return [event.offset for event in events]


async def settled(hub: Hub, turns: int = 5_000) -> None:
    """Let the loop turn until the hub has nothing under way."""
    quiet = 0
    for _ in range(turns):
        await asyncio.sleep(0)
        quiet = quiet + 1 if hub.statistics()["reading"] == 0 else 0
        if quiet == 5:
            return
    raise AssertionError(f"the hub does not come to rest: {hub.statistics()}")
