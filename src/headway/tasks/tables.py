"""What can be asked and changed within one transaction of the task store. Plain statements, no decisions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from headway.events import Draft
from headway.tasks.model import State, Status
from headway.tasks.records import Announcement, Change, Entry, Filters, Record

__all__ = ["SCHEMA", "Tables"]

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tasks (
  place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, idempotency TEXT UNIQUE,
  name TEXT NOT NULL, job TEXT, pool TEXT, status TEXT NOT NULL, wanted TEXT, owner TEXT, lease_until REAL,
  priority INTEGER NOT NULL, not_before REAL NOT NULL, ended_at REAL, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_waiting ON tasks (status, pool, priority DESC, place);
CREATE INDEX IF NOT EXISTS tasks_leases ON tasks (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_ended ON tasks (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS history (id TEXT NOT NULL, place INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS history_of ON history (id, place);
CREATE TABLE IF NOT EXISTS announcements (
  number INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, channel TEXT NOT NULL, drafts BLOB NOT NULL,
  key TEXT NOT NULL DEFAULT (lower(hex(randomblob(16))))
);
CREATE TABLE IF NOT EXISTS schedules (name TEXT PRIMARY KEY, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS starts (pool TEXT NOT NULL, time REAL NOT NULL);
CREATE INDEX IF NOT EXISTS starts_of ON starts (pool, time);
"""

_records: Final = msgspec.msgpack.Decoder(Record)
_entries: Final = msgspec.msgpack.Decoder(Entry)
_drafts: Final = msgspec.msgpack.Decoder(tuple[Draft, ...])
_packed: Final = msgspec.msgpack.Encoder().encode


