"""Takes the pictures of the dashboard that docs/reference/dashboard.md shows: every page empty, busy and failing.

python scripts/screenshots.py               all of them
python scripts/screenshots.py tasks         those of one page

Empty is a server that has just been started; busy is `headway demo` after half a minute, with what it has to show;
failing is the same server when something is wrong: gone, refusing, behind a proxy that lets little through. The
pictures are what a Chromium of this machine draws, as WebP in docs/images/dashboard.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from playwright.async_api import Browser, Error, Page, Route, ViewportSize, WebSocketRoute, async_playwright

from headway import Headway
from headway.testing.serving import serving

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "images" / "dashboard"
SIZE: Final = ViewportSize(width=1280, height=800)
QUALITY: Final = 72
MOST_BYTES: Final = 120_000
SHOW_SECONDS: Final = 30.0
"""Until the demo has tasks of every state."""
REFUSED: Final = {"error": {"code": "forbidden", "message": "this takes the role admin", "details": {}}}

Take = Callable[[Page, str], Awaitable[None]]
"""Brings a tab to what is to be seen; the server's address."""


async def main(chosen: list[str]) -> None:
    """Take them."""
    logging.disable(logging.ERROR)  # a server that ends says of each request that waits that it was cut
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
    if program is None:
        sys.exit("screenshots: there is no Chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        async with serving(Headway()) as address:
            await _all(browser, address.http("").rstrip("/"), EMPTY, "empty", chosen)
        async with _demo() as server:
            await asyncio.sleep(SHOW_SECONDS)
            await _all(browser, server, BUSY, "busy", chosen)
            await _all(browser, server, FAILING, "failing", chosen)
        await browser.close()
    total = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{total:,} bytes in all")


async def _all(browser: Browser, server: str, takes: Mapping[str, Take], kind: str, chosen: list[str]) -> None:
    for page, take in takes.items():
        if chosen and page not in chosen:
            continue
        context = await browser.new_context(viewport=SIZE, color_scheme="light")
        tab = await context.new_page()
        await take(tab, server)
        if page != "overview":
            await _quiet(tab)
        session = await context.new_cdp_session(tab)
        taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        picture = base64.b64decode(taken["data"])
        if len(picture) > MOST_BYTES:
            sys.exit(f"screenshots: {page}-{kind} has {len(picture):,} bytes")
        (FOLDER / f"{page}-{kind}.webp").write_bytes(picture)
        print(f"{page}-{kind}.webp  {len(picture):,} bytes")
        await context.close()


async def _quiet(tab: Page) -> None:
    """Without the notices, which would stand before what is to be seen."""
    dismiss = tab.get_by_role("button", name="Dismiss")
    while await dismiss.count() > 0:
        with contextlib.suppress(Error):  # it went by itself
            await dismiss.first.click(timeout=500)


@contextlib.asynccontextmanager
async def _demo() -> AsyncIterator[str]:
    """`headway demo`, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "headway"), "demo", "--port", "0"]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=folder)
        assert child.stdout is not None  # it is a pipe
        try:
            line = (await child.stdout.readline()).decode()
            yield line.split()[-1].rstrip("/")
        finally:
            child.terminate()
            await child.communicate()


def _opened(path: str, *, until: str, settle: float = 1.5) -> Take:
    """Open a page, and wait for what is to be seen of it."""

    async def take(tab: Page, server: str) -> None:
        await tab.goto(server + path)
        await tab.wait_for_selector(until)
        await asyncio.sleep(settle)

    return take


def _task(choose: Callable[[Any], bool], name: str = "") -> Take:  # Any: JSON
    """Open the page of the first task like that."""

    async def take(tab: Page, server: str) -> None:
        path = f"{server}/api/tasks?limit=200&name={name}"
        tasks = (await asyncio.to_thread(_asked, path))["tasks"]
        found = next((task for task in tasks if choose(task)), tasks[0])
        await _opened(f"/tasks/{found['task']}", until="section[aria-labelledby=history] li", settle=3)(tab, server)

    return take


def _asked(address: str) -> Any:  # Any: JSON
    with urlopen(address) as answer:
        return json.load(answer)


async def _tested(tab: Page, server: str) -> None:
    await _opened("/diagnostics", until="main table")(tab, server)
    await tab.get_by_role("button", name="Test all", exact=True).click()
    await tab.get_by_role("button", name="Copy report").wait_for(timeout=60_000)


async def _impaired(tab: Page, server: str) -> None:
    await tab.route_web_socket(re.compile("/ws"), _hang_up)
    await tab.route("**/stream*", _bad_gateway)
    await _tested(tab, server)


async def _cut_off(tab: Page, server: str) -> None:
    """The overview, when the server is gone."""
    await _opened("/", until="[role=progressbar]")(tab, server)
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    await tab.route_web_socket(re.compile("/ws"), through)
    await tab.reload()
    await tab.wait_for_selector("[role=progressbar]")
    await tab.context.set_offline(True)
    for socket in sockets:
        await socket.close()
    await tab.get_by_role("button", name="Reconnect").wait_for(timeout=60_000)
    await asyncio.sleep(6)


def _refused(path: str, asked: str, until: str, *, first: str = "main table tbody tr", settle: float = 1) -> Take:
    """A page whose figures the server refuses, after it has shown some."""

    async def take(tab: Page, server: str) -> None:
        await _opened(path, until=first, settle=settle)(tab, server)
        await tab.route(asked, _forbid)
        await tab.get_by_text(until).first.wait_for(timeout=30_000)

    return take


async def _gap(tab: Page, server: str) -> None:
    await _opened("/channels/applications?since=longgone.17", until="[role=option]")(tab, server)
    await tab.get_by_role("listbox").focus()
    await tab.keyboard.press("Home")
    await asyncio.sleep(0.5)


async def _busy_channel(tab: Page, server: str) -> None:
    await _opened("/channels/tasks", until="[role=option]", settle=5)(tab, server)
    await tab.get_by_role("option").last.click()
    await asyncio.sleep(0.5)


async def _hang_up(socket: WebSocketRoute) -> None:
    await socket.close(code=3000, reason="a proxy")


async def _bad_gateway(route: Route) -> None:
    await route.fulfill(status=502, headers={"server": "nginx/1.25"}, body="bad gateway")


async def _forbid(route: Route) -> None:
    await route.fulfill(status=403, json=REFUSED)


EMPTY: Final[Mapping[str, Take]] = {
    "overview": _opened("/", until="text=Nothing has run yet"),
    "tasks": _opened("/tasks", until="text=No task has been begun yet."),
    "task": _opened("/tasks/nobody", until="text=This task cannot be shown"),
    "channels": _opened("/channels", until="text=No channel holds anything yet"),
    "channel": _opened("/channels/run%3A7", until="text=Nothing has been published"),
    "connections": _opened("/connections", until="main table tbody tr", settle=5),
    "diagnostics": _opened("/diagnostics", until="text=Nothing has been tested yet"),
    "settings": _opened("/settings?section=audit", until="text=Nobody has done anything yet"),
}
BUSY: Final[Mapping[str, Take]] = {
    "overview": _opened("/", until="[role=progressbar]", settle=6),
    "tasks": _opened("/tasks", until="[role=progressbar]"),
    "task": _task(lambda task: task["status"] == "running" and len(task["counts"]) > 1),
    "channels": _opened("/channels", until="main table tbody tr", settle=6),
    "channel": _busy_channel,
    "connections": _opened("/connections", until="main table tbody tr", settle=12),
    "diagnostics": _tested,
    "settings": _opened("/settings?section=server", until="main table tbody tr"),
}
FAILING: Final[Mapping[str, Take]] = {
    "overview": _cut_off,
    "tasks": _opened("/tasks?status=failed%2Ccancelled%2Cinterrupted", until="[role=progressbar]"),
    "task": _task(lambda task: task["status"] == "failed"),
    "channels": _refused("/channels", "**/api/channels?*", "cannot be read"),
    "channel": _gap,
    "connections": _refused("/connections", "**/api/debug/connections?*", "not of now", settle=12),
    "diagnostics": _impaired,
    "settings": _refused("/settings?section=audit", "**/api/audit?*", "Not live: trying again", first="main h2"),
}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
