"""The pages of the monitor in a real Chromium: cards, test runs, one application, settings, and the public page."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.chromium import Chromium
from tests.browser.lookout import PASSWORD, Lookout, card, feed, lookout, panel, press, region
from tests.browser.stage import PHONE, SOON, accessible, becomes, fits, is_live, toast, unreached
from tests.server.guests import SECRET

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

MARKUP = "<img src=x onerror='window.broken=1'>"
FORM_LOGIN = {"credentials": {"username": "probe", "passwordEnvVar": "HEADWAY_LOGIN_PROBE"}}


@pytest.fixture
async def at() -> AsyncIterator[Lookout]:
    """A server that watches."""
    async with lookout() as made:
        yield made


async def monitor(tab: Page, at: Lookout, path: str = "") -> None:
    """Open a page of the monitor."""
    await tab.goto(at.address.http(f"/monitor{path}"))
    await is_live(tab)


async def names(tab: Page) -> list[str]:
    """The names of the cards, in their order."""
    cards = "[...document.querySelectorAll('li[data-application]')]"
    return list(await tab.evaluate(f"() => {cards}.map((one) => one.dataset.application)"))


def status(tab: Page, word: str) -> Locator:
    """The filter of a status."""
    return tab.get_by_role("group", name="Status").locator("button").filter(has_text=re.compile(f"^{word}"))


def token(role: str) -> str:
    """Somebody's token."""
    claims = {"sub": role, "role": role, "channels": ["*"], "publish": [], "exp": time.time() + 600}
    return jwt.encode(claims, SECRET, "HS256")


# Cards.


async def test_who_watches_nothing_is_told_how_to_begin(tab: Page, at: Lookout) -> None:
    """The navigation leads there; without an application there is a way to add one, and one to import them."""
    await tab.goto(at.address.http("/"))
    await tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Monitor").click()

    await expect(tab.get_by_role("heading", name="No application is watched yet")).to_be_visible()
    await expect(panel(tab)).to_contain_text("Ready")
    await press(tab, "Add an application")
    await expect(tab.get_by_role("heading", name="Add an application")).to_be_visible()


async def test_cards_follow_what_happens_without_a_reload(tab: Page, at: Lookout) -> None:
    """Status, response time, last look and counters change where they stand."""
    await at.add("orders")
    await at.add("billing")
    await at.ask("POST", "/api/applications", {"name": "paper", "displayName": "Paper"})
    await at.look("orders")
    await at.breaks("billing")
    await monitor(tab, at)
    await expect(card(tab, "billing")).to_have_attribute("data-status", "error")
    await expect(card(tab, "orders")).to_contain_text("Healthy")
    await expect(card(tab, "orders")).to_contain_text("ms")
    await expect(card(tab, "paper")).to_contain_text("Nothing to check")
    await expect(status(tab, "Error")).to_have_text("Error 1")
    await expect(status(tab, "Unconfigured")).to_have_text("Unconfigured 1")

    await at.mends("billing")

    await expect(card(tab, "billing")).to_have_attribute("data-status", "healthy")
    await expect(status(tab, "Error")).to_have_text("Error 0")
    await expect(status(tab, "Healthy")).to_have_text("Healthy 2")
    await expect(toast(tab, "Billing is healthy")).to_be_visible()


async def test_a_card_stays_where_it_is_until_somebody_sorts(tab: Page, at: Lookout) -> None:
    """What broke is told where it stands; the button says how many cards would stand elsewhere, and sorts them."""
    for name in ("alpha", "beta", "gamma"):
        await at.add(name)
        await at.look(name)
    await monitor(tab, at)
    await expect(card(tab, "gamma")).to_have_attribute("data-status", "healthy")
    before = await names(tab)

    await at.breaks("gamma")

    await expect(card(tab, "gamma")).to_have_attribute("data-status", "error")
    assert await names(tab) == before == ["alpha", "beta", "gamma"]
    await press(tab, "Sort again: 1 changed")
    await expect(card(tab, "gamma")).to_be_visible()
    assert await names(tab) == ["gamma", "alpha", "beta"]


