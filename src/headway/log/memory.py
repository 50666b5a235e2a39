"""A log in memory: everything the contract promises except that it survives a restart.

Each call is one step on the event loop, so there is nothing to lock. Age is looked at when somebody appends: a log that
nobody appends to keeps what it has. Not here: what is forgotten (`retention`), where reading begins (`extent`).
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from headway.clock import Clock
from headway.errors import Closed
from headway.events import Draft, Event
from headway.limits import Retention
from headway.log.epochs import channel_epoch
from headway.log.extent import Extent, start
from headway.log.idempotency import KEPT_SECONDS, conflict, digest, placed
from headway.log.interface import Appended, Listener, Page, Snapshot
from headway.log.retention import SWEEP_SECONDS, by_age, compaction_cutoff, cutoff, exceeds, trim
from headway.positions import Position

__all__ = ["MemoryLog"]

_LOG: Final = logging.getLogger("headway.log")

_KEYS: Final = 100_000
"""Idempotency keys kept at most, the newest: some 20 MB. A day's worth of one append a second."""

_offset: Final = attrgetter("offset")


@dataclass(slots=True)
class _Channel:
    name: str
    epoch: str
    events: list[Event] = field(default_factory=list)
    """Those after `trimmed`, in order, without the compacted ones."""
    latest: dict[str, Event] = field(default_factory=dict)
    head: int = 0
    trimmed: int = 0
    bytes: int = 0

    @property
    def extent(self) -> Extent:
        return Extent(self.name, self.epoch, self.trimmed, self.head)

    def forget(self, through: int) -> None:
        count = bisect_right(self.events, through, key=_offset)
        self.bytes -= sum(len(event.json) for event in self.events[:count])
        del self.events[:count]
        self.trimmed = max(self.trimmed, through)


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    first: int
    time: int


