"""A reader is a cursor: how far into one channel it has been told, and where to write what comes next.

The law, from which "never lost, never repeated" follows:
1. A cursor is written only the events directly after its offset, in order, and moves to the last of them in the same
   step.
2. A cursor that cannot be written stays where it is. Nothing is kept for it; what it misses stands in the log.
3. So live bytes go to a cursor if, and only if, it stands exactly before them; every other cursor reads on from where
   it stands.
4. What a reader asked for by position it gets whole. What happened after it joined, while it could not be written, it
   gets without the keyed events that newer ones of the same key have overtaken, if more than `lag_events` waited.

The pure joins of this law are the functions below; `hub.py` only calls them. Not here: the log, the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from headway.events import Event
from headway.positions import Gap, Position

__all__ = ["Cursor", "Outlet", "WireForm", "page_end", "without_overtaken"]


class Outlet(Protocol):
    """Where the bytes of one connection go. Writing never waits and never raises."""

    writable: bool
    """False: nobody reads fast enough, or nobody is there. Its owner calls `Hub.wake` when it turns True."""

    def write(self, data: bytes, /) -> object:
        """Take bytes that will arrive in this order or not at all."""
        ...


class WireForm(Protocol):
    """How events look on one kind of wire. Pure. Forms are compared by identity: readers with the same form share the
    bytes."""

    name: str
    """For statistics and logs."""
    transport: str
    """What it is written on, one of `figures.TRANSPORTS`: deliveries are counted by it."""
    shared: bool
    """False: the bytes are made for one connection (they carry all its positions) and are not kept."""
    max_events: int
    """Most events in one write."""

    def encode(self, event: Event) -> bytes:
        """One event as it stands on the wire."""
        ...

    def join(self, encoded: Sequence[bytes]) -> bytes:
        """Neighbouring events as one write."""
        ...

    def gap(self, gap: Gap, state: Sequence[Event]) -> bytes:
        """A gap, told to the reader together with the state behind it: the latest event of each key."""
        ...


class Cursor:
    """One reader in one channel."""

    __slots__ = (
        "acknowledged",
        "attached",
        "channel",
        "epoch",
        "first",
        "form",
        "lagging",
        "offset",
        "outlet",
        "reading",
        "whole_until",
    )

    def __init__(self, channel: str, start: Position, form: WireForm, outlet: Outlet, *, whole_until: int) -> None:
        self.channel = channel
        self.epoch = start.epoch
        self.offset = self.first = start.offset
        self.form = form
        self.outlet = outlet
        self.whole_until = whole_until
        """Up to here the reader asked for everything; behind it, overtaken events may be skipped if it lags."""
        self.lagging = False
        """It could not be written when something happened."""
        self.reading = False
        """Somebody reads the log for it right now."""
        self.attached = False
        self.acknowledged: int | None = None
        """The highest offset the reader confirmed; None where it did not promise to."""

    @property
    def position(self) -> Position:
        """Everything up to here has been written to the reader."""
        return Position(self.epoch, self.offset)


def without_overtaken(
    events: Sequence[Event], whole_until: int = 0, newest: Mapping[str, int] | None = None
) -> list[Event]:
    """The events a lagging reader must still get: milestones, what it asked for whole, and the newest of each key.

    `newest` names the newest known offset of each key beyond these events; without it these events are all there is.
    """
    seen: set[str] = set()
    kept: list[Event] = []
    for event in reversed(events):
        key = event.key
        if key is not None and event.offset > whole_until:
            if key in seen or (newest is not None and newest.get(key, 0) > event.offset):
                continue
            seen.add(key)
        kept.append(event)
    kept.reverse()
    return kept


def page_end(events: Sequence[Event], start: int, max_events: int, max_bytes: int) -> int:
    """The index behind the last event of one write that begins at `start`: at least one event, at most both bounds."""
    last = min(len(events), start + max_events)
    size = 0
    for index in range(start, last):
        size += len(events[index].json)
        if size > max_bytes and index > start:
            return index
    return last
