"""Runs, joined: what the application makes of them, equips at its start, and closes at its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from headway.apps.interface import Context, Route
from headway.apps.monitor.runs.api import Api
from headway.apps.monitor.runs.bench import Bench
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.hook import Hook
from headway.apps.monitor.runs.job import register
from headway.apps.monitor.runs.looking import look
from headway.apps.monitor.runs.model import Directory, Listener
from headway.apps.monitor.runs.pictures import Pictures
from headway.apps.monitor.runs.results import Runs
from headway.apps.monitor.runs.schedules import Schedules
from headway.tasks.jobs import Jobs

__all__ = ["TestRuns"]


class TestRuns:
    """Everything of this package, for whoever composes the monitor."""

    __test__ = False  # not pytest's

    def __init__(self, jobs: Jobs) -> None:
        self.bench = Bench()
        self.runs = Runs(self.bench)
        self.schedules = Schedules(self.bench, self.runs)
        self._api = Api(self.runs, self.schedules, Hook(self.bench))
        self._stack = contextlib.AsyncExitStack()
        register(jobs, self.bench)

    def routes(self) -> Sequence[Route]:
        """What it answers."""
        return self._api.routes()

    async def start(
        self,
        context: Context,
        directory: Directory,
        equipment: Equipment | None = None,
        listener: Listener | None = None,
    ) -> None:
        """Be ready; the tables are. Where nothing else is given, the equipment is that of a server as it comes."""
        equipment = equipment or Equipment(context.folder / "browsers", clock=context.clock, new_id=context.new_id)
        await equipment.open()
        self._stack.push_async_callback(equipment.close)
        pictures = Pictures(context.folder / "screenshots", context.records, context.clock, context.new_id)
        await pictures.start()
        self.bench.equip(context.records, directory, equipment, pictures, context.tasks, context.clock)
        self.bench.listener = listener
        self.runs.equip(context)
        self._api.context, self._api.pictures = context, pictures
        looking = asyncio.create_task(look(self.runs, self.schedules), name="monitor runs")
        self._stack.push_async_callback(_ended, looking)

    async def close(self) -> None:
        """Leave nothing running. Idempotent."""
        await self._stack.aclose()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