class MemoryLog:
    """The log of tests and of a process that needs none after it ended. See `interface.Log` for what each call
    promises."""

    def __init__(
        self,
        clock: Clock,
        *,
        retention: Retention = Retention(),  # noqa: B008 - a frozen value
        retention_for: Callable[[str], Retention] | None = None,
        new_epoch: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._retention_for = retention_for or (lambda channel: retention)
        self._epoch = new_epoch()
        self._channels: dict[str, _Channel] = {}
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._listener: Listener | None = None
        self._swept = clock.monotonic()
        self._closed = False
        self._commits = self._appended = self._appended_bytes = self._replays = 0

    async def append(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> Appended:
        """Store all drafts or none. The listener was called when this returns."""
        self._open()
        if not drafts:
            return Appended(())
        now = int(self._clock.now() * 1000)
        if idempotency_key is not None:
            events = self._replayed(channel, drafts, idempotency_key, now)
            if events:
                self._replays += 1
                return Appended(events, replayed=True)
        self._sweep(now)
        events = self._store(channel, drafts, now)
        if idempotency_key is not None:
            self._remember(channel, idempotency_key, _Known(digest(drafts), events[0].offset, now))
        self._retain(channel, now)
        self._tell(events)
        return Appended(events)

    async def read(self, channel: str, after: Position, *, limit: int = 1_000, max_bytes: int = 524_288) -> Page:
        """The events after a position; at least one if there is one."""
        self._open()
        held = self._look(channel)
        offset, gap = start(held.extent, after)
        begin = bisect_right(held.events, offset, key=_offset)
        events = _page(held.events[begin : begin + max(1, limit)], max_bytes)
        reached = events[-1].offset if events else held.head
        return Page(events, Position(held.epoch, reached), held.head, gap)

    async def head(self, channel: str) -> Position:
        """The channel's newest position."""
        self._open()
        held = self._look(channel)
        return Position(held.epoch, held.head)

    async def snapshot(self, channel: str, keys: Collection[str] | None = None) -> Snapshot:
        """The latest event of each key, or of the named keys, and the head."""
        self._open()
        held = self._look(channel)
        wanted = held.latest if keys is None else held.latest.keys() & set(keys)
        events = sorted((held.latest[key] for key in wanted), key=_offset)
        return Snapshot(tuple(events), Position(held.epoch, held.head))

    async def trim(self, channel: str, through: int) -> None:
        """Forget the channel's events up to and including an offset."""
        self._open()
        held = self._channels.get(channel)
        if held is not None:
            held.forget(min(through, held.head))

    async def channels(self, after: str = "", limit: int = 100) -> list[tuple[str, Position]]:
        """Channels that hold or held events, by name, with their heads."""
        self._open()
        names = sorted(name for name in self._channels if name > after and not name.startswith(" "))
        return [(name, Position(self._channels[name].epoch, self._channels[name].head)) for name in names[:limit]]

    async def check(self) -> None:
        """Return: memory takes every append."""
        self._open()

    def listen(self, listener: Listener) -> None:
        """Have every append told to the listener."""
        self._listener = listener

    def statistics(self) -> dict[str, Any]:  # Any: numbers and short strings for people
        """What is held."""
        return {
            "kind": "memory",
            "epoch": self._epoch,
            "channels": len(self._channels),
            "events": sum(len(channel.events) for channel in self._channels.values()),
            "bytes": sum(channel.bytes for channel in self._channels.values()),
            "idempotency_keys": len(self._known),
            "commits": self._commits,
            "appended": self._appended,
            "appended_bytes": self._appended_bytes,
            "replayed": self._replays,
        }

    async def close(self) -> None:
        """Take no more calls."""
        self._closed = True

    def _open(self) -> None:
        if self._closed:
            raise Closed("the log is closed")

    def _look(self, channel: str) -> _Channel:
        return self._channels.get(channel) or _Channel(channel, channel_epoch(self._epoch, channel))

    def _store(self, channel: str, drafts: Sequence[Draft], now: int) -> tuple[Event, ...]:
        held = self._channels[channel] = self._look(channel)
        events = placed(channel, held.epoch, held.head + 1, now, drafts)
        held.events.extend(events)
        held.latest.update((event.key, event) for event in events if event.key is not None)
        size = sum(len(event.json) for event in events)
        held.bytes += size
        self._appended_bytes += size
        held.head += len(events)
        return events

    def _tell(self, events: tuple[Event, ...]) -> None:
        self._commits += 1
        self._appended += len(events)
        if self._listener is None:
            return
        try:
            self._listener(events)
        except Exception:  # the events are stored whatever the listener makes of them
            _LOG.exception("! the listener of the log failed")

    def _replayed(self, channel: str, drafts: Sequence[Draft], key: str, now: int) -> tuple[Event, ...]:
        known = self._known.get((channel, key))
        if known is None or known.time < now - KEPT_SECONDS * 1000:
            return ()
        if known.digest != digest(drafts):
            raise conflict(channel, key)
        return placed(channel, channel_epoch(self._epoch, channel), known.first, known.time, drafts)

    def _remember(self, channel: str, key: str, known: _Known) -> None:
        self._known.pop((channel, key), None)
        self._known[channel, key] = known
        if len(self._known) > _KEYS:
            self._known.popitem(last=False)

    def _retain(self, channel: str, now: int) -> None:
        held = self._channels[channel]
        retention = self._retention_for(channel)
        if exceeds(retention, len(held.events), held.bytes):
            _trim(held, retention, now)

    def _sweep(self, now: int) -> None:
        if self._clock.monotonic() - self._swept < SWEEP_SECONDS:
            return
        self._swept = self._clock.monotonic()
        for held in self._channels.values():
            retention = self._retention_for(held.name)
            _trim(held, by_age(retention), now)
            _expire(held, cutoff(retention, now))
            _compact(held, compaction_cutoff(retention, now))
        while self._known and next(iter(self._known.values())).time < now - KEPT_SECONDS * 1000:
            self._known.popitem(last=False)


def _page(events: list[Event], max_bytes: int) -> tuple[Event, ...]:
    size = 0
    for count, event in enumerate(events):
        size += len(event.json)
        if size > max_bytes and count:
            return tuple(events[:count])
    return tuple(events)


def _trim(held: _Channel, retention: Retention, now: int) -> None:
    oldest = ((event.offset, event.time, len(event.json)) for event in held.events)
    decided = trim(retention, len(held.events), held.bytes, now, oldest)
    if decided is not None:
        held.forget(decided.through)


def _expire(held: _Channel, too_old: int) -> None:
    held.latest = {key: event for key, event in held.latest.items() if event.time >= too_old}


def _compact(held: _Channel, before: int | None) -> None:
    if before is None:
        return
    latest = held.latest
    held.events = [
        event
        for event in held.events
        if event.key is None or event.time >= before or latest.get(event.key, event).offset <= event.offset
    ]
    held.bytes = sum(len(event.json) for event in held.events)