async def test_filters_narrow_the_cards_and_stand_in_the_address(tab: Page, at: Lookout) -> None:
    """Status, environment, category, tag and search; counters are of what others let through; a reload keeps all."""
    await at.add("orders", environment="staging", category="Backend", tags=["eu"])
    await at.add("billing", category="Backend")
    await at.add("website", category="Web", tags=["eu"])
    await at.look("orders", "billing", "website")
    await monitor(tab, at)
    await tab.get_by_label("Category").select_option("Backend")
    await expect(tab.locator("li[data-application]")).to_have_count(2)
    await expect(status(tab, "All")).to_have_text("All 2")
    await tab.get_by_label("Environment").select_option("staging")
    await tab.get_by_label("Tag", exact=True).select_option("eu")
    await tab.get_by_label("Search by name, tag or team").fill("ord")
    await status(tab, "Healthy").click()
    await expect(tab.locator("li[data-application]")).to_have_count(1)

    await tab.reload()

    await expect(card(tab, "orders")).to_be_visible()
    await expect(tab.locator("li[data-application]")).to_have_count(1)
    await expect(tab.get_by_label("Search by name, tag or team")).to_have_value("ord")
    await expect(status(tab, "Healthy")).to_have_attribute("aria-pressed", "true")


async def test_names_are_text_and_never_markup(tab: Page, at: Lookout) -> None:
    """What somebody calls an application is shown as it was written."""
    await at.add("strange", displayName=MARKUP, category=MARKUP[:60], tags=[MARKUP])
    await at.breaks("strange")
    await monitor(tab, at)

    await expect(card(tab, "strange")).to_contain_text(MARKUP)
    await card(tab, "strange").get_by_role("link").click()
    await expect(tab.get_by_role("heading", name=MARKUP)).to_be_visible()
    assert await tab.evaluate("() => window.broken") is None


async def test_a_hundred_cards_and_many_updates_move_nothing(tab: Page, at: Lookout) -> None:
    """A hundred applications of which fifty are told of at once, ten times over: numbers change, and no box does."""
    ids = [await at.add(f"app-{number:03}", isActive=False) for number in range(100)]
    await tab.set_viewport_size({"width": 1280, "height": 900})
    await monitor(tab, at)
    await expect(tab.locator("li[data-application]")).to_have_count(100)
    await tab.evaluate(
        """() => { window.moved = []; new PerformanceObserver((list) => window.moved.push(...list.getEntries()
            .map(({ value }) => value))).observe({ type: 'layout-shift', buffered: false }); }"""
    )
    for turn in range(10):
        for id in ids[:50]:
            told = {"applicationId": id, "responseTime": 9.0 + 997.0 * turn, "status": "healthy"}
            await at.publish("healthMetricUpdate", told, f"health/{id}")

    await expect(card(tab, "app-000")).to_contain_text("9.0 s", timeout=SOON)
    await expect(card(tab, "app-049")).to_contain_text("9.0 s")
    await expect(card(tab, "app-000").locator("polyline")).to_have_count(1)
    assert await tab.evaluate("() => window.moved") == []


# A test run.


