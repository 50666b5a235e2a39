"""The page of one task in a real Chromium: live, asked things of, and as it was at any moment."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from headway.server.live import Headway
from headway.tasks.model import Action
from headway.tasks.task import Task
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from tests.browser.chromium import leave
from tests.browser.stage import (
    FUTURE,
    PHONE,
    accessible,
    becomes,
    failed,
    fits,
    is_live,
    jobs,
    task_id,
    unreached,
    working,
)
from tests.browser.test_dashboard_overview import sign_in
from tests.server.guests import guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

THEN = re.compile("^As it was at")
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


async def watch(tab: Page, server: Address, task: Task | str) -> None:
    """Open the page of a task."""
    id = task if isinstance(task, str) else await task_id(task)
    await tab.goto(server.http(f"/tasks/{id}"))
    await is_live(tab)


def bar(tab: Page) -> Locator:
    """The task's own bar."""
    return tab.get_by_role("region", name="Progress").get_by_role("progressbar")


def log(tab: Page) -> Locator:
    """The lines of the log."""
    return tab.get_by_role("region", name="Log").get_by_role("listitem")


def errors(tab: Page) -> Locator:
    """The rows of the errors' table, without its head."""
    return tab.locator("section[aria-labelledby=items] tbody tr")


def slider(tab: Page) -> Locator:
    """The scrubber."""
    return tab.get_by_role("slider", name="Moment of the run")


async def press(tab: Page, name: str) -> None:
    """Press a button."""
    await tab.get_by_role("button", name=name, exact=True).click()


async def run(live: Headway) -> str:
    """A run of four steps; each told before the next begins, so that each is a moment of its own."""
    task = live.task("Nightly import", 4, unit="files")
    async with task:
        id = await task_id(task)
        for number in range(1, 5):
            task.advance(1, outcome="created")
            task.log(f"file {number} written", level="warning" if number == 2 else "info")
            if number == 3:
                task.item("file 3", "failed", "half of it is missing", code="TRUNCATED", count=False)
            await told(live, id, number)
    return id


async def told(live: Headway, id: str, done: int) -> None:
    """Wait until so much is told."""

    async def is_told() -> bool:
        return (await live.running.parts.tasks.get(id)).progress.done == done

    await wait_until(is_told)


async def test_everything_of_a_task_is_shown_live(tab: Page, live: Headway, server: Address) -> None:
    """The bar, the counts, what it does now, its parts, its log and its errors, as they are told."""
    async with working(live, "Import", 200, unit="rows") as task:
        await watch(tab, server, task)
        await expect(tab.get_by_role("heading", name="Import", level=1)).to_be_visible()
        await expect(bar(tab)).to_have_attribute("aria-valuenow", "0")
        await expect(tab.get_by_role("region", name="Errors")).to_contain_text("No item has failed.")
        task.advance(50, outcome="created", current="ada@example.org")
        task.item("row 51", "failed", "the population does not exist", code="INVALID_DATA")
        task.log("batch 1 written")
        with task.child("Groups", 10) as part:
            part.advance(7)
            await expect(tab.get_by_role("progressbar", name="Groups")).to_have_attribute("aria-valuenow", "70")
            await expect(tab.get_by_role("region", name="Parts")).to_contain_text("0 of 1 done")

        await expect(tab.get_by_role("region", name="Parts")).to_contain_text("1 of 1 done")
        await expect(bar(tab)).to_have_attribute("aria-valuetext", "25.5%, 51 of 200 rows".replace("25.5", "25"))
        progress = tab.get_by_role("region", name="Progress")
        await expect(progress.get_by_role("list", name="By outcome")).to_have_text("1 failed50 created")
        await expect(progress).to_contain_text("ada@example.org")
        await expect(errors(tab)).to_contain_text(["row 51 failedthe population does not exist INVALID_DATA"])
        await expect(log(tab)).to_contain_text(["infobatch 1 written"])
    await expect(tab.get_by_role("status").filter(has_text="Completed").first).to_be_visible()
    await expect(tab.get_by_role("region", name="History").get_by_role("listitem")).to_contain_text(
        ["Started", "Completed"]
    )
    await expect(tab.get_by_role("button", name="Pause", exact=True)).to_be_hidden()


