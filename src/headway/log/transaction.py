"""One transaction of the SQLite log: places drafts, forgets what retention says, and writes what became of channels.

A transaction works on copies of what is remembered of the channels, so that one that fails is simply thrown away.
Rows behind a channel's trimmed edge stay as long as they are the latest event of a key: a snapshot needs them.
Not here: beginning, committing and rolling back (`writer`); what is forgotten and when (`retention`).
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from headway.errors import HeadwayError
from headway.events import Draft, Event
from headway.limits import Retention
from headway.log.epochs import channel_epoch
from headway.log.idempotency import KEPT_SECONDS, conflict, digest, placed
from headway.log.interface import Appended
from headway.log.retention import by_age, compaction_cutoff, cutoff, exceeds, trim
from headway.log.statements import Upsert, Value

__all__ = ["Channels", "Request", "Transaction"]

_REMEMBERED: Final = 16_384
"""Channels whose state is kept in memory: some 8 MB. Reading one anew costs 10 microseconds."""

_CHUNK: Final = 5_000
"""Events forgotten in one step of a sweep, about: some 10 ms in which no append is stored."""

_SWEPT: Final = 200
"""Channels looked at in one step of a sweep, for the same reason."""

_EVENTS: Final = Upsert("INSERT INTO events (channel, offset, type, key, time, total, data)", 7)
_LATEST: Final = Upsert(
    "INSERT INTO latest (channel, key, offset, time)",
    4,
    "ON CONFLICT (channel, key) DO UPDATE SET offset = excluded.offset, time = excluded.time",
)
_CHANNELS: Final = Upsert(
    "INSERT INTO channels (id, name, head, trimmed, compacted, events, bytes, total, oldest, sequence)",
    10,
    "ON CONFLICT (id) DO UPDATE SET head = excluded.head, trimmed = excluded.trimmed, compacted = excluded.compacted,"
    " events = excluded.events, bytes = excluded.bytes, total = excluded.total, oldest = excluded.oldest,"
    " sequence = excluded.sequence",
)
_CHANNEL: Final = (
    "SELECT id, name, head, trimmed, compacted, events, bytes, total, oldest, sequence FROM channels WHERE name = ?"
)
_OLDEST: Final = """
SELECT json_group_array(json_array(offset, time, length(data))) FROM (
    SELECT offset, time, data FROM events WHERE channel = ? AND offset > ? ORDER BY offset LIMIT ?
)"""
_FORGET: Final = """
DELETE FROM events WHERE channel = ? AND offset <= ? AND NOT EXISTS (
    SELECT 1 FROM latest
    WHERE latest.channel = events.channel AND latest.key = events.key AND latest.offset = events.offset
)"""
_SUPERSEDED: Final = """
FROM events WHERE channel = ? AND offset > ? AND offset <= ? AND key IS NOT NULL AND EXISTS (
    SELECT 1 FROM latest
    WHERE latest.channel = events.channel AND latest.key = events.key AND latest.offset > events.offset
)"""
_EXTENT: Final = """
SELECT count(*), coalesce(sum(length(data)), 0) FROM events WHERE channel = ? AND offset > ? AND offset <= ?"""
_OLDEST_TIME: Final = """
SELECT min(time) FROM (
    SELECT * FROM (SELECT time FROM events WHERE channel = :id AND offset > :trimmed ORDER BY offset LIMIT 1)
    UNION ALL SELECT min(time) FROM latest WHERE channel = :id
) WHERE time IS NOT NULL"""
_KNOWN: Final = "SELECT digest, first, time FROM idempotency WHERE channel = ? AND key = ? AND time >= ?"
_KNOW: Final = "INSERT OR REPLACE INTO idempotency (channel, key, digest, first, time) VALUES (?, ?, ?, ?, ?)"
_UNKNOW: Final = """
DELETE FROM idempotency WHERE (channel, key) IN (
    SELECT channel, key FROM idempotency WHERE time < ? ORDER BY time LIMIT ?
)"""
_SWEEP: Final = """
SELECT json_group_array(json_array(id, name, oldest, compacted < head)) FROM (
    SELECT id, name, oldest, compacted, head FROM channels WHERE id > ? AND oldest IS NOT NULL ORDER BY id LIMIT ?
)"""

_ENTRIES: Final = msgspec.json.Decoder(list[tuple[int, int, int]])
_FOUND: Final = msgspec.json.Decoder(list[tuple[int, str, int, bool | int]])


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One call of `append`."""

    channel: str
    drafts: Sequence[Draft]
    key: str | None
    bytes: int


