"""A server that runs tests, applications to be tested, and what people do there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

import headway.apps.monitor.records
from headway.apps.interface import Context, Figure, Route
from headway.apps.monitor.applications.model import definition_of
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.model import Result, Test
from headway.apps.monitor.runs.runner import TestRuns
from headway.apps.monitor.runs.subjects import Known
from headway.browsers.faults import NoBrowser
from headway.browsers.finding import Programs, find
from headway.errors import Conflict
from headway.server.live import Headway
from headway.server.serving import run
from headway.server.settings import Settings
from headway.tasks.jobs import Jobs
from headway.testing.serving import Address, serving
from tests.browsers.site import PASSWORD

Json = Any  # JSON

MIGRATIONS = Path(headway.apps.monitor.records.__file__).parent / "migrations"
ROOT = Path(__file__).parents[4]
KNOWN = "STAND_APPLICATIONS"
"""Applications that a server in a process of its own knows."""
TERMINAL = ("completed", "failed", "cancelled")


def no_browser() -> Programs:
    """A machine without one."""
    raise NoBrowser("There is no Chromium or Chrome on this machine; install both.")


class Monitor:
    """The part of the monitor that runs tests, as an application: what the whole of it does, too."""

    name = "monitor"

    def __init__(self, *, browsers: bool = False, environ: Mapping[str, str] = os.environ) -> None:
        self.jobs = Jobs()
        self.tests = TestRuns(self.jobs)
        self.routes: Sequence[Route] = self.tests.routes()
        self.applications: Applications | None = None
        self.heard: list[tuple[str, str]] = []
        self._finding = find if browsers else no_browser
        self._environ = environ

    async def start(self, context: Context) -> None:
        """Open the records, and make the parts."""
        await context.records.upgrade(self.name, MIGRATIONS)
        self.applications = Applications(context.records, context.clock, context.new_id)
        await self.applications.load()
        for one in json.loads(os.environ.get(KNOWN, "[]")):
            with contextlib.suppress(Conflict):  # known since the first start
                await self.applications.add(definition_of(one))
        equipment = Equipment(
            context.folder / "browsers",
            clock=context.clock,
            new_id=context.new_id,
            environ=self._environ,
            finding=self._finding,
        )
        await self.tests.start(context, Known(self.applications), equipment, self._hear)

    async def close(self) -> None:
        """Let go."""
        await self.tests.close()

    def figures(self) -> Iterable[Figure]:
        """None."""
        return ()

    async def _hear(self, run: str, test: Test, result: Result) -> None:
        self.heard.append((test.name, str(result.status)))


@dataclass(slots=True)
class Targets:
    """Applications on this machine: `/ok`, `/broken`, `/flapping` (every other time), `/slow` (until it is let go),
    `/loop` (of redirects), `/endless` (a body without an end)."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    """What was asked for."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(one == path for one in self.asked)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while not self.let_go.is_set():
            yield b"x" * 65_536

    async def answer(self, request: web.Request) -> web.Response:
        """Any of them."""
        self.asked.append(request.path)
        match request.path.split("/")[1]:
            case "broken":
                return web.Response(status=500)
            case "flapping":
                return web.Response(status=500 if self.count(request.path) % 2 else 200)
            case "slow":
                await self.let_go.wait()
            case "loop":
                raise web.HTTPFound(f"/loop/{len(self.asked) % 2}")
            case "endless":
                return web.Response(body=self._pieces())
        return web.json_response({"status": "UP"})


@asynccontextmanager
async def targets(port: int = 0) -> AsyncIterator[Targets]:
    """Serve them."""
    made = Targets()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        made.let_go.set()
        await runner.cleanup()


def health(name: str, url: str, **more: Json) -> Json:
    """An application with a health check."""
    check = {"url": url, "retryDelay": 0, "timeout": 10_000, **more.pop("check", {})}
    return {"name": name, "healthCheck": check, **more}