async def test_a_run_is_ready_then_goes_then_is_complete(tab: Page, at: Lookout) -> None:
    """The panel says what is tested, how far it is and what came of it; the activity has each test; it can be run
    again, and reported."""
    await at.add("orders", loginTest={"url": f"{at.town.url}/login", **FORM_LOGIN})
    await at.add("billing")
    await at.add("slow", priority="low")
    at.town.broken.add("/billing")
    at.town.held.add("/slow")
    await monitor(tab, at)
    await expect(panel(tab)).to_have_attribute("data-state", "Ready")
    await press(tab, "Run all tests")
    await expect(panel(tab)).to_have_attribute("data-state", "Running")
    await expect(panel(tab)).to_contain_text("3 of 4", timeout=SOON)
    await expect(panel(tab)).to_contain_text("Now: Slow")
    await expect(feed(tab)).to_have_count(3)
    await expect(feed(tab).filter(has_text="Login test")).to_contain_text("Orders passed")
    await expect(feed(tab).filter(has_text="Billing failed")).to_contain_text("ms")

    await tab.reload()
    await expect(panel(tab)).to_contain_text("3 of 4")
    await expect(feed(tab)).to_have_count(3)
    at.town.let_go.set()

    await expect(panel(tab)).to_have_attribute("data-state", "Complete", timeout=SOON)
    await expect(panel(tab)).to_contain_text("3 passed, 1 failed")
    await expect(feed(tab)).to_have_count(4)
    await press(panel(tab), "Run again")
    await expect(feed(tab)).to_have_count(8, timeout=SOON)
    await expect(panel(tab)).to_have_attribute("data-state", "Complete", timeout=SOON)
    await panel(tab).get_by_role("link", name="View report").click()
    await expect(tab.get_by_role("heading", name="Results")).to_be_visible()


async def test_a_run_is_held_and_goes_on(tab: Page, at: Lookout) -> None:
    """While it is paused nothing new is begun; what was under way ends; it goes on to its end."""
    await at.add("slow", priority="critical")
    await at.add("orders", priority="low")
    at.town.held.add("/slow")
    await monitor(tab, at)
    await tab.get_by_text("Options", exact=True).click()
    await tab.get_by_label("at once").fill("1")
    await press(tab, "Run all tests")
    await expect(panel(tab)).to_contain_text("Now: Slow", timeout=SOON)
    await press(panel(tab), "Pause")
    await expect(panel(tab)).to_contain_text("Pausing…")
    at.town.let_go.set()
    await expect(panel(tab)).to_contain_text("Paused: nothing new is begun", timeout=SOON)
    await expect(panel(tab)).to_contain_text("1 of 2")

    await press(panel(tab), "Resume")

    await expect(panel(tab)).to_contain_text("2 passed, 0 failed", timeout=SOON)


async def test_a_cancelled_run_says_what_was_left(tab: Page, at: Lookout) -> None:
    """It is asked twice; what had not ended is skipped."""
    await at.add("slow")
    await at.add("orders")
    at.town.held.add("/slow")
    await monitor(tab, at)
    await press(tab, "Run all tests")
    await expect(panel(tab)).to_contain_text("1 of 2", timeout=SOON)
    await press(panel(tab), "Cancel")
    await press(panel(tab), "Really cancel")

    await expect(panel(tab)).to_contain_text("Cancelled: 1 passed, 0 failed, 1 skipped", timeout=SOON)


async def test_those_that_are_shown_are_run(tab: Page, at: Lookout) -> None:
    """A filter makes a choice of what is run; so do the kinds of tests."""
    await at.add("orders", tags=["eu"], loginTest={"url": f"{at.town.url}/login", **FORM_LOGIN})
    await at.add("billing")
    await monitor(tab, at)
    await expect(tab.get_by_role("button", name="Run these")).to_be_disabled()
    await tab.get_by_label("Tag", exact=True).select_option("eu")
    await tab.get_by_text("Options", exact=True).click()
    await tab.get_by_label("Health checks").uncheck()
    await press(tab, "Run these 1")

    await expect(panel(tab)).to_contain_text("1 passed, 0 failed", timeout=SOON)
    await expect(feed(tab)).to_have_count(1)
    await expect(feed(tab)).to_contain_text("Login test")


