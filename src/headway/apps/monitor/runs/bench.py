"""What runs stand on. Made before the server starts, since jobs know it; equipped when it does."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from headway.apps.interface import Tasks
from headway.apps.monitor.runs import tables
from headway.apps.monitor.runs.conducting import Conductor
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.model import OPEN, Directory, Listener, Result, Subject, Summary, Test, Wanted
from headway.apps.monitor.runs.pictures import Pictures
from headway.clock import Clock
from headway.records.records import Records

__all__ = ["Bench", "Closed", "Kept"]

logger = logging.getLogger("headway.monitor")


class Kept(msgspec.Struct, frozen=True):
    """A run, as it is kept."""

    status: str
    plan: Sequence[Test]
    began: float | None

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.status in OPEN


class Closed(msgspec.Struct, frozen=True):
    """How a run ended."""

    status: str
    summary: Summary
    error: str | None


class Bench:
    """Everything a run needs."""

    records: Records
    directory: Directory
    equipment: Equipment
    conductor: Conductor
    pictures: Pictures
    tasks: Tasks
    clock: Clock
    listener: Listener | None = None
    """Who hears of results: figures, cards."""

    def equip(
        self,
        records: Records,
        directory: Directory,
        equipment: Equipment,
        pictures: Pictures,
        tasks: Tasks,
        clock: Clock,
    ) -> None:
        """Put everything on it."""
        self.records = records
        self.directory = directory
        self.equipment = equipment
        self.conductor = Conductor(equipment)
        self.pictures = pictures
        self.tasks = tasks
        self.clock = clock

    async def subjects(self) -> dict[str, Subject]:
        """Every application, by its id."""
        return {one.id: one for one in await self.directory.subjects()}

    async def know(self, run: str, wanted: Wanted, tests: Sequence[Test]) -> Kept:
        """Keep a run. Known already, it stays as it is."""
        values = {
            "id": run,
            "status": "pending",
            "trigger": wanted.trigger,
            "wanted": msgspec.to_builtins(wanted),
            "plan": [tables.test_values(test) for test in tests],
            "created_at": self.clock.now(),
        }
        await self.records.write(lambda connection: tables.add(connection, values))
        row = await self.records.read(lambda connection: tables.find(connection, run))
        assert row is not None  # just added
        return Kept(row["status"], [tables.test_of(one) for one in row["plan"]], row["began"])

    async def begun(self, run: str) -> None:
        """A run goes on, or began."""
        values: Mapping[str, Any] = {"status": "running", "began": self.clock.now()}  # Any: JSON
        await self.records.write(lambda connection: tables.set_values(connection, run, values))

    async def results(self, run: str) -> dict[tuple[int, str], Result]:
        """What has a result, by the application's number and the kind."""
        rows = await self.records.read(lambda connection: tables.results(connection, run))
        return {(row["application"], row["kind"]): tables.result_of(row) for row in rows}

    async def keep(self, run: str, test: Test, result: Result) -> Result | None:
        """Store a result. Returns the one that counts; None: the run has ended."""
        if result.picture is not None:
            name = await self.pictures.keep(run, test.number, result.picture)
            detail = {**result.detail, "screenshot": name} if name else result.detail
            result = replace(result, detail=detail, picture=None)
        kept = result
        return await self.records.write(lambda connection: tables.write(connection, run, test, kept))

    async def close(
        self, run: str, status: str, rest: Mapping[Test, Result], seconds: float, error: str = ""
    ) -> Closed | None:
        """End a run. Once; what was ended stays. None: it is not known."""
        now = self.clock.now()
        row = await self.records.write(
            lambda connection: tables.close(connection, run, status, rest, now, seconds, error)
        )
        if row is None:
            return None
        return Closed(row["status"], msgspec.convert(row["summary"] or {}, Summary), row["error"])

    async def hear(self, run: str, test: Test, result: Result) -> None:
        """Have the listener hear of a result."""
        if self.listener is None:
            return
        try:
            await self.listener(run, test, result)
        except Exception:  # whoever listens is not part of the run
            logger.exception("! a result of run %s was not taken everywhere", run)
