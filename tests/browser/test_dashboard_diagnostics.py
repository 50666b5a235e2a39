"""Diagnostics in a real Chromium: every transport tested, every failure simulated, in the words of `headway doctor`."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, Route, WebSocketRoute, expect

from headway.server.live import Headway
from headway.testing.serving import Address, Kind, serving
from tests.browser.chromium import leave
from tests.browser.stage import PHONE, accessible, fits, is_live, unreached
from tests.server.guests import CHANNEL, PASSWORD, House, guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
JUDGEMENT = ROOT / "dashboard" / "src" / "pages" / "diagnostics" / "judgement.ts"
DOCTOR = ROOT / "src" / "headway" / "client" / "doctor"
SOON = 40_000
"""Milliseconds: an examination takes ten seconds, and the machine has other things to do."""
TESTED = ["WebSocket", "Socket.IO", "Socket.IO over polling", "Server-Sent Events", "Polling"]
LADDER = ["Socket.IO", "WebSocket", "Server-Sent Events", "HTTP polling"]
BROWSERS_OWN = {
    # A browser says nothing about an upgrade that fails.
    ": the upgrade does not come through; a browser is not told why. `headway doctor` on this machine says more.",
    "the upgrade does not come through; a browser is not told why. `headway doctor` on this machine says more.",
    # The answer's own words are not passed on.
    "The server does not take the token: it does not say why (401; on a WebSocket it closes with 4001).",
}


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    """A server as people start it."""
    async with serving(Headway()) as address:
        yield address


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


async def press(tab: Page, name: str) -> None:
    """Press a button."""
    await tab.get_by_role("button", name=name, exact=True).click()


def row(tab: Page, transport: str) -> Locator:
    """What is known of a transport."""
    return tab.get_by_role("row").filter(has=tab.get_by_role("rowheader", name=transport, exact=True))


def verdict(tab: Page) -> Locator:
    """All of it in a sentence."""
    return tab.get_by_role("region", name="Transports").get_by_role("status")


def simulation(tab: Page) -> Locator:
    """Where failures are simulated."""
    return tab.get_by_role("region", name="Simulate a failure")


def rung(tab: Page, transport: str) -> Locator:
    """A rung of the ladder."""
    return tab.get_by_role("listitem").filter(has=tab.get_by_role("heading", name=transport, exact=True))


def figure(tab: Page, name: str) -> Locator:
    """A figure of the simulation."""
    return simulation(tab).locator("dl > div").filter(has=tab.get_by_text(name, exact=True)).locator("dd")


async def stands_on(tab: Page, transport: str) -> None:
    """Wait until the client is live over a transport."""
    await expect(simulation(tab).get_by_role("status")).to_have_text(f"live over {transport}", timeout=SOON)
    await expect(rung(tab, transport)).to_contain_text("in use")


async def report(tab: Page) -> Any:  # Any: JSON
    """What is copied."""
    await press(tab, "Copy report")
    await expect(tab.get_by_role("button", name="Copied")).to_be_visible()
    return json.loads(await tab.evaluate("navigator.clipboard.readText()"))


# Every transport


async def test_all_transports_are_tested(context: BrowserContext, tab: Page, server: Address) -> None:
    """One button: each is connected, told events and held open; the client falls back through all of them; the report
    has the names of `headway doctor --json`."""
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await tab.goto(server.http("/diagnostics"))
    await expect(verdict(tab)).to_contain_text("Nothing has been tested yet")
    await press(tab, "Test all")
    await expect(verdict(tab)).to_contain_text("All good: WebSocket, Socket.IO, Socket.IO over polling", timeout=SOON)
    for transport in TESTED:
        await expect(row(tab, transport)).to_contain_text("works")
        await expect(row(tab, transport).get_by_role("cell").nth(1)).to_contain_text(re.compile("[0-9] m?s$"))
    await expect(tab.get_by_text("4 events, each told once")).to_be_visible()
    copied = await report(tab)

    assert (copied["format"], copied["verdict"]) == (1, "good")
    assert [trial["name"] for trial in copied["transports"]] == [
        "websocket",
        "socketio",
        "socketio-polling",
        "eventsource",
        "polling",
    ]
    assert all(len(trial["event_seconds"]) == 3 and trial["held"] for trial in copied["transports"])
    assert [one["transport"] for one in copied["fallback"]["rungs"]] == [
        "websocket",
        "socketio",
        "eventsource",
        "polling",
    ]
    assert (copied["fallback"]["lost"], copied["fallback"]["repeated"]) == (0, 0)
    assert set(copied) - {"browser"} == {
        *("format", "url", "time", "seconds", "version", "verdict", "sentence", "network", "server", "token"),
        *("transports", "fallback", "sizes", "findings"),
    }


@pytest.mark.parametrize("transport", TESTED)
async def test_one_transport_is_tested_by_its_button(tab: Page, server: Address, transport: str) -> None:
    """And nothing is said of the others."""
    await tab.goto(server.http("/diagnostics"))
    await row(tab, transport).get_by_role("button").click()

    await expect(row(tab, transport)).to_contain_text("works", timeout=SOON)
    await expect(verdict(tab)).to_contain_text("works.", timeout=SOON)
    await expect(tab.get_by_text("not tested", exact=True)).to_have_count(len(TESTED) - 1)


async def test_what_the_network_does_is_said_with_what_helps(
    context: BrowserContext, tab: Page, server: Address
) -> None:
    """A proxy in the place of the server, by its name; with lines of a configuration where there are any."""
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await tab.route_web_socket(re.compile("/ws"), _die)
    await tab.route("**/stream*", _bad_gateway)
    await tab.goto(server.http("/diagnostics"))
    await is_live(tab, "Polling")
    await press(tab, "Test all")
    await expect(verdict(tab)).to_contain_text("The client works, over Socket.IO.", timeout=SOON)
    await expect(row(tab, "Server-Sent Events")).to_contain_text("status")
    findings = tab.get_by_role("list", name="Findings")
    await expect(findings).to_contain_text("a box that signs as nginx/1.25 answers HTTP 502 in the server's place.")
    await expect(findings).to_contain_text("Have it pass /api/ and /socket.io/ on, whole.")
    copied = await report(tab)

    assert copied["verdict"] == "impaired"
    assert {"eventsource", "websocket"} <= {one["subject"] for one in copied["findings"] if one["level"] == "failed"}


async def test_a_stream_that_is_held_back_is_recognised(tab: Page, server: Address) -> None:
    """Nothing of it comes, while answers that end do: that is buffering, and the lines against it stand there."""
    held: list[Route] = []

    async def hold(route: Route) -> None:
        # As a box that waits for the end of an answer: what has one comes through.
        if "since=" in route.request.url:
            await route.continue_()
        else:
            held.append(route)

    await tab.route("**/stream*", hold)
    await tab.goto(server.http("/diagnostics"))
    await row(tab, "Server-Sent Events").get_by_role("button").click()
    await expect(row(tab, "Server-Sent Events")).to_contain_text("buffered", timeout=SOON)
    findings = tab.get_by_role("list", name="Findings")

    await expect(findings).to_contain_text("nothing arrives, while answers that end do")
    await expect(findings).to_contain_text("proxy_buffering off;")
    for route in held:
        await route.abort()


def test_the_words_are_those_of_the_doctor() -> None:
    """Every sentence, advice and line of a configuration stands in the doctor's source too, but for what only a browser
    has to say."""
    said = " ".join(_texts())
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", JUDGEMENT.read_text(), flags=re.DOTALL)
    parts = [
        part.strip(" '")
        for quoted in re.findall(r"`([^`]*)`|'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"", text)
        for part in re.split(r"\$\{[^}]*\}", next(filter(None, quoted), ""))
    ]
    sentences = [part for part in parts if len(part) > 24 and " " in part and part not in BROWSERS_OWN]

    assert len(sentences) > 60
    assert [part for part in sentences if _plain(part) not in said] == []


# Every failure


@pytest.mark.slow
async def test_each_failure_moves_the_ladder_and_nothing_is_lost(tab: Page, server: Address) -> None:
    """Every rung is taken away in turn, then everything; given back, it climbs to the best. The page's own connection
    notices nothing."""
    await tab.goto(server.http("/diagnostics"))
    await is_live(tab)
    await press(tab, "Start")
    await stands_on(tab, LADDER[0])
    log = simulation(tab).get_by_role("list", name="What happened")
    for taken, left in pairwise(LADDER):
        await rung(tab, taken).get_by_role("button").click()
        await stands_on(tab, left)
        await expect(rung(tab, taken)).to_contain_text("taken away")
        moved = re.compile(f"From {taken} to {left}: {taken} was taken away. [0-9]+ ms of silence")
        await expect(log).to_contain_text(moved, timeout=SOON)
    await press(tab, "Go offline")
    await expect(simulation(tab).get_by_role("status")).to_have_text("offline")
    await is_live(tab)
    await press(tab, "Give everything back")
    await stands_on(tab, LADDER[0])
    await press(tab, "Stop")

    await expect(figure(tab, "Lost")).to_have_text("0")
    await expect(figure(tab, "Told twice")).to_have_text("0")
    await expect(figure(tab, "Longest silence")).to_contain_text(" ms")
    await is_live(tab)


async def test_what_is_cut_comes_back(tab: Page, server: Address) -> None:
    """What was open ends, may be opened again, and goes on where it was."""
    await tab.goto(server.http("/diagnostics"))
    await press(tab, "Start")
    await stands_on(tab, "Socket.IO")
    await press(tab, "Cut what is open")
    log = simulation(tab).get_by_role("list", name="What happened")
    await expect(log).to_contain_text(re.compile("what was open was cut. [0-9]+ ms of silence"), timeout=SOON)

    await expect(figure(tab, "Lost")).to_have_text("0")
    await expect(figure(tab, "Told twice")).to_have_text("0")


async def test_what_was_taken_is_given_back_alone(tab: Page, server: Address) -> None:
    """The same button gives it back, and the client climbs to it by itself."""
    await tab.goto(server.http("/diagnostics"))
    await press(tab, "Start")
    await stands_on(tab, "Socket.IO")
    await press(tab, "Take away Socket.IO")
    await stands_on(tab, "WebSocket")
    await press(tab, "Give back Socket.IO")
    await stands_on(tab, "Socket.IO")

    await expect(figure(tab, "Lost")).to_have_text("0")


async def test_a_page_that_is_left_in_the_middle_ends_it_all(tab: Page, server: Address) -> None:
    """A reload, or another page, in the middle of a test and a simulation: nothing goes on, and it can begin anew."""
    await tab.goto(server.http("/diagnostics"))
    await press(tab, "Start")
    await press(tab, "Test all")
    await stands_on(tab, "Socket.IO")
    await tab.reload()
    await expect(simulation(tab).get_by_role("status")).to_have_text("not started")
    await press(tab, "Start")
    await stands_on(tab, "Socket.IO")
    await tab.get_by_role("navigation").get_by_role("link", name="Channels").click()
    await expect(tab.get_by_role("heading", level=1)).to_have_text("Channels")
    await tab.go_back()

    await expect(simulation(tab).get_by_role("status")).to_have_text("not started")


async def test_who_may_not_publish_can_test_all_the_same(tab: Page, house: House) -> None:
    """Then the state is waited for, and the page says what it could not see."""
    await tab.goto(house.address.http("/diagnostics"))
    await tab.wait_for_url("**/sign-in?to=*")
    await tab.get_by_label("Name").fill("ann")
    await tab.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await row(tab, "WebSocket").get_by_role("button").click()
    await expect(row(tab, "WebSocket")).to_contain_text("works", timeout=SOON)
    await expect(tab.get_by_role("list", name="Findings")).to_contain_text("The token does not allow to publish")
    await press(tab, "Start")
    await stands_on(tab, "Socket.IO")
    await press(tab, "Take away Socket.IO")
    await stands_on(tab, "WebSocket")

    await expect(simulation(tab)).to_contain_text("nothing is counted")
    await expect(figure(tab, "Lost")).to_have_count(0)
    assert (await house.get(f"/api/channels/{CHANNEL}", house.token())).json()["offset"] == 0
    await leave(tab)


# For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_is_for_everybody(tab: Page, server: Address, scheme: str) -> None:
    """On a phone nothing is cut off, axe-core finds nothing serious, and all is reached with the keyboard: before, with
    findings, and in the middle of a simulation."""
    await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await tab.route("**/stream*", _bad_gateway)
    await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await tab.goto(server.http("/diagnostics"))
    await _fine(tab)
    await row(tab, "Server-Sent Events").get_by_role("button").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("list", name="Findings")).to_contain_text("in the server's place", timeout=SOON)
    await tab.get_by_role("button", name="Start").focus()
    await tab.keyboard.press("Space")
    await stands_on(tab, "Socket.IO")
    await rung(tab, "Socket.IO").get_by_role("button").focus()
    await tab.keyboard.press("Enter")
    await stands_on(tab, "WebSocket")
    await _fine(tab)
    await tab.set_viewport_size({"width": 1440, "height": 900})
    await _fine(tab)


async def test_the_page_works_below_a_path(tab: Page) -> None:
    """Mounted in somebody's application it finds everything below the path."""
    async with serving(Headway(), Kind.MOUNTED) as server:
        await tab.goto(server.http("/diagnostics"))
        await press(tab, "Test all")
        await expect(verdict(tab)).to_contain_text("All good", timeout=SOON)
        await leave(tab)


def _texts() -> list[str]:
    """Every text in the doctor's source; what is put into it is a blank."""
    found = []
    for path in sorted(DOCTOR.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(_plain(node.value))
            elif isinstance(node, ast.JoinedStr):
                found.append(
                    _plain("".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values))
                )
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("\\'", "'").replace('\\"', '"').split())


async def _fine(tab: Page) -> None:
    await fits(tab)
    await accessible(tab)
    assert await unreached(tab) == []


async def _die(socket: WebSocketRoute) -> None:
    await socket.close(code=3000, reason="a proxy")


async def _bad_gateway(route: Route) -> None:
    await route.fulfill(status=502, headers={"server": "nginx/1.25"}, body="bad gateway")
