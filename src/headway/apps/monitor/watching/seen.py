"""An application as clients see it: the fields beside its definition, of what was measured and tested.

{status, since, message, responseTime, lastChecked, lastTested, lastTest {kind, status, testRunId},
 uptime {"1h", "24h", "7d", "30d", "90d"}, sla {target, value, status, budgetSeconds, budgetLeft, burn}, slaStatus,
 certificate {notAfter, daysLeft, issuer, problem} | null, incident | null}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, func, select

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.figures.seen import Seen
from headway.apps.monitor.figures.status import Standing, Status
from headway.apps.monitor.records import RESULTS
from headway.apps.monitor.watching.agenda import about_of
from headway.clock import Clock

__all__ = ["Cards", "LastTest", "Tests", "fields", "last_tests"]

Json = Any  # any JSON value


@dataclass(frozen=True, slots=True)
class LastTest:
    """The latest test of an application."""

    at: float
    kind: str
    status: str
    run: str


class Tests(Protocol):
    """Who knows the latest tests."""

    def last_test(self, number: int) -> LastTest | None:
        """That of one application."""
        ...


class Known(Protocol):
    """What cards need of the figures."""

    async def seen(self, numbers: Iterable[int]) -> Mapping[int, Seen]:
        """Of these applications."""
        ...


class Cards:
    """What cards show. Implements what `applications.seen` asks for."""

    def __init__(self, figures: Known, numbers: Callable[[], Mapping[str, int]], tests: Tests, clock: Clock) -> None:
        self._figures, self._numbers, self._tests, self._clock = figures, numbers, tests, clock

    async def seen(self, applications: Sequence[Application]) -> dict[str, dict[str, Json]]:
        """The fields of each, by id; those of whom nothing is known are left out. Raises `StorageError`."""
        numbers = self._numbers()
        wanted = {one.id: numbers[one.id] for one in applications if one.id in numbers}
        found = await self._figures.seen(wanted.values())
        now = self._clock.now()
        return {
            one.id: fields(one, found[wanted[one.id]], self._tests.last_test(wanted[one.id]), now)
            for one in applications
            if wanted.get(one.id) in found
        }


def fields(application: Application, seen: Seen, test: LastTest | None, now: float) -> dict[str, Json]:
    """The fields of one."""
    standing, sla = seen.standing, msgspec.to_builtins(seen.sla(application.sla_target))
    last = standing.last
    return {
        "status": str(_status(application, standing)),
        "since": standing.since,
        "message": last.message if last else None,
        "responseTime": round(last.milliseconds, 1) if last and last.milliseconds is not None else None,
        "lastChecked": last.at if last else None,
        "lastTested": test.at if test else None,
        "lastTest": {"kind": test.kind, "status": test.status, "testRunId": f"task:{test.run}"} if test else None,
        "uptime": {name: _percent(value) for name, value in seen.uptime.items()},
        "sla": {**sla, "value": _percent(sla["value"])},
        "slaStatus": sla["status"],
        "certificate": _certificate(standing, now),
        "incident": _incident(seen),
    }


def last_tests(connection: Connection) -> dict[int, LastTest]:
    """The latest test of each application."""
    latest = (
        select(RESULTS.c.application, func.max(RESULTS.c.began).label("began"))
        .where(RESULTS.c.status != "skipped")
        .group_by(RESULTS.c.application)
        .subquery()
    )
    wanted = select(RESULTS).join(
        latest, (RESULTS.c.application == latest.c.application) & (RESULTS.c.began == latest.c.began)
    )
    return {
        row["application"]: LastTest(row["began"], row["kind"], row["status"], row["run"])
        for row in connection.execute(wanted).mappings()
    }


def _status(application: Application, standing: Standing) -> Status:
    """What is shown; of who is set aside at this moment already what it will be."""
    if not application.is_active:
        return Status.PAUSED
    if not application.configured:
        return Status.UNCONFIGURED
    return Status.UNKNOWN if standing.aside else standing.status


def _percent(value: float | None) -> float | None:
    """To three places, downwards: what was down once is never 100."""
    return None if value is None else math.floor(value * 1_000 + 1e-6) / 1_000


def _certificate(standing: Standing, now: float) -> dict[str, Json] | None:
    shown = about_of(standing.about).certificate
    if shown is None:
        return None
    left = math.floor((shown.not_after - now) / 86_400)
    return {"notAfter": shown.not_after, "daysLeft": left, "issuer": shown.issuer, "problem": shown.problem}


def _incident(seen: Seen) -> dict[str, Json] | None:
    if seen.incident is None:
        return None
    shown: dict[str, Json] = msgspec.to_builtins(seen.incident)
    del shown["application"]  # the number is nobody's but ours
    return shown
