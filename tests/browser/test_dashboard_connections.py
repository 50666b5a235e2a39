"""The page of connections in a real Chromium: who is there, what passes, how it ended, and ending one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from headway.testing.readers import Ended, EventSourceReader, SocketIoReader, WebSocketReader
from headway.testing.waiting import wait_until
from tests.browser.stage import PHONE, accessible, fits, is_live, toast, unreached
from tests.server.guests import COOKIE, House, bearer, guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

MARKUP = "<img src=x onerror='window.broken=1'>"
SOON = 15_000


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


def row(tab: Page, text: str, table: str = "Open connections") -> Locator:
    """A line of a table."""
    return tab.get_by_role("region", name=table, exact=True).locator("tbody tr").filter(has_text=text)


async def test_everybody_who_is_connected_is_seen(admin: Page, house: House) -> None:
    """By whom, by which transport, which channels are followed, and how far behind; the page itself is one of them."""
    async with (
        WebSocketReader(house.address, headers=bearer(house.token(sub="ada"))) as ada,
        EventSourceReader(house.address, headers=bearer(house.token(sub="alan"))) as alan,
        SocketIoReader(house.address, headers=bearer(house.token(sub="edsger"))) as edsger,
    ):
        for channel in ("run:7", "run:8", "run:9"):
            await ada.subscribe(channel)
        await alan.subscribe("run:7")
        await edsger.subscribe("run:7")
        await house.live.publish("run:7", "progress", {"percent": 40})
        await admin.goto(house.address.http("/connections"))

        await expect(row(admin, "ada")).to_contain_text("WebSocket")
        await expect(row(admin, "ada")).to_contain_text("Live")
        await expect(row(admin, "ada").get_by_role("link")).to_have_count(2)
        await row(admin, "ada").get_by_text("1 more").click()
        await expect(row(admin, "ada").get_by_role("link", name="run:9")).to_be_visible()
        await expect(row(admin, "alan")).to_contain_text("Server-Sent Events")
        await expect(row(admin, "edsger")).to_contain_text("Socket.IO")
        await expect(row(admin, "root")).to_contain_text("tasks", timeout=SOON)
        await expect(admin.get_by_text("4 shown")).to_be_visible()
        await admin.get_by_role("searchbox", name="Find a connection").fill("server-sent")
        await expect(row(admin, "")).to_have_count(1)
        await admin.get_by_role("searchbox", name="Find a connection").fill("nobody at all")
        await expect(admin.get_by_text("No connection is like that.")).to_be_visible()
        await admin.get_by_role("searchbox", name="Find a connection").fill("")
        await row(admin, "alan").get_by_role("link", name="run:7").click()
        await expect(admin).to_have_url(house.address.http("/channels/run%3A7"))


async def test_what_passes_is_drawn_and_told(admin: Page, house: House) -> None:
    """A rate in words beside the picture, a count of each reader, the last messages; and a reload goes on."""
    async with WebSocketReader(house.address, headers=bearer(house.token(sub="ada"))) as ada:
        await ada.subscribe("run:7")
        busy = asyncio.create_task(_publish(house))
        try:
            await admin.goto(house.address.http("/connections"))
            deliveries = admin.get_by_role("figure").filter(has_text="Deliveries")
            for _ in range(2):
                await expect(deliveries.get_by_role("listitem").filter(has_text="WebSocket")).to_contain_text(
                    "/s", timeout=SOON
                )
                await expect(deliveries.locator("canvas")).to_be_visible()
                await expect(row(admin, "ada")).to_contain_text("/s", timeout=SOON)
                await expect(row(admin, "progress", "Last messages").first).to_contain_text("run:7")
                await admin.reload()
        finally:
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
        drawn = await deliveries.locator("canvas").evaluate("one => one.width * one.height")
        assert drawn > 0


async def test_messages_are_filtered_and_held(admin: Page, house: House) -> None:
    """By channel and by type; what is held stays as it is."""
    async with WebSocketReader(house.address, headers=bearer(house.token(sub="ada"))) as ada:
        await ada.subscribe("run:7")
        await ada.subscribe("run:8")
        await house.live.publish("run:7", "progress", {"percent": 40})
        await house.live.publish("run:8", "done", {"password": "never shown"})
        await admin.goto(house.address.http("/connections"))
        await admin.get_by_role("searchbox", name="Only of this channel").fill("run:8")
        await expect(row(admin, "run:8", "Last messages")).to_have_count(2, timeout=SOON)
        await admin.get_by_role("searchbox", name="Only of this type").fill("done")
        await expect(row(admin, "", "Last messages")).to_have_count(1, timeout=SOON)
        await admin.get_by_role("button", name="Hold").click()
        await expect(admin.get_by_role("button", name="Hold")).to_have_attribute("aria-pressed", "true")
        await admin.get_by_role("searchbox", name="Only of this channel").fill("nowhere")
        await expect(admin.get_by_text("No message is like that.")).to_be_visible()
        assert "never shown" not in await admin.content()


async def test_a_connection_is_ended_when_it_is_said_twice(admin: Page, house: House) -> None:
    """One press asks, going elsewhere takes it back, the second ends it; the end is listed with its reason."""
    async with WebSocketReader(house.address, headers=bearer(house.token(sub="ada"))) as ada:
        await ada.subscribe("run:7")
        await admin.goto(house.address.http("/connections"))
        await admin.get_by_role("button", name="End the connection of ada").click()
        await expect(admin.get_by_role("button", name="Really end the connection of ada")).to_be_focused()
        await admin.get_by_role("heading", name="Connections", exact=True).first.click()
        await expect(admin.get_by_role("button", name="Really end")).to_have_count(0)
        await admin.get_by_role("button", name="End the connection of ada").click()
        await admin.get_by_role("button", name="Really end the connection of ada").click()

        with contextlib.suppress(Ended):
            while True:
                await ada.hear()
        await expect(toast(admin, "Connection ended")).to_contain_text("ada, WebSocket")
        await expect(row(admin, "ada")).to_have_count(0, timeout=SOON)
        await expect(row(admin, "ada", "Last ends")).to_contain_text("An administrator ended it.")
        await expect(row(admin, "ada", "Last ends")).to_contain_text("1001")


async def test_the_page_survives_the_end_of_its_own_connection(admin: Page, house: House) -> None:
    """It comes back by itself, and says that it did."""
    await admin.goto(house.address.http("/connections"))
    await is_live(admin)
    await admin.get_by_role("button", name="End the connection of root, WebSocket").click()
    await admin.get_by_role("button", name="Really end").click()

    await expect(row(admin, "root", "Last ends").first).to_contain_text("An administrator ended it.", timeout=SOON)
    await is_live(admin)
    await expect(row(admin, "root")).to_have_count(1, timeout=SOON)


async def test_a_connection_that_is_gone_already_is_told(admin: Page, house: House) -> None:
    """Between two looks it may end by itself: the server's sentence is shown."""
    async with WebSocketReader(house.address, headers=bearer(house.token(sub="ada"))) as ada:
        await ada.subscribe("run:7")
        await admin.goto(house.address.http("/connections"))
        await admin.get_by_role("button", name="End the connection of ada").click()
        await admin.route("**/api/debug/connections?*", lambda route: route.abort())
    await wait_until(lambda: len(house.live.running.registry.connections()) <= 1)
    await admin.get_by_role("button", name="Really end").click()

    await expect(toast(admin, "Connection not ended")).to_contain_text("it may have ended by itself")


