"""A database of figures in memory, with applications numbered from one, and looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import Connection, create_engine, insert

from headway.apps.monitor.figures.recording import Recorded, record
from headway.apps.monitor.figures.rollups import Keeping, due, read_marks, roll
from headway.apps.monitor.figures.samples import Look
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.figures.totals import Totals
from headway.apps.monitor.records import APPLICATIONS, DATA

_COMPILED: dict[Any, Any] = {}  # Any: SQLAlchemy's own

MIDNIGHT = 1_700_006_400
"""The beginning of a day, in UTC."""


def enter(connection: Connection, applications: int) -> None:
    """Applications of which only the number matters."""
    for number in range(1, applications + 1):
        connection.execute(
            insert(APPLICATIONS).values(
                id=f"id-{number}",
                name=f"app-{number}",
                environment="production",
                active=True,
                managed_by="api",
                definition={},
                standing={},
                created_at=0.0,
                updated_at=0.0,
            )
        )


@contextmanager
def database(applications: int = 1) -> Iterator[Connection]:
    """One that is gone afterwards."""
    engine = create_engine("sqlite://")
    try:
        # Statements are compiled once for all databases: that takes longer than running them.
        with engine.execution_options(compiled_cache=_COMPILED).begin() as connection:
            DATA.create_all(connection)
            enter(connection, applications)
            yield connection
    finally:
        engine.dispose()


def look(at: float, status: Status = Status.HEALTHY, milliseconds: float | None = 100.0, **more: object) -> Look:
    """One at the first application, unless it says otherwise."""
    return Look(**{"application": 1, "at": at, "status": status, "milliseconds": milliseconds, **more})  # type: ignore[arg-type]


def take(connection: Connection, *looks: Look) -> list[Recorded]:
    """Record them; all applications are there."""
    ids = count(len(looks) * 1_000_000 + int(looks[0].at * 1000))
    recorded = record(connection, looks, lambda: f"incident-{next(ids)}", looks[-1].at)
    assert None not in recorded
    return [one for one in recorded if one is not None]


def roll_all(connection: Connection, now: float, keeping: Keeping | None = None) -> None:
    """Roll up everything that is over."""
    kept = keeping or Keeping()
    while due(read_marks(connection), now):
        roll(connection, now, kept)


def rounded(totals: Totals) -> tuple[object, ...]:
    """Everything of it, without the errors of sums of fractions."""
    return (
        round(totals.seconds, 3),
        round(totals.up, 3),
        round(totals.down, 3),
        round(totals.maintenance, 3),
        round(totals.unknown, 3),
        totals.looks,
        totals.failures,
        round(totals.sum_milliseconds, 3),
        totals.max_milliseconds,
    )
