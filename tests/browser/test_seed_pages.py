"""The two pages that test connections in a real Chromium: every button, and what a person sees after it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, Route, WebSocketRoute, expect

from headway.server.live import Headway
from headway.testing.serving import Address, Kind, serving
from tests.browser.chromium import leave
from tests.server.guests import CHANNEL, PASSWORD, guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

TESTS = "/test-socket-io.html"
SIMULATION = "/test-websocket-fallback-simulation.html"
PHONE = {"width": 360, "height": 740}
BUTTONS = {
    "Test Socket.IO Connection": "Socket.IO",
    "Test Socket.IO over Polling": "Socket.IO over polling",
    "Test WebSocket Connection": "WebSocket",
    "Test Server-Sent Events": "Server-Sent Events",
    "Test HTTP Polling": "HTTP polling",
}
TRANSPORTS = ["Socket.IO", "WebSocket", "Server-Sent Events", "HTTP polling"]
SOON = 25_000
"""Milliseconds: what these pages wait for is measured in seconds, and the machine has other things to do."""


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    """A server as people start it."""
    async with serving(Headway()) as address:
        yield address


async def press(tab: Page, name: str) -> None:
    """Press a button."""
    await tab.get_by_role("button", name=name, exact=True).click()


async def verdict(tab: Page, text: str) -> None:
    """Wait until the page says this of all it has done."""
    await expect(tab.locator("#verdict")).to_contain_text(text, timeout=SOON)


async def live_over(tab: Page, transport: str) -> None:
    """Wait until the ladder stands on this rung, and the page says so."""
    await expect(tab.locator("#ladder-status")).to_have_text(f"🟢 live over {transport}", timeout=SOON)
    await expect(rung(tab, transport)).to_contain_text("in use")


def rung(tab: Page, transport: str) -> Locator:
    """A rung of the ladder."""
    return tab.locator("#rungs li").filter(has=tab.get_by_role("heading", name=transport, exact=True))


async def complete(tab: Page, rows: int) -> None:
    """Wait for the end of the import: all of it was heard, once and in order."""
    events = rows + 1
    await verdict(tab, f"{events} events in the log, {events} heard, 0 lost, 0 repeated, 0 out of order.")
    await expect(tab.locator("#lost")).to_have_text("0")
    await expect(tab.locator("#repeated")).to_have_text("0")
    await expect(tab.locator("#gaps")).to_have_text("0")
    await expect(tab.get_by_role("progressbar", name="Import")).to_have_js_property("value", 100)


async def begin(tab: Page, server: Address, rows: int) -> None:
    """Open the simulation and begin an import, with the keyboard alone."""
    await tab.goto(server.http(SIMULATION))
    await tab.get_by_label("Rows").fill(str(rows))
    await tab.get_by_label("Rows").press("Enter")
    await live_over(tab, "Socket.IO")


async def test_each_transport_is_tested_by_its_button(tab: Page, server: Address) -> None:
    """A test connects, hears its events, disconnects, and shows how long each took."""
    await tab.goto(server.http(TESTS))
    for button, name in BUTTONS.items():
        card = tab.locator("#trials li").filter(has=tab.get_by_role("heading", name=name, exact=True))
        await expect(card.locator(".outcome")).to_have_text("⚪ not tested")
        await press(tab, button)

        await expect(card.locator(".outcome")).to_have_text("🟢 works", timeout=SOON)
        await expect(card.locator("dd")).to_have_text([*[re.compile(r"^[\d.]+ ms$")] * 3, "done"])
        await expect(tab.locator("#log")).to_contain_text(f"{name}: 6 events heard, 0 lost, 0 repeated; disconnected")
        await expect(tab.locator("#status")).to_have_text("🟢 done")


async def test_all_transports_are_tested_together(tab: Page, server: Address) -> None:
    """One button tests one after the other, and says how many work."""
    await tab.goto(server.http(TESTS))
    await press(tab, "Test all")

    await verdict(tab, "5 of 5 transports work from here.")
    await press(tab, "Clear")
    await expect(tab.locator("#log li")).to_have_count(0)


async def test_an_import_is_followed_on_the_page_of_tests(tab: Page, server: Address) -> None:
    """Its progress becomes a bar, and what was heard is compared with the log."""
    await tab.goto(server.http(TESTS))
    await press(tab, "Simulate Import with Progress")

    await verdict(tab, "Import complete: 41 events in the log, 41 heard, 0 lost, 0 repeated.")
    await expect(tab.get_by_role("progressbar", name="Import")).to_have_js_property("value", 100)
    await expect(tab.locator("#import-detail")).to_contain_text("40 of 40")


async def test_what_the_network_blocks_is_told(tab: Page, server: Address) -> None:
    """A transport that does not get through is red, with the reason; the others are tested all the same."""
    await tab.route_web_socket("**/ws?*", _hang_up)
    await tab.route("**/stream*", _refuse)
    await tab.goto(server.http(TESTS))
    await press(tab, "Test all")

    await verdict(tab, "3 of 5 transports work from here.")
    await expect(tab.locator("#trials .outcome")).to_contain_text(["🟢", "🟢", "🔴", "🔴", "🟢"])
    await expect(tab.locator("#log")).to_contain_text("WebSocket: the server was not reached")


@pytest.mark.slow
async def test_each_failure_moves_the_ladder_and_nothing_is_lost(tab: Page, server: Address) -> None:
    """Every rung is taken away in turn, then everything, then what is open; healed, it climbs back to the best."""
    await begin(tab, server, 220)
    for blocked, left in pairwise(TRANSPORTS):
        await press(tab, f"Block {blocked}")
        await live_over(tab, left)
        await expect(rung(tab, blocked)).to_contain_text("blocked")
        await expect(tab.get_by_role("button", name=f"Block {blocked}")).to_have_attribute("aria-pressed", "true")
    await press(tab, "Block HTTP polling")
    await expect(tab.locator("#ladder-status")).to_have_text("🟡 connecting")
    await press(tab, "Go offline")
    await expect(tab.locator("#ladder-status")).to_have_text("🔴 offline")
    await press(tab, "Heal everything")
    await live_over(tab, "Socket.IO")
    await press(tab, "Drop the connection")

    await expect(tab.locator("#log")).to_contain_text("Dropped what was open")
    await complete(tab, 220)
    assert int(await tab.locator("#changes").inner_text()) >= len(TRANSPORTS)
    assert int(await tab.locator("#recoveries").inner_text()) >= len(TRANSPORTS)
    await press(tab, "Clear")
    await expect(tab.locator("#log")).to_be_empty()


async def test_a_blocked_transport_is_freed_by_the_same_button(tab: Page, server: Address) -> None:
    """The button is a switch, and so is the one to go offline."""
    await begin(tab, server, 60)
    await press(tab, "Block Socket.IO")
    await live_over(tab, "WebSocket")
    await press(tab, "Block Socket.IO")
    await press(tab, "Go offline")
    await press(tab, "Go offline")

    await expect(tab.get_by_role("button", name="Go offline")).to_have_attribute("aria-pressed", "false")
    await expect(tab.get_by_role("button", pressed=True)).to_have_count(0)
    await complete(tab, 60)


async def test_the_fallback_is_tested_by_one_button(tab: Page, server: Address) -> None:
    """An import begins over Socket.IO, loses it, and is complete over WebSocket."""
    await tab.goto(server.http(SIMULATION))
    await tab.get_by_label("Rows").fill("40")
    await press(tab, "Test Socket.IO Failure → WebSocket Fallback")

    await complete(tab, 40)
    await expect(tab.locator("#log")).to_contain_text("Changed from Socket.IO to WebSocket")
    await expect(rung(tab, "Socket.IO")).to_contain_text("blocked")


async def test_a_second_import_is_a_new_one(tab: Page, server: Address) -> None:
    """On the same channel only what belongs to it is counted."""
    await begin(tab, server, 10)
    await complete(tab, 10)
    await tab.get_by_label("Rows").fill("15")
    await press(tab, "Simulate Import with Progress")

    await complete(tab, 15)


@pytest.mark.parametrize("path", [TESTS, SIMULATION])
async def test_a_server_without_the_client_says_what_is_missing(tab: Page, server: Address, path: str) -> None:
    """The page stands, and says what builds the client."""
    await tab.route("**/headway.js", _not_found)
    await tab.goto(server.http(path))

    await expect(tab.get_by_role("alert")).to_contain_text("Run `make setup`")
    await expect(tab.locator("#status")).to_have_text("🔴 the client is missing")


@pytest.mark.parametrize("path", [TESTS, SIMULATION])
async def test_a_phone_need_not_scroll_sideways(tab: Page, server: Address, path: str) -> None:
    """At 360 pixels everything fits, long names too, and every button is large enough for a thumb."""
    await tab.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await tab.goto(server.http(path))
    await tab.get_by_label("Channel").fill("a" * 255)
    await press(tab, "Simulate Import with Progress")
    await expect(tab.locator("#import-detail")).to_contain_text("user-", timeout=SOON)
    heights = await tab.locator("main button").evaluate_all("all => all.map(one => one.offsetHeight)")

    assert await tab.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    assert min(heights) >= 34


async def test_the_pages_work_below_a_path(tab: Page) -> None:
    """Mounted in somebody's application they find everything below the path."""
    async with serving(Headway(), Kind.MOUNTED) as server:
        await tab.goto(server.http(TESTS))
        await press(tab, "Test all")
        await verdict(tab, "5 of 5 transports work from here.")
        await begin(tab, server, 10)
        await complete(tab, 10)
        await leave(tab)


