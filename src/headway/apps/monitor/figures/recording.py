"""Looks become samples, statuses and incidents, in one transaction. Functions of a connection.

The law:
1. A sample, the standing it leads to, the change of the status and the incident are stored together or not at all.
2. What is not there is not looked at: a look at an application that was removed meanwhile is dropped.
3. Looks at an application take effect in the order in which they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from headway.apps.monitor.figures import incidents, samples
from headway.apps.monitor.figures.incidents import Incident
from headway.apps.monitor.figures.rollups import reopen
from headway.apps.monitor.figures.samples import Look, placed
from headway.apps.monitor.figures.status import Last, Standing, Status, after, aside, back
from headway.apps.monitor.records import APPLICATIONS, INCIDENTS, ROLLUPS, SAMPLES, TRANSITIONS
from headway.errors import UsageError

__all__ = ["Aside", "Change", "Recorded", "Transition", "forget", "record", "standings", "transitions"]


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody looks at an application any more, or again."""

    application: int
    at: float
    status: Status | None
    """paused or unconfigured; None: it is looked at again."""

    def __post_init__(self) -> None:
        if self.status not in {None, Status.PAUSED, Status.UNCONFIGURED}:
            raise UsageError(f"an application is set aside as paused or unconfigured, not as {self.status}")


Change = Look | Aside


class Transition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A change of what is shown."""

    application: int
    at: float
    before: Status | None
    after: Status
    reason: str | None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a look."""

    standing: Standing
    transition: Transition | None = None
    began: Incident | None = None
    ended: Incident | None = None


def record(
    connection: Connection, changes: Sequence[Change], new_id: Callable[[], str], now: float
) -> list[Recorded | None]:
    """Store all of it. In the order of the changes: what came of each; None where the application is not there."""
    batch = _Batch(connection, standings(connection, {change.application for change in changes}), new_id)
    recorded = [batch.take(change) for change in changes]
    batch.store(now)
    return recorded


class _Batch:
    """What one transaction stores."""

    def __init__(self, connection: Connection, known: Mapping[int, Standing], new_id: Callable[[], str]) -> None:
        self._connection = connection
        self._standings = dict(known)
        self._new_id = new_id
        self._changed: set[int] = set()
        self._looks: dict[tuple[int, float], Look] = {}
        self._backwards: list[tuple[int, float]] = []

    def take(self, change: Change) -> Recorded | None:
        before = self._standings.get(change.application)
        if before is None:
            return None
        self._changed.add(change.application)
        recorded = self._look(before, change) if isinstance(change, Look) else self._aside(before, change)
        self._standings[change.application] = recorded.standing
        return recorded

    def store(self, now: float) -> None:
        samples.store(self._connection, self._looks, self._backwards)
        if self._looks:
            reopen(self._connection, min(at for _, at in self._looks), now)
        if self._changed:
            statement = update(APPLICATIONS).where(APPLICATIONS.c.number == bindparam("which"))
            self._connection.execute(
                statement.values(standing=bindparam("value")),
                [{"which": one, "value": msgspec.to_builtins(self._standings[one])} for one in self._changed],
            )

    def _look(self, before: Standing, look: Look) -> Recorded:
        last = before.last.at if before.last else None
        at = placed(look.at, last)
        if last is not None and at < last:
            self._backwards.append((look.application, at))
        self._looks[look.application, at] = look
        now = after(before, look.status, at, look.thresholds)
        now = msgspec.structs.replace(
            now,
            last=Last(at=at, status=look.status, milliseconds=look.milliseconds, code=look.code, message=look.message),
            about=before.about if look.about is None else look.about,
        )
        return self._recorded(before, now, look.application, at, look)

    def _aside(self, before: Standing, change: Aside) -> Recorded:
        now = back(before, change.at) if change.status is None else aside(before, change.status, change.at)
        return self._recorded(before, now, change.application, change.at, None)

    def _recorded(self, before: Standing, now: Standing, number: int, at: float, look: Look | None) -> Recorded:
        began, ended = self._incident(before, now, number, at, look)
        still = before.incident if now.decided is Status.ERROR else None
        now = msgspec.structs.replace(now, incident=began.id if began else still)
        return Recorded(
            standing=now, transition=self._transition(before, now, number, at, look), began=began, ended=ended
        )

    def _incident(
        self, before: Standing, now: Standing, number: int, at: float, look: Look | None
    ) -> tuple[Incident | None, Incident | None]:
        failing = now.decided is Status.ERROR
        if before.incident is None:
            return (self._began(now, number, at, look), None) if failing else (None, None)
        if not failing:
            recovered = at if look is None or now.turned is None else now.turned
            return None, incidents.end(self._connection, before.incident, recovered)
        if look is not None and look.status is Status.ERROR:
            incidents.failed(self._connection, before.incident)
        return None, None

    def _began(self, now: Standing, number: int, at: float, look: Look | None) -> Incident:
        incident = Incident(
            id=self._new_id(),
            application=number,
            began=at if now.turned is None else now.turned,
            code=look.code if look else None,
            message=look.message if look else None,
            failures=now.streaks.failures,
        )
        incidents.begin(self._connection, incident)
        return incident

    def _transition(
        self, before: Standing, now: Standing, number: int, at: float, look: Look | None
    ) -> Transition | None:
        if before.status is now.status:
            return None
        reason = look.message if look else None
        made = Transition(
            application=number,
            at=at,
            before=before.status if before.since is not None else None,
            after=now.status,
            reason=reason,
        )
        self._connection.execute(insert(TRANSITIONS).values(**msgspec.to_builtins(made)))
        return made


def standings(connection: Connection, numbers: Iterable[int]) -> dict[int, Standing]:
    """How applications stand; those that are not there are left out."""
    table = APPLICATIONS.c
    statement = select(table.number, table.standing).where(table.number.in_(list(numbers)))
    return {number: msgspec.convert(value, Standing) for number, value in connection.execute(statement)}


def transitions(connection: Connection, number: int, begin: float, end: float, limit: int) -> list[Transition]:
    """Changes of an application's status, the newest first."""
    table = TRANSITIONS.c
    statement = (
        select(table.application, table.at, table.before, table.after, table.reason)
        .where(table.application == number, table.at >= begin, table.at < end)
        .order_by(table.number.desc())
        .limit(limit)
    )
    return [msgspec.convert(row, Transition, from_attributes=True) for row in connection.execute(statement)]


_OWNED: Final = (SAMPLES, ROLLUPS, TRANSITIONS, INCIDENTS)


def forget(connection: Connection, number: int) -> None:
    """Remove all figures of an application."""
    for table in _OWNED:
        connection.execute(delete(table).where(table.c.application == number))
    connection.execute(update(APPLICATIONS).where(APPLICATIONS.c.number == number).values(standing={}))