async def test_a_run_has_its_report(tab: Page, at: Lookout) -> None:
    """Results by application with attempts and reasons, filters, files to keep; those that failed can be run again."""
    await at.add("orders")
    await at.add("billing", check={"retryAttempts": 1, "retryDelay": 0})
    await at.add(
        "door",
        loginTest={
            "url": f"{at.town.url}/login",
            "credentials": {"username": "probe", "passwordEnvVar": "HEADWAY_LOGIN_WRONG"},
        },
    )
    at.town.broken.add("/billing")
    run = await at.run()
    await at.ended(run)
    await monitor(tab, at, "/runs")
    row = tab.get_by_role("row").filter(has_text="Tests of all applications")
    await expect(row).to_contain_text("2 passed, 2 failed")
    await row.get_by_role("link").click()
    results = region(tab, "Results")
    await expect(results.locator("[data-result]")).to_have_count(4)
    await expect(results).to_contain_text("VALIDATION_FAILED")
    await expect(results).to_contain_text("AUTHENTICATION_FAILED")
    await results.get_by_text("Attempts").first.click()
    await expect(results).to_contain_text("Attempt 2 failed")
    await results.get_by_role("button", name="Passed").click()
    await expect(results.locator("[data-result]")).to_have_count(2)
    await results.get_by_role("button", name="Failed").click()
    await expect(results.locator("[data-result]")).to_have_count(2)
    async with tab.expect_download() as getting:
        await press(tab, "JUnit XML")
    text = await asyncio.to_thread(Path(await (await getting.value).path()).read_text)
    assert text.count("<failure") == 2
    assert "nonsense" not in text
    async with tab.expect_download() as getting:
        await press(tab, "JSON")
    assert json.loads(await asyncio.to_thread(Path(await (await getting.value).path()).read_text))["id"] == run

    at.town.broken.clear()
    await press(tab, "Run the 2 failed again")

    await expect(tab.get_by_text("1 passed, 1 failed")).to_be_visible(timeout=SOON)


async def test_a_run_is_watched_while_it_goes(tab: Page, at: Lookout) -> None:
    """Results appear as they come, and it can be cancelled from its own page."""
    await at.add("slow")
    await at.add("orders")
    at.town.held.add("/slow")
    run = await at.run()
    await monitor(tab, at, f"/runs/{run}")
    results = region(tab, "Results")
    await expect(results.locator("[data-result=passed]")).to_have_count(1, timeout=SOON)
    await expect(results.locator("[data-result=pending]")).to_have_count(1)
    await press(tab, "Cancel")
    await press(tab, "Really cancel")

    await expect(tab.get_by_text("It was cancelled.")).to_be_visible(timeout=SOON)
    await expect(results.locator("[data-result=skipped]")).to_have_count(1)


# One application.


async def test_an_application_says_how_it_is(tab: Page, at: Lookout) -> None:
    """The last looks by the keyboard, one look now with the time of each part, and response times of each window."""
    await at.add("orders")
    await at.look("orders")
    await at.breaks("orders")
    await monitor(tab, at, "/applications/orders")
    bars = tab.get_by_role("slider", name="Looks, by time")
    await becomes(bars, "(one) => one.getAttribute('aria-valuetext').includes('error')")
    await bars.focus()
    await bars.press("Home")
    await becomes(bars, "(one) => one.getAttribute('aria-valuetext').includes('healthy')")
    at.town.broken.clear()
    await press(tab, "Check now")
    await expect(region(tab, "Check now").get_by_role("row", name="First byte")).to_contain_text("ms")
    await expect(region(tab, "Check now").get_by_role("row", name="Total")).to_contain_text("ms")
    await expect(tab.locator("h1 + [role=status]")).to_have_text("Healthy")
    for window in ("1h", "7d", "90d"):
        await press(tab, window)
        await expect(tab.get_by_role("button", name=window)).to_have_attribute("aria-pressed", "true")
    await expect(tab.locator("canvas")).to_be_visible()