async def test_who_is_not_known_is_asked_to_sign_in(tab: Page, tmp_path: Path) -> None:
    """The page says what is missing; signed in, its cookie does, on the channels that this person may publish to."""
    async with guarded(tmp_path) as house:
        await tab.goto(house.address.http(TESTS))
        await tab.get_by_role("alert").get_by_role("link", name="Sign in").click()
        await tab.get_by_label("Name").fill("ann")
        await tab.get_by_label("Password", exact=True).fill(PASSWORD)
        await tab.keyboard.press("Enter")
        await expect(tab.get_by_role("alert")).to_contain_text(f"You may publish to {CHANNEL}")
        await press(tab, "Test WebSocket Connection")
        await expect(tab.locator("#verdict, #trials li:nth-child(3) .outcome").last).to_contain_text("🔴")
        await tab.get_by_label("Channel").fill(CHANNEL)
        await press(tab, "Test all")
        await verdict(tab, "5 of 5 transports work from here.")
        await begin_as_ann(tab, house.address)
        await leave(tab)


async def begin_as_ann(tab: Page, server: Address) -> None:
    """The simulation on the one channel she may publish to."""
    await tab.goto(server.http(SIMULATION))
    await tab.get_by_label("Channel").fill(CHANNEL)
    await tab.get_by_label("Rows").fill("10")
    await press(tab, "Simulate Import with Progress")
    await complete(tab, 10)


async def _hang_up(socket: WebSocketRoute) -> None:
    await socket.close(code=3000, reason="a proxy")


async def _refuse(route: Route) -> None:
    await route.abort()


async def _not_found(route: Route) -> None:
    await route.fulfill(status=404)
