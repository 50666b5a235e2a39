"""What the tests of the logs share: a clock they move, logs they restart, kill and tear, assertions in our words."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from headway.events import Draft, Event
from headway.limits import Retention
from headway.log.interface import Log, Page
from headway.log.memory import MemoryLog
from headway.log.sqlite import SqliteLog
from headway.positions import BEGINNING, GapReason, Position

EVERYTHING = Retention(events=1_000_000, seconds=1e9, bytes=1 << 40)


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


class GatedClock(ManualClock):
    """A clock that keeps those who ask for the time waiting, so that a test says when a log commits in its thread."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def now(self) -> float:
        assert self.gate.wait(10), "nobody opened the gate"
        return super().now()


class Epochs:
    """Fresh log epochs, the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"life{next(self._numbers)}"


class Subject(Protocol):
    """A log under test."""

    durable: bool
    clock: ManualClock
    told: list[Event]

    @property
    def log(self) -> Log: ...
    async def start(self, retention_for: Callable[[str], Retention] | None = None) -> None: ...
    async def start_with(self, retention: Retention) -> None: ...
    async def restart(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass
class MemorySubject:
    """A memory log. It has no life after its end."""

    durable = False
    clock: ManualClock = field(default_factory=ManualClock)
    told: list[Event] = field(default_factory=list)
    epochs: Epochs = field(default_factory=Epochs)
    opened: MemoryLog | None = None

    @property
    def log(self) -> Log:
        assert self.opened is not None
        return self.opened

    async def start(self, retention_for: Callable[[str], Retention] | None = None) -> None:
        await self.stop()
        self.opened = MemoryLog(self.clock, retention=EVERYTHING, retention_for=retention_for, new_epoch=self.epochs)
        self.opened.listen(self.told.extend)

    async def start_with(self, retention: Retention) -> None:
        await self.start(lambda channel: retention)

    async def restart(self) -> None:
        raise NotImplementedError("a memory log ends with its process")

    async def stop(self) -> None:
        if self.opened is not None:
            await self.opened.close()


@dataclass
class SqliteSubject:
    """A SQLite log in a folder of its own."""

    folder: Path
    synced: bool = True
    durable = True
    clock: ManualClock = field(default_factory=ManualClock)
    told: list[Event] = field(default_factory=list)
    epochs: Epochs = field(default_factory=Epochs)
    opened: SqliteLog | None = None
    lives: int = 0
    retention_for: Callable[[str], Retention] = lambda channel: EVERYTHING

    @property
    def log(self) -> SqliteLog:
        assert self.opened is not None
        return self.opened

    async def start(self, retention_for: Callable[[str], Retention] | None = None) -> None:
        await self.stop()
        if retention_for is not None:
            self.retention_for = retention_for
        self.opened = await SqliteLog.open(
            self.folder, self.clock, retention_for=self.retention_for, durable=self.synced, new_epoch=self.epochs
        )
        self.opened.listen(self.told.extend)

    async def stop(self) -> None:
        if self.opened is not None:
            await self.opened.close()

    async def start_with(self, retention: Retention) -> None:
        await self.start(lambda channel: retention)

    async def restart(self) -> None:
        await self.start()

    async def kill(self, *, cut: int = 0, without: Sequence[str] = ()) -> None:
        """Go on with what the kernel would have of the files, had the process been killed now.

        `cut` takes bytes off the end of the write-ahead log, `without` leaves files away. Not realistic: nothing is
        under way.
        """
        self.lives += 1
        after = self.folder.parent / f"life-{self.lives}"
        after.mkdir()
        for name in ("events.sqlite3", "events.sqlite3-wal", "events.witness"):
            if name not in without and (self.folder / name).exists():
                shutil.copy(self.folder / name, after / name)
        wal = after / "events.sqlite3-wal"
        if cut and wal.exists():
            with wal.open("r+b") as file:
                file.truncate(max(0, wal.stat().st_size - cut))
        await self.stop()
        self.folder = after
        await self.start()


def draft(number: int, key: str | None = None, type: str = "step") -> Draft:
    """A draft that can be told from others."""
    return Draft.of(type, {"n": number}, key)


def drafts(*numbers: int, key: str | None = None) -> list[Draft]:
    """Drafts that can be told apart."""
    return [draft(number, key) for number in numbers]


def numbers(events: Iterable[Event]) -> list[int]:
    """What the drafts of these events were made of."""
    return [event.data["n"] for event in events]


def offsets(events: Iterable[Event]) -> list[int]:
    """Where events stand."""
    return [event.offset for event in events]


async def everything(log: Log, channel: str, after: Position = BEGINNING) -> list[Event]:
    """All a log still holds after a position, page by page."""
    found: list[Event] = []
    while True:
        page = await log.read(channel, after, limit=100)
        found += page.events
        after = page.reached
        if page.reached.offset >= page.head:
            return found


def assert_gap(page: Page, reason: GapReason, after: Position, until: int) -> None:
    """The page tells a gap for this reason, from the position to an offset of its own epoch."""
    assert page.gap is not None, "no gap was told"
    assert (page.gap.reason, page.gap.after, page.gap.until) == (reason, after, Position(page.reached.epoch, until))


async def all_of(*calls: Awaitable[object]) -> None:
    """Wait for calls, whatever becomes of them."""
    await asyncio.gather(*calls, return_exceptions=True)
