"""What the tests of the monitor's pages share: a server that watches, and a town of applications that do as told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from playwright.async_api import Locator, Page

from headway.apps.monitor.app import Monitor
from headway.apps.monitor.options import Options
from headway.server.live import Headway
from headway.testing.serving import Address, serving

__all__ = ["PASSWORD", "Lookout", "Town", "card", "feed", "lookout", "panel", "press", "region"]

Json = Any  # JSON

PASSWORD = "open sesame"
_LOGIN = """<!doctype html><title>Sign in</title><form action="/login" method="post">{message}
<input id="user" name="user"><input id="password" name="password" type="password"><button>Sign in</button></form>"""


@dataclass(slots=True)
class Town:
    """Applications on this machine: each path is one. `/hooks` is where alerts come in."""

    url: str = ""
    broken: set[str] = field(default_factory=set)
    """Paths that answer 500."""
    held: set[str] = field(default_factory=set)
    """Paths that answer when they are let go."""
    heard: list[Json] = field(default_factory=list)
    """What came in."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        """Any of them."""
        match request.path:
            case "/login":
                return await self._login(request)
            case "/hooks":
                self.heard.append(await request.json())
            case path if path in self.held:
                await self.let_go.wait()
        return web.json_response({"status": "UP"}, status=500 if request.path in self.broken else 200)

    async def _login(self, request: web.Request) -> web.Response:
        sent = await request.post()
        if sent.get("password") == PASSWORD:
            return web.Response(
                text="<!doctype html><title>Home</title><h1 id=welcome>Welcome</h1>", content_type="text/html"
            )
        message = "<p>Wrong password</p>" if sent else ""
        return web.Response(text=_LOGIN.format(message=message), content_type="text/html")


@dataclass(frozen=True, slots=True)
class Lookout:
    """The server, and what one can ask of it."""

    live: Headway
    address: Address
    http: aiohttp.ClientSession
    town: Town
    token: str | None = None

    async def ask(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """One request; status and body."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.http.request(method, self.address.http(path), json=body, headers=headers) as answer:
            return (
                answer.status,
                await answer.json() if answer.content_type == "application/json" else await answer.text(),
            )

    async def get(self, path: str) -> Json:
        """What is there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def add(self, name: str, **more: Json) -> str:
        """One more application, at the path of its name; its id. One failed look makes it an error."""
        check = {"url": f"{self.town.url}/{name}", "interval": 86_400, "retryAttempts": 0, **more.pop("check", {})}
        wanted = {
            "name": name,
            "displayName": name.replace("-", " ").capitalize(),
            "healthCheck": check,
            "alertThresholds": {"consecutiveFailures": 1, "recoveries": 1},
            **more,
        }
        status, body = await self.ask("POST", "/api/applications", wanted)
        assert status == 201, body
        return str(body["id"])

    async def look(self, *names: str) -> None:
        """Have these looked at."""
        for name in names:
            status, body = await self.ask("POST", f"/api/applications/{name}/test")
            assert status == 200, body

    async def breaks(self, name: str) -> None:
        """It answers 500, and that was seen."""
        self.town.broken.add(f"/{name}")
        await self.look(name)

    async def mends(self, name: str) -> None:
        """It is well again, and that was seen."""
        self.town.broken.discard(f"/{name}")
        await self.look(name)

    async def run(self, **wanted: Json) -> str:
        """Begin a run; its id."""
        path = "run-apps" if "applications" in wanted else "run-all"
        status, body = await self.ask("POST", f"/api/tests/{path}", wanted)
        assert status == 201, body
        return str(body["task"])

    async def ended(self, run: str) -> Json:
        """The run, when it has ended."""
        since = ""
        while (found := await self.get(f"/api/tests/{run}"))["status"] not in ("completed", "failed", "cancelled"):
            since = (await self.get(f"/api/channels/task:{run}/events?since={since}&wait=5"))["position"]
        return found

    async def publish(self, type: str, data: Json, key: str) -> None:
        """Tell something on the channel of applications."""
        await self.live.publish("applications", type, data, key=key)


@contextlib.asynccontextmanager
async def lookout(data: Path | None = None, token: str | None = None, **options: Any) -> AsyncIterator[Lookout]:
    """All of it. Any: options of Headway."""
    town = Town()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", town.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    town.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monitor = Monitor(Options(environ={"HEADWAY_LOGIN_PROBE": PASSWORD, "HEADWAY_LOGIN_WRONG": "nonsense"}))
    live = Headway(data, apps=[monitor], **options)
    try:
        async with serving(live) as address, aiohttp.ClientSession() as http:
            yield Lookout(live, address, http, town, token)
            town.let_go.set()  # what goes on ends soon
    finally:
        town.let_go.set()
        await runner.cleanup()


def card(tab: Page, name: str) -> Locator:
    """The card of an application."""
    return tab.locator(f"li[data-application='{name}']")


def panel(tab: Page) -> Locator:
    """The panel of the test run."""
    return region(tab, "Test run")


def feed(tab: Page) -> Locator:
    """The lines of the activity."""
    return tab.get_by_role("list", name="The last tests, the newest first").get_by_role("listitem")


def region(tab: Page, name: str) -> Locator:
    """A part of the page by its heading."""
    return tab.get_by_role("region", name=name, exact=True)


async def press(found: Page | Locator, name: str) -> None:
    """Press a button."""
    await found.get_by_role("button", name=name, exact=True).click()
