"""A server that watches: the parts joined as the monitor joins them, targets that do as they are told, a webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from headway.apps.interface import Context, Figure, Route
from headway.apps.monitor import records
from headway.apps.monitor.alerts.alerts import Alerts
from headway.apps.monitor.alerts.api import Api as AlertsApi
from headway.apps.monitor.alerts.book import Book
from headway.apps.monitor.alerts.sending import Sending
from headway.apps.monitor.applications.api import Api as ApplicationsApi
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.watching.api import Api
from headway.apps.monitor.watching.beats import Tokens
from headway.apps.monitor.watching.measures import measures
from headway.apps.monitor.watching.reports import Reports
from headway.apps.monitor.watching.seen import Cards
from headway.apps.monitor.watching.subjects import Subjects
from headway.apps.monitor.watching.watcher import PARALLEL, Watcher
from headway.clock import Clock
from headway.egress import Egress
from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.testing.clock import FakeClock
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from headway.vault import Vault

__all__ = ["Stage", "Target", "Watch", "stage", "target"]

Json = Any  # JSON

_MIGRATIONS = Path(records.__file__).parent / "migrations"


async def _at_once(seconds: float) -> None:
    """Before another attempt nobody waits here."""


class Watch:
    """What the monitor is, without its runs."""

    name = "monitor"

    def __init__(self, parallel: int = PARALLEL) -> None:
        self.jobs = Jobs()
        self._parallel = parallel
        self._applications_api, self._api = ApplicationsApi(), Api()
        self._reports, self._alerts_api = Reports(), AlertsApi()
        parts = (self._applications_api, self._api, self._reports, self._alerts_api)
        self.routes: Sequence[Route] = tuple(route for part in parts for route in part.routes())
        self._stack = AsyncExitStack()
        self.watcher: Watcher
        self.alerts: Alerts
        self.applications: Applications
        self.figures_: Figures
        self._clock: Clock

    async def start(self, context: Context) -> None:
        """Join the parts."""
        await context.records.upgrade(self.name, _MIGRATIONS)
        self._clock = context.clock
        applications = self.applications = Applications(context.records, context.clock, context.new_id)
        await applications.load()
        figures = self.figures_ = Figures(context.records, context.clock, context.new_id, gather=0.0)
        self._stack.push_async_callback(figures.close)
        self._stack.push_async_callback(applications.close)
        sending = Sending(Egress())
        vault = await asyncio.to_thread(Vault, context.folder / "key", {})
        book = Book(context.records, vault, sending, context.clock, context.new_id, context.secret)
        alerts = self.alerts = Alerts(
            context.records, book, sending, Subjects(applications), context.clock, context.note
        )
        watcher = self.watcher = Watcher(
            applications, figures, Means(clock=context.clock), context, alerts, parallel=self._parallel, sleep=_at_once
        )
        tokens = await asyncio.to_thread(Tokens, context.folder / "beats")
        self._applications_api.applications, self._applications_api.note = applications, context.note
        self._applications_api.seen = Cards(figures, lambda: applications.numbers, watcher, context.clock)
        self._api.applications, self._api.figures, self._api.watcher = applications, figures, watcher
        self._api.tokens, self._api.context = tokens, context
        self._reports.applications, self._reports.figures, self._reports.context = applications, figures, context
        self._alerts_api.alerts, self._alerts_api.book, self._alerts_api.context = alerts, book, context
        await watcher.start()
        self._stack.push_async_callback(watcher.close)
        running = asyncio.create_task(alerts.run())
        self._stack.push_async_callback(_ended, running)

    async def close(self) -> None:
        """Let go."""
        await self._stack.aclose()

    def figures(self) -> Iterable[Figure]:
        """For monitoring."""
        return measures(self.watcher.watched(), self._clock.now())


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@dataclass
class Target:
    """An application that does as it is told."""

    port: int = 0
    status: int = 200
    asked: int = 0
    at_once: int = 0
    most_at_once: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/health") -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.Response:
        """One request; it waits for the gate."""
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        return web.Response(status=self.status, text="ok")


@asynccontextmanager
async def target() -> AsyncIterator[Target]:
    """One of them, its gate open."""
    one = Target()
    one.gate.set()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", one.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.port = runner.addresses[0][1]
    try:
        yield one
    finally:
        one.gate.set()
        await runner.cleanup()


@dataclass
class Stage:
    """What one can do with the server."""

    watch: Watch
    clock: FakeClock
    address: Address
    http: aiohttp.ClientSession

    async def ask(
        self, method: str, path: str, body: Json = None, **options: Any
    ) -> tuple[int, Json]:  # Any: aiohttp's
        """One request; status and body."""
        if body is not None:
            options["json"] = body
        async with self.http.request(method, self.address.http(path), **options) as answer:
            raw = await answer.read()
            return answer.status, (await answer.json() if answer.content_type == "application/json" and raw else raw)

    async def get(self, path: str) -> Json:
        """What is there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def add(self, name: str, check: Json, **more: Json) -> Json:
        """One more application."""
        wanted = {"name": name, "displayName": name.capitalize(), "healthCheck": check, **more}
        status, body = await self.ask("POST", "/api/applications", wanted)
        assert status == 201, body
        return body

    async def card(self, name: str) -> Json:
        """An application, as it is seen."""
        return await self.get(f"/api/applications/{name}")

    async def look(self, name: str) -> Json:
        """Check now."""
        status, body = await self.ask("POST", f"/api/applications/{name}/test")
        assert status == 200, body
        return body

    async def after(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.watch.watcher.wake()
        self.watch.alerts.wake()

    async def looks(self, name: str, count: int) -> None:
        """Wait until it was looked at so often."""
        application = self.watch.applications.get(name)

        def looked() -> bool:
            one = next(one for one in self.watch.watcher.watched() if one.application.id == application.id)
            return one.about.look >= count and one.looking is None

        await wait_until(looked)

    async def events(self, type: str) -> list[Json]:
        """Everything of a type that was told."""
        found, since = list[Json](), ""
        while True:
            page = await self.get(f"/api/channels/applications/events?limit=1000&since={since}")
            if not page["events"]:
                return [one for one in found if one["type"] == type]
            found += page["events"]
            since = page["position"]


@asynccontextmanager
async def stage(data: Path, clock: FakeClock | None = None, parallel: int = PARALLEL) -> AsyncIterator[Stage]:
    """A server that watches, with a clock that stands."""
    clock, watch = clock or FakeClock(), Watch(parallel)
    live = Headway(data, apps=[watch], clock=clock)
    async with serving(live) as address, aiohttp.ClientSession() as http:
        yield Stage(watch, clock, address, http)
