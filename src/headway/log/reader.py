"""Reading the SQLite log: one connection, one consistent statement for each question. Runs in any thread, one at a
time.

Not here: threads and the event loop (`sqlite`), writing (`writer`), where reading begins (`extent`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headway.log.epochs import channel_epoch
from headway.log.extent import Extent, start
from headway.log.interface import Page, Snapshot
from headway.log.statements import connect, events_of, gathered
from headway.positions import Position

__all__ = ["Life", "Reader"]

_CHANNEL: Final = "channel = (SELECT id FROM extent) AND offset > (SELECT start FROM extent)"

# The page ends where `limit` events or `bytes` of data are reached, but holds one event if there is one. `last` finds
# that end from the narrow columns, so that no data is touched which the page does not hold.
_READ: Final = f"""
WITH extent AS (SELECT id, head, trimmed, max(:after, trimmed) AS start FROM channels WHERE name = :channel),
     most AS (SELECT total + max(0, :bytes - length(data)) AS total FROM events
              WHERE {_CHANNEL} ORDER BY offset LIMIT 1),
     last AS (SELECT max(offset) AS offset FROM (
                 SELECT offset, total FROM events WHERE {_CHANNEL} ORDER BY offset LIMIT :limit
              ) WHERE total <= (SELECT total FROM most))
SELECT (SELECT head FROM extent), (SELECT trimmed FROM extent), {gathered} FROM (
    SELECT offset, type, key, time, data FROM events
    WHERE {_CHANNEL} AND offset <= (SELECT offset FROM last) ORDER BY offset
)"""

_SNAPSHOT: Final = f"""
SELECT (SELECT head FROM channels WHERE name = :channel), {gathered} FROM (
    SELECT events.offset, events.type, events.key, events.time, events.data
    FROM latest JOIN events ON events.channel = latest.channel AND events.offset = latest.offset
    WHERE latest.channel = (SELECT id FROM channels WHERE name = :channel)
      AND (:keys IS NULL OR latest.key IN (SELECT value FROM json_each(:keys)))
    ORDER BY events.offset
)"""

_HEAD: Final = "SELECT head FROM channels WHERE name = ?"

# Every visible character is larger than the space, and '!' is the first of them: without Headway's own channels.
_CHANNELS: Final = """
SELECT json_group_array(json_array(name, head)) FROM (
    SELECT name, head FROM channels WHERE name >= '!' AND name > ? AND head > 0 ORDER BY name LIMIT ?
)"""

_INHERITED: Final = "SELECT head FROM inherited WHERE life = ? AND channel = (SELECT id FROM channels WHERE name = ?)"


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the log: between two times that it lost its end."""

    id: int
    epoch: str


class Reader:
    """A connection that only reads. Every method raises `sqlite3.Error`."""

    def __init__(self, path: Path, lives: Sequence[Life]) -> None:
        """`lives` are all that are remembered, the present one last."""
        self._path = path
        self._earlier = lives[:-1]
        self._epoch = lives[-1].epoch
        self._connection = connect(path, query_only=True)

    def page(self, channel: str, after: Position, limit: int, max_bytes: int) -> Page:
        """The events after a position."""
        epoch = channel_epoch(self._epoch, channel)
        inherited = self._inherited(channel, epoch, after)
        offset = (
            after.offset
            if after.epoch == epoch or (inherited is not None and after.offset <= inherited)
            else inherited or 0
        )
        question = {"channel": channel, "after": offset, "limit": max(1, limit), "bytes": max_bytes}
        head, trimmed, columns, data = self._connection.execute(_READ, question).fetchone()
        extent = Extent(channel, epoch, trimmed or 0, head or 0)
        _, gap = start(extent, after, inherited)
        events = events_of(channel, epoch, columns, data)
        # Compaction never takes a channel's newest event: a page without events speaks for everything up to the head.
        return Page(events, extent.at(events[-1].offset if events else extent.head), extent.head, gap)

    def snapshot(self, channel: str, keys: Collection[str] | None) -> Snapshot:
        """The latest event of each key and the head."""
        epoch = channel_epoch(self._epoch, channel)
        question = {"channel": channel, "keys": None if keys is None else json.dumps(list(keys))}
        head, columns, data = self._connection.execute(_SNAPSHOT, question).fetchone()
        return Snapshot(events_of(channel, epoch, columns, data), Position(epoch, head or 0))

    def head(self, channel: str) -> Position:
        """The newest position."""
        row = self._connection.execute(_HEAD, (channel,)).fetchone()
        return Position(channel_epoch(self._epoch, channel), row[0] if row else 0)

    def channels(self, after: str, limit: int) -> list[tuple[str, Position]]:
        """Names and heads, by name."""
        (rows,) = self._connection.execute(_CHANNELS, (after, limit)).fetchone()
        return [(name, Position(channel_epoch(self._epoch, name), head)) for name, head in json.loads(rows)]

    def reopen(self) -> None:
        """Have a fresh connection, after one that failed."""
        self.close()
        self._connection = connect(self._path, query_only=True)

    def close(self) -> None:
        """Close the connection."""
        with suppress(sqlite3.Error):  # nothing was written through it
            self._connection.close()

    def _inherited(self, channel: str, epoch: str, after: Position) -> int | None:
        if after.epoch in ("", epoch):
            return None
        for life in reversed(self._earlier):
            if channel_epoch(life.epoch, channel) == after.epoch:
                row = self._connection.execute(_INHERITED, (life.id, channel)).fetchone()
                return row[0] if row else 0
        return None
