"""The seeds' three browser procedures on a real import: it is watched while Socket.IO, and more, is taken away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.clerk import QUICK, SOON, Desk, Door, desk, press
from tests.browser.stage import becomes, is_live

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

TESTS = "/test-socket-io.html"
SIMULATION = "/test-websocket-fallback-simulation.html"
ROWS = 240

# What the seeds' page does after it has started an import, with what it has loaded itself: follow the session over
# Socket.IO, and over whatever is left when that is gone.
FOLLOW = """async (session) => {
    const { socketIo } = await import('/static/socketio.js');
    const seen = (globalThis.seen = { offsets: [], over: [], last: undefined, completed: undefined });
    const client = Headway.connect(location.origin, { io: socketIo(), promoteDelay: 600000 });
    client.on('transport', (now) => now && seen.over.push(now));
    client.channel(session).on('*', (event) => {
        seen.offsets.push(event.offset);
        if (event.type === 'progress') seen.last = event;
        if (event.type === 'completion') seen.completed = event;
    });
}"""

# The seeds' own fallback: a WebSocket that says only which session it is.
JOIN = """(session) => {
    const heard = (globalThis.heard = { frames: [], completed: undefined });
    const socket = new WebSocket(`ws://${location.hostname}:${location.port}`);
    socket.onopen = () => socket.send(JSON.stringify({ sessionId: session }));
    socket.onmessage = ({ data }) => {
        const event = JSON.parse(data);
        heard.frames.push(event);
        if (event.type === 'completion') heard.completed = event;
    };
}"""


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    """A server with imports, and a PingOne to import into."""
    async with desk() as made:
        yield made


async def refuse(route: Route) -> None:
    """As the developer tools block a request."""
    await route.abort()


async def progressed(tab: Page, variable: str = "seen.last?.current") -> Any:  # Any: a number, where there is one
    """Wait until something more is heard than now."""
    before = await tab.evaluate(f"() => {variable} ?? 0")
    await tab.wait_for_function(f"(before) => ({variable} ?? 0) > before", arg=before, timeout=SOON)
    return await tab.evaluate(f"() => {variable}")


async def session_of(at: Desk, run: str) -> str:
    """What the seeds call a session: the channel of the run."""
    return str((await at.run(run))["channel"])


async def test_the_page_of_tests_with_an_import_that_runs(tab: Page, at: Desk) -> None:
    """Procedure 1: its connections are tested while an import runs, and the import is followed to its end by the same
    page."""
    run = await at.begin(ROWS)
    await tab.goto(at.address.http(TESTS))
    await tab.evaluate(FOLLOW, await session_of(at, run))
    await progressed(tab)
    for button in ("Test Socket.IO Connection", "Test WebSocket Connection"):
        await press(tab, button)
    works = tab.locator("#trials li .outcome").filter(has_text="works")
    await expect(works).to_have_count(2, timeout=SOON)
    await progressed(tab)
    await press(tab, "Simulate Import with Progress")
    await expect(tab.locator("#verdict")).to_contain_text("41 heard, 0 lost, 0 repeated", timeout=SOON)
    at.set_faults(QUICK)

    await completed(tab, at, run)
    assert await tab.evaluate("() => seen.over") == ["socketio"]


async def test_the_page_of_fallbacks_with_an_import_that_runs(tab: Page, at: Desk) -> None:
    """Procedure 2: in the middle of an import Socket.IO is cut and blocked; the page goes on over WebSocket, and heard
    every event once and in order."""
    door = await Door().guard(tab, "**/socket.io/**")
    run = await at.begin(ROWS)
    await tab.goto(at.address.http(SIMULATION))
    await tab.evaluate(FOLLOW, await session_of(at, run))
    await progressed(tab)
    assert await tab.evaluate("() => seen.over") == ["socketio"]
    await tab.route("**/socket.io/**", refuse)
    await door.shut()
    await tab.wait_for_function("() => seen.over.length > 1", timeout=SOON)
    await progressed(tab)
    at.set_faults(QUICK)

    await completed(tab, at, run)
    assert await tab.evaluate("() => seen.over") == ["socketio", "websocket"]


async def test_the_seeds_own_fallback_hears_a_real_import(tab: Page, at: Desk) -> None:
    """A WebSocket that sends nothing but its `sessionId`, as the seed's code does, while Socket.IO is blocked: progress
    with its counts, and the completion."""
    await tab.route("**/socket.io/**", refuse)
    run = await at.begin(ROWS)
    await tab.goto(at.address.http(SIMULATION))
    await tab.evaluate(JOIN, await session_of(at, run))
    await progressed(tab, "heard.frames.filter((one) => one.type === 'progress').at(-1)?.current")
    at.set_faults(QUICK)
    await tab.wait_for_function("() => heard.completed !== undefined", timeout=SOON)

    progress = await tab.evaluate("() => heard.frames.filter((one) => one.type === 'progress')")
    assert [one["current"] for one in progress] == sorted(one["current"] for one in progress)
    assert progress[-1]["current"] == progress[-1]["total"] == ROWS
    assert progress[-1]["counts"]["succeeded"] == ROWS
    assert {"current", "total", "message", "counts", "status"} <= progress[-1].keys()
    assert (await tab.evaluate("() => heard.completed"))["success"] is True


async def test_an_import_on_the_dashboard_while_socketio_and_websocket_are_blocked(tab: Page, at: Desk) -> None:
    """Procedure 3: a file is imported on the pages; Socket.IO is blocked, then WebSocket in the middle of it: the bar
    goes on, nobody loads anything anew, and what is shown in the end is what is there."""
    door = await Door().guard(tab, "**/ws?*")
    run = await at.begin(ROWS)
    await tab.goto(at.address.http(f"/imports/runs/{run}"))
    await is_live(tab, "WebSocket")
    bar = tab.get_by_role("region", name="Progress").get_by_role("progressbar")
    await further(bar)
    await tab.route("**/socket.io/**", refuse)
    await further(bar)
    await door.shut()
    await is_live(tab, "Server-Sent Events")
    await further(bar)
    at.set_faults(QUICK)

    await expect(tab.get_by_text("No row failed.")).to_be_visible(timeout=SOON)
    await expect(tab.locator("[data-outcome=created] b")).to_have_text(str(ROWS))
    assert door.opened > 0
    assert len(at.sandbox.usernames(at.sandbox.environment)) == ROWS


async def further(bar: Any) -> None:  # Any: a locator
    """Wait until a bar stands further than now."""
    before = await bar.get_attribute("aria-valuenow")
    await becomes(bar, f"(one) => Number(one.getAttribute('aria-valuenow')) > {before}")


async def completed(tab: Page, at: Desk, run: str) -> None:
    """What the page heard to the end is what the log holds, once and in order, and what was done."""
    await tab.wait_for_function("() => seen.completed !== undefined", timeout=SOON)
    heard = await tab.evaluate("() => seen.offsets")
    done = await tab.evaluate("() => seen.completed")

    assert heard == sorted(set(heard))
    events = {one["offset"] for one in await at.office.events(run) if "key" not in one}
    assert {offset for offset in events if heard[0] <= offset <= heard[-1]} <= set(heard)
    assert done["created"] == done["total"] == ROWS
    assert len(at.sandbox.usernames(at.sandbox.environment)) == ROWS
