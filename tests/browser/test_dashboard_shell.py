"""The frame around the pages in a real Chromium: ways, connection, notices, colours, signing in, share links."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, Route, WebSocketRoute, expect

from headway.access.identity import Role
from headway.apps.imports.app import Imports
from headway.server.live import Headway
from headway.server.users import User
from headway.testing.serving import Address, Kind, process, serving
from headway.testing.waiting import wait_until
from tests.browser.chromium import leave
from tests.browser.stage import PHONE, accessible, card, failed, fits, is_live, jobs, task_id, toast, unreached, working
from tests.server.guests import CHANNEL, PASSWORD, House, guarded, password_hash

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

WEBSOCKET = re.compile("/ws")
MARKUP = "<img src=x onerror='window.broken=1'>"
PAGES = {
    "Overview": "/",
    "Channels": "/channels",
    "Connections": "/connections",
    "Diagnostics": "/diagnostics",
    "Settings": "/settings",
}
SOON = 20_000
"""Milliseconds: for what a page notices only after seconds."""


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway(jobs=jobs)


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


async def sign_in(tab: Page, house: House, user: str = "ann", to: str = "/") -> None:
    """Go to a page, be sent to sign in, and come back."""
    await tab.goto(house.address.http(to))
    await tab.wait_for_url("**/sign-in?to=*")
    await tab.get_by_label("Name").fill(user)
    await tab.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.keyboard.press("Enter")


async def who(tab: Page, name: str) -> None:
    """Wait until the page says who looks."""
    await expect(tab.get_by_role("banner")).to_contain_text(name)


# Ways


async def test_each_page_is_reached_by_its_link_and_by_its_address(tab: Page, server: Address) -> None:
    """The navigation says where one is; the browser's back leads back; an address opens its page; nothing is loaded
    anew in between."""
    await tab.goto(server.http("/"))
    await is_live(tab)
    await tab.evaluate("window.same = true")
    for title, path in PAGES.items():
        await tab.get_by_role("navigation").get_by_role("link", name=title).click()
        await expect(tab.get_by_role("heading", level=1)).to_contain_text(title)
        await expect(tab.get_by_role("navigation").locator("[aria-current=page]")).to_have_text(title)
        await expect(tab).to_have_url(server.http(path))
    assert await tab.evaluate("window.same")
    await tab.go_back()
    await expect(tab.get_by_role("heading", level=1)).to_contain_text("Diagnostics")
    for title, path in PAGES.items():
        await tab.goto(server.http(path))
        await expect(tab.get_by_role("heading", level=1)).to_contain_text(title)


async def test_an_address_of_nothing_is_answered_by_the_server(tab: Page, server: Address) -> None:
    """The dashboard has no page for every address: what is not there is 404."""
    answer = await tab.goto(server.http("/nothing"))

    assert answer is not None
    assert answer.status == 404


async def test_the_keyboard_skips_the_navigation(tab: Page, server: Address) -> None:
    """The first stop leads to the page itself, and leaves the address and the way back as they are."""
    await tab.goto(server.http("/"))
    await is_live(tab)
    entries = await tab.evaluate("history.length")
    await tab.keyboard.press("Tab")
    await expect(tab.get_by_role("link", name="Skip to the page")).to_be_focused()
    await expect(tab.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("main")).to_be_focused()
    await tab.keyboard.press("Tab")

    await expect(tab.get_by_role("main").locator(":focus")).to_have_count(1)
    await expect(tab).to_have_url(server.http("/"))
    assert await tab.evaluate("history.length") == entries
    assert await unreached(tab) == []


async def test_it_works_below_a_path(tab: Page) -> None:
    """Mounted in somebody's application every page, what it loads and what it asks for lies below the path."""
    live = Headway()
    async with serving(live, Kind.MOUNTED) as server:
        async with working(live, "Import", 10) as task:
            await tab.goto(server.http(f"/tasks/{await task_id(task)}"))
            await is_live(tab)
            await expect(tab.get_by_role("heading", name="Import")).to_be_visible()
            await tab.get_by_role("link", name="Headway").click()
            await expect(card(tab, "Import")).to_be_visible()
            await expect(tab).to_have_url(server.http("/"))
        await leave(tab)


# Connection


@pytest.mark.parametrize(
    ("blocked", "left"), [(["ws"], "Server-Sent Events"), (["ws", "stream"], "Polling")], ids=["sse", "polling"]
)
async def test_what_the_network_blocks_is_gone_around(
    tab: Page, live: Headway, server: Address, blocked: list[str], left: str
) -> None:
    """The indicator says over what the page is live, and the page is live over it."""
    await tab.route_web_socket(WEBSOCKET, _hang_up)
    if "stream" in blocked:
        await tab.route("**/stream*", _abort)
    await tab.goto(server.http("/"))
    await is_live(tab, left)
    async with working(live, "Import", 10) as task:
        task.advance(3)
        await expect(card(tab, "Import").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "30")