async def test_pause_resume_and_cancel_are_honest(tab: Page, live: Headway, server: Address) -> None:
    """A button says what was asked for until it has happened; what would be refused cannot be pressed."""
    async with working(live, "Import", 10) as task:
        await watch(tab, server, task)
        actions = tab.get_by_role("group", name="Actions on Import")
        await press(tab, "Pause")
        await expect(actions.get_by_role("button", name="Resume")).to_be_visible()
        await expect(tab.get_by_role("status").filter(has_text="Paused").first).to_be_visible()
        await press(tab, "Resume")
        await expect(actions.get_by_role("button", name="Pause")).to_be_visible()
        await press(tab, "Cancel")
        await press(tab, "Really cancel")

        await expect(tab.get_by_role("status").filter(has_text="Cancelled").first).to_be_visible()
        await expect(actions).to_be_hidden()
        history = tab.get_by_role("region", name="History").get_by_role("listitem")
        await expect(history.last).to_contain_text("Cancelled")


async def test_what_waits_cannot_be_paused(tab: Page, live: Headway, server: Address) -> None:
    """The button is there, says that it cannot be pressed, and does nothing."""
    state = await live.submit("noop", name="For later", at=FUTURE)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    await watch(tab, server, state.id)
    pause = tab.get_by_role("button", name="Pause", exact=True)
    await expect(pause).to_have_attribute("aria-disabled", "true")
    await pause.click(force=True)

    assert asked == []


async def test_a_refusal_says_why(tab: Page, live: Headway, server: Address) -> None:
    """Between the look and the press a task can end: the server's sentence is shown, and can be taken away."""
    async with working(live, "Import", 10) as task:
        id = await task_id(task)

        async def too_late(route: Route) -> None:
            await live.running.parts.tasks.request(id, Action.CANCEL, None)
            await route.continue_()

        await tab.route("**/pause", too_late)
        await watch(tab, server, task)
        await press(tab, "Pause")

        await expect(tab.get_by_role("alert").filter(has_text="Not paused:")).to_contain_text("pause")
        await tab.get_by_role("main").get_by_role("button", name="Dismiss").click()
        await expect(tab.get_by_role("alert").filter(has_text="Not paused:")).to_be_hidden()


async def test_the_log_follows_and_is_filtered(tab: Page, live: Headway, server: Address) -> None:
    """It stays at its end until somebody scrolls; the level leaves out what is below it."""
    async with working(live, "Import") as task:
        await watch(tab, server, task)
        for number in range(60):
            task.log(f"line {number}", level="error" if number % 20 == 0 else "info")
        await expect(log(tab)).to_have_count(60)
        lines = tab.get_by_role("list", name="Lines of the log")
        at_end = "one => one.scrollHeight - one.scrollTop - one.clientHeight < 24"
        await becomes(lines, at_end)
        await lines.evaluate("one => { one.scrollTop = 0 }")
        await expect(tab.get_by_role("checkbox", name="Follow")).not_to_be_checked()
        task.log("line 60")
        await expect(log(tab)).to_have_count(61)
        assert not await lines.evaluate(at_end)
        await tab.get_by_role("checkbox", name="Follow").check()
        await becomes(lines, at_end)
        await tab.get_by_label("Least level").select_option("error")

        await expect(log(tab)).to_contain_text(["line 0", "line 20", "line 40"])
        await expect(log(tab)).to_have_count(3)


async def test_the_table_has_what_went_wrong_or_all(tab: Page, live: Headway, server: Address) -> None:
    """At first only what failed; the other choice shows every item that was told of."""
    async with working(live, "Import") as task:
        await watch(tab, server, task)
        task.item("row 1", "created")
        task.item("row 2", "failed", "no")
        await expect(errors(tab)).to_contain_text(["row 2"])
        await tab.get_by_text("All 2").click()

        await expect(errors(tab)).to_contain_text(["row 2", "row 1"])


