"""How the SQLite log speaks to SQLite: many rows in few calls.

Python's `sqlite3` gives up the interpreter lock in every call that runs a statement. While the event loop is busy,
getting it back can take the interpreter's whole switch interval (5 ms by default), for every call: a thousand rows
inserted or fetched one by one would take seconds. So rows go in by statements with many `VALUES` and come out as one
row, gathered by SQLite: their columns as one JSON text, their data as one blob. Not here: what the rows mean.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec

from headway.errors import StorageError
from headway.events import Event

__all__ = ["Upsert", "connect", "events_of", "failure", "gathered"]

_MOST_ROWS: Final = 128
"""Rows of one statement. With 10 columns that is 1,280 parameters; SQLite takes 32,766. More rows a statement are not
faster."""

_STATEMENTS: Final = 256
"""Prepared statements kept by a connection: three tables by eight sizes, and some twenty others."""

_BUSY_SECONDS: Final = 5.0
"""How long to wait for somebody who holds the database, such as a person with the sqlite3 shell."""

_COLUMNS: Final = msgspec.json.Decoder(list[tuple[int, str, str | None, int, int]])

Value = int | str | bytes | None

gathered: Final = (
    "json_group_array(json_array(offset, type, key, time, length(data))), CAST(group_concat(data, '') AS BLOB)"
)
"""The columns to select from an ordered subquery of events, for `events_of`. SQLite aggregates rows in the order they
come."""


class Upsert:
    """An INSERT of any number of rows: `head` stands before VALUES, `tail` after it."""

    def __init__(self, head: str, width: int, tail: str = "") -> None:
        row = "(" + ",".join("?" * width) + ")"
        sizes = [_MOST_ROWS >> shift for shift in range(_MOST_ROWS.bit_length())]
        # For 128, 64, … 1 rows: any number of rows is made of few statements, and few are ever prepared.
        self._statements = [(size * width, f"{head} VALUES {','.join([row] * size)} {tail}") for size in sizes]

    def run(self, connection: sqlite3.Connection, values: list[Value]) -> None:
        """Insert the rows, given as one flat list of their values. Raises `sqlite3.Error`."""
        begin = 0
        for size, statement in self._statements:
            while len(values) - begin >= size:
                connection.execute(statement, values[begin : begin + size])
                begin += size


def connect(path: Path, *, durable: bool = True, query_only: bool = False) -> sqlite3.Connection:
    """Open the database. Raises `sqlite3.Error`."""
    # Readers are handed from thread to thread, one at a time; SQLite itself is built for that.
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # 16 MB of log between checkpoints instead of 4: fewer pages are written twice. At most 64 MB stay on disk after
        # a burst.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
        if query_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def events_of(channel: str, epoch: str, columns: str, data: bytes | None) -> tuple[Event, ...]:
    """Build the events that `gathered` selected."""
    if data is None:
        return ()
    events, begin = [], 0
    for offset, type, key, time, size in _COLUMNS.decode(columns):
        end = begin + size
        events.append(Event(channel, epoch, offset, type, data[begin:end], key, time))
        begin = end
    return tuple(events)


def failure(doing: str, error: BaseException) -> StorageError:
    """Build the error a caller is told, from the one SQLite or the system gave."""
    reason: Any = getattr(error, "strerror", None) or error
    return StorageError(f"the log cannot be {doing}: {reason}", details={"reason": str(reason)})
