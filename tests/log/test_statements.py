"""Many rows in few calls."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from headway.errors import StorageError
from headway.events import Event
from headway.log.statements import Upsert, events_of, failure, gathered


@pytest.mark.parametrize("count", [0, 1, 2, 3, 127, 128, 129, 1_000])
def test_any_number_of_rows_is_inserted_in_order(count: int) -> None:
    """By statements of 128, 64, … 1 rows; a row that is there is updated."""
    upsert = Upsert("INSERT INTO t (id, v)", 2, "ON CONFLICT (id) DO UPDATE SET v = excluded.v")
    statements: list[str] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)")
        connection.set_trace_callback(statements.append)
        upsert.run(connection, [value for i in range(count) for value in (i, i)])
        needed = len(statements)
        upsert.run(connection, [value for i in range(count) for value in (i, -i)])
        rows = connection.execute("SELECT id, v FROM t ORDER BY id").fetchall()

    assert rows == [(i, -i) for i in range(count)]
    assert needed <= count // 128 + 7


def test_events_come_out_as_they_went_in() -> None:
    """Gathered into one row by SQLite, in the order of the subquery, whatever bytes the data holds."""
    stored = [
        (i, f"type-{i}", None if i % 2 else 'k"é', 1_000 + i, b'{"n":"\xc3\xa9\\n%d"}' % i) for i in range(1, 300)
    ]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE e ("offset" INTEGER PRIMARY KEY, type, key, time, data)')
        connection.executemany("INSERT INTO e VALUES (?, ?, ?, ?, ?)", reversed(stored))
        row = connection.execute(f"SELECT {gathered} FROM (SELECT * FROM e ORDER BY offset)").fetchone()
        nothing = connection.execute(f"SELECT {gathered} FROM (SELECT * FROM e WHERE offset < 0)").fetchone()

    assert events_of("run", "e", *row) == tuple(
        Event("run", "e", offset, type, json, key, time) for offset, type, key, time, json in stored
    )
    assert events_of("run", "e", *nothing) == ()


def test_a_failure_says_what_the_system_said() -> None:
    """The caller is told the reason in words."""
    error = failure("written", OSError(28, "No space left on device"))

    assert isinstance(error, StorageError)
    assert str(error) == "the log cannot be written: No space left on device"
    assert error.details == {"reason": "No space left on device"}