class Tables:
    """What can be done within a transaction. Used by the store's thread only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # One task.

    def add(self, change: Change, idempotency_key: str | None = None) -> Change | None:
        """Store a new task. None: the key is known, and `known` has the task."""
        if idempotency_key is not None and self.known(idempotency_key) is not None:
            return None
        state, record = change.record.state, change.record
        self._connection.execute(
            "INSERT INTO tasks (id, idempotency, name, job, pool, status, wanted, owner, lease_until, priority,"
            " not_before, ended_at, record) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (state.id, idempotency_key, state.name, state.job, *_columns(record), _packed(record)),
        )
        return self._follow(change)

    def known(self, idempotency_key: str) -> Record | None:
        """The task that was begun with this key."""
        return self._one("SELECT record FROM tasks WHERE idempotency = ?", (idempotency_key,))

    def get(self, id: str) -> Record | None:
        """One task."""
        return self._one("SELECT record FROM tasks WHERE id = ?", (id,))

    def put(self, change: Change) -> Change:
        """Store what became of a task."""
        record = change.record
        self._connection.execute(
            "UPDATE tasks SET name=?, pool=?, status=?, wanted=?, owner=?, lease_until=?, priority=?, not_before=?,"
            " ended_at=?, record=? WHERE id=?",
            (record.state.name, *_columns(record), _packed(record), record.state.id),
        )
        return self._follow(change)

    def _follow(self, change: Change) -> Change:
        """Note what is to be announced, and the history. Returns the change with the announcements' numbers."""
        numbered = []
        for announcement in change.announcements:
            cursor = self._connection.execute(
                "INSERT INTO announcements (task, channel, drafts) VALUES (?,?,?)",
                (announcement.task, announcement.channel, _packed(announcement.drafts)),
            )
            number = cursor.lastrowid or 0
            (key,) = self._connection.execute("SELECT key FROM announcements WHERE number = ?", (number,)).fetchone()
            numbered.append(replace(announcement, number=number, key=key))
        self._connection.executemany(
            "INSERT INTO history (id, entry) VALUES (?,?)",
            [(change.record.state.id, _packed(entry)) for entry in change.history],
        )
        return Change(change.record, tuple(numbered), change.history, change.happening)

    # Many tasks.

    def listed(self, filters: Filters) -> list[tuple[int, Record]]:
        """Tasks with their places, newest first."""
        where, values = ["1"], []
        if filters.statuses:
            where.append(f"status IN ({','.join('?' * len(filters.statuses))})")
            values += sorted(status.value for status in filters.statuses)
        for clause, value in (("job = ?", filters.job), ("place < ?", filters.before)):
            if value is not None:
                where.append(clause)
                values.append(value)  # type: ignore[arg-type]  # a number among the texts; SQLite takes both
        if filters.text:
            where.append("instr(lower(name), lower(?)) > 0")
            values.append(filters.text)
        rows = self._connection.execute(
            f"SELECT place, record FROM tasks WHERE {' AND '.join(where)} ORDER BY place DESC LIMIT ?",
            [*values, filters.limit],
        )
        return [(place, _records.decode(blob)) for place, blob in rows]

    def counts(self) -> dict[Status, int]:
        """How many tasks are in which state."""
        rows = self._connection.execute("SELECT status, count(*) FROM tasks GROUP BY status")
        return {Status(status): count for status, count in rows}

    def open(self) -> dict[Status, int]:
        """The same of those that have not ended: few, however many have."""
        rows = self._connection.execute(
            "SELECT status, count(*) FROM tasks WHERE status IN ('queued','running','paused','interrupted')"
            " GROUP BY status"
        )
        return {Status(status): count for status, count in rows}

    def ready(self, jobs: Sequence[str], full: Iterable[str], now: float, limit: int) -> list[Record]:
        """Tasks of these jobs that may run now, those that go first first; none of a full pool."""
        closed = sorted(full)
        rows = self._connection.execute(
            f"SELECT record FROM tasks WHERE status IN ('queued','interrupted','paused') AND owner IS NULL"
            f" AND job IN ({','.join('?' * len(jobs))}) AND pool NOT IN ({','.join('?' * len(closed))})"
            # A paused task without an owner waits until somebody wants it to go on.
            " AND not_before <= ? AND (status <> 'paused' OR wanted = 'running')"
            " ORDER BY priority DESC, place LIMIT ?",
            [*jobs, *closed, now, limit],
        )
        return [_decoded(row) for row in rows]

    def next_due(self, jobs: Sequence[str], now: float) -> float | None:
        """When the next of these jobs' tasks becomes ready by the passing of time."""
        (due,) = self._connection.execute(
            f"SELECT min(not_before) FROM tasks WHERE status = 'queued' AND job IN ({','.join('?' * len(jobs))})"
            " AND not_before > ?",
            [*jobs, now],
        ).fetchone()
        return None if due is None else float(due)

    def taken(self) -> dict[str, int]:
        """Slots in use, by pool."""
        rows = self._connection.execute(
            "SELECT pool, count(*) FROM tasks WHERE status IN ('running','paused') AND owner IS NOT NULL"
            " AND pool IS NOT NULL GROUP BY pool"
        )
        return {str(pool): int(count) for pool, count in rows}

    def ahead(self, record: Record) -> int:
        """Tasks of the same pool that wait and go before this one."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM tasks WHERE status = 'queued' AND pool = ? AND (priority > ? OR (priority = ? AND"
            " place < (SELECT place FROM tasks WHERE id = ?)))",
            (record.pool, record.priority, record.priority, record.state.id),
        ).fetchone()
        return int(count)

    def unfinished(self, job: str, by: str) -> bool:
        """Whether a task of this job that this one began has not ended."""
        rows = self._connection.execute(
            "SELECT record FROM tasks WHERE job = ? AND status NOT IN ('completed','failed','cancelled')", (job,)
        )
        return any(_decoded(row).state.by == by for row in rows)

    def expired(self, now: float) -> list[Record]:
        """Active tasks whose owner gave no sign of life."""
        return self._many(
            "SELECT record FROM tasks WHERE lease_until < ? AND owner IS NOT NULL AND status IN ('running','paused')",
            (now,),
        )

    def owned(self) -> list[Record]:
        """Every task that has an owner."""
        return self._many("SELECT record FROM tasks WHERE owner IS NOT NULL", ())

    def queued(self, limit: int) -> list[Record]:
        """What waits, those that go first first."""
        return self._many(
            "SELECT record FROM tasks WHERE status = 'queued' ORDER BY priority DESC, place LIMIT ?", (limit,)
        )

    def forget(self, before: float, limit: int) -> int:
        """Remove tasks that ended before a moment, or whose reporter was heard last before it. Returns how many."""
        rows = self._connection.execute(
            "SELECT id FROM tasks WHERE ended_at < ?1"
            " OR (job IS NULL AND status IN ('interrupted', 'queued') AND lease_until < ?1) LIMIT ?2",
            (before, limit),
        )
        ids = [id for (id,) in rows]
        self._connection.executemany("DELETE FROM history WHERE id = ?", [(id,) for id in ids])
        self._connection.executemany("DELETE FROM tasks WHERE id = ?", [(id,) for id in ids])
        return len(ids)

    def history(self, id: str, limit: int = 1_000) -> list[Entry]:
        """What happened to a task, in order; the newest so many."""
        rows = self._connection.execute(
            "SELECT entry FROM (SELECT place, entry FROM history WHERE id = ? ORDER BY place DESC LIMIT ?)"
            " ORDER BY place",
            (id, limit),
        )
        return [_entries.decode(blob) for (blob,) in rows]

    # Announcements.

    def unannounced(self, limit: int = 500) -> list[Announcement]:
        """What was decided and is not known to be published, in order."""
        rows = self._connection.execute(
            "SELECT task, channel, drafts, number, key FROM announcements ORDER BY number LIMIT ?", (limit,)
        )
        return [Announcement(task, channel, _drafts.decode(blob), *rest) for task, channel, blob, *rest in rows]

    def announced(self, numbers: Iterable[int]) -> None:
        """These are published."""
        self._connection.executemany("DELETE FROM announcements WHERE number = ?", [(number,) for number in numbers])

    # Schedules and rates.

    def due(self, name: str) -> float | None:
        """When a schedule comes next."""
        row = self._connection.execute("SELECT due FROM schedules WHERE name = ?", (name,)).fetchone()
        return None if row is None else float(row[0])

    def set_due(self, name: str, due: float) -> None:
        """Say when a schedule comes next."""
        self._connection.execute("INSERT OR REPLACE INTO schedules VALUES (?,?)", (name, due))

    def started(self, pool: str, now: float) -> None:
        """Note a start, for the pool's rate."""
        self._connection.execute("INSERT INTO starts VALUES (?,?)", (pool, now))

    def starts(self, pool: str, since: float) -> list[float]:
        """Starts after a moment, oldest first; older ones are forgotten."""
        self._connection.execute("DELETE FROM starts WHERE pool = ? AND time <= ?", (pool, since))
        rows = self._connection.execute("SELECT time FROM starts WHERE pool = ? ORDER BY time", (pool,))
        return [float(time) for (time,) in rows]

    def _one(self, statement: str, values: Sequence[Any]) -> Record | None:  # Any: SQLite's values
        row = self._connection.execute(statement, values).fetchone()
        return None if row is None else _decoded(row)

    def _many(self, statement: str, values: Sequence[Any]) -> list[Record]:  # Any: SQLite's values
        return [_decoded(row) for row in self._connection.execute(statement, values)]


def _columns(record: Record) -> tuple[Any, ...]:  # Any: SQLite's values
    state: State = record.state
    return (
        record.pool,
        state.status.value,
        state.wanted.value if state.wanted is not None else None,
        record.owner,
        record.lease_until,
        record.priority,
        record.not_before,
        state.ended_at if state.status.terminal else None,
    )


def _decoded(row: Sequence[Any]) -> Record:  # Any: SQLite's values
    record: Record = _records.decode(row[0])
    return record