@pytest.mark.slow
async def test_a_restart_loses_nothing_and_is_told(tab: Page, tmp_path: Path) -> None:
    """The server is killed: the page says so and offers to reconnect; when it is back the page says what it recovered,
    once, and what it says can be read again behind the bell."""
    async with process(tmp_path) as first:
        await tab.goto(first.address.http("/"))
        await is_live(tab)
        first.kill()
        await first.ended()
        reconnect = tab.get_by_role("button", name="Reconnect")
        await expect(reconnect).to_be_visible(timeout=SOON)
        await expect(tab.locator(".headway-connection")).to_contain_text("Disconnected")
    async with process(tmp_path, port=first.address.port):
        await reconnect.click()
        await is_live(tab)
        await expect(toast(tab, "Connected again")).to_contain_text("Nothing was missed")
        await expect(toast(tab, "Connected again")).to_be_hidden(timeout=SOON)
        bell = tab.get_by_role("button", name="Notifications, 1 new")
        await bell.click()
        panel = tab.get_by_role("region", name="Notifications")
        await expect(panel.get_by_role("listitem")).to_contain_text(["Connected again"])
        await panel.get_by_role("button", name="Clear").click()
        await expect(panel).to_contain_text("Nothing has been told")
        await tab.keyboard.press("Escape")
        await expect(panel).to_be_hidden()
        await expect(tab.get_by_role("button", name="Notifications", exact=True)).to_be_focused()


async def test_what_came_during_an_interruption_is_counted(tab: Page) -> None:
    """After an interruption the page says how many updates it recovered."""
    live = Headway()
    open_sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        open_sockets.append(socket)
        socket.connect_to_server()

    await tab.route_web_socket(WEBSOCKET, through)
    async with serving(live) as server:
        await tab.goto(server.http("/"))
        await is_live(tab)
        await tab.context.set_offline(True)
        for socket in open_sockets:
            await socket.close()
        await expect(tab.locator(".headway-connection")).not_to_have_attribute("data-status", "live", timeout=SOON)
        for name in ("one", "two"):
            await failed(live, name, "it broke")
        await tab.context.set_offline(False)
        await is_live(tab)

        await expect(toast(tab, "Connected again")).to_contain_text("Recovered ")
        await expect(toast(tab, "two failed")).to_contain_text("it broke")
        await leave(tab)


