"""Incidents: from the first failure of a streak that was long enough, to the first success of one that was.

What flaps in between, faster than both thresholds, is one incident. It ends, too, when the application is set aside.
An incident is a row from its beginning on; the standing names the one that is open, so a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from headway.apps.monitor.records import INCIDENTS

__all__ = ["Incident", "acknowledge", "begin", "end", "failed", "get", "open_ones", "overlapping", "told"]


class Incident(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A time in error."""

    id: str
    application: int
    began: float
    ended: float | None = None
    code: str | None = None
    """Of the failure that made it one."""
    message: str | None = None
    failures: int
    """Looks that found an error, the first ones included."""
    told_at: float | None = None
    told: int = 0
    acknowledged_by: str | None = None

    def seconds(self, begin: float, end: float) -> float:
        """How much of it is between two moments."""
        return max(0.0, min(end if self.ended is None else self.ended, end) - max(self.began, begin))


def begin(connection: Connection, incident: Incident) -> None:
    """Remember that it began."""
    connection.execute(insert(INCIDENTS).values(**msgspec.structs.asdict(incident)))


def failed(connection: Connection, id: str) -> None:
    """One more failure of one that is open."""
    connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == id).values(failures=INCIDENTS.c.failures + 1))


def end(connection: Connection, id: str, at: float) -> Incident | None:
    """It is over. What has ended stays as it is."""
    statement = update(INCIDENTS).where(INCIDENTS.c.id == id, INCIDENTS.c.ended.is_(None))
    connection.execute(statement.values(ended=at))
    return get(connection, id)


def acknowledge(connection: Connection, id: str, by: str) -> Incident | None:
    """Somebody takes care of it; who was first stays."""
    statement = update(INCIDENTS).where(INCIDENTS.c.id == id, INCIDENTS.c.acknowledged_by.is_(None))
    connection.execute(statement.values(acknowledged_by=by))
    return get(connection, id)


def told(connection: Connection, id: str, at: float) -> Incident | None:
    """People were told of it, once more."""
    statement = update(INCIDENTS).where(INCIDENTS.c.id == id)
    connection.execute(statement.values(told_at=at, told=INCIDENTS.c.told + 1))
    return get(connection, id)


def get(connection: Connection, id: str) -> Incident | None:
    """One of them."""
    row = connection.execute(select(INCIDENTS).where(INCIDENTS.c.id == id)).mappings().one_or_none()
    return None if row is None else _incident(row)


def open_ones(connection: Connection, numbers: Sequence[int]) -> list[Incident]:
    """Those of these applications that have not ended."""
    statement = select(INCIDENTS).where(INCIDENTS.c.application.in_(numbers), INCIDENTS.c.ended.is_(None))
    return [_incident(row) for row in connection.execute(statement).mappings()]


def overlapping(
    connection: Connection, numbers: Sequence[int], begin: float, end: float, limit: int | None = None
) -> list[Incident]:
    """Those of these applications that touch a stretch of time, the newest first."""
    statement = (
        select(INCIDENTS)
        .where(
            INCIDENTS.c.application.in_(numbers),
            INCIDENTS.c.began < end,
            or_(INCIDENTS.c.ended.is_(None), INCIDENTS.c.ended > begin),
        )
        .order_by(INCIDENTS.c.began.desc(), INCIDENTS.c.id)
        .limit(limit)
    )
    return [_incident(row) for row in connection.execute(statement).mappings()]


def _incident(row: RowMapping) -> Incident:
    return Incident(**row)
