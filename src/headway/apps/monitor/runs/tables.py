"""Runs and their results, in the records.

    runs        one row a run: what was wanted, its plan, how it ended
    results     one row a run, application and kind

The law: a result is written once, and only while its run has not ended; both is looked at in the transaction that
writes. So nothing that comes late changes what was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import JSON, Column, Connection, Float, Integer, RowMapping, String, Table, delete, func, insert, select
from sqlalchemy import update as change

from headway.apps.monitor.records import DATA, RESULTS
from headway.apps.monitor.runs.model import OPEN, Attempt, Ending, Kind, Result, Summary, Test

__all__ = [
    "RUNS",
    "Values",
    "add",
    "close",
    "find",
    "forget",
    "listed",
    "result_of",
    "results",
    "set_values",
    "stored",
    "test_of",
    "test_values",
    "unfinished",
    "write",
]

RUNS: Final = Table(
    "monitor_runs",
    DATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    # The task's.
    Column("id", String, nullable=False, unique=True),
    # pending, running, completed, failed, cancelled.
    Column("status", String, nullable=False, index=True),
    Column("trigger", String, nullable=False),
    Column("wanted", JSON, nullable=False),
    # The tests in their order, with the names of then.
    Column("plan", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("began", Float),
    Column("ended", Float),
    Column("summary", JSON),
    Column("error", String),
)

Values = Mapping[str, Any]
"""Any: JSON values."""


def test_values(test: Test) -> dict[str, Any]:  # Any: JSON
    """A test, as a plan keeps it."""
    built: dict[str, Any] = msgspec.to_builtins(test)  # Any: JSON
    return built


def test_of(values: Values) -> Test:
    """A test of a plan."""
    return msgspec.convert(values, Test)


def add(connection: Connection, values: Values) -> None:
    """Know of a run. Known already, it stays as it is."""
    if connection.execute(select(RUNS.c.id).where(RUNS.c.id == values["id"])).first() is None:
        connection.execute(insert(RUNS).values(**values))


def find(connection: Connection, run: str) -> RowMapping | None:
    """One run."""
    return connection.execute(select(RUNS).where(RUNS.c.id == run)).mappings().first()


def set_values(connection: Connection, run: str, values: Values) -> None:
    """These columns of a run that has not ended."""
    connection.execute(change(RUNS).where(RUNS.c.id == run, RUNS.c.status.in_(OPEN)).values(**values))


def listed(connection: Connection, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Runs, the newest first."""
    wanted = select(RUNS).order_by(RUNS.c.number.desc()).limit(limit)
    return connection.execute(wanted if before is None else wanted.where(RUNS.c.number < before)).mappings().all()


def unfinished(connection: Connection) -> Sequence[RowMapping]:
    """Runs that have not ended, as far as is known here."""
    return connection.execute(select(RUNS).where(RUNS.c.status.in_(OPEN)).order_by(RUNS.c.number)).mappings().all()


def results(connection: Connection, run: str) -> Sequence[RowMapping]:
    """All results of a run, as they came."""
    wanted = select(RESULTS).where(RESULTS.c.run == run).order_by(RESULTS.c.began)
    return connection.execute(wanted).mappings().all()


def stored(connection: Connection, run: str, test: Test) -> Result | None:
    """The result of a test, if it has one."""
    found = connection.execute(select(RESULTS).where(*_of(run, test))).mappings().first()
    return None if found is None else result_of(found)


def write(connection: Connection, run: str, test: Test, result: Result) -> Result | None:
    """Store a result. Returns the one that counts: the first that was stored. None: the run has ended."""
    status = connection.execute(select(RUNS.c.status).where(RUNS.c.id == run)).scalar()
    known = stored(connection, run, test)
    if known is not None or status not in OPEN:
        return known
    connection.execute(insert(RESULTS).values(**_values(run, test, result)))
    return result


def close(
    connection: Connection, run: str, status: str, rest: Mapping[Test, Result], now: float, seconds: float, error: str
) -> RowMapping | None:
    """End a run: what has no result has that of `rest`. Once; then what was ended stays. None: there is no such run."""
    row = find(connection, run)
    if row is None or row["status"] not in OPEN:
        return row
    for test, result in rest.items():
        if stored(connection, run, test) is None:
            connection.execute(insert(RESULTS).values(**_values(run, test, result)))
    summary = _summary(connection, run, len(row["plan"]), seconds)
    ended = {"status": status, "ended": now, "summary": msgspec.to_builtins(summary), "error": error or None}
    connection.execute(change(RUNS).where(RUNS.c.id == run).values(**ended))
    return find(connection, run)


def forget(connection: Connection, before: float, keep: int) -> int:
    """Forget runs that ended before, and all but so many of the newest, with their results. Returns how many."""
    newest = select(RUNS.c.number).order_by(RUNS.c.number.desc()).offset(keep).limit(1).scalar_subquery()
    old = select(RUNS.c.id).where(
        RUNS.c.status.not_in(OPEN), (RUNS.c.ended < before) | (RUNS.c.number <= func.coalesce(newest, -1))
    )
    found = list(connection.execute(old.limit(_AT_ONCE)).scalars())
    connection.execute(delete(RESULTS).where(RESULTS.c.run.in_(found)))
    connection.execute(delete(RUNS).where(RUNS.c.id.in_(found)))
    return len(found)


_AT_ONCE: Final = 500
"""Runs forgotten in one transaction. SQLite takes 32,766 values in one statement."""


def result_of(row: RowMapping) -> Result:
    """A result, as it was stored."""
    return Result(
        Ending(row["status"]),
        row["began"],
        row["message"] or "",
        row["code"],
        row["milliseconds"],
        tuple(msgspec.convert(one, Attempt) for one in row["attempts"]),
        row["detail"] or {},
    )


def _summary(connection: Connection, run: str, total: int, seconds: float) -> Summary:
    found = connection.execute(
        select(RESULTS.c.status, func.count()).where(RESULTS.c.run == run).group_by(RESULTS.c.status)
    )
    counts = {Ending(status): int(count) for status, count in found}
    failed = sum(count for status, count in counts.items() if status.bad)
    passed, skipped = counts.get(Ending.PASSED, 0), counts.get(Ending.SKIPPED, 0)
    return Summary(total=total, passed=passed, failed=failed, skipped=skipped, duration=round(1000 * seconds))


def _values(run: str, test: Test, result: Result) -> dict[str, Any]:  # Any: JSON
    return {
        "run": run,
        "application": test.number,
        "kind": str(test.kind),
        "status": str(result.status),
        "code": result.code,
        "message": result.message,
        "began": result.began,
        "milliseconds": result.milliseconds,
        "attempts": msgspec.to_builtins(result.attempts),
        "detail": dict(result.detail),
    }


def _of(run: str, test: Test) -> Sequence[Any]:  # Any: SQLAlchemy's own conditions
    kind = str(Kind(test.kind))
    return RESULTS.c.run == run, RESULTS.c.application == test.number, RESULTS.c.kind == kind