async def test_an_incident_is_acknowledged(tab: Page, at: Lookout) -> None:
    """An open incident says why and since when; somebody takes care of it; its end is seen."""
    await at.add("orders")
    await at.breaks("orders")
    await monitor(tab, at, "/applications/orders")
    row = region(tab, "Incidents").get_by_role("row").filter(has_text="so far")
    await expect(row).to_contain_text("The answer has status 500")
    await row.get_by_role("button", name="Acknowledge").click()
    await expect(row).to_contain_text("somebody")

    await at.mends("orders")

    await expect(region(tab, "Incidents").get_by_text("so far")).to_have_count(0)


async def test_an_application_is_added_by_the_form(tab: Page, at: Lookout) -> None:
    """A template, a check and the steps of a login, which are added, moved and taken away: all of it is stored."""
    await monitor(tab, at, "/new")
    await tab.get_by_label("Begin with").select_option("JSON health endpoint")
    await tab.get_by_label("Name for people").fill("User service")
    await tab.get_by_label("Name for programs").fill("user-service")
    await tab.get_by_label("Tags").fill("eu, pci")
    await tab.get_by_label("Address", exact=True).fill(f"{at.town.url}/user-service")
    await tab.get_by_label("Expected status").fill("200, 2xx")
    await tab.get_by_label("Try to log in").check()
    await tab.get_by_label("Address of the login page").fill(f"{at.town.url}/login")
    await tab.get_by_label("Login, User").fill("probe")
    await tab.get_by_label("Login, Variable with the password").fill("HEADWAY_LOGIN_PROBE")
    for _ in range(3):
        await tab.get_by_role("button", name="Add a step").first.click()
    await tab.get_by_label("Step 1, what it does").select_option("Type")
    await tab.get_by_label("Step 1, Selector").fill("#password")
    await tab.get_by_label("Step 1, Text").fill("{password}")
    await tab.get_by_label("Step 2, Selector").fill("button")
    await tab.get_by_label("Step 3, what it does").select_option("Type")
    await tab.get_by_label("Step 3, Selector").fill("#user")
    await tab.get_by_label("Step 3, Text").fill("{username}")
    await press(tab, "Move step 3 up")
    await expect(tab.get_by_role("button", name="Move step 2 up")).to_be_focused()
    await press(tab, "Move step 2 up")
    await expect(tab.get_by_label("Step 1, Selector")).to_have_value("#user")
    await press(tab, "Add")

    await expect(tab.get_by_role("heading", name="User service")).to_be_visible()
    stored = await at.get("/api/applications/user-service")
    assert stored["tags"] == ["eu", "pci"]
    assert stored["healthCheck"]["expectedStatus"] == [200, "2xx"]
    assert [(step["type"], step["selector"]) for step in stored["loginTest"]["steps"]] == [
        ("type", "#user"),
        ("type", "#password"),
        ("click", "button"),
    ]


async def test_what_is_wrong_in_the_form_is_said(tab: Page, at: Lookout) -> None:
    """The server's sentence stands beside the button, and nothing of what was written is lost."""
    await at.add("orders")
    await monitor(tab, at, "/applications/orders")
    await press(tab, "Edit")
    await tab.get_by_label("SLA target (%)").fill("120")
    await press(tab, "Save")
    await expect(tab.get_by_role("form").get_by_role("alert")).to_contain_text("slaTarget")
    await tab.get_by_label("SLA target (%)").fill("99.5")
    await press(tab, "Save")

    await expect(toast(tab, "Orders was changed")).to_be_visible()
    assert (await at.get("/api/applications/orders"))["slaTarget"] == 99.5


