"""The landing page in a real Chromium: what a person sees there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import jwt
import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from headway.server.live import Headway
from headway.testing.serving import Address, process, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

PHONE = {"width": 360, "height": 740}


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


async def watch(tab: Page, server: Address, channel: str, *, everything: bool = False) -> None:
    """Open the page and watch a channel, with the keyboard alone."""
    await tab.goto(server.http("/"))
    if everything:
        await tab.get_by_label("Begin with").select_option("everything kept")
    await tab.get_by_role("textbox", name="Channel").fill(channel)
    await tab.get_by_role("textbox", name="Channel").press("Enter")


async def live_over(tab: Page, transport: str) -> None:
    """Wait until the page says that it is live, and over what."""
    await expect(tab.locator("#phase")).to_have_text(f"live over {transport}", timeout=20_000)


async def publish_elsewhere(server: Address, channel: str, *rows: int) -> None:
    """Publish from a program, over HTTP."""
    events = [{"type": "row", "data": {"n": row}} for row in rows]
    async with httpx2.AsyncClient() as client:
        answer = await client.post(server.http(f"/api/channels/{channel}/events"), json=events)
        assert answer.status_code == 201


def offsets(count: int) -> list[str]:
    """The offsets of the first events, newest first, as the page shows them."""
    return [f"#{offset}" for offset in range(count, 0, -1)]


async def test_what_is_published_on_the_page_is_seen_on_it(tab: Page, server: Address) -> None:
    """An event travels from the form through the log into the list, its percentage becomes a bar."""
    await watch(tab, server, "nightly")
    await live_over(tab, "WebSocket")
    await tab.get_by_role("textbox", name="Data").fill('{"percent": 40, "current": "customers.csv"}')
    await tab.get_by_role("button", name="Publish", exact=True).click()

    await expect(tab.locator("#published")).to_have_text("Stored at offset 1.")
    await expect(tab.locator("#events .offset")).to_have_text(["#1"])
    await expect(tab.get_by_role("progressbar")).to_have_js_property("value", 40)
    await expect(tab.locator("#lanes .detail")).to_have_text("customers.csv")
    await expect(tab.locator("#health")).to_contain_text("Healthy")


async def test_data_that_is_no_json_is_named_on_the_page(tab: Page, server: Address) -> None:
    """A mistake in the form is told beside it, and nothing is published."""
    await watch(tab, server, "nightly")
    await live_over(tab, "WebSocket")
    await tab.get_by_role("textbox", name="Data").fill("{percent: 40}")
    await tab.get_by_role("button", name="Publish", exact=True).click()

    await expect(tab.locator("#published")).to_contain_text("not JSON")


async def test_a_late_comer_sees_the_state(tab: Page, live: Headway, server: Address) -> None:
    """Who arrives in the middle is shown the latest event of each key, and no progress that is overtaken."""
    for done in (1_000, 2_000):
        await live.publish("nightly", "progress", {"file": "a.csv", "current": done, "total": 4_000}, key="a")
    await watch(tab, server, "nightly")

    await expect(tab.locator("#lanes output")).to_have_text(["50 %"])
    await expect(tab.locator("#lanes .detail")).to_have_text("2,000 of 4,000")


@pytest.mark.slow
async def test_a_restart_loses_nothing(tab: Page, tmp_path: Path) -> None:
    """The server is killed and comes back: the page goes on from its position and says what it recovered."""
    async with process(tmp_path) as first:
        await watch(tab, first.address, "nightly", everything=True)
        await live_over(tab, "WebSocket")
        await publish_elsewhere(first.address, "nightly", 1, 2, 3)
        await expect(tab.locator("#events .offset")).to_have_text(offsets(3))
        first.kill()
        await first.ended()
        await expect(tab.get_by_role("button", name="Reconnect")).to_be_visible()
    async with process(tmp_path, port=first.address.port) as second:
        await publish_elsewhere(second.address, "nightly", 4, 5)
        await live_over(tab, "WebSocket")

        await expect(tab.locator("#events .offset")).to_have_text(offsets(5))
        await expect(tab.locator("#notices")).to_contain_text("Back again.")


async def test_what_is_lost_is_announced(tab: Page) -> None:
    """A server that comes back with another log has lost what came between: the page says so, and goes on."""
    async with serving(Headway()) as first:
        await watch(tab, first, "nightly")
        await live_over(tab, "WebSocket")
        await publish_elsewhere(first, "nightly", 1)
        await expect(tab.locator("#events .offset")).to_have_text(offsets(1))
    async with serving(Headway(), port=first.port) as second:
        await live_over(tab, "WebSocket")
        await expect(tab.locator("#notices [data-kind=gap]")).to_contain_text("Gap: the server's log began anew")
        await publish_elsewhere(second, "nightly", 1)
        await expect(tab.locator("#events .offset")).to_have_text(["#1", "#1"])
        await expect(tab.locator("#notices li")).to_have_count(1)
        await tab.close()


@pytest.mark.parametrize(
    ("blocked", "left"), [(["ws"], "Server-Sent Events"), (["ws", "stream"], "long-polling")], ids=["sse", "polling"]
)
async def test_what_the_network_blocks_is_gone_around(
    tab: Page, server: Address, blocked: list[str], left: str
) -> None:
    """Where WebSocket does not get through the page takes Server-Sent Events, and where these do not, polling."""
    await tab.route_web_socket("**/ws", _hang_up)
    if "stream" in blocked:
        await tab.route("**/stream*", _refuse)
    await watch(tab, server, "nightly", everything=True)
    await live_over(tab, left)
    await publish_elsewhere(server, "nightly", 1, 2)

    await expect(tab.locator("#events .offset")).to_have_text(offsets(2))


async def test_what_came_over_the_wire_is_text(tab: Page, live: Headway, server: Address) -> None:
    """Markup in a channel's name, a type, or data is shown as it is written, and nothing of it runs."""
    texts = ["<img src=x onerror='window.broken=1'>", "</code><script>window.broken=1</script>"]
    name = "<svg/onload=window.broken=1>"
    await watch(tab, server, name)
    await live_over(tab, "WebSocket")
    for text in texts:
        await live.publish(name, name, {"name": text, "percent": 10, "note": text})

    await expect(tab.locator("#lanes strong")).to_have_text(texts)
    await expect(tab.locator("#events .type")).to_have_text([name, name])
    await expect(tab.locator("#live-title")).to_have_text(name)
    assert await tab.locator("#live img, #live script, #live svg").count() == 0
    assert await tab.evaluate("() => 'broken' in window") is False


