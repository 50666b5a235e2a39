"""Where the clients under test live: in Node, or in a page of a real Chromium. The client is the same file,
`tests/peers/seeds/<name>.mjs`.

    async with home.run("dashboard", server, resubscribe=True) as client:
        await client.tell("subscribe", testRunId="…")
        await client.heard("event", 3)

A client says nothing to the test but its reports: what happened to it, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from headway.testing.serving import Address
from headway.testing.waiting import wait_until

PEERS: Final = Path(__file__).resolve().parent.parent / "peers"
"""Other people's packages, and the clients that use them."""

CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_LONGEST_LINE: Final = 4 * 1024 * 1024

T = TypeVar("T")
Fields = dict[str, Any]
"""A report, a message, an event. Any: JSON values."""


class Client:
    """A client that runs."""

    def __init__(self, order: Callable[[str, Fields], Awaitable[None]]) -> None:
        self.reports: list[Fields] = []
        self.ended: str | None = None
        """Why it runs no more."""
        self._order = order

    async def tell(self, command: str, **fields: Any) -> None:  # Any: JSON values
        """Have it do something."""
        await self._order(command, fields)

    def told(self, kind: str, **fields: Any) -> list[Fields]:  # Any: JSON values
        """What it has reported of a kind, with these fields."""
        return [report for report in self.reports if report["kind"] == kind and _has(report, fields)]

    async def heard(self, kind: str, count: int = 1, **fields: Any) -> list[Fields]:  # Any: JSON values
        """Wait until it has reported so often; return those reports."""
        await self.until(lambda: len(self.told(kind, **fields)) >= count, f"{count} × {kind} {fields}")
        return self.told(kind, **fields)

    async def until(self, condition: Callable[[], bool], wanted: str = "what was wanted") -> None:
        """Wait until something holds of what it has reported."""

        def held_or_ended() -> bool:
            return condition() or self.ended is not None

        with contextlib.suppress(AssertionError):
            await wait_until(held_or_ended, within=12.0)
        if not condition():
            last = "\n".join(json.dumps(report)[:300] for report in self.reports[-12:])
            raise AssertionError(f"{wanted} was not heard ({self.ended or 'the client runs'}); last:\n{last}")

    def events(self, kind: str, field: str, channel: str) -> list[Fields]:
        """The events of a channel as the client was given them, in the order it was."""
        given = [report[field] for report in self.told(kind)]
        return [event for event in given if event.get("channel") == channel and "offset" in event]


class Home(Protocol):
    """Where clients live."""

    name: str

    def run(
        self, client: str, server: Address, *, page: Address | None = None, **options: Any
    ) -> contextlib.AbstractAsyncContextManager[Client]:
        """Run a client against a server until the block ends. `page` is where its page comes from, if from elsewhere;
        Node has no pages.
        """
        ...


class Node:
    """Each client is a process."""

    name = "node"

    @contextlib.asynccontextmanager
    async def run(
        self, client: str, server: Address, *, page: Address | None = None, **options: Any
    ) -> AsyncIterator[Client]:
        """Run it, and end it by ending its input."""
        program = shutil.which("node")
        if program is None or not (PEERS / "node_modules").is_dir():
            pytest.skip("there is no Node with the packages of tests/peers; `make setup` sees to both")
        child = await asyncio.create_subprocess_exec(
            program,
            str(PEERS / "seeds" / "node.mjs"),
            client,
            json.dumps({"origin": server.http(""), **options}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            # A proxy of the machine is none of the server's.
            env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        )
        assert child.stdin is not None  # both are pipes
        assert child.stdout is not None
        orders, lines = child.stdin, child.stdout

        async def order(command: str, fields: Fields) -> None:
            orders.write(json.dumps({"do": command, "with": fields}).encode() + b"\n")
            await orders.drain()

        running = Client(order)

        async def listen() -> None:
            async for line in lines:
                running.reports.append(json.loads(line))
            running.ended = "its process is over"

        listening = asyncio.create_task(listen())
        try:
            await running.heard("begun")
            yield running
        finally:
            orders.close()
            try:
                async with asyncio.timeout(5):
                    await listening
            except TimeoutError:
                child.kill()
                await listening
            await child.wait()


class Chromium:
    """Each client is a page, in a context of its own. One browser serves all tests, so it lives on a loop and a
    thread of its own.
    """

    name = "chromium"

    def __init__(self, browser: Browser, loop: asyncio.AbstractEventLoop) -> None:
        self._browser = browser
        self._loop = loop

    @contextlib.asynccontextmanager
    async def run(
        self, client: str, server: Address, *, page: Address | None = None, **options: Any
    ) -> AsyncIterator[Client]:
        """Open the page, on the server's own origin unless told otherwise, and close it."""
        context = await self._there(self._browser.new_context(bypass_csp=True))
        try:
            tab = await self._there(context.new_page())

            async def order(command: str, fields: Fields) -> None:
                await self._there(
                    tab.evaluate("([command, fields]) => void commands[command](fields)", [command, fields])
                )

            running = Client(order)
            if page is not None:
                options["origin"] = server.http("")
            await self._there(_open(tab, running, server, page))
            await self._there(tab.evaluate("([client, options]) => run(client, options)", [client, options]))
            await running.heard("begun")
            yield running
        finally:
            await self._there(context.close())

    async def _there(self, doing: Coroutine[Any, Any, T]) -> T:  # Any: what a coroutine is sent and sends
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(doing, self._loop))


async def _open(tab: Page, running: Client, server: Address, page: Address | None) -> None:
    tab.on("pageerror", lambda error: running.reports.append({"kind": "mistake", "text": str(error)}))
    await tab.expose_function("report", lambda text: running.reports.append(json.loads(text)))
    if page is not None:
        await tab.goto(page.http("/seeds/page.html"))
    else:
        # On an answer of the server, so that the page is of its origin and its network; what it loads comes
        # from the test.
        for place in ("/seeds/**", "/node_modules/**"):
            await tab.route(server.http(place), _from_peers)
        await tab.goto(server.http("/api/health"))
        await tab.set_content((PEERS / "seeds" / "page.html").read_text())
    await tab.wait_for_selector("html[data-ready]", state="attached")


async def _from_peers(route: Route) -> None:
    await route.fulfill(path=PEERS / route.request.url.split("/", 3)[3])


@contextlib.contextmanager
def chromium() -> Iterator[Chromium]:
    """A Chromium, until the block ends."""
    program = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine; install one (on Debian: apt-get install chromium)")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="chromium")
    thread.start()
    ending = asyncio.Event()
    started: Future[Browser] = Future()

    async def live() -> None:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
            started.set_result(browser)
            await ending.wait()
            await browser.close()

    life = asyncio.run_coroutine_threadsafe(live(), loop)
    try:
        # A browser that does not start says so instead of being waited for.
        life.add_done_callback(lambda _: started.done() or started.cancel())
        wait((started,))
        if started.cancelled():
            life.result()
        yield Chromium(started.result(), loop)
    finally:
        loop.call_soon_threadsafe(ending.set)
        wait((life,))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _has(report: Fields, fields: Fields) -> bool:
    return all(report.get(name) == value for name, value in fields.items())
