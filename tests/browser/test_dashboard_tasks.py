"""The list of all tasks in a real Chromium: by state, by name, and page by page into the past."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from headway.server.live import Headway
from headway.testing.serving import Address, Kind, serving
from tests.browser.chromium import leave
from tests.browser.stage import PHONE, accessible, failed, fits, is_live, jobs, unreached, working
from tests.browser.test_dashboard_overview import sign_in
from tests.server.guests import guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

MARKUP = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway(jobs=jobs)


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


async def done(live: Headway, *names: str) -> None:
    """Tasks that have come to their end."""
    for name in names:
        async with live.task(name):
            pass


def rows(tab: Page) -> Locator:
    """A line for each task."""
    return tab.get_by_role("list", name="Tasks, the newest first").get_by_role("listitem")


def state(tab: Page, name: str) -> Locator:
    """The button of a state."""
    return tab.get_by_role("group", name="Only these states").get_by_role("button", name=name)


async def test_it_is_reached_from_the_overview(tab: Page, live: Headway, server: Address) -> None:
    """All tasks are one link away, and one leads to its own page."""
    await done(live, "Nightly import")
    await tab.goto(server.http("/"))
    await tab.get_by_role("link", name="All tasks").click()
    await expect(tab.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    await expect(tab).to_have_url(server.http("/tasks"))
    await expect(tab.get_by_role("navigation").locator("[aria-current=page]")).to_have_text("Overview")
    await rows(tab).get_by_role("link", name="Nightly import").click()

    await expect(tab.get_by_role("heading", name="Nightly import", level=1)).to_be_visible()


async def test_before_anything_has_run_it_says_so(tab: Page, server: Address) -> None:
    """In a sentence; and what begins appears by itself."""
    await tab.goto(server.http("/tasks"))

    await expect(tab.get_by_role("main")).to_contain_text("No task has been begun yet.")


async def test_older_tasks_come_page_by_page(tab: Page, live: Headway, server: Address) -> None:
    """Fifty at once, the newest first, and each once, until there are no more."""
    await done(live, *(f"Task {number:03}" for number in range(120)))
    await tab.goto(server.http("/tasks"))
    await expect(rows(tab)).to_have_count(50)
    await expect(rows(tab).first).to_contain_text("Task 119")
    for count in (100, 120):
        await tab.get_by_role("button", name="Older").click()
        await expect(rows(tab)).to_have_count(count)

    await expect(tab.get_by_role("button", name="Older")).to_have_count(0)
    await expect(tab.get_by_text("120 shown, that is all")).to_be_visible()
    names = await rows(tab).get_by_role("link").all_inner_texts()
    assert names == [f"Task {number:03}" for number in reversed(range(120))]


async def test_they_are_filtered_by_state_and_by_name(tab: Page, live: Headway, server: Address) -> None:
    """Several states at once, any part of a name; the address says it, so a reload shows the same."""
    await done(live, "Import of May", "Import of June")
    await failed(live, "Import of July", "the disk is full")
    async with working(live, "Export", 10):
        await tab.goto(server.http("/tasks"))
        await expect(rows(tab)).to_have_count(4)
        await expect(state(tab, "Completed")).to_have_text("Completed2")
        await state(tab, "Failed").click()
        await expect(rows(tab)).to_contain_text(["FailedImport of Julythe disk is full"])
        await state(tab, "Completed").click()
        await expect(rows(tab)).to_have_count(3)
        await tab.get_by_role("searchbox", name="Filter by name").fill("JU")
        await expect(rows(tab)).to_have_count(2)
        await expect(tab).to_have_url(re.compile(r"\?status=failed%2Ccompleted&name=JU$"))
        await tab.reload()
        await expect(rows(tab)).to_have_count(2)
        await expect(state(tab, "Failed")).to_have_attribute("aria-pressed", "true")
        await expect(tab.get_by_role("searchbox", name="Filter by name")).to_have_value("JU")
        await tab.get_by_role("searchbox", name="Filter by name").fill("nobody")

        await expect(tab.get_by_role("main")).to_contain_text("No task is like that.")


async def test_what_happens_meanwhile_is_shown(tab: Page, live: Headway, server: Address) -> None:
    """A task that begins is put at the top, its bar moves, and its end is seen."""
    await done(live, "Earlier")
    await tab.goto(server.http("/tasks"))
    await is_live(tab)
    await expect(rows(tab)).to_have_count(1)
    async with working(live, "Import", 100) as task:
        await expect(rows(tab).first).to_contain_text("RunningImport")
        task.advance(40)
        await expect(rows(tab).first.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")

    await expect(rows(tab).first).to_contain_text("CompletedImport")
    await expect(state(tab, "Completed")).to_have_text("Completed2")


async def test_who_may_not_follow_all_tasks_sees_those_of_their_channels(tab: Page, tmp_path: Path) -> None:
    """Here and on the overview: it says so in a sentence, and names what may be read."""
    async with guarded(tmp_path) as house, house.live.task("Theirs", channel="run:7"), house.live.task("Secret"):
        await sign_in(tab, house.address, "ann")
        await expect(tab.get_by_role("main")).to_contain_text("You may not read the channel tasks")
        await expect(tab.get_by_role("main")).to_contain_text("Open to you: run:*.")
        seen = tab.get_by_role("region", name="Tasks that you may see").get_by_role("listitem")
        await expect(seen).to_contain_text(["RunningTheirs"])
        await expect(tab.get_by_role("region", name="Activity")).to_contain_text("Theirs started")
        await expect(tab.get_by_role("alert").filter(has_text="cannot")).to_have_count(0)
        await accessible(tab)
        await tab.get_by_role("link", name="All tasks").click()
        await expect(rows(tab)).to_contain_text(["RunningTheirs"])
        await expect(tab.get_by_role("main")).to_contain_text("Those on channels that you may read")
        await expect(state(tab, "Running")).to_have_text("Running")
        await expect(tab.get_by_role("main")).not_to_contain_text("Secret")
        await leave(tab)


async def test_a_server_that_refuses_is_told(tab: Page, live: Headway, server: Address) -> None:
    """The server's sentence, and no empty page."""

    async def refuse(route: Route) -> None:
        await route.fulfill(status=403, json={"error": {"code": "forbidden", "message": "who are you", "details": {}}})

    await tab.route("**/api/tasks?*", refuse)
    await tab.goto(server.http("/tasks"))

    await expect(tab.get_by_role("alert").filter(has_text="cannot be read")).to_contain_text("who are you")


async def test_the_page_works_below_a_path(tab: Page, live: Headway) -> None:
    """Mounted in somebody's application it finds everything below the path."""
    async with serving(live, Kind.MOUNTED) as server:
        await done(live, "Import")
        await tab.goto(server.http("/tasks?status=completed"))
        await expect(rows(tab)).to_contain_text(["Import"])
        await leave(tab)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(browser: Browser, live: Headway, server: Address, scheme: str) -> None:
    """Empty, filtered and full of long words, on a phone and on a wall, in any light: nothing that axe calls serious,
    nothing beside the screen, everything within reach of the keyboard; names are text."""
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    tab = await context.new_page()
    await tab.goto(server.http("/tasks"))
    await expect(tab.get_by_role("main")).to_contain_text("No task has been begun yet.")
    await accessible(tab)
    await failed(live, "n" * 300, "x" * 900)
    await failed(live, MARKUP, MARKUP)
    await expect(rows(tab)).to_have_count(2)
    await state(tab, "Failed").click()
    for width, height in (PHONE, (1900, 1000)):
        await tab.set_viewport_size({"width": width, "height": height})
        await accessible(tab)
        await fits(tab)
    assert await unreached(tab) == []
    assert await tab.evaluate("() => 'broken' in window") is False