@dataclass(slots=True)
class _Channel:
    """A row of `channels`, in the order of its columns."""

    id: int
    name: str
    head: int = 0
    trimmed: int = 0
    compacted: int = 0
    events: int = 0
    bytes: int = 0
    total: int = 0
    oldest: int | None = None
    sequence: int = 0


class Channels:
    """What is remembered of channels between transactions, and what is known of them by name."""

    def __init__(self, log_epoch: str, retention_for: Callable[[str], Retention]) -> None:
        self.retention_of = retention_for
        self._log_epoch = log_epoch
        self._remembered: OrderedDict[str, _Channel] = OrderedDict()

    def epoch_of(self, name: str) -> str:
        """The epoch of a channel in this life of the log."""
        return channel_epoch(self._log_epoch, name)

    def copy_of(self, name: str) -> _Channel | None:
        """A copy of what is remembered of a channel, if it is."""
        channel = self._remembered.get(name)
        return None if channel is None else replace(channel)

    def remember(self, transaction: Transaction) -> None:
        """Take over what a transaction that was committed made of its channels."""
        for name, channel in transaction.touched.items():
            self._remembered[name] = channel
            self._remembered.move_to_end(name)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)

    def forget(self) -> None:
        """Read every channel anew, after a transaction that failed."""
        self._remembered.clear()


