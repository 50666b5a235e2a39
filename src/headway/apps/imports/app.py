"""Imports, joined: the parts of the application, their order of life, and its jobs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from headway.apps.imports import deleting, exporting, modifying
from headway.apps.imports.api import Api
from headway.apps.imports.contract import Contract
from headway.apps.imports.engine.job import register
from headway.apps.imports.files import Files
from headway.apps.imports.runs import Runs
from headway.apps.imports.targets import Targets
from headway.apps.imports.unattended import tell_ends
from headway.apps.imports.workbench import Workbench, schema_of
from headway.apps.interface import Context, Figure, Route
from headway.errors import HeadwayError
from headway.tasks.jobs import Jobs
from headway.vault import Vault

__all__ = ["Imports"]

logger = logging.getLogger("headway.imports")

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_SWEEP_SECONDS: Final = 3_600.0
_LOOK_SECONDS: Final = 2.0
"""Between two looks for runs that ended with nobody at work on them."""


class Imports:
    """Users from CSV files into PingOne, and back. An application."""

    name = "imports"

    def __init__(self) -> None:
        self.jobs = Jobs()
        self._api, self._contract = Api(), Contract()
        self.routes: Sequence[Route] = (*self._api.routes(), *self._contract.routes())
        self._workbench = Workbench()
        register(self.jobs, self._workbench)
        exporting.register(self.jobs, self._workbench, schema_of)
        modifying.register(self.jobs, self._workbench)
        deleting.register(self.jobs, self._workbench)
        self._stack = contextlib.AsyncExitStack()

    async def start(self, context: Context) -> None:
        """Open the records, and make the parts."""
        await context.records.upgrade(self.name, _MIGRATIONS)
        vault = await asyncio.to_thread(Vault, context.folder / "key", os.environ)
        targets = Targets(context.records, vault, context.clock, context.new_id)
        targets.on_secret = context.secret
        self._stack.push_async_callback(targets.close)
        files = Files(context.folder / "files", context.records, context.clock, context.new_id)
        await files.start()
        folder = context.folder / "runs"
        await asyncio.to_thread(folder.mkdir, 0o700, True, True)
        self._workbench.equip(folder, context.records, targets, files, context.tasks, context.clock)
        runs = Runs(context.records, context.tasks, targets, files, self._workbench)
        for part in (self._api, self._contract):
            part.targets, part.files, part.runs, part.context = targets, files, runs, context
        for seconds, chore in (
            (_SWEEP_SECONDS, lambda: files.sweep(busy=runs.idle)),
            (_LOOK_SECONDS, lambda: tell_ends(context, self._workbench.folder)),
        ):
            keeping = asyncio.create_task(_now_and_then(seconds, chore), name="imports housekeeping")
            self._stack.push_async_callback(_ended, keeping)

    async def close(self) -> None:
        """End the sandbox, and let go."""
        await self._stack.aclose()

    def figures(self) -> Iterable[Figure]:
        """None of its own: its runs are tasks, and counted as such."""
        return ()


async def _now_and_then(seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await chore()
        except HeadwayError as error:
            logger.warning("! the housekeeping of imports: %s", error)
        except Exception:  # a mistake of ours today must not keep it from being done tomorrow
            logger.exception("! the housekeeping of imports failed")
        await asyncio.sleep(seconds)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