async def test_what_is_lost_is_told(tab: Page) -> None:
    """A server that comes back with another log has lost what came between: the page says that there is a gap."""
    async with serving(Headway()) as first:
        await tab.goto(first.http("/"))
        await is_live(tab)
        await expect(tab.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    async with serving(Headway(), port=first.port):
        await is_live(tab)

        await expect(toast(tab, "Gap")).to_contain_text("the server's log began anew")
        await leave(tab)


# Notices


async def test_notices_go_by_themselves_and_wait_while_they_are_read(tab: Page, live: Headway, server: Address) -> None:
    """What ended is told with a link to it; it waits as long as somebody points at it, and goes soon after."""
    await tab.goto(server.http("/"))
    await is_live(tab)
    await tab.clock.install()
    await failed(live, "Copy", "the disk is full")
    notice = toast(tab, "Copy failed")
    await expect(notice).to_contain_text("the disk is full")
    await notice.hover()
    await tab.clock.run_for(60_000)
    await expect(notice).to_be_visible()
    await tab.mouse.move(1, 1)
    await tab.clock.run_for(13_000)

    await expect(notice).to_be_hidden()
    await tab.get_by_role("button", name="Notifications, 1 new").click()
    await tab.get_by_role("region", name="Notifications").get_by_role("link", name="Copy failed").click()
    await expect(tab.get_by_role("heading", name="Copy", level=1)).to_be_visible()


async def test_a_notice_is_taken_away_by_its_button(tab: Page, live: Headway, server: Address) -> None:
    """And counts as read."""
    await tab.goto(server.http("/"))
    await is_live(tab)
    await failed(live, "Copy", "the disk is full")
    await toast(tab, "Copy failed").get_by_role("button", name="Dismiss").click()

    await expect(toast(tab, "Copy failed")).to_be_hidden()
    await expect(tab.get_by_role("button", name="Notifications", exact=True)).to_be_visible()


# Colours


async def test_light_and_dark_are_chosen_and_kept(tab: Page, server: Address) -> None:
    """As the system is, until somebody says otherwise; a reload keeps what was said."""
    page = tab.locator("html")
    await tab.emulate_media(color_scheme="dark")
    await tab.goto(server.http("/"))
    await is_live(tab)
    assert await tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    await expect(page).to_have_css("color-scheme", "dark")
    await tab.get_by_role("button", name="Colours: as your system is").click()
    await expect(page).to_have_css("color-scheme", "light")
    await tab.reload()
    await is_live(tab)
    await expect(page).to_have_css("color-scheme", "light")
    await tab.get_by_role("button", name="Colours: light").click()
    await expect(tab.get_by_role("button", name="Colours: dark")).to_be_visible()
    await tab.emulate_media(color_scheme="light")

    await expect(page).to_have_css("color-scheme", "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_what_is_told(browser: Browser, live: Headway, server: Address, scheme: str) -> None:
    """The corner and the open bell, on a phone, in any light: nothing that axe calls serious, nothing beside the
    screen."""
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    tab = await context.new_page()
    await tab.goto(server.http("/"))
    await is_live(tab)
    await failed(live, "n" * 300, "x" * 900)
    await expect(toast(tab, "failed")).to_be_visible()
    await accessible(tab)
    await fits(tab)
    await tab.get_by_role("button", name="Notifications").click()
    await expect(tab.get_by_role("region", name="Notifications")).to_be_visible()
    await accessible(tab)
    await fits(tab)


# Signing in


async def test_a_person_signs_in_and_out(tab: Page, house: House) -> None:
    """Who is not known is led to the page to sign in and back to where they wanted to go; no script can read the
    cookie; out means out."""
    await sign_in(tab, house, to="/channels")
    await expect(tab.get_by_role("heading", name="Channels")).to_be_visible()
    await who(tab, "ann")
    await expect(tab).to_have_url(house.address.http("/channels"))
    assert await tab.evaluate("document.cookie") == ""
    await tab.get_by_role("button", name="Sign out").click()

    await tab.wait_for_url("**/sign-in?to=*")
    assert await tab.context.cookies() == []


async def test_who_signs_out_in_one_tab_is_out_in_the_other(context: BrowserContext, house: House) -> None:
    """The other tab's connection ends; it says why and offers to sign in."""
    first, second = await context.new_page(), await context.new_page()
    await sign_in(first, house, "oli")
    await is_live(first)
    await second.goto(house.address.http("/"))
    await is_live(second)
    await first.get_by_role("button", name="Sign out").click()
    await first.wait_for_url("**/sign-in?to=*")

    await expect(second.get_by_role("alert").filter(has_text="signed out")).to_contain_text("signed out", timeout=SOON)
    await expect(second.get_by_role("link", name="Sign in")).to_be_visible()


async def test_the_end_of_a_sign_in_is_told(tab: Page, house: House) -> None:
    """When the working day is over the page says so and offers to sign in anew."""
    await sign_in(tab, house, "oli")
    await is_live(tab)
    house.sweep(12 * 3600 + 6)

    await expect(tab.get_by_role("link", name="Sign in")).to_be_visible(timeout=SOON)


async def test_a_role_sees_what_it_may(tab: Page, house: House) -> None:
    """The page for admins is in nobody else's navigation, and its address says what it takes."""
    await sign_in(tab, house, "oli", to="/connections")
    await expect(tab.get_by_role("main")).to_contain_text("takes the role admin")
    await expect(tab.get_by_role("navigation").get_by_role("link", name="Connections")).to_be_hidden()
    await tab.get_by_role("button", name="Sign out").click()
    await tab.wait_for_url("**/sign-in?to=*")
    await sign_in(tab, house, "root")

    await expect(tab.get_by_role("navigation").get_by_role("link", name="Connections")).to_be_visible()


async def test_a_name_is_text(tab: Page, house: House) -> None:
    """Markup in the name of a user is shown as it is written."""
    house.users.put(User(MARKUP, password_hash(), Role.ADMIN))
    await sign_in(tab, house, MARKUP)

    await who(tab, MARKUP)
    assert await tab.locator("header img[src=x]").count() == 0
    assert await tab.evaluate("() => 'broken' in window") is False


async def test_without_users_a_token_is_asked_for(tab: Page, tmp_path: Path) -> None:
    """The page names the commands, takes a token, keeps it in no storage, and is open with it."""
    async with guarded(tmp_path, users=None) as house:
        await tab.goto(house.address.http("/"))
        await expect(tab.get_by_role("main")).to_contain_text("headway user add")
        await accessible(tab)
        token = house.token(role="operator", channels=["*"])
        await tab.get_by_label("Token", exact=True).fill(token)
        await tab.keyboard.press("Enter")
        await is_live(tab)

        await who(tab, "ada")
        assert token not in await tab.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
        await leave(tab)


async def test_on_an_open_server_nobody_signs_in_or_out(tab: Page, server: Address) -> None:
    """There is no way out where there is none in."""
    await tab.goto(server.http("/"))
    await is_live(tab)

    await expect(tab.get_by_role("button", name="Sign out")).to_be_hidden()


# Share links

BLOCKED = {"WebSocket": [], "Server-Sent Events": ["ws"], "Polling": ["ws", "stream"]}


@pytest.mark.parametrize("transport", BLOCKED)
async def test_a_share_link_opens_its_channel_and_nothing_else(tab: Page, house: House, transport: str) -> None:
    """Over whatever gets through, who has the link watches; the token is in no address that is kept, logged or asked
    for; there is no way to the rest."""
    made = await house.made("/api/shares", {"channel": "a/b<i>"}, house.token(role="admin"))
    asked: list[Request] = []
    tab.on("request", lambda request: asked.append(request))
    if "ws" in BLOCKED[transport]:
        await tab.route_web_socket(WEBSOCKET, _hang_up)
    if "stream" in BLOCKED[transport]:
        await tab.route("**/stream*", _abort)
    await tab.goto(house.address.http(made["url"]))
    await is_live(tab, transport)
    # What is published before the channel is followed is not told to who begins with the state.
    hub = house.live.running.hub
    await wait_until(lambda: transport == "Polling" or bool(list(hub.readers("a/b<i>"))))
    await house.live.publish("a/b<i>", "progress", {"percent": 40, "name": MARKUP})
    await expect(tab.get_by_role("list", name="The newest events")).to_contain_text(MARKUP)

    await expect(tab).to_have_url(house.address.http("/?channel=a%2Fb%3Ci%3E"))
    await expect(tab.get_by_role("contentinfo")).to_contain_text("Watching by a link, until ")
    await expect(tab.get_by_role("navigation")).to_be_hidden()
    assert [one.url for one in asked if made["token"] in one.url and not one.is_navigation_request()] == []
    assert made["token"] not in await tab.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


async def test_a_share_link_of_a_task_shows_the_task(tab: Page, house: House) -> None:
    """With its bar, its log and its replay, without buttons; a reload keeps it."""
    async with working(house.live, "Import", 10) as task:
        channel = f"task:{await task_id(task)}"
        task.advance(4)
        made = await house.made("/api/shares", {"channel": channel}, house.token(role="admin"))
        await tab.goto(house.address.http(made["url"]))
        await expect(tab.get_by_role("heading", name="Import")).to_be_visible()
        await tab.reload()
        await is_live(tab)

        await expect(tab.get_by_role("region", name="Progress").get_by_role("progressbar")).to_be_visible()
        await expect(tab.get_by_role("region", name="Replay")).to_be_visible()
        await expect(tab.get_by_role("button", name="Pause", exact=True)).to_be_hidden()
        await tab.get_by_role("link", name="Skip to the page").press("Enter")
        await expect(tab.get_by_role("main")).to_be_focused()
        await accessible(tab)
        await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await fits(tab)
        await leave(tab)


async def test_a_share_link_goes_before_a_sign_in(tab: Page, house: House) -> None:
    """Who is signed in and opens a link watches by the link."""
    await sign_in(tab, house)
    await who(tab, "ann")
    made = await house.made("/api/shares", {"channel": "secret:1"}, house.token(role="admin"))
    await tab.goto(house.address.http(made["url"]))

    await is_live(tab)
    await expect(tab.get_by_role("contentinfo")).to_contain_text("Watching by a link")


async def test_a_link_that_has_expired_says_so(tab: Page, house: House) -> None:
    """Whoever opens it is told whom to ask."""
    made = await house.made("/api/shares", {"channel": CHANNEL, "seconds": 60}, house.token(role="admin"))
    house.clock.advance(3_600)
    await tab.goto(house.address.http(made["url"]))

    await expect(tab.get_by_role("alert")).to_contain_text("This link opens nothing")


async def _hang_up(socket: WebSocketRoute) -> None:
    await socket.close(code=3000, reason="a proxy")


async def _abort(route: Route) -> None:
    await route.abort()


async def test_a_phone_has_room_for_five_and_keeps_the_others_behind_one(tab: Page) -> None:
    """What opens them says so, closes them again, and shows when one of them is where one is."""
    async with serving(Headway(apps=[Imports()])) as server:
        await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await tab.goto(server.http("/"))
        await is_live(tab)
        pages = tab.get_by_role("navigation", name="Pages")
        more = pages.get_by_role("button", name="More")
        await expect(pages.get_by_role("listitem")).to_have_count(5)
        await more.click()
        await expect(more).to_have_attribute("aria-expanded", "true")
        await tab.keyboard.press("Escape")
        await expect(more).to_have_attribute("aria-expanded", "false")
        await more.click()
        await pages.get_by_role("link", name="Diagnostics").click()

        await expect(tab.get_by_role("heading", level=1)).to_contain_text("Diagnostics")
        await expect(more).to_have_attribute("aria-expanded", "false")
        await expect(more).to_have_attribute("data-current", "true")
        await leave(tab)