async def test_a_server_that_is_gone_is_told(admin: Page, house: House) -> None:
    """The last figures stay, and it says that they are not of now."""
    await admin.goto(house.address.http("/connections"))
    await expect(row(admin, "root")).to_have_count(1, timeout=SOON)
    await admin.route("**/api/debug/connections?*", lambda route: route.fulfill(status=403, json=REFUSED))

    await expect(admin.get_by_role("alert").filter(has_text="not of now")).to_contain_text("who are you", timeout=SOON)
    await expect(row(admin, "root")).to_have_count(1)


REFUSED = {"error": {"code": "forbidden", "message": "who are you", "details": {}}}


async def test_it_is_for_administrators_alone(tab: Page, house: House) -> None:
    """Nobody else is led there, and who goes there learns what it takes."""
    await known(tab, house, "oli")
    await tab.goto(house.address.http("/connections"))

    await expect(tab.get_by_text("This page takes the role admin.")).to_be_visible()
    await expect(tab.get_by_role("navigation").get_by_role("link", name="Connections")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_for_phones_and_for_all_readers(admin: Page, house: House, scheme: str) -> None:
    """At 360 pixels and on a screen nothing is cut off, a keyboard reaches everything, axe finds nothing serious; names
    are text."""
    await admin.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    async with WebSocketReader(house.address, headers=bearer(house.token(sub=MARKUP))) as reader:
        await reader.subscribe("run:" + "x" * 200)
        async with WebSocketReader(house.address, headers=bearer(house.token(sub="gone"))):
            pass
        await house.live.publish("run:" + "x" * 200, "progress")
        await admin.goto(house.address.http("/connections"))
        for size in ((1360, 900), PHONE):
            await admin.set_viewport_size({"width": size[0], "height": size[1]})
            await expect(row(admin, MARKUP)).to_have_count(1)
            await fits(admin)
            await accessible(admin)
        assert await unreached(admin) == []
        assert await admin.evaluate("() => 'broken' in window") is False


async def _publish(house: House) -> None:
    while True:
        await house.live.publish("run:7", "progress", {"percent": 40})
        await asyncio.sleep(0.02)  # a rate is what is looked at