async def test_a_phone_need_not_scroll_sideways(tab: Page, live: Headway, server: Address) -> None:
    """At 360 pixels everything fits, long words without a break too."""
    await tab.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await watch(tab, server, "a" * 255)
    await live_over(tab, "WebSocket")
    await live.publish("a" * 255, "t" * 128, {"name": "n" * 300, "percent": 99.9, "note": "x" * 900})
    await expect(tab.locator("#events li")).to_have_count(1)

    assert await tab.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


async def test_a_token_is_asked_for_where_one_is_needed(tab: Page) -> None:
    """The page says that it was refused, asks for a token, and is live with one."""
    secret = "a secret that is long enough for HS256, really"
    token = jwt.encode({"sub": "ada", "exp": 4_102_444_800}, secret, algorithm="HS256")
    async with serving(Headway(secret=secret)) as server:
        await watch(tab, server, "nightly")
        await expect(tab.get_by_label("Token")).to_be_visible()
        await tab.get_by_label("Token").fill(token)
        await tab.get_by_label("Token").press("Enter")
        await live_over(tab, "WebSocket")
        await tab.close()


async def test_a_commands_words_are_quoted(tab: Page, server: Address) -> None:
    """The commands to copy hold the channel as one word, whatever it is called."""
    await watch(tab, server, "it's/$HOME")
    await live_over(tab, "WebSocket")
    commands = await tab.locator("#examples code").all_text_contents()

    assert commands[0].startswith("headway watch 'it'\\''s/$HOME' --url ")
    assert "/api/channels/it%27s%2F%24HOME/stream?since=" in commands[2]


async def _hang_up(socket: WebSocketRoute) -> None:
    await socket.close(code=3000, reason="a proxy")


async def _refuse(route: Route) -> None:
    await route.abort()