async def test_maintenance_is_planned_and_taken_back(tab: Page, at: Lookout) -> None:
    """A window is added and removed; each says when in a sentence."""
    await at.add("orders")
    await monitor(tab, at, "/applications/orders")
    upkeep = region(tab, "Maintenance")
    await press(upkeep, "Add a window")
    await upkeep.get_by_label("When").select_option("Each week")
    await upkeep.get_by_label("Sun").check()
    await press(upkeep, "Add")
    await expect(upkeep).to_contain_text("Sun at 22:00 for 1 h")
    await upkeep.get_by_role("button", name="Remove").click()
    await upkeep.get_by_role("button", name="Really remove").click()

    await expect(upkeep).to_contain_text("No window is planned.")
    assert (await at.get("/api/applications/orders"))["maintenance"] == []


async def test_deleting_is_asked_for_twice(tab: Page, at: Lookout) -> None:
    """A dialog says what goes with it; who thinks again keeps it."""
    await at.add("orders")
    await monitor(tab, at, "/applications/orders")
    await press(tab, "Delete…")
    await press(tab, "Keep it")
    assert (await at.get("/api/applications"))["applications"] != []
    await press(tab, "Delete…")
    await press(tab.get_by_role("dialog"), "Delete")

    await expect(tab.get_by_role("heading", name="No application is watched yet")).to_be_visible()
    assert (await at.get("/api/applications"))["applications"] == []


async def test_who_tells_of_itself_is_told_where(tab: Page, at: Lookout) -> None:
    """Of a push check the page has the address, with its own token: a beat that is sent there counts."""
    await at.ask("POST", "/api/applications", {"name": "job", "healthCheck": {"kind": "push", "interval": 300}})
    await monitor(tab, at, "/applications/job")
    await tab.get_by_text("Where it tells").click()
    line = await tab.locator("code").filter(has_text="curl").inner_text()
    address = line.split('"')[1]
    async with at.http.post(address) as answer:
        assert answer.status == 200

    await expect(tab.locator("h1 + [role=status]")).to_have_text("Healthy", timeout=SOON)


# Settings.


async def test_somebody_is_told(tab: Page, at: Lookout) -> None:
    """An address is added, comes back masked, takes a test, and takes the alert of an incident."""
    await at.add("orders")
    hook = at.town.url.removeprefix("http://")
    await monitor(tab, at, "/settings")
    await press(tab, "Add somebody")
    await tab.get_by_label("Name", exact=True).fill("On call")
    await tab.get_by_label("Address", exact=True).fill(f"json://{hook}/hooks?:secret=hush")
    await press(tab, "Add")
    channels = region(tab, "Who is told")
    await expect(channels.locator("code")).to_contain_text("json://127.0.0.1")
    await expect(channels).not_to_contain_text("hush")
    await press(tab, "Send a test to On call")
    await expect(toast(tab, "On call took the test")).to_be_visible(timeout=SOON)
    assert len(at.town.heard) == 1

    await tab.get_by_label("Tell again after (minutes)").fill("30")
    await tab.get_by_label("What happens in them").check()
    await tab.get_by_label("What happens in them").uncheck()
    await press(tab, "Save")
    await expect(toast(tab, "The rules hold now")).to_be_visible()
    assert (await at.get("/api/monitor/alerts"))["renotifyMinutes"] == 30
    await at.breaks("orders")
    await expect(region(tab, "Last alerts")).to_contain_text("Orders", timeout=SOON * 2)


async def test_runs_begin_by_a_schedule(tab: Page, at: Lookout) -> None:
    """A schedule is added, says when it is due next, is switched off, and removed."""
    await monitor(tab, at, "/settings?part=schedules")
    await press(tab, "Add a schedule")
    await tab.get_by_label("Name", exact=True).fill("Nightly")
    await press(tab, "Add")
    schedules = region(tab, "Runs that begin by themselves")
    await expect(schedules).to_contain_text("next")
    await press(tab, "Switch off Nightly")
    await expect(schedules).to_contain_text("Switched off")
    await press(tab, "Remove Nightly")
    await press(tab, "Really remove Nightly")

    await expect(schedules).to_contain_text("None.")


