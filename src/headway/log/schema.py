"""The tables of the SQLite log and how they came to be. `PRAGMA user_version` holds the number of the last migration
that ran.

    lives         one row for each life of the log; the newest is the one it lives now. A torn log takes a new one.
    inherited     how far each channel of an earlier life was saved. No row: nothing was.
    channels      one row for each channel that ever held an event. Never removed: it is what keeps offsets from being
    reused.
      head          newest offset              trimmed    offset through which events were forgotten
      compacted     offset through which superseded keyed events were looked for
      events bytes  held after `trimmed`       total      bytes ever stored
      oldest        no event or snapshot key of the channel is older (milliseconds); null: there is none
      sequence      number of the commit that last appended to it; the largest one is that of the log
    events        the events. Those at or before `trimmed` are kept only for the snapshot.
      total         bytes of the channel through this event, so that a page of so many bytes is found without reading
      them.
                    Stands before `data`, so that it is read without walking over large data.
    latest        which event is the newest of each key
    idempotency   what was asked with which key, and where it was stored

Not here: statements that read or write rows.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from headway.errors import StorageError

__all__ = ["VERSION", "migrate"]

_FIRST: Final = """
CREATE TABLE lives (id INTEGER PRIMARY KEY, epoch TEXT NOT NULL, began INTEGER NOT NULL);
CREATE TABLE inherited (
    life INTEGER NOT NULL, channel INTEGER NOT NULL, head INTEGER NOT NULL, PRIMARY KEY (life, channel)
) WITHOUT ROWID;
CREATE TABLE channels (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    head INTEGER NOT NULL, trimmed INTEGER NOT NULL, compacted INTEGER NOT NULL,
    events INTEGER NOT NULL, bytes INTEGER NOT NULL, total INTEGER NOT NULL, oldest INTEGER, sequence INTEGER NOT NULL
);
CREATE TABLE events (
    channel INTEGER NOT NULL, offset INTEGER NOT NULL, type TEXT NOT NULL, key TEXT,
    time INTEGER NOT NULL, total INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (channel, offset)
) WITHOUT ROWID;
CREATE TABLE latest (
    channel INTEGER NOT NULL, key TEXT NOT NULL, offset INTEGER NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;
CREATE TABLE idempotency (
    channel INTEGER NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, first INTEGER NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_time ON idempotency (time);
CREATE TABLE checks (id INTEGER PRIMARY KEY, time INTEGER NOT NULL);
"""

_MIGRATIONS: Final = (_FIRST,)
"""Each brings the tables one version on. Only ever add to the end."""

VERSION: Final = len(_MIGRATIONS)


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Bring the tables to this version. Raises `StorageError` if a newer Headway wrote them."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise StorageError(
            f"{name} was written by a newer Headway: its tables are version {found}, this one knows {VERSION}",
            details={"found": found, "known": VERSION},
        )
    for number, script in enumerate(_MIGRATIONS[found:], found + 1):
        # One transaction a step: a process killed in between continues with the step it did not finish.
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
