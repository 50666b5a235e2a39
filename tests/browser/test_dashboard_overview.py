"""The overview in a real Chromium: what runs, what has finished, what happened, and how the server is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from headway.server.live import Headway
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from tests.browser.chromium import leave
from tests.browser.stage import (
    FUTURE,
    PHONE,
    accessible,
    card,
    failed,
    fits,
    is_live,
    jobs,
    task_id,
    toast,
    unreached,
    working,
)
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


async def test_a_newcomer_is_told_how_to_see_something(tab: Page, server: Address) -> None:
    """Before anything has run the page shows the two lines of Python, for this server's address, and what copies them;
    when something runs, it is there instead."""
    await tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await tab.goto(server.http("/"))

    await expect(tab.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    await expect(tab.locator("pre").first).to_contain_text("for row in task.track(")
    await tab.get_by_role("button", name="Copy: Start it as ever").click()
    await expect(tab.get_by_role("button", name="Copied")).to_be_visible()
    copied = await tab.evaluate("navigator.clipboard.readText()")
    assert copied == f"HEADWAY_URL={server.http('')} python script.py"


async def test_a_task_is_seen_from_its_beginning_to_its_end(tab: Page, live: Headway, server: Address) -> None:
    """A task appears while the page is open, its bar and its numbers follow it, and at its end it is among those that
    have finished, in the activity, and told in the corner."""
    await tab.goto(server.http("/"))
    await is_live(tab)
    async with working(live, "Nightly import", 200, unit="rows") as task:
        shown = card(tab, "Nightly import")
        await expect(shown.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "0")
        task.advance(80, outcome="created", current="ada@example.org")
        task.advance(4, outcome="failed")

        await expect(shown.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")
        await expect(shown).to_contain_text("84 of 200 rows")
        await expect(shown.get_by_role("list", name="By outcome")).to_have_text("4 failed80 created")
        await expect(shown).to_contain_text("ada@example.org")
        await expect(shown).to_contain_text("Running")
        await expect(tab.get_by_role("heading", name="Nothing has run yet")).to_be_hidden()
    ended = tab.get_by_role("region", name="Just finished")
    await expect(ended.get_by_role("listitem")).to_contain_text(["CompletedNightly import4 failed"])
    await expect(shown).to_be_hidden()
    await expect(toast(tab, "Nightly import completed")).to_be_visible()
    activity = tab.get_by_role("region", name="Activity").get_by_role("listitem")
    await expect(activity.first).to_contain_text("Nightly import completed")
    await expect(activity.first).to_contain_text("Task")
    await expect(activity.nth(1)).to_contain_text("Nightly import started")


async def test_who_comes_late_sees_tasks_of_every_state(tab: Page, live: Headway, server: Address) -> None:
    """Running, paused, waiting, failed and completed: each with its word, and counted at the top."""
    await failed(live, "Copy of the archive", "the disk is full")
    async with live.task("Warm-up", 3) as warm:
        warm.advance(3)
    await live.submit("noop", name="For later", at=FUTURE)
    async with working(live, "Import", 10), working(live, "Export", 10) as export:
        await tab.goto(server.http("/"))
        await card(tab, "Export").get_by_role("button", name="Pause").click()

        await expect(card(tab, "Import")).to_contain_text("Running")
        await expect(card(tab, "Export")).to_contain_text("Paused")
        await expect(card(tab, "For later")).to_contain_text("Queued")
        summary = tab.get_by_role("main").locator("dl").first
        await expect(summary.locator("dd")).to_have_text(["1", "1", "1", "1", "1"])
        ended = tab.get_by_role("region", name="Just finished").get_by_role("listitem")
        await expect(ended).to_contain_text(["CompletedWarm-up", "FailedCopy of the archivethe disk is full"])
        await card(tab, "Export").get_by_role("button", name="Resume").click()
        await expect(card(tab, "Export")).to_contain_text("Running")
        assert export.ended is None


async def test_a_task_is_cancelled_only_when_it_is_said_twice(tab: Page, live: Headway, server: Address) -> None:
    """One press asks whether it is meant; going elsewhere takes it back; the second one cancels."""
    await tab.goto(server.http("/"))
    async with working(live, "Import", 10):
        await card(tab, "Import").get_by_role("button", name="Cancel").click()
        await expect(card(tab, "Import").get_by_role("button", name="Really cancel")).to_be_visible()
        await tab.get_by_role("heading", name="Overview").click()
        await expect(card(tab, "Import").get_by_role("button", name="Cancel", exact=True)).to_be_visible()
        await card(tab, "Import").get_by_role("button", name="Cancel").click()
        await card(tab, "Import").get_by_role("button", name="Really cancel").click()

        ended = tab.get_by_role("region", name="Just finished")
        await expect(ended.get_by_role("listitem")).to_contain_text(["CancelledImport"])


async def test_the_activity_is_the_last_twenty(tab: Page, live: Headway, server: Address) -> None:
    """What happened before the page was opened is there, the newest first, and no more than twenty lines."""
    for number in range(15):
        async with live.task(f"Task {number}"):
            pass
    await tab.goto(server.http("/"))
    lines = tab.get_by_role("region", name="Activity").get_by_role("listitem")

    await expect(lines).to_have_count(20)
    await expect(lines.first).to_contain_text("Task 14 completed")
    async with live.task("Task 15"):
        pass
    await expect(lines.first).to_contain_text("Task 15 completed")
    await expect(lines).to_have_count(20)


async def test_a_reload_in_the_middle_shows_the_same(tab: Page, live: Headway, server: Address) -> None:
    """The page is only a look at the log: loaded anew it shows what it showed."""
    async with working(live, "Import", 100) as task:
        task.advance(37)
        await tab.goto(server.http("/"))
        await expect(card(tab, "Import").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "37")
        await tab.reload()

        await expect(card(tab, "Import").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "37")
        task.advance(5)
        await expect(card(tab, "Import").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")


async def test_names_are_text(tab: Page, live: Headway, server: Address) -> None:
    """Markup in whatever a task says is shown as it is written, and nothing of it runs."""
    await failed(live, MARKUP, MARKUP)
    async with working(live, MARKUP, 10) as task:
        task.advance(1, outcome=MARKUP, current=MARKUP)
        await tab.goto(server.http("/"))
        await expect(card(tab, MARKUP)).to_contain_text(f"1 {MARKUP}")

        assert await tab.locator("main img").count() == 0
        assert await tab.evaluate("() => 'broken' in window") is False


async def test_the_server_is_shown_as_far_as_the_role_allows(tab: Page, tmp_path: Path) -> None:
    """Figures are for operators; a viewer sees that it is healthy, and no buttons on tasks."""
    async with guarded(tmp_path) as house, working(house.live, "Import", 10, channel="run:7"):
        for user, figures in (("ann", 1), ("oli", 6)):
            await sign_in(tab, house.address, user)
            status = tab.get_by_role("region", name="Server")
            await expect(status.get_by_role("status")).to_have_text("Healthy")
            await expect(status.locator("dt")).to_have_count(figures)
            await tab.get_by_role("button", name="Sign out").click()
            await tab.wait_for_url("**/sign-in*")
        await leave(tab)


async def test_applications_under_watch_are_shown(tab: Page, live: Headway, server: Address) -> None:
    """Where there is a channel of that name: how each is, what was tested, and notifications, which go by themselves
    and can be read again."""
    down = {"id": "pay", "name": "Payment API", "environment": "production", "status": "down", "responseTime": None}
    well = {"id": "web", "name": "Customer portal", "status": "healthy", "responseTime": 340}
    for told in (well, down):
        await live.publish("applications", "applicationStatusUpdate", told, key=f"application/{told['id']}")
    await live.publish("applications", "notification", {"level": "error", "message": "an old story"})
    tested = {"applicationName": "Customer portal", "testType": "health_check", "status": "passed", "duration": 1_200}
    await live.publish("applications", "testCompleted", tested)
    await tab.goto(server.http("/"))
    shown = tab.get_by_role("region", name="Applications")
    await expect(shown).to_contain_text("1 of 2 well")
    await expect(shown.get_by_role("listitem")).to_have_text(
        [re.compile("^Payment API productionDown–$"), re.compile("^Customer portal Healthy340 ms$")]
    )
    activity = tab.get_by_role("region", name="Activity").get_by_role("listitem")
    await expect(activity).to_contain_text(["Customer portal: test completed", "an old story"])
    await expect(toast(tab, "an old story")).to_have_count(0)
    await wait_until(lambda: bool(list(live.running.hub.readers("applications"))))
    await live.publish("applications", "notification", {"level": "success", "message": "Payment API answers as usual"})
    await expect(toast(tab, "Payment API answers as usual")).to_have_attribute("data-tone", "good")
    await expect(activity.first).to_contain_text("Payment API answers as usual")
    await expect(toast(tab, "Payment API answers as usual")).to_be_hidden(timeout=20_000)
    await tab.get_by_role("button", name="Notifications, 1 new").click()

    panel = tab.get_by_role("region", name="Notifications")
    await expect(panel.get_by_role("listitem")).to_contain_text(["Payment API answers as usual"])
    await accessible(tab)


async def test_a_server_that_is_not_reached_is_not_called_healthy(tab: Page, server: Address) -> None:
    """What was true a minute ago is not told as if it were now, also where the browser knows that it is offline."""
    await tab.goto(server.http("/"))
    status = tab.get_by_role("region", name="Server").get_by_role("status")
    await expect(status).to_have_text("Healthy")
    await tab.context.set_offline(True)
    await expect(status).to_have_text("Not reached", timeout=40_000)
    await tab.context.set_offline(False)

    await expect(status).to_have_text("Healthy", timeout=20_000)


async def test_without_applications_there_is_no_word_of_them(tab: Page, live: Headway, server: Address) -> None:
    """And their channel is not followed, so it does not come to be."""
    await tab.goto(server.http("/"))
    await is_live(tab)
    await expect(tab.get_by_role("region", name="Activity")).to_contain_text("Nothing has happened yet.")

    await expect(tab.get_by_role("region", name="Applications")).to_have_count(0)
    assert list(live.running.hub.readers("applications")) == []


async def sign_in(tab: Page, server: Address, user: str) -> None:
    """Sign in."""
    await tab.goto(server.http("/sign-in"))
    await tab.get_by_label("Name").fill(user)
    await tab.get_by_label("Password", exact=True).fill("correct horse battery")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", name="Overview")).to_be_visible()


async def test_a_task_is_reached_by_keyboard_alone(tab: Page, live: Headway, server: Address) -> None:
    """Everything that can be pressed has the focus in its turn, shows it, and Enter opens the task."""
    async with working(live, "Import", 10):
        await tab.goto(server.http("/"))
        await expect(card(tab, "Import")).to_be_visible()
        await expect(tab.get_by_role("region", name="Activity")).to_contain_text("Import started")
        assert await unreached(tab) == []
        for _ in range(40):
            await tab.keyboard.press("Tab")
            await expect(tab.locator(":focus")).not_to_have_css("outline-style", "none")
            if await tab.evaluate("document.activeElement.textContent") == "Import":
                break
        await tab.keyboard.press("Enter")

        await expect(tab.get_by_role("heading", name="Import", level=1)).to_be_visible()
        await expect(tab.get_by_role("main")).to_be_focused()
        await tab.keyboard.press("Tab")
        await expect(tab.get_by_role("main").get_by_role("link", name="Overview")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(browser: Browser, live: Headway, server: Address, scheme: str) -> None:
    """Empty, busy and failing, in any light: nothing that axe calls serious, also on a phone, where nothing needs
    scrolling sideways, however long the words are."""
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    tab = await context.new_page()
    await tab.goto(server.http("/"))
    await expect(tab.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    await accessible(tab)
    await fits(tab)
    await failed(live, "n" * 300, "x" * 900)
    async with working(live, "long " * 60, 10_000_000, unit="u" * 40) as task:
        task.advance(1_234_567, outcome="o" * 80, current="c" * 900)
        await expect(tab.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "12")
        await accessible(tab)
        await fits(tab)
        await tab.set_viewport_size({"width": 1900, "height": 1000})
        await accessible(tab)
        await fits(tab)


async def test_two_browsers_show_the_same(browser: Browser, live: Headway, server: Address) -> None:
    """Whoever looks sees the same numbers, and what one of them asks for is seen by the other."""
    tabs = [await (await browser.new_context()).new_page() for _ in range(2)]
    async with working(live, "Import", 100) as task:
        for tab in tabs:
            await tab.goto(server.http("/"))
        task.advance(64)
        for tab in tabs:
            await expect(card(tab, "Import").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "64")
        await card(tabs[0], "Import").get_by_role("button", name="Pause").click()
        await expect(card(tabs[1], "Import")).to_contain_text("Paused")
        await card(tabs[1], "Import").get_by_role("button", name="Resume").click()
        await expect(card(tabs[0], "Import")).to_contain_text("Running")
        id = await task_id(task)
    await wait_until(lambda: task.ended is not None)
    for tab in tabs:
        await expect(tab.get_by_role("region", name="Just finished")).to_contain_text("Import")
        assert await tab.locator(f"a[href='/tasks/{id}']").count() > 0
