"""The page of settings in a real Chromium: oneself, the server, users, share links, the audit trail, the simulator."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from headway.access.identity import Role
from headway.access.jws import sign
from headway.access.keys import secret_bytes
from headway.demo import simulator
from headway.demo.stage import Stage
from headway.server.audit import Action
from headway.server.live import Headway
from headway.server.serving import live_from
from headway.server.settings import Settings
from headway.server.users import User
from headway.tasks.records import Filters
from headway.tasks.service import Place
from headway.testing.serving import serving
from tests.browser.chromium import leave
from tests.browser.stage import PHONE, accessible, fits, toast, unreached
from tests.server.guests import COOKIE, PASSWORD, House, guarded, password_hash

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

MARKUP = "<img src=x onerror='window.broken=1'>"
NEW = "another long password"
SOON = 15_000
SECTIONS = ["You", "Server", "Users", "Share links", "Audit trail"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


@pytest.fixture
async def admin(tab: Page, house: House) -> Page:
    """A tab of somebody who administers."""
    await known(tab, house, "root")
    return tab


async def known(tab: Page, house: House, user: str) -> None:
    """The tab's browser has signed in."""
    await tab.context.add_cookies(
        [{"name": COOKIE, "value": await house.sign_in(user), "url": house.address.http("/")}]
    )


async def opened(tab: Page, house: House, section: str) -> None:
    """Open the page at a section, as somebody does who comes for the first time."""
    await tab.goto(house.address.http("/settings"))
    await tab.get_by_role("navigation", name="Settings").get_by_role("link", name=section).click()


def row(tab: Page, text: str, table: str) -> Locator:
    """A line of a table."""
    return tab.get_by_role("region", name=table, exact=True).locator("tbody > tr").filter(has_text=text)


# Oneself, and the way through the page.


async def test_a_viewer_sees_who_one_is_and_nothing_else(tab: Page, house: House) -> None:
    """What one may do and until when; no word of what the server would refuse."""
    await known(tab, house, "ann")
    await tab.goto(house.address.http("/settings?section=users"))

    main = tab.get_by_role("main")
    await expect(main.get_by_role("heading", name="You")).to_be_visible()
    await expect(main).to_contain_text("viewer: may watch")
    await expect(main).to_contain_text("run:*")
    await expect(tab.get_by_role("navigation", name="Settings")).to_have_count(0)
    await expect(tab.get_by_role("button", name="Add a user")).to_have_count(0)


async def test_each_section_has_an_address(admin: Page, house: House) -> None:
    """A reload stays where one is, and back leads back."""
    for section in SECTIONS:
        await opened(admin, house, section)
        await admin.reload()
        link = admin.get_by_role("navigation", name="Settings").get_by_role("link", name=section)
        await expect(link).to_have_attribute("aria-current", "true")
        await expect(admin.get_by_role("main").locator("h2").first).to_be_visible()
    await admin.go_back()
    await expect(admin.get_by_role("heading", name="You")).to_be_visible()


async def test_an_open_server_says_how_to_have_users_and_links(tab: Page) -> None:
    """Everybody is an administrator there: it says so, with the commands that change it."""
    async with serving(Headway()) as address:
        await tab.goto(address.http("/settings"))
        await expect(tab.get_by_role("main")).to_contain_text("this server is open")
        await tab.get_by_role("link", name="Users").click()
        await expect(tab.locator("pre")).to_contain_text("headway user add ann --role admin")
        await tab.get_by_role("link", name="Share links").click()
        await expect(tab.get_by_role("heading", name="Nobody needs a link here")).to_be_visible()
        await tab.get_by_role("link", name="Audit trail").click()
        await expect(tab.get_by_role("main")).to_contain_text("Nobody has done anything yet")
        await tab.get_by_role("link", name="Server").click()
        await expect(tab.get_by_role("main")).to_contain_text("It runs inside another program")
        await leave(tab)


# The server.


