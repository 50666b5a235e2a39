"""A server with applications on it, nobody who looks at them, and what people do there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

import headway.apps.monitor
from headway.apps.interface import Context, Figure
from headway.apps.monitor.applications.api import Api
from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.public.api import PublicApi
from headway.apps.monitor.public.page import PublicPage, PublicSettings
from headway.records.records import Records, sqlite_url
from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.testing.clock import FakeClock
from headway.testing.serving import Address, serving

Json = Any  # JSON

MIGRATIONS = Path(headway.apps.monitor.__file__).parent / "migrations"

HTTP = {"kind": "http", "url": "https://shop.example.org/health"}


@dataclass
class Known:
    """Who knows what a test says is known."""

    fields: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """By the name of an application."""
    asked: int = 0

    async def seen(self, applications: Sequence[Application]) -> Mapping[str, Mapping[str, Json]]:
        """What is known."""
        self.asked += 1
        return {one.id: self.fields[one.name] for one in applications if one.name in self.fields}


class Watched:
    """The two parts as an application of the server."""

    name = "monitor"

    def __init__(self) -> None:
        self.jobs = Jobs()
        self.known = Known()
        self.settings = PublicSettings()
        self.clock = FakeClock()
        self._api, self._public = Api(), PublicApi()
        self._api.seen = self.known
        self.routes = (*self._api.routes(), *self._public.routes())
        self.applications: Applications

    async def start(self, context: Context) -> None:
        """Load them."""
        await context.records.upgrade(self.name, MIGRATIONS)
        self.applications = Applications(context.records, context.clock, context.new_id)
        await self.applications.load()
        self._api.applications, self._api.note = self.applications, context.note
        self._public.page = PublicPage(self.applications, self.known, lambda: self.settings, self.clock)

    async def close(self) -> None:
        """Finish."""
        await self.applications.close()

    def figures(self) -> Iterable[Figure]:
        """None."""
        return ()


@dataclass(slots=True)
class Desk:
    """What one can ask of the server."""

    live: Headway
    app: Watched
    address: Address
    http: aiohttp.ClientSession
    token: str | None = None

    async def ask(self, method: str, path: str, body: Json = None, **options: Any) -> tuple[int, Json]:
        """One request; status and body."""
        async with self.answer(method, path, body, **options) as answer:
            raw = await answer.read()
            return answer.status, (await answer.json() if answer.content_type == "application/json" and raw else raw)

    @asynccontextmanager
    async def answer(
        self, method: str, path: str, body: Json = None, **options: Any  # Any: aiohttp's
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        """One request; the answer as it is."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        async with self.http.request(method, self.address.http(path), headers=headers, **options) as answer:
            yield answer

    async def get(self, path: str) -> Json:
        """What is there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def added(self, **fields: Json) -> Json:
        """One more application."""
        status, body = await self.ask("POST", "/api/applications", fields)
        assert status == 201, body
        return body

    async def imported(self, text: str, query: str = "") -> Json:
        """What came of a text."""
        status, body = await self.ask("POST", f"/api/applications/import{query}", data=text.encode())
        assert status == 200, body
        return body

    async def names(self, query: str = "") -> list[str]:
        """Those that are found."""
        return [one["name"] for one in (await self.get(f"/api/applications{query}"))["applications"]]


@asynccontextmanager
async def desk(data: Path | None = None, **options: Any) -> AsyncIterator[Desk]:  # Any: Headway's
    """A server with applications."""
    app = Watched()
    live = Headway(data, apps=[app], **options)
    async with serving(live) as address, aiohttp.ClientSession() as http:
        yield Desk(live, app, address, http)


@asynccontextmanager
async def applications(data: Path, clock: FakeClock | None = None) -> AsyncIterator[Applications]:
    """Applications without a server; ids are counted."""
    records = Records(sqlite_url(data / "records.db"), durable=False)
    await records.upgrade("monitor", MIGRATIONS)
    made = Applications(records, FakeClock() if clock is None else clock, _Ids())
    try:
        await made.load()
        yield made
    finally:
        await made.close()
        await records.close()


class _Ids:
    count = 0

    def __call__(self) -> str:
        _Ids.count += 1
        return f"id-{_Ids.count}"