async def test_a_run_is_seen_again_as_it_was(tab: Page, live: Headway, server: Address) -> None:
    """Wherever the scrubber stands the page is what the log says of that moment: the bar, the log, the errors, and no
    buttons; the milestones lead from one to the next, and there is a way back."""
    await watch(tab, server, await run(live))
    await expect(bar(tab)).to_have_attribute("aria-valuenow", "100")
    await slider(tab).focus()
    await tab.keyboard.press("Home")

    await expect(bar(tab)).to_have_attribute("aria-valuenow", "0")
    await expect(tab.get_by_text(THEN)).to_be_visible()
    await expect(tab.get_by_role("region", name="Log")).to_contain_text("Nothing had been said by then.")
    await expect(tab.get_by_role("region", name="Errors")).to_contain_text("No item had failed by then.")
    seen: list[tuple[str | None, int, int]] = []
    for _ in range(120):
        await tab.keyboard.press("ArrowRight")
        now = (await bar(tab).get_attribute("aria-valuenow"), await log(tab).count(), await errors(tab).count())
        if not seen or seen[-1] != now:
            seen.append(now)
        if now[0] == "100":
            break
        for _ in range(9):
            await tab.keyboard.press("ArrowRight")
    assert [share for share, _, _ in seen] == sorted((share for share, _, _ in seen), key=lambda one: int(one or 0))
    assert {"25", "50", "75"} & {share for share, _, _ in seen}
    await press(tab, "Previous milestone")
    await expect(slider(tab)).to_have_attribute("aria-valuetext", re.compile("^0:00 of .*, after: Started$"))
    await press(tab, "Next milestone")
    await expect(slider(tab)).to_have_attribute("aria-valuetext", re.compile("after: Completed$"))
    await press(tab, "The end")
    await expect(tab.get_by_text(THEN)).to_be_hidden()


async def test_a_replay_plays_to_its_end(tab: Page, live: Headway, server: Address) -> None:
    """Played, the run goes from its beginning to its end by itself, at the speed that was chosen, and stops there."""
    await watch(tab, server, await run(live))
    await tab.get_by_text("4×", exact=True).click()
    await press(tab, "Play the replay")

    await expect(tab.get_by_text(THEN)).to_be_visible()
    await expect(slider(tab)).to_have_js_property("value", await slider(tab).get_attribute("max"))
    await expect(tab.get_by_role("button", name="Play the replay")).to_be_visible()
    await expect(bar(tab)).to_have_attribute("aria-valuenow", "100")
    await expect(log(tab)).to_have_count(4)


async def test_it_is_dragged_with_the_mouse(tab: Page, live: Headway, server: Address) -> None:
    """Pressed somewhere on the curve the page is at that moment; dragged it follows."""
    await watch(tab, server, await run(live))
    box = await slider(tab).bounding_box()
    assert box is not None
    await tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    await tab.mouse.down()
    await expect(tab.get_by_text(THEN)).to_be_visible()
    await tab.mouse.move(box["x"] + 2, box["y"] + 30)
    await expect(bar(tab)).to_have_attribute("aria-valuenow", "0")
    await tab.mouse.up()


async def test_an_entry_of_the_history_is_a_moment(tab: Page, live: Headway, server: Address) -> None:
    """Pressed it shows the task as it was then."""
    await watch(tab, server, await run(live))
    await tab.get_by_role("region", name="History").get_by_role("button").first.click()

    await expect(tab.get_by_text(THEN)).to_be_visible()
    await expect(bar(tab)).not_to_have_attribute("aria-valuenow", "100")


async def test_a_moment_is_gone_to_while_the_run_is_still_read(tab: Page, live: Headway, server: Address) -> None:
    """Who is quicker than the log is shown the moment as soon as it is known, and nothing breaks meanwhile."""
    id = await run(live)
    read = asyncio.Event()

    async def hold(route: Route) -> None:
        await read.wait()
        await route.continue_()

    await tab.route(re.compile(r"/events\?since="), hold)
    await watch(tab, server, id)
    await tab.get_by_role("region", name="History").get_by_role("button").first.click()
    read.set()

    await expect(tab.get_by_text(THEN)).to_be_visible()
    await expect(bar(tab)).to_have_attribute("aria-valuenow", "0")