async def test_the_token_of_the_webhook_is_shown_once(tab: Page, at: Lookout) -> None:
    """It begins a run, and a reload of the page does not have it any more."""
    await at.add("orders")
    await monitor(tab, at, "/settings?part=webhook")
    await press(tab, "Make a token")
    secret = await tab.locator("[data-token]").inner_text()
    async with at.http.post(
        at.address.http("/api/webhooks/deployment"), json={"application": "orders"}, headers={"X-Webhook-Token": secret}
    ) as answer:
        assert answer.status == 201
    await tab.reload()

    await expect(tab.get_by_text("A token was made")).to_be_visible()
    await expect(tab.locator("[data-token]")).to_have_count(0)
    await expect(tab.get_by_text(secret)).to_have_count(0)


async def test_applications_are_imported_after_a_look(tab: Page, at: Lookout) -> None:
    """What would change is a table first, with what is left out and why; then it is done; the export has it."""
    front = f"  - name: front-end\n    url: {at.town.url}/front-end\n    conditions: ['[STATUS] == 200']\n"
    text = f"endpoints:\n{front}  - name: ping\n    url: icmp://127.0.0.1\n    conditions: ['[CONNECTED] == true']\n"
    await monitor(tab, at, "/settings?part=exchange")
    await tab.get_by_label("or its text").fill(text)
    await press(tab, "See what would change")
    table = tab.get_by_role("region", name="Changes, as a table")
    await expect(table.get_by_role("row").filter(has_text="front-end")).to_contain_text("would be added")
    await expect(table.get_by_role("row").filter(has_text="ping")).to_contain_text("left out")
    assert (await at.get("/api/applications"))["applications"] == []
    await press(tab, "Import 1 application")
    await expect(table.get_by_role("row").filter(has_text="front-end")).to_contain_text("added")
    async with tab.expect_download() as getting:
        await press(tab, "Download applications.yaml")

    assert "front-end" in await asyncio.to_thread(Path(await (await getting.value).path()).read_text)


# Everybody.


async def test_everybody_sees_what_was_made_public(chromium: Chromium, tmp_path: Path) -> None:
    """The status page needs no sign-in, and has names, bars and open incidents of what is public: no address, no
    reason, and nothing of the rest."""
    async with lookout(tmp_path / "data", secret=SECRET, token=token("admin")) as at:
        await at.add("orders", public=True)
        await at.add("hidden")
        await at.breaks("orders")
        tab = await (await chromium.browser.new_context()).new_page()
        await tab.goto(at.address.http("/status"))
        await expect(tab.get_by_role("heading", name="There is no status page here")).to_be_visible()

        status, _ = await at.ask("PUT", "/api/monitor/settings", {"public": {"on": True, "title": "Acme"}})
        assert status == 200
        await tab.reload()

        await expect(tab.get_by_role("heading", name="Acme")).to_be_visible()
        await expect(tab.get_by_role("heading", name="Nothing works at the moment")).to_be_visible()
        await expect(region(tab, "Open incidents")).to_contain_text("Orders")
        await expect(tab.get_by_role("img", name="Orders")).to_be_visible()
        text = await tab.content()
        assert "Hidden" not in text
        assert at.town.url not in text
        assert "500" not in await tab.inner_text("body")
        await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await fits(tab)
        await accessible(tab)