class Transaction:
    """One transaction, and what it changes. Every method raises `sqlite3.Error`."""

    def __init__(
        self, connection: sqlite3.Connection, now: int, sequence: int, next_id: int, channels: Channels
    ) -> None:
        self.connection = connection
        self.now = now
        self.sequence = sequence
        self.next_id = next_id
        self.touched: dict[str, _Channel] = {}
        self.appended = False
        self.forgotten = 0
        self._channels = channels

    def append(self, requests: Sequence[Request]) -> tuple[list[Appended | HeadwayError], list[Event]]:
        """Store the requests. Returns what becomes of each, and the events that are new."""
        rows: list[Value] = []
        latest: dict[tuple[int, str], int] = {}
        events: list[Event] = []
        outcomes: list[Appended | HeadwayError] = []
        for request in requests:
            known = None if request.key is None else self._known(request, request.key)
            if known is None:
                known = Appended(self._place(request, rows, latest))
                events += known.events
            outcomes.append(known)
        if rows:
            self.appended = True
            _EVENTS.run(self.connection, rows)
            _LATEST.run(
                self.connection, [value for (id, key), at in latest.items() for value in (id, key, at, self.now)]
            )
            self._retain()
        return outcomes, events

    def trim(self, name: str, through: int) -> None:
        """Forget a channel's events through an offset."""
        channel = self._find(name)
        through = min(through, channel.head)
        if channel.head and through > channel.trimmed:
            count, size = self.connection.execute(_EXTENT, (channel.id, channel.trimmed, through)).fetchone()
            self._forget(channel, through, count, size)

    def sweep(self, after: int) -> int | None:
        """Look at the next channels. Returns the id of the last one done, None if there are no more."""
        found = _FOUND.decode(self.connection.execute(_SWEEP, (after, _SWEPT)).fetchone()[0])
        for id, name, oldest, compactable in found:
            if not self._age(name, oldest, bool(compactable)):
                return id - 1
        if len(found) == _SWEPT:
            return found[-1][0]
        self.connection.execute(_UNKNOW, (self.now - int(KEPT_SECONDS * 1000), _CHUNK))
        return None

    def finish(self) -> None:
        """Write what became of the channels."""
        rows: list[Value] = []
        for channel in self.touched.values():
            if channel.head:
                rows += (
                    *(channel.id, channel.name, channel.head, channel.trimmed, channel.compacted),
                    *(channel.events, channel.bytes, channel.total, channel.oldest, channel.sequence),
                )
        _CHANNELS.run(self.connection, rows)

    def _known(self, request: Request, key: str) -> Appended | HeadwayError | None:
        channel = self._find(request.channel)
        row = self.connection.execute(_KNOWN, (channel.id, key, self.now - int(KEPT_SECONDS * 1000))).fetchone()
        asked = digest(request.drafts)
        if row is None:
            self.connection.execute(_KNOW, (channel.id, key, asked, channel.head + 1, self.now))
            return None
        stored, first, time = row
        if stored != asked:
            return conflict(request.channel, key)
        epoch = self._channels.epoch_of(request.channel)
        return Appended(placed(request.channel, epoch, first, time, request.drafts), replayed=True)

    def _place(self, request: Request, rows: list[Value], latest: dict[tuple[int, str], int]) -> tuple[Event, ...]:
        name, now = request.channel, self.now
        channel = self._find(name)
        events = placed(name, self._channels.epoch_of(name), channel.head + 1, now, request.drafts)
        id, total = channel.id, channel.total
        for event in events:
            total += len(event.json)
            rows += (id, event.offset, event.type, event.key, now, total, event.json)
            if event.key is not None:
                latest[id, event.key] = event.offset
        channel.head += len(events)
        channel.events += len(events)
        channel.bytes += total - channel.total
        channel.total = total
        channel.oldest = now if channel.oldest is None else min(channel.oldest, now)
        channel.sequence = self.sequence
        return events

    def _find(self, name: str) -> _Channel:
        channel = self.touched.get(name)
        if channel is None:
            channel = self._channels.copy_of(name)
            if channel is None:
                row = self.connection.execute(_CHANNEL, (name,)).fetchone()
                channel = _Channel(*row) if row else self._new(name)
            self.touched[name] = channel
        return channel

    def _new(self, name: str) -> _Channel:
        channel = _Channel(self.next_id, name)
        self.next_id += 1
        return channel

    def _retain(self) -> None:
        for channel in self.touched.values():
            retention = self._channels.retention_of(channel.name)
            while exceeds(retention, channel.events, channel.bytes):
                if not self._trim_oldest(channel, retention):
                    break

    def _trim_oldest(self, channel: _Channel, retention: Retention) -> bool:
        """Trim what is decided of the oldest events. Returns False if nothing was."""
        found = self.connection.execute(_OLDEST, (channel.id, channel.trimmed, _CHUNK)).fetchone()[0]
        decided = trim(retention, channel.events, channel.bytes, self.now, _ENTRIES.decode(found))
        if decided is None:
            return False
        self._forget(channel, decided.through, decided.events, decided.bytes)
        return True

    def _forget(self, channel: _Channel, through: int, count: int, size: int) -> None:
        self.connection.execute(_FORGET, (channel.id, through))
        channel.trimmed = through
        channel.compacted = max(channel.compacted, through)
        channel.events -= count
        channel.bytes -= size
        self.forgotten += count

    def _age(self, name: str, oldest: int, compactable: bool) -> bool:
        """Expire and compact a channel. Returns False if this transaction did enough and there is more to do."""
        retention = self._channels.retention_of(name)
        too_old, superseded = cutoff(retention, self.now), compaction_cutoff(retention, self.now)
        if oldest < too_old:
            channel = self._find(name)
            self.connection.execute("DELETE FROM latest WHERE channel = ? AND time < ?", (channel.id, too_old))
            while self._trim_oldest(channel, by_age(retention)):
                if self.forgotten >= _CHUNK:
                    return False
            self.connection.execute(_FORGET, (channel.id, channel.trimmed))
            question = {"id": channel.id, "trimmed": channel.trimmed}
            (channel.oldest,) = self.connection.execute(_OLDEST_TIME, question).fetchone()
        if superseded is not None and compactable:
            while self._compact(self._find(name), superseded):
                if self.forgotten >= _CHUNK:
                    return False
        return True

    def _compact(self, channel: _Channel, before: int) -> bool:
        """Take superseded events out of the next chunk. Returns True if there may be more to do."""
        found = self.connection.execute(_OLDEST, (channel.id, channel.compacted, _CHUNK)).fetchone()[0]
        edge = 0
        for offset, time, _ in _ENTRIES.decode(found):
            if time >= before:
                break
            edge = offset
        if not edge:
            return False
        place = (channel.id, channel.compacted, edge)
        count, size = self.connection.execute(
            "SELECT count(*), coalesce(sum(length(data)), 0)" + _SUPERSEDED, place
        ).fetchone()
        self.connection.execute("DELETE " + _SUPERSEDED, place)
        channel.compacted = edge
        channel.events -= count
        channel.bytes -= size
        self.forgotten += count
        return True
