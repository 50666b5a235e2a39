"""Runs that begin by themselves: by a line of cron, or every so many seconds.

    {"name": "Nightly logins", "cron": "30 2 * * *", "timezone": "Europe/Berlin", "run": {"kinds": ["login_test"]}}
    {"name": "Critical", "every": 900, "run": {"filter": {"priority": "critical"}}, "enabled": false}

The law:
1. Every due time begins one run, however many servers look: its key is the schedule and the time.
2. A time that passed while nothing ran is made good for once, however many were missed.
3. A run that finds nothing to test, or that cannot be begun, is logged; the schedule goes on.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from headway.apps.monitor.runs import keeping
from headway.apps.monitor.runs.bench import Bench
from headway.apps.monitor.runs.model import Wanted
from headway.apps.monitor.runs.results import Runs
from headway.errors import HeadwayError, UsageError
from headway.tasks.schedule import Cron, Every
from headway.tasks.schedule import Schedule as When

__all__ = ["Schedule", "Scheduled", "Schedules"]

logger = logging.getLogger("headway.monitor")

_NAME: Final = "schedules"
_DUE: Final = "schedules.due"
_MOST: Final = 50
_SHORTEST: Final = 60.0
"""Seconds between two runs of one schedule. What is looked at more often is a health check with an interval."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One schedule."""

    name: str
    cron: str | None = None
    every: float | None = None
    """Seconds."""
    timezone: str = "UTC"
    enabled: bool = True
    run: Wanted = Wanted()

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 80:
            raise UsageError("a schedule's name is 1 to 80 characters", details={"field": "name"})
        if (self.cron is None) == (self.every is None):
            raise UsageError("a schedule has one of cron and every", details={"field": "cron"})
        if self.every is not None and not self.every >= _SHORTEST:
            raise UsageError(f"every is at least {_SHORTEST:g} seconds", details={"field": "every"})
        self.when.first(0.0)

    @property
    def when(self) -> When:
        """When it is due. Raises `UsageError`."""
        return Cron(self.cron, self.timezone) if self.cron is not None else Every(self.every or _SHORTEST)


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule, and when it is due next."""

    schedule: Schedule
    due: float | None


class Schedules:
    """All of them. Not here: the loop that looks."""

    def __init__(self, bench: Bench, runs: Runs) -> None:
        self._bench = bench
        self._runs = runs

    async def all(self) -> list[Scheduled]:
        """As they were set, each with its next time."""

        def read(connection: Connection) -> tuple[Any, Any]:  # Any: JSON
            return keeping.load(connection, _NAME), keeping.load(connection, _DUE)

        kept, due = await self._bench.records.read(read)
        schedules = msgspec.convert(kept or [], list[Schedule])
        return [Scheduled(schedule=one, due=(due or {}).get(one.name) if one.enabled else None) for one in schedules]

    async def set(self, schedules: list[Schedule]) -> list[Scheduled]:
        """Have these, and no others. What is as it was keeps its time. Raises `UsageError`."""
        if len(schedules) > _MOST or len({one.name for one in schedules}) < len(schedules):
            raise UsageError(f"there are at most {_MOST} schedules, no two of one name", details={"field": "schedules"})
        now, before = self._bench.clock.now(), {one.schedule.name: one for one in await self.all()}
        due = {}
        for one in schedules:
            known = before.get(one.name)
            same = known is not None and known.due is not None and known.schedule.when == one.when
            if one.enabled:
                due[one.name] = known.due if same and known is not None else one.when.first(now)
        values = [msgspec.to_builtins(one) for one in schedules]

        def work(connection: Connection) -> None:
            keeping.store(connection, _NAME, values, now)
            keeping.store(connection, _DUE, due, now)

        await self._bench.records.write(work)
        return await self.all()

    async def come_round(self) -> None:
        """Begin what is due."""
        now = self._bench.clock.now()
        for one in await self.all():
            if one.due is not None and one.due <= now:
                await self._begin(one.schedule, one.due)
                await self._next(one.schedule, one.due, now)

    async def _begin(self, schedule: Schedule, due: float) -> None:
        wanted = msgspec.structs.replace(schedule.run, trigger="scheduled", name=schedule.run.name or schedule.name)
        try:
            await self._runs.begin(wanted, by="schedule", key=f"schedule/{schedule.name}/{due:.0f}")
        except UsageError as error:
            logger.warning("! the schedule %s begins no run: %s", schedule.name, error)
        except HeadwayError as error:
            # Also an application that was named and is gone; nothing of it changes by trying again at once.
            logger.warning("! the schedule %s could not begin its run: %s", schedule.name, error)

    async def _next(self, schedule: Schedule, due: float, now: float) -> None:
        after = schedule.when.after(due, now)

        def work(connection: Connection) -> None:
            times = dict(keeping.load(connection, _DUE) or {})
            if times.get(schedule.name) == due:  # else it was set anew meanwhile
                keeping.store(connection, _DUE, {**times, schedule.name: after}, now)

        await self._bench.records.write(work)
