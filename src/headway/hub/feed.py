"""One channel with readers: its head, its newest events (the tail), and the cursors that follow it.

The tail is a cache of the log's end, shared by all readers; it holds nothing for anybody. Law: `tail` is contiguous in
what the log committed while the feed lived, ends at `head` if it is not empty, and is dropped from the front as it
grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from headway.events import Event
from headway.hub.cursors import Cursor, WireForm, page_end, without_overtaken
from headway.positions import Position

__all__ = ["Feed"]


class Feed:
    """The live end of one channel."""

    __slots__ = (
        "_bytes",
        "_encoded",
        "channel",
        "cursors",
        "epoch",
        "head",
        "loaded",
        "max_bytes",
        "max_events",
        "tail",
        "waiters",
    )

    def __init__(self, channel: str, max_events: int, max_bytes: int) -> None:
        self.channel = channel
        self.epoch = ""
        self.head = 0
        self.loaded = False
        """False until the head has been read: before that nobody is known to be behind."""
        self.cursors: dict[WireForm, dict[Cursor, None]] = {}
        """Readers by wire form, in the order they came."""
        self.waiters: dict[asyncio.Future[None], Position] = {}
        """Polls that wait for anything behind a position."""
        self.tail: list[Event] = []
        self.max_events = max_events
        self.max_bytes = max_bytes
        self._bytes = 0
        self._encoded: dict[WireForm, dict[int, bytes]] = {}

    def take(self, events: Sequence[Event]) -> None:
        """Add what a commit made visible. Events already known are passed over; a hole or a new epoch starts the tail
        anew."""
        for event in events:
            if event.epoch != self.epoch:
                self.begin(event.epoch)
            if self.tail and event.offset <= self.tail[-1].offset:
                continue
            if self.tail and event.offset != self.tail[-1].offset + 1:
                self._drop(len(self.tail))
            self.tail.append(event)
            self._bytes += len(event.json)
            self.head = max(self.head, event.offset)
        if len(self.tail) > 2 * self.max_events or self._bytes > 2 * self.max_bytes:
            self._shrink()

    def begin(self, epoch: str) -> None:
        """The log has another life: whatever was known belongs to the one before."""
        self._drop(len(self.tail))
        self.epoch = epoch
        self.head = 0

    def behind(self, position: Position | Cursor) -> bool:
        """Whether there is something to tell to who stands there: news, or that its epoch is over."""
        return position.offset < self.head or position.epoch != self.epoch

    def covers(self, position: Position | Cursor) -> bool:
        """Whether the tail holds everything behind a position."""
        if not self.tail or position.epoch != self.epoch:
            return False
        return self.tail[0].offset - 1 <= position.offset <= self.head == self.tail[-1].offset

    def chunk(self, cursor: Cursor, max_bytes: int) -> tuple[bytes, int, int]:
        """What to write next to a cursor that the tail covers: bytes (none if all is overtaken), the offset they reach,
        events skipped."""
        start = cursor.offset - self.tail[0].offset + 1
        end = page_end(self.tail, start, cursor.form.max_events, max_bytes)
        events = self.tail[start:end]
        reached = events[-1].offset
        if cursor.lagging:
            later = {event.key for event in self.tail[end:]} if end < len(self.tail) else set()
            kept = [
                event for event in without_overtaken(events, cursor.whole_until) if self._stays(event, cursor, later)
            ]
            return self.encode(cursor.form, kept), reached, len(events) - len(kept)
        return self.encode(cursor.form, events), reached, 0

    @staticmethod
    def _stays(event: Event, cursor: Cursor, later: set[str | None]) -> bool:
        return event.key is None or event.offset <= cursor.whole_until or event.key not in later

    def encode(self, form: WireForm, events: Sequence[Event]) -> bytes:
        """Events of the tail in a form, each encoded once for all readers of a shared form."""
        if not events:
            return b""
        if not form.shared:
            return form.join([form.encode(event) for event in events])
        known = self._encoded.setdefault(form, {})
        encoded = []
        for event in events:
            data = known.get(event.offset)
            if data is None:
                data = known[event.offset] = form.encode(event)
            encoded.append(data)
        return form.join(encoded)

    @property
    def tail_bytes(self) -> int:
        """Bytes of the data in the tail."""
        return self._bytes

    @property
    def idle(self) -> bool:
        """Whether nobody follows or waits."""
        return not self.cursors and not self.waiters

    def add(self, cursor: Cursor) -> None:
        """Have a cursor follow."""
        self.cursors.setdefault(cursor.form, {})[cursor] = None

    def remove(self, cursor: Cursor) -> None:
        """Have a cursor follow no more."""
        readers = self.cursors.get(cursor.form)
        if readers is not None:
            readers.pop(cursor, None)
            if not readers:
                del self.cursors[cursor.form]
                self._encoded.pop(cursor.form, None)

    def _shrink(self) -> None:
        keep, size = 0, 0
        for event in reversed(self.tail):
            size += len(event.json)
            if keep >= self.max_events or (size > self.max_bytes and keep):
                break
            keep += 1
        self._drop(len(self.tail) - keep)

    def _drop(self, count: int) -> None:
        for event in self.tail[:count]:
            self._bytes -= len(event.json)
            for known in self._encoded.values():
                known.pop(event.offset, None)
        del self.tail[:count]