async def test_a_replay_of_what_goes_on_leads_back_to_live(tab: Page, live: Headway, server: Address) -> None:
    """While the past is shown the present goes on unseen; Live shows it."""
    async with working(live, "Import", 100) as task:
        await watch(tab, server, task)
        task.advance(10)
        await expect(bar(tab)).to_have_attribute("aria-valuenow", "10")
        await slider(tab).focus()
        await tab.keyboard.press("Home")
        await expect(bar(tab)).to_have_attribute("aria-valuenow", "0")
        task.advance(32)
        await told(live, await task_id(task), 42)
        await expect(bar(tab)).to_have_attribute("aria-valuenow", "0")
        await expect(tab.get_by_role("group", name="Actions on Import")).to_be_hidden()
        await press(tab, "Live")

        await expect(bar(tab)).to_have_attribute("aria-valuenow", "42")
        await expect(tab.get_by_role("group", name="Actions on Import")).to_be_visible()


async def test_of_a_long_run_the_end_is_read_first(tab: Page, live: Headway, server: Address) -> None:
    """A page does not ask for thousands of events unasked; the whole run is one press away."""
    async with working(live, "Import") as task:
        id = await task_id(task)
        for number in range(2_000):
            task.log(f"line {number}")
            if number % 100 == 99:
                await live.running.parts.tasks.get(id)
        task.advance(1)
        await told(live, id, 1)
        await watch(tab, server, task)
        await expect(tab.get_by_role("region", name="Replay")).to_contain_text("The end of 2,0")
        await expect(tab.get_by_role("region", name="Log")).to_contain_text("+ lines")
        await press(tab, "Read the whole run")

        await expect(tab.get_by_role("region", name="Log")).to_contain_text("2,000 lines")
        await expect(log(tab)).to_have_count(401)
        await expect(log(tab).first).to_have_text("… 1,600 earlier lines")


async def test_a_moment_before_what_was_read_is_read_first(tab: Page, live: Headway, server: Address) -> None:
    """An entry of the history that lies before the end of a long run shows the beginning, not what is nearest to it."""
    async with working(live, "Import", 10) as task:
        for number in range(2_000):
            task.log(f"line {number}")
        task.advance(1)
        await told(live, await task_id(task), 1)
        await watch(tab, server, task)
        await expect(tab.get_by_role("region", name="Replay")).to_contain_text("The end of")
        await tab.get_by_role("region", name="History").get_by_role("button").first.click()

        await expect(tab.get_by_text(THEN)).to_be_visible()
        await expect(slider(tab)).to_have_js_property("value", "0")
        await expect(tab.get_by_role("region", name="Log")).not_to_contain_text("+ lines")


async def test_a_reload_in_the_middle_loses_nothing(tab: Page, live: Headway, server: Address) -> None:
    """What was said before the page was loaded is there, once, and what follows comes after it."""
    async with working(live, "Import", 10) as task:
        task.log("before")
        task.item("row 1", "failed")
        await watch(tab, server, task)
        await expect(log(tab)).to_have_count(1)
        task.log("then")
        await expect(log(tab)).to_have_count(2)
        await tab.reload()

        await expect(log(tab)).to_contain_text(["before", "then"])
        task.log("after")
        await expect(log(tab)).to_contain_text(["before", "then", "after"])
        await expect(errors(tab)).to_have_count(1)


async def test_two_browsers_watch_one_task(browser: Browser, live: Headway, server: Address) -> None:
    """Both show the same, one of them in the middle of a reload, and what one asks for the other sees."""
    tabs = [await (await browser.new_context()).new_page() for _ in range(2)]
    async with working(live, "Import", 100) as task:
        for tab in tabs:
            await watch(tab, server, task)
        task.advance(20)
        await tabs[0].reload()
        task.advance(13)
        for tab in tabs:
            await expect(bar(tab)).to_have_attribute("aria-valuenow", "33")
        await press(tabs[0], "Pause")
        await expect(tabs[1].get_by_role("button", name="Resume", exact=True)).to_be_visible()
        await press(tabs[1], "Resume")
        await expect(tabs[0].get_by_role("button", name="Pause", exact=True)).to_be_visible()
    for tab in tabs:
        await expect(tab.get_by_role("status").filter(has_text="Completed").first).to_be_visible()


