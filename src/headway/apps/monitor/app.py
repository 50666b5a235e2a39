"""The monitor, joined: the parts of the application, and their order of life.

    applications ─▶ watcher ─▶ figures ─▶ alerts        applications ─▶ test runs        all of them ─▶ public page

What is watched is looked at as long as the server runs; test runs are jobs. Parts know each other by what they were
given here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from headway.apps.interface import Context, Figure, Route
from headway.apps.monitor.alerts.alerts import Alerts
from headway.apps.monitor.alerts.api import Api as AlertsApi
from headway.apps.monitor.alerts.book import Book
from headway.apps.monitor.alerts.sending import Sending
from headway.apps.monitor.applications.api import Api as ApplicationsApi
from headway.apps.monitor.applications.file import File
from headway.apps.monitor.applications.store import Applications, Changed
from headway.apps.monitor.checks.means import Means, Trust
from headway.apps.monitor.days import LastDays
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.options import Options
from headway.apps.monitor.preferences import Preferences
from headway.apps.monitor.public.api import PublicApi
from headway.apps.monitor.public.page import PublicPage
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.model import Result, Test
from headway.apps.monitor.runs.runner import TestRuns
from headway.apps.monitor.runs.subjects import Known
from headway.apps.monitor.watching.api import Api as WatchingApi
from headway.apps.monitor.watching.beats import Tokens
from headway.apps.monitor.watching.measures import measures
from headway.apps.monitor.watching.reports import Reports
from headway.apps.monitor.watching.seen import Cards, LastTest
from headway.apps.monitor.watching.subjects import Subjects
from headway.apps.monitor.watching.watcher import Watcher
from headway.errors import HeadwayError
from headway.tasks.jobs import Jobs
from headway.vault import Vault

__all__ = ["Monitor"]

logger = logging.getLogger("headway.monitor")

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_CHANNEL: Final = "applications"


class Monitor:
    """Applications under watch. An application itself."""

    name = "monitor"

    def __init__(self, options: Options | None = None) -> None:
        self.jobs = Jobs()
        self._options = options or Options()
        self._tests = TestRuns(self.jobs)
        self._applications_api, self._watching_api = ApplicationsApi(), WatchingApi()
        self._reports, self._alerts_api = Reports(), AlertsApi()
        self._public_api, self._preferences = PublicApi(), Preferences()
        # Applications first: `export` and `templates` must not be taken for names.
        self.routes: Sequence[Route] = [
            route
            for part in (
                self._applications_api,
                self._watching_api,
                self._tests,
                self._reports,
                self._alerts_api,
                self._preferences,
                self._public_api,
            )
            for route in part.routes()
        ]
        self._context: Context
        self._watcher: Watcher | None = None
        self._stack = contextlib.AsyncExitStack()

    async def start(self, context: Context) -> None:
        """Take up what is watched, and what was under way."""
        self._context = context
        await context.records.upgrade(self.name, _MIGRATIONS)
        await self._preferences.load(context)
        applications = await self._known(context)
        figures = Figures(context.records, context.clock, context.new_id)
        self._stack.push_async_callback(figures.close)
        alerts = await self._alerting(context, applications)
        trust = Trust()
        means = Means(self._options.egress, context.clock, self._options.secret, trust)
        watcher = self._watcher = Watcher(applications, figures, means, context, alerts)
        cards = Cards(figures, lambda: applications.numbers, watcher, context.clock)
        await self._answering(context, applications, figures, watcher, cards)
        await watcher.start()
        self._stack.push_async_callback(watcher.close)
        await self._testing(context, applications, cards, trust)
        await self._following(applications)
        self._run("monitor alerts", alerts.run())

    async def close(self) -> None:
        """Stop looking, and finish what was found. Idempotent."""
        await self._stack.aclose()

    def figures(self) -> Iterable[Figure]:
        """Of every application."""
        return () if self._watcher is None else measures(self._watcher.watched(), self._context.clock.now())

    async def _known(self, context: Context) -> Applications:
        applications = Applications(context.records, context.clock, context.new_id)
        await applications.load()
        self._stack.push_async_callback(applications.close)
        return applications

    async def _alerting(self, context: Context, applications: Applications) -> Alerts:
        vault = await asyncio.to_thread(Vault, context.folder / "key", os.environ)
        sending = Sending(self._options.egress)
        book = Book(context.records, vault, sending, context.clock, context.new_id, context.secret)
        alerts = Alerts(context.records, book, sending, Subjects(applications), context.clock, context.note)
        self._alerts_api.alerts, self._alerts_api.book, self._alerts_api.context = alerts, book, context
        return alerts

    async def _answering(
        self, context: Context, applications: Applications, figures: Figures, watcher: Watcher, cards: Cards
    ) -> None:
        self._applications_api.applications, self._applications_api.note = applications, context.note
        self._applications_api.seen = cards
        watching = self._watching_api
        watching.applications, watching.figures, watching.watcher = applications, figures, watcher
        watching.tokens = await asyncio.to_thread(Tokens, context.folder / "beats")
        watching.context = context
        self._reports.applications, self._reports.figures, self._reports.context = applications, figures, context
        days = LastDays(figures, lambda: applications.numbers, context.clock)
        self._public_api.page = PublicPage(applications, cards, lambda: self._preferences.public, context.clock, days)
        applications.on_change(self._forgotten(figures))

    def _forgotten(self, figures: Figures) -> Any:  # Any: a listener
        def changed(change: Changed) -> None:
            if change.after is None:
                self._run(f"forget {change.number}", figures.forget(change.number))

        return changed

    async def _testing(self, context: Context, applications: Applications, cards: Cards, trust: Trust) -> None:
        options = self._options
        equipment = Equipment(
            context.folder / "browsers",
            clock=context.clock,
            new_id=context.new_id,
            egress=options.egress,
            browsers=options.browsers,
            environ=options.environ,
            secrets=options.secrets,
            variables=options.variables,
            resolver=options.secret,
            trust=trust,
        )
        await self._tests.start(context, Known(applications, cards), equipment, self._tested)
        self._stack.push_async_callback(self._tests.close)

    async def _tested(self, run: str, test: Test, result: Result) -> None:
        if self._watcher is not None:
            self._watcher.tested(test.number, LastTest(result.began, str(test.kind), str(result.status), run))

    async def _following(self, applications: Applications) -> None:
        file = File(self._options.file, applications, self._notify)
        path = self._options.file
        self._preferences.file = lambda: None if path is None else {"name": path.name, "problem": file.problem}
        await file.start()
        self._stack.push_async_callback(file.close)

    async def _notify(self, level: str, sentence: str) -> None:
        try:
            await self._context.tell(_CHANNEL, "notification", {"level": level, "message": sentence})
        except HeadwayError as error:
            logger.warning("! %s (and it could not be told: %s)", sentence, error)

    def _run(self, name: str, work: Any) -> None:  # Any: a coroutine
        task = asyncio.create_task(work, name=name)
        self._stack.push_async_callback(_ended, task)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