async def test_what_the_server_runs_with_is_read(tab: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting with its value and where it came from; only the changed ones, or those with a word."""
    monkeypatch.setenv("HEADWAY_KEEP_EVENTS", "4711")
    live = live_from(Settings(data=None, limits={"subscriptions": 9}))
    async with serving(live) as address:
        await tab.goto(address.http("/settings?section=server"))
        kept = row(tab, "keep_events", "Settings, as a table")
        await expect(kept.get_by_role("cell")).to_have_text(["4711", "HEADWAY_KEEP_EVENTS"])
        await expect(row(tab, "Port to listen on", "Settings, as a table").get_by_role("cell")).to_have_text(
            ["4000", "default"]
        )
        await expect(row(tab, "subscriptions", "Limits, as a table").get_by_role("cell")).to_have_text(["9", "128"])
        await tab.get_by_role("checkbox", name="Changed only").check()
        # The server lets go of two by itself: who is open on loopback has no bound for an address.
        await expect(row(tab, "", "Limits, as a table")).to_have_count(3)
        await expect(row(tab, "", "Settings, as a table")).to_have_count(3)
        await tab.get_by_role("checkbox", name="Changed only").uncheck()
        await tab.get_by_role("searchbox", name="Find a setting").fill("keep_")
        await expect(row(tab, "", "Settings, as a table")).to_have_count(3)
        await tab.get_by_role("searchbox", name="Find a setting").fill("no such thing")
        await expect(tab.get_by_text("No setting is like that.")).to_be_visible()
        await expect(tab.get_by_text("No limit is like that.")).to_be_visible()
        await leave(tab)


async def test_no_secret_reaches_the_page(tab: Page) -> None:
    """That one is set can be seen, and no more."""
    secret = "a secret that nobody may see, ever"
    async with serving(live_from(Settings(data=None, secret=secret))) as address:
        token = _admin(secret)
        await tab.set_extra_http_headers({"Authorization": f"Bearer {token}"})
        await tab.goto(address.http("/settings?section=server"))
        await expect(row(tab, "Signs tokens", "Settings, as a table").get_by_role("cell").first).to_have_text(
            "set, not shown"
        )
        assert secret not in await tab.content()
        await leave(tab)


# Users.


async def test_somebody_is_added_and_signs_in(admin: Page, house: House, browser: Browser) -> None:
    """What cannot be is said beside the form and nothing is lost; then the new one signs in, on another browser."""
    await opened(admin, house, "Users")
    await admin.get_by_role("button", name="Add a user").click()
    form = admin.get_by_role("form", name="Add a user")
    await expect(form.get_by_label("Name")).to_be_focused()
    await admin.keyboard.type("new")
    await form.get_by_label("Password").fill("short")
    await admin.keyboard.press("Enter")
    await expect(form.get_by_role("alert")).to_have_text("A password has 8 characters or more.")
    await form.get_by_label("Password").fill(NEW)
    await form.get_by_label("Role").select_option("operator")
    await form.get_by_label("Reads channels").fill("run:*\nsuite:*, import:*")
    await form.get_by_role("button", name="Add", exact=True).click()

    await expect(toast(admin, "new was added")).to_be_visible()
    await expect(row(admin, "new", "Users, as a table")).to_contain_text("operatorrun:*, suite:*, import:*nothing")
    await expect(form).to_have_count(0)
    other = await browser.new_context()
    page = await other.new_page()
    await page.goto(house.address.http("/sign-in"))
    await page.get_by_label("Name").fill("new")
    await page.get_by_label("Password", exact=True).fill(NEW)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("banner")).to_contain_text("newoperator")


async def test_what_the_server_refuses_is_said_beside_the_form(admin: Page, house: House) -> None:
    """A name that is taken: the sentence stands there, and the form stays as it was filled in."""
    await opened(admin, house, "Users")
    await admin.get_by_role("button", name="Add a user").click()
    form = admin.get_by_role("form", name="Add a user")
    await form.get_by_label("Name").fill("ann")
    await form.get_by_label("Password").fill(NEW)
    await form.get_by_role("button", name="Add", exact=True).click()

    await expect(form.get_by_role("alert")).to_contain_text("There is a user 'ann' already")
    await expect(form.get_by_label("Password")).to_have_value(NEW)
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_have_count(0)
    await house.sign_in("ann")


async def test_who_is_changed_is_signed_out_and_has_the_new_role(admin: Page, house: House, browser: Browser) -> None:
    """What was not touched stays; whoever is looking at that moment has to sign in anew."""
    other = await browser.new_context()
    page = await other.new_page()
    await known(page, house, "ann")
    await page.goto(house.address.http("/settings"))
    await expect(page.get_by_role("banner")).to_contain_text("annviewer")
    house.clock.advance(1.0)
    await opened(admin, house, "Users")
    await admin.get_by_role("button", name="Change ann").click()
    form = admin.get_by_role("form", name="Change ann")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_have_text("Nothing was changed.")
    await form.get_by_label("Role").select_option("operator")
    await form.get_by_label("New password").fill(NEW)
    await form.get_by_role("button", name="Save").click()

    await expect(toast(admin, "ann was changed")).to_contain_text("signed out everywhere")
    await expect(row(admin, "run:*", "Users, as a table")).to_contain_text("operatorrun:*run:7")
    await page.reload()
    await expect(page).to_have_url(house.address.http("/sign-in?to=%2Fsettings"))
    house.clock.advance(1.0)
    await house.sign_in("ann", NEW)


async def test_somebody_is_removed_when_it_is_said_twice(admin: Page, house: House) -> None:
    """And not by one press; the administrator has no such button for himself."""
    await opened(admin, house, "Users")
    await expect(admin.get_by_role("button", name="Remove root")).to_have_count(0)
    await admin.get_by_role("button", name="Remove oli").click()
    await expect(admin.get_by_role("button", name="Really remove oli")).to_be_focused()
    await admin.keyboard.press("Tab")
    await expect(admin.get_by_role("button", name="Really remove oli")).to_have_count(0)
    await admin.get_by_role("button", name="Remove oli").click()
    await expect(admin.get_by_role("button", name="Really remove oli")).to_be_focused()
    await admin.keyboard.press("Enter")

    await expect(toast(admin, "oli was removed")).to_be_visible()
    await expect(row(admin, "oli", "Users, as a table")).to_have_count(0)
    assert house.users.names() == ("ann", "root")


async def test_ones_own_password_is_changed_and_one_signs_in_again(admin: Page, house: House) -> None:
    """The sign-in ends with the password; the page leads to the way in, and back."""
    house.clock.advance(1.0)
    await opened(admin, house, "Users")
    await admin.get_by_role("button", name="Change root").click()
    form = admin.get_by_role("form", name="Change root")
    await expect(form.get_by_label("Role")).to_have_count(0)
    await form.get_by_label("New password").fill(NEW)
    await form.get_by_role("button", name="Save, and sign in again").click()
    await admin.wait_for_url("**/sign-in?to=*")
    house.clock.advance(1.0)
    await admin.get_by_label("Name").fill("root")
    await admin.get_by_label("Password", exact=True).fill(NEW)
    await admin.keyboard.press("Enter")

    await expect(admin.get_by_role("heading", name="Users")).to_be_visible()
    await expect(admin.get_by_role("banner")).to_contain_text("rootadmin")


# Share links.


async def test_a_channel_is_shared_watched_and_taken_back(admin: Page, house: House, browser: Browser) -> None:
    """The link is shown once and can be copied; whoever has it watches, until it is revoked from the list."""
    await admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await house.live.publish("run:7", "progress", {"percent": 40})
    await opened(admin, house, "Share links")
    await expect(admin.get_by_text("No link counts at the moment.")).to_be_visible()
    await admin.get_by_role("button", name="Make a link").click()
    await expect(admin.get_by_role("alert").filter(has_text="Name the channel")).to_be_visible()
    await admin.get_by_role("combobox", name="Channel").fill("run:7")
    await admin.get_by_label("Until").fill("2001-01-01T00:00")
    await admin.get_by_role("button", name="Make a link").click()
    await expect(admin.get_by_role("alert").filter(has_text="a moment that is to come")).to_be_visible()
    await admin.evaluate(LATER)
    await admin.get_by_role("button", name="Make a link").click()

    link = await admin.get_by_role("textbox", name="The link").input_value()
    assert link.startswith(house.address.http("/?channel=run%3A7#token="))
    await admin.get_by_role("button", name="Copy the link").click()
    await expect(admin.get_by_role("button", name="Copied")).to_be_visible()
    assert await admin.evaluate("navigator.clipboard.readText()") == link
    other = await browser.new_context()
    page = await other.new_page()
    await page.goto(link)
    await expect(page.get_by_role("main")).to_contain_text("run:7")
    await expect(page.locator(".headway-connection").first).to_have_attribute("data-status", "live", timeout=SOON)

    await admin.reload()
    await expect(admin.get_by_role("textbox", name="The link")).to_have_count(0)
    await expect(row(admin, "run:7", "Links, as a table")).to_contain_text("root")
    await admin.get_by_role("button", name="Revoke the link to run:7").click()
    await admin.get_by_role("button", name="Really revoke the link to run:7").click()
    await expect(toast(admin, "The link to run:7 was revoked")).to_be_visible()
    await expect(admin.get_by_text("No link counts at the moment.")).to_be_visible()
    await expect(page.locator("body")).to_contain_text("revoked", timeout=SOON)


LATER = """() => {
  const field = document.querySelector('input[type="datetime-local"]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  set.call(field, `${new Date().getFullYear() + 1}-01-01T12:00`);
  field.dispatchEvent(new Event('input', { bubbles: true }));
}"""
"""A moment of the next year that is no more than a year away, or nearly."""


# The audit trail.


async def test_the_trail_is_live_and_filtered(admin: Page, house: House) -> None:
    """What was done stands there, what is done comes by itself; by action, by words; older ones when asked for."""
    note = house.live.running.watch.note
    for number in range(150):
        note(Action.PAUSED, user="oli", target=f"task:{number}", address="10.0.0.7")
    await opened(admin, house, "Audit trail")
    lines = row(admin, "", "Audit trail, as a table")
    await expect(lines).to_have_count(100)
    await expect(admin.get_by_role("main").get_by_text("Live", exact=True)).to_be_visible()
    note(Action.SIGN_IN_FAILED, user=MARKUP, address="10.9.9.9")
    await expect(lines.first).to_contain_text(MARKUP)
    await expect(lines.first).to_contain_text("Sign in failed")

    await admin.get_by_role("button", name="Show older ones").click()
    await expect(lines).to_have_count(152)
    await expect(admin.get_by_role("button", name="Show older ones")).to_have_count(0)
    await admin.get_by_role("combobox", name="Action").select_option("sign_in_failed")
    await expect(lines).to_have_count(1)
    await admin.get_by_role("combobox", name="Action").select_option("")
    await admin.get_by_role("searchbox", name="Find in the trail").fill("task:149")
    await expect(lines).to_have_count(1)
    await admin.get_by_role("searchbox", name="Find in the trail").fill("no such thing")
    await expect(admin.get_by_text("None of the 152 entries here is like that.")).to_be_visible()
    assert await admin.evaluate("() => 'broken' in window") is False


async def test_what_is_done_on_the_page_stands_in_the_trail(admin: Page, house: House) -> None:
    """A user added there, by whom, and from where."""
    await opened(admin, house, "Users")
    await admin.get_by_role("button", name="Remove oli").click()
    await admin.get_by_role("button", name="Really remove oli").click()
    await expect(toast(admin, "oli was removed")).to_be_visible()
    await admin.get_by_role("link", name="Audit trail").click()

    first = row(admin, "", "Audit trail, as a table").first
    await expect(first).to_contain_text("Users changed")
    await expect(first).to_contain_text("removed")
    await expect(first.get_by_role("cell")).to_contain_text(["", "root", "", "oli", "127.0.0.1"])


async def test_a_trail_that_cannot_be_read_says_so_and_tries_again(admin: Page, house: House) -> None:
    """What is there stays, and it is not called live."""
    await opened(admin, house, "Audit trail")
    await expect(row(admin, "root", "Audit trail, as a table")).to_have_count(1)
    await admin.route("**/api/audit?*", lambda route: route.fulfill(status=403, json=REFUSED))
    house.live.running.watch.note(Action.PAUSED, user="oli", target="task:1")

    await expect(admin.get_by_text("Not live: trying again")).to_be_visible(timeout=SOON)
    await expect(admin.get_by_role("alert").filter(has_text="Who are you.")).to_be_visible()
    await admin.unroute("**/api/audit?*")
    await expect(row(admin, "task:1", "Audit trail, as a table")).to_have_count(1, timeout=SOON)


REFUSED = {"error": {"code": "forbidden", "message": "who are you", "details": {}}}


# The simulator.


async def test_the_simulator_is_there_where_the_demo_is(tab: Page, tmp_path: Path) -> None:
    """Its three buttons make something happen, and say what."""
    live = Headway()
    simulator.prepare(Stage(live, tmp_path, Random(7)))
    async with serving(live) as address:
        await tab.goto(address.http("/settings"))
        for label in ("Simulate test run", "Status update", "Add activity"):
            await tab.get_by_role("button", name=label).click()
            await expect(toast(tab, f"{label}: on its way")).to_be_visible()
        assert {place.state.job for place in (await _tasks(live))} >= set(simulator.SIMULATOR)
        await toast(tab, "Status update: on its way").get_by_role("link").click()
        await tab.wait_for_url("**/tasks/*")
        await leave(tab)


async def test_there_is_no_simulator_elsewhere(admin: Page, house: House) -> None:
    """A server of one's own does not have it."""
    await admin.goto(house.address.http("/settings"))
    await expect(admin.get_by_role("heading", name="You")).to_be_visible()

    await expect(admin.get_by_role("heading", name="Simulator")).to_have_count(0)


# All of it.


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("section", SECTIONS)
async def test_it_is_for_phones_and_for_all_readers(admin: Page, house: House, section: str, scheme: str) -> None:
    """At 360 pixels and on a screen nothing is cut off, a keyboard reaches everything, axe finds nothing serious; names
    are text."""
    await admin.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    house.users.put(User(MARKUP, password_hash(), Role.VIEWER, ("run:" + "x" * 200,)))
    await house.share("run:" + "x" * 200)
    await opened(admin, house, section)
    if section == "Users":
        await admin.get_by_role("button", name="Add a user").click()
        await admin.get_by_role("button", name="Change ann").click()
    if section == "Share links":
        await admin.get_by_role("combobox", name="Channel").fill("run:7")
        await admin.get_by_role("button", name="Make a link").click()
        await expect(admin.get_by_role("textbox", name="The link")).to_be_visible()
    if section != "You":
        await expect(admin.get_by_role("main").locator("tbody tr").first).to_be_visible()
    for size in ((1360, 900), PHONE):
        await admin.set_viewport_size({"width": size[0], "height": size[1]})
        await fits(admin)
        await accessible(admin)
    assert await unreached(admin) == []
    assert await admin.evaluate("() => 'broken' in window") is False


async def test_the_keyboard_is_enough(admin: Page, house: House) -> None:
    """To a section, into the form, to its end and out again, without a pointer; where one is can be seen."""
    await admin.goto(house.address.http("/settings?section=users"))
    await expect(admin.get_by_role("button", name="Add a user")).to_be_visible()
    await admin.get_by_role("button", name="Add a user").focus()
    await admin.keyboard.press("Enter")
    form = admin.get_by_role("form", name="Add a user")
    await expect(form.get_by_label("Name")).to_be_focused()
    await admin.keyboard.type("keys")
    await admin.keyboard.press("Tab")
    await expect(form.get_by_label("Password")).to_be_focused()
    await admin.keyboard.type(PASSWORD)
    for _ in range(4):
        await expect(admin.locator(":focus")).not_to_have_css("outline-style", "none")
        await admin.keyboard.press("Tab")
    await expect(admin.get_by_role("button", name="Add", exact=True)).to_be_focused()
    await admin.keyboard.press("Enter")

    await expect(row(admin, "keys", "Users, as a table")).to_have_count(1)
    await house.sign_in("keys")


async def _tasks(live: Headway) -> Sequence[Place]:
    return (await live.running.tasks.find(Filters())).places


def _admin(secret: str) -> str:
    return sign({"sub": "root", "exp": time.time() + 600, "role": "admin", "channels": ["*"]}, secret_bytes(secret))