@dataclass(slots=True)
class Stand:
    """What one can ask of the server."""

    address: Address
    http: aiohttp.ClientSession
    monitor: Monitor
    token: str | None = None

    async def ask(self, method: str, path: str, body: Json = None, **headers: str) -> tuple[int, Json]:
        """One request; status and body."""
        known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, self.address.http(path), json=body, headers=known | given) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json" and raw
            return answer.status, (await answer.json() if is_json else raw)

    async def get(self, path: str) -> Json:
        """What is there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def know(self, *definitions: Json) -> None:
        """Have these applications."""
        assert self.monitor.applications is not None
        for one in definitions:
            await self.monitor.applications.add(definition_of(one))

    async def begin(self, path: str = "run-all", **wanted: Json) -> str:
        """Begin a run; its id."""
        status, body = await self.ask("POST", f"/api/tests/{path}", wanted)
        assert status == 201, body
        task: str = body["task"]
        return task

    async def ended(self, run: str) -> Json:
        """The run, when it has ended and everything of it was told."""
        since = ""
        while (await self.get(f"/api/tasks/{run}"))["status"] not in TERMINAL:
            since = (await self.get(f"/api/channels/task:{run}/events?since={since}&wait=5"))["position"]
        return await self.get(f"/api/tests/{run}")

    async def until(self, run: str, status: str) -> None:
        """Wait until the run stands like this."""
        since = ""
        while (await self.get(f"/api/tests/{run}"))["status"] != status:
            since = (await self.get(f"/api/channels/task:{run}/events?since={since}&wait=5"))["position"]

    async def until_told(self, run: str, milestone: str) -> None:
        """Wait until its channel was told this."""
        while milestone not in await self.told(run):
            since = (await self.get(f"/api/channels/task:{run}/events"))["position"]
            await self.get(f"/api/channels/task:{run}/events?since={since}&wait=1")

    async def ran(self, path: str = "run-all", **wanted: Json) -> Json:
        """A run, ended."""
        return await self.ended(await self.begin(path, **wanted))

    async def events(self, channel: str) -> list[Json]:
        """Everything a channel was told and still holds."""
        found, since = list[Json](), ""
        while (page := await self.get(f"/api/channels/{channel}/events?limit=1000&since={since}"))["events"]:
            found += page["events"]
            since = page["position"]
        return found

    async def told(self, run: str) -> list[str]:
        """The tests' own milestones of a run, in their order, each with its application where it has one."""
        return milestones(await self.events(f"task:{run}"))


def milestones(events: Sequence[Json]) -> list[str]:
    """The tests' own milestones among events."""
    return [
        f"{one['type']} {one['applicationName']}" if "applicationName" in one else one["type"]
        for one in events
        if one["type"].startswith("test")
    ]


@asynccontextmanager
async def stand(
    data: Path | None = None, *, browsers: bool = False, environ: Mapping[str, str] = os.environ, **options: Any
) -> AsyncIterator[Stand]:  # Any: Headway's
    """A server that runs tests."""
    monitor = Monitor(browsers=browsers, environ=environ)
    live = Headway(data, apps=[monitor], **options)
    async with serving(live) as address, aiohttp.ClientSession() as http:
        yield Stand(address, http, monitor)


@asynccontextmanager
async def process(data: Path, definitions: Sequence[Json], *, browsers: bool = False) -> AsyncIterator[Stand]:
    """The same in a process of its own, which is killed at the end (SIGKILL)."""
    settings = {
        "HEADWAY_PORT": "0",
        "HEADWAY_DATA": str(data),
        KNOWN: json.dumps(definitions),
        "HEADWAY_LOGIN_X": PASSWORD,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.apps.monitor.runs.stand", *(("--browsers",) if browsers else ())),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | settings,
    )
    try:
        assert child.stdout is not None  # it is a pipe
        line = await child.stdout.readline()
        async with aiohttp.ClientSession() as http:
            yield Stand(Address(int(line)), http, Monitor())
    finally:
        child.kill()
        await child.communicate()


def main() -> None:
    """Serve in a process of its own, to be killed: its data and its port come from the environment."""

    def started(server: Any) -> None:  # Any: the server; only its port matters
        print(server.port, flush=True)

    settings = Settings()
    run(settings, started, live=Headway(settings.data, apps=[Monitor(browsers="--browsers" in sys.argv)]))


if __name__ == "__main__":
    main()