async def test_why_it_failed_is_said(tab: Page, live: Headway, server: Address) -> None:
    """The sentence stands with the numbers; in the middle of the run it is not there yet."""
    await watch(tab, server, await failed(live, "Copy", "the disk is full"))

    await expect(tab.get_by_role("region", name="Progress")).to_contain_text("the disk is full")
    await slider(tab).focus()
    await tab.keyboard.press("Home")
    await expect(tab.get_by_role("region", name="Progress")).not_to_contain_text("the disk is full")


async def test_a_result_is_shown(tab: Page, live: Headway, server: Address) -> None:
    """What the work returned."""
    state = await live.submit("noop")
    await watch(tab, server, state.id)

    await expect(tab.get_by_role("region", name="Result")).to_contain_text("nothing was done")


async def test_a_task_that_is_not_there_is_said_to_be_missing(tab: Page, server: Address) -> None:
    """The server's sentence, and a way to the overview."""
    await tab.goto(server.http("/tasks/nobody"))
    await expect(tab.get_by_role("heading", name="This task cannot be shown")).to_be_visible()
    await tab.get_by_role("link", name="To the overview").click()

    await expect(tab.get_by_role("heading", name="Overview")).to_be_visible()


async def test_a_viewer_has_no_buttons(tab: Page, tmp_path: Path) -> None:
    """Who may only look is offered nothing else; the operator is, and the history says who it was."""
    async with guarded(tmp_path) as house, working(house.live, "Import", 10, channel="run:7") as task:
        path = f"/tasks/{await task_id(task)}"
        await sign_in(tab, house.address, "ann")
        await tab.goto(house.address.http(path))
        await expect(bar(tab)).to_be_visible()
        await expect(tab.get_by_role("group", name="Actions on Import")).to_be_hidden()
        await press(tab, "Sign out")
        await tab.wait_for_url("**/sign-in*")
        await sign_in(tab, house.address, "oli")
        await tab.goto(house.address.http(path))
        await press(tab, "Pause")

        await expect(tab.get_by_role("region", name="History")).to_contain_text("by oli")
        await leave(tab)


async def test_what_a_task_says_is_text(tab: Page, live: Headway, server: Address) -> None:
    """Markup in a name, an item, a line, a part or an error is shown as it is written."""
    async with working(live, MARKUP, 10) as task:
        task.log(MARKUP)
        task.item(MARKUP, "failed", MARKUP, code=MARKUP)
        part = task.child(MARKUP, 10)
        await watch(tab, server, task)
        await expect(log(tab)).to_contain_text([MARKUP])
        await expect(errors(tab)).to_contain_text([f"{MARKUP} failed{MARKUP} {MARKUP}"])

        assert await tab.locator("main img").count() == 0
        assert await tab.evaluate("() => 'broken' in window") is False
        part.complete()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(browser: Browser, live: Headway, server: Address, scheme: str) -> None:
    """Busy, failed and replayed, in any light, on a phone and on a wall: nothing that axe calls serious, nothing to
    scroll sideways, everything within reach of the keyboard."""
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    tab = await context.new_page()
    async with working(live, "long " * 60, 1_000_000, unit="u" * 40) as task:
        task.advance(123_456, outcome="o" * 80, current="c" * 900)
        task.log("l" * 900, level="error", logger="x" * 100)
        task.item("i" * 300, "failed", "m" * 900, code="c" * 80)
        part = task.child("p" * 300, 7)
        await watch(tab, server, task)
        await expect(errors(tab)).to_have_count(1)
        await expect(tab.get_by_role("region", name="Parts")).to_be_visible()
        assert await unreached(tab) == []
        for width, height in (PHONE, (1900, 1000)):
            await tab.set_viewport_size({"width": width, "height": height})
            await accessible(tab)
            await fits(tab)
        await slider(tab).focus()
        await tab.keyboard.press("Home")
        await accessible(tab)
        part.complete()
    await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await watch(tab, server, await failed(live, "Copy", "the disk is full"))
    await accessible(tab)
    await fits(tab)