async def test_a_viewer_changes_nothing(chromium: Chromium, tmp_path: Path) -> None:
    """Who may only look sees all of it, and no button that would be refused."""
    async with lookout(tmp_path / "data", secret=SECRET, token=token("admin")) as at:
        await at.add("orders")
        await at.breaks("orders")
        run = await at.run()
        await at.ended(run)
        tab = await (await chromium.browser.new_context()).new_page()
        await tab.goto(at.address.http("/monitor"))
        await tab.get_by_label("Token", exact=True).fill(token("viewer"))
        await press(tab, "Open")
        await expect(card(tab, "orders")).to_contain_text("Error")
        await expect(tab.get_by_role("button", name="Run all tests")).to_have_count(0)
        await card(tab, "orders").get_by_role("link").click()
        await expect(tab.get_by_role("heading", name="Incidents")).to_be_visible()
        for name in ("Check now", "Edit", "Delete…", "Add a window", "Acknowledge", "Run its tests"):
            await expect(tab.get_by_role("button", name=name)).to_have_count(0)
        await tab.get_by_role("link", name="All runs").click()
        await tab.get_by_role("link", name="Tests of all applications").click()
        await expect(region(tab, "Results")).to_contain_text("Failed")
        await expect(tab.get_by_role("button", name="failed again")).to_have_count(0)


async def test_a_picture_is_shown_to_who_typed_a_token(chromium: Chromium, tmp_path: Path) -> None:
    """A login that failed in a browser has its picture on the page of its run, also where no cookie is sent."""
    async with lookout(tmp_path / "data", secret=SECRET, token=token("admin")) as at:
        login = {
            "url": f"{at.town.url}/login",
            "credentials": {"username": "probe", "passwordEnvVar": "HEADWAY_LOGIN_PROBE"},
            "steps": [{"type": "click", "selector": "#nowhere", "timeout": 0.2}],
        }
        await at.add("door", loginTest=login)
        run = await at.run(applications=["door"], kinds=["login_test"])
        ended = await at.ended(run)
        assert ended["results"][0]["screenshot"] is not None, ended["results"]
        tab = await (await chromium.browser.new_context()).new_page()
        await tab.goto(at.address.http(f"/monitor/runs/{run}"))
        await tab.get_by_label("Token", exact=True).fill(token("viewer"))
        await press(tab, "Open")
        await region(tab, "Results").locator("summary").click()

        picture = tab.get_by_role("img", name="The page when the Login test of Door failed")
        await becomes(picture, "(one) => one.width > 600")
        assert PASSWORD not in await tab.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_phone_and_is_for_everybody(browser: Browser, at: Lookout, scheme: str) -> None:
    """360 pixels, light and dark: nothing is wider than the screen, axe finds nothing, the keyboard reaches all."""
    await at.add("orders", public=True, maintenance=[{"kind": "weekly", "days": [6], "at": "02:00", "minutes": 60}])
    await at.add("billing", loginTest={"url": f"{at.town.url}/login", **FORM_LOGIN})
    steps = [{"type": "type", "selector": "#user", "text": "{username}"}, {"type": "screenshot", "optional": True}]
    await at.add("door", isActive=False, loginTest={"url": f"{at.town.url}/login", "steps": steps, **FORM_LOGIN})
    await at.look("orders")
    await at.breaks("billing")
    await at.ask("PUT", "/api/monitor/settings", {"public": {"on": True, "title": "Acme"}})
    run = await at.run()
    await at.ended(run)
    pages = {
        "/monitor": "Activity",
        "/monitor/new": "Add an application",
        "/monitor/applications/billing": "Last tests",
        "/monitor/applications/door": "Maintenance",
        "/monitor/runs": "Test runs",
        f"/monitor/runs/{run}": "Results",
        "/monitor/settings": "Who is told",
        "/monitor/settings?part=schedules": "Runs that begin by themselves",
        "/monitor/settings?part=webhook": "Run after a deployment",
        "/monitor/settings?part=exchange": "Templates",
        "/monitor/settings?part=public": "What is on it",
        "/status": "Acme",
    }
    context = await browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark" if scheme == "dark" else "light"
    )
    tab = await context.new_page()
    for path, heading in pages.items():
        await tab.goto(at.address.http(path))
        await expect(tab.get_by_role("heading", name=heading).first).to_be_visible()
        if path.endswith("/door"):
            await press(tab, "Edit")
            await press(tab, "Add a window")
        await fits(tab)
        await accessible(tab)
        assert await unreached(tab) == []
