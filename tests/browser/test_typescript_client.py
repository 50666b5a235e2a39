"""The built TypeScript client as a page of a real Chromium loads it: `/headway.js`, and the stock Socket.IO client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route

from headway.server.live import Headway
from headway.testing.network import Network
from headway.testing.serving import Address, serving
from tests.browser.chromium import leave
from tests.seeds.homes import PEERS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

TRANSPORTS = ["socketio", "websocket", "eventsource", "polling"]
STOCK = PEERS / "node_modules/socket.io-client/dist/socket.io.min.js"
EVENTS = 20

SCRIPT = """<!doctype html><title>A page</title>
<script src="/socket.io.min.js"></script><script src="/headway.js"></script>"""
MODULE = """<!doctype html><title>A page</title>
<script type="module">import * as Headway from "/headway.mjs"; globalThis.Headway = Headway;</script>"""

FOLLOW = """([url, options]) => {
  globalThis.heard = [];
  globalThis.recoveries = [];
  globalThis.client = Headway.connect(url, { reconnectDelay: 50, maxReconnectDelay: 500, ...options });
  client.on("recovered", ({ transport }) => recoveries.push(transport));
  const channel = client.channel("nightly", { since: "" });
  channel.on("*", (told) => heard.push(told.type === "gap" ? "gap" : told.offset));
  return new Promise((done) => client.on("status", (status) => status === "live" && done(client.transport)));
}"""
HEARD = """(count) => new Promise((done) => {
  const look = () => (heard.length >= count ? done(heard) : setTimeout(look, 5));
  look();
})"""
CUT_OFF = "() => new Promise((done) => client.on('transport', (now) => now === undefined && done()))"


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


@pytest.fixture
async def tab(browser: Browser) -> Page:
    """A tab for a page that is somebody else's: it has not the policy of ours."""
    context = await browser.new_context(bypass_csp=True)
    return await context.new_page()


async def open_page(tab: Page, server: Address, text: str = SCRIPT) -> None:
    """Open a page of the server's origin, on an answer of the server, so that it is of its network too; it brings the
    stock client.
    """
    if not STOCK.exists():
        pytest.skip("the packages of tests/peers are not installed; `make setup` sees to them")

    async def stock(route: Route) -> None:
        await route.fulfill(path=STOCK)

    await tab.route("**/socket.io.min.js", stock)
    await tab.goto(server.http("/api/health"))
    await tab.set_content(text)
    await tab.wait_for_function("() => 'Headway' in globalThis")


async def publish(live: Headway, first: int, last: int) -> None:
    """Publish a row for each number."""
    for row in range(first, last + 1):
        await live.publish("nightly", "row", {"row": row})


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_channel_is_followed_over_each_transport(
    tab: Page, live: Headway, server: Address, transport: str
) -> None:
    """History and live, each event once and in order; what the page publishes comes back to it."""
    await publish(live, 1, EVENTS)
    await open_page(tab, server)
    over = await tab.evaluate(FOLLOW, [server.http(""), {"transports": [transport]}])
    await publish(live, EVENTS + 1, 2 * EVENTS)
    stored = await tab.evaluate("() => client.publish('nightly', 'row', { row: 0 })")
    heard = await tab.evaluate(HEARD, 2 * EVENTS + 1)
    await tab.evaluate("() => client.close()")

    assert over == transport
    assert stored["offset"] == 2 * EVENTS + 1
    assert heard == list(range(1, 2 * EVENTS + 2))
    assert await tab.evaluate("() => client.status") == "offline"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_cut_loses_and_repeats_nothing(tab: Page, live: Headway, server: Address, transport: str) -> None:
    """Events are published while the connection is cut: the client comes back, and goes on from where it stood."""
    async with Network(server) as network:
        address = network.address
        await open_page(tab, address)
        assert await tab.evaluate(FOLLOW, [address.http(""), {"transports": [transport]}]) == transport
        await publish(live, 1, EVENTS)
        await tab.evaluate(HEARD, EVENTS)
        async with asyncio.TaskGroup() as group:
            noticed = group.create_task(tab.evaluate(CUT_OFF))
            group.create_task(_cut_until(network, noticed))
        await publish(live, EVENTS + 1, 2 * EVENTS)
        network.heal()

        assert await tab.evaluate(HEARD, 2 * EVENTS) == list(range(1, 2 * EVENTS + 1))
        assert set(await tab.evaluate("() => recoveries")) == {transport}
        await tab.evaluate("() => client.close()")
        await leave(tab)


async def test_what_does_not_get_through_is_gone_around(tab: Page, live: Headway, server: Address) -> None:
    """Where no WebSocket opens, the client of a page without Socket.IO takes the next."""
    await open_page(tab, server, MODULE)
    await tab.evaluate("() => { globalThis.WebSocket = class { constructor() { throw new Error('forbidden'); } }; }")
    over = await tab.evaluate(FOLLOW, [server.http(""), {}])
    await publish(live, 1, EVENTS)

    assert over == "eventsource"
    assert await tab.evaluate(HEARD, EVENTS) == list(range(1, EVENTS + 1))
    await tab.evaluate("() => client.close()")


async def _cut_until(network: Network, noticed: asyncio.Task[None]) -> None:
    """Cut as soon as the page listens; a connection that comes at once is cut again."""
    while not noticed.done():
        network.cut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await asyncio.shield(noticed)
