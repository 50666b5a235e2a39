"""Channels in a real Chromium: which there are, one as it goes on, one as its log holds it, and publishing."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from headway.server.live import Headway
from headway.testing.serving import Address, Kind, serving
from tests.browser.chromium import leave
from tests.browser.stage import PHONE, accessible, fits, is_live, unreached
from tests.server.guests import PASSWORD, House, guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

SOON = 20_000
"""Milliseconds: for what a page notices only after seconds."""
MARKUP = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


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


async def rows(live: Headway, channel: str, first: int, last: int) -> None:
    """Publish one event for each number."""
    for row in range(first, last + 1):
        await live.publish(channel, "row_failed" if row % 5 == 0 else "row_done", {"row": row, "who": f"user-{row}"})


async def opened(tab: Page, server: Address, address: str) -> Locator:
    """Open a channel; its list."""
    await tab.goto(server.http(f"/channels/{address}"))
    return tab.get_by_role("listbox")


async def ends_with(events: Locator, offset: int) -> None:
    """Wait until the last line that is shown is that event."""
    await expect(events.get_by_role("option").last).to_contain_text(re.compile(rf"^{offset}\d\d:"), timeout=SOON)


def inspector(tab: Page) -> Locator:
    """Where one event is seen in full."""
    return tab.get_by_role("region", name=re.compile("^(Event|Gap)( |$)"))


# Which there are


async def test_channels_are_browsed(tab: Page, live: Headway, server: Address) -> None:
    """Each with its events and its readers, as they are now; a filter finds by any part of the name."""
    await rows(live, "run:7", 1, 3)
    await rows(live, "nightly", 1, 1)
    await tab.goto(server.http("/channels"))
    run = tab.get_by_role("row").filter(has=tab.get_by_role("link", name="run:7"))
    await expect(run.get_by_role("cell").first).to_contain_text("3")
    await rows(live, "run:7", 4, 1_204)
    await expect(run.get_by_role("cell").first).to_contain_text("1,204", timeout=SOON)
    await expect(run.get_by_role("cell").nth(1)).to_contain_text("/s", timeout=SOON)
    await tab.get_by_role("searchbox", name="Filter by name").fill("UN:")
    await expect(tab.get_by_role("row")).to_have_count(2)
    await tab.keyboard.press("Enter")

    await expect(tab).to_have_url(re.compile("/channels/run%3A7$"))
    await expect(tab.get_by_role("heading", level=1)).to_have_text("run:7")


async def test_without_channels_the_page_says_how_one_begins(tab: Page, server: Address) -> None:
    """With a command that works as it stands."""
    await tab.goto(server.http("/channels"))

    await expect(tab.get_by_role("region", name="No channel holds anything yet")).to_contain_text("curl ")
    await expect(tab.get_by_role("region", name="No channel holds anything yet")).to_contain_text(server.http("/api/"))


async def test_many_channels_come_in_parts(tab: Page, live: Headway, server: Address) -> None:
    """A hundred are shown, and more when asked for."""
    for number in range(130):
        await live.publish(f"many:{number:03}", "begun")
    await tab.goto(server.http("/channels"))
    await expect(tab.get_by_role("row")).to_have_count(101)
    await tab.get_by_role("button", name="Show more channels").click()

    await expect(tab.get_by_role("row")).to_have_count(131)
    await expect(tab.get_by_role("button", name="Show more channels")).to_have_count(0)


async def test_a_channel_that_holds_nothing_yet_is_opened_by_its_name(
    tab: Page, live: Headway, server: Address
) -> None:
    """It is followed, and its first event appears."""
    await tab.goto(server.http("/channels"))
    await tab.get_by_role("searchbox", name="Filter by name").fill("a/b_100%")
    await tab.get_by_role("link", name="Open “a/b_100%”").click()
    await expect(tab.get_by_role("listbox")).to_contain_text("Nothing has been published here yet")
    await rows(live, "a/b_100%", 1, 1)

    await ends_with(tab.get_by_role("listbox"), 1)


# One as it goes on


async def test_a_channel_is_followed(tab: Page, live: Headway, server: Address) -> None:
    """Who comes late sees the newest, then what comes; loaded anew, the same and no event twice."""
    await rows(live, "run:7", 1, 250)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 250)
    await expect(tab.get_by_text("200 events", exact=True)).to_be_visible()
    await rows(live, "run:7", 251, 253)
    await ends_with(events, 253)
    await expect(tab.get_by_text("203 events", exact=True)).to_be_visible()
    await tab.reload()
    await ends_with(events, 253)
    await expect(tab.get_by_text("200 events", exact=True)).to_be_visible()
    await events.focus()
    await tab.keyboard.press("Home")

    await expect(events.get_by_role("option").first).to_contain_text(re.compile(r"^54\d\d:"))
    await expect(events.get_by_role("option").first).to_have_attribute("aria-setsize", "200")


async def test_paused_it_stands_still(tab: Page, live: Headway, server: Address) -> None:
    """What comes meanwhile is counted, and shown when it is followed again."""
    await rows(live, "run:7", 1, 3)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 3)
    await tab.get_by_role("button", name="Pause").click()
    await rows(live, "run:7", 4, 7)
    await expect(tab.get_by_text("paused · 4 newer")).to_be_visible()
    await ends_with(events, 3)
    await tab.get_by_role("button", name="Follow").click()

    await ends_with(events, 7)


async def test_who_scrolls_back_is_left_in_peace(tab: Page, live: Headway, server: Address) -> None:
    """A turn of the wheel pauses the list."""
    await rows(live, "run:7", 1, 150)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 150)
    await events.hover()
    await tab.mouse.wheel(0, -400)
    await expect(tab.get_by_role("button", name="Follow")).to_be_visible()
    await rows(live, "run:7", 151, 152)

    await expect(tab.get_by_text("paused · 2 newer")).to_be_visible()


async def test_a_flood_is_bounded(tab: Page, live: Headway, server: Address) -> None:
    """Of ten thousand events the newest two thousand are kept, and the document holds the lines that can be seen."""
    events = await opened(tab, server, "flood")
    await expect(events).to_contain_text("Nothing has been published")
    await rows(live, "flood", 1, 10_000)
    await ends_with(events, 10_000)

    await expect(tab.get_by_text("the newest 2,000 events")).to_be_visible()
    assert await events.get_by_role("option").count() < 80


async def test_events_are_filtered(tab: Page, live: Headway, server: Address) -> None:
    """By type, and by text anywhere in them; what comes later is filtered too."""
    await rows(live, "run:7", 1, 20)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 20)
    await tab.get_by_label("Type of events").select_option("row_failed")
    await expect(tab.get_by_text("4 of 20 events")).to_be_visible()
    await tab.get_by_role("searchbox", name="Text in events").fill("USER-1")
    await expect(tab.get_by_text("2 of 20 events")).to_be_visible()
    await rows(live, "run:7", 100, 105)
    await expect(tab.get_by_text("4 of 26 events")).to_be_visible()
    await tab.get_by_role("searchbox", name="Text in events").fill("nowhere")

    await expect(events).to_contain_text("None of the events is what the filter asks for.")


async def test_the_state_stands_beside_the_events(tab: Page, live: Headway, server: Address) -> None:
    """The latest event of each key, also of keys that have not been heard of for long; with a bar where it says how
    far it is."""
    await live.publish("run:7", "progress", {"percent": 40}, key="old.csv")
    await rows(live, "run:7", 1, 300)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 301)
    state = tab.get_by_role("region", name="State")
    await expect(state.get_by_role("button", name="old.csv")).to_contain_text("40%")
    await live.publish("run:7", "progress", {"percent": 70}, key="old.csv")
    await live.publish("run:7", "progress", {"percent": 5}, key="new.csv")
    await expect(state.get_by_role("button", name="old.csv")).to_contain_text("70%")
    await expect(state).to_contain_text("2 keys")
    await state.get_by_role("button", name="new.csv").click()

    await expect(inspector(tab)).to_contain_text('"percent": 5')


async def test_an_event_is_inspected_with_the_keyboard(
    context: BrowserContext, tab: Page, live: Headway, server: Address
) -> None:
    """Arrows choose it; all of it is shown as JSON with its position; both can be copied."""
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await rows(live, "run:7", 1, 40)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 40)
    await events.focus()
    await tab.keyboard.press("ArrowUp")
    await tab.keyboard.press("ArrowUp")
    await expect(inspector(tab).get_by_role("heading")).to_have_text("Event 39")
    await expect(inspector(tab)).to_contain_text('"who": "user-39"')
    await inspector(tab).get_by_role("button", name="Copy JSON").click()
    await expect(inspector(tab).get_by_role("button", name="Copied")).to_be_visible()
    copied = json.loads(await tab.evaluate("navigator.clipboard.readText()"))
    assert (copied["offset"], copied["who"], copied["channel"]) == (39, "user-39", "run:7")
    await inspector(tab).get_by_role("button", name="Copy position").click()
    await tab.wait_for_function(
        "position => navigator.clipboard.readText().then(text => text === position)", arg=copied["position"]
    )
    await inspector(tab).get_by_role("button", name="Close the event").click()

    await expect(inspector(tab)).to_contain_text("Choose an event")


async def test_what_was_published_is_text(tab: Page, live: Headway, server: Address) -> None:
    """Markup in a type, a key or data is shown as it is written."""
    await live.publish("run:7", "<svg/onload=window.broken=1>", {"note": MARKUP}, key="<b>key</b>")
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 1)
    await events.get_by_role("option").click()

    await expect(inspector(tab)).to_contain_text(MARKUP)
    assert await tab.evaluate("() => 'broken' in window") is False


# One as its log holds it


async def test_a_short_log_is_followed_from_its_beginning(tab: Page, live: Headway, server: Address) -> None:
    """Everything kept, and then what comes. The address says so, and a reload keeps it."""
    await rows(live, "run:7", 1, 300)
    events = await opened(tab, server, "run%3A7")
    await tab.get_by_label("Begin with").select_option("everything kept")
    await expect(tab).to_have_url(re.compile(r"\?since=$"))
    await expect(tab.get_by_text("300 events", exact=True)).to_be_visible()
    await rows(live, "run:7", 301, 301)
    await ends_with(events, 301)
    await tab.reload()

    await expect(tab.get_by_text("301 events", exact=True)).to_be_visible()


async def test_a_long_log_is_read_page_by_page(tab: Page, live: Headway, server: Address) -> None:
    """From its beginning to its end and back; the newest are a press away."""
    await rows(live, "run:7", 1, 2_300)
    events = await opened(tab, server, "run%3A7?since=")
    await expect(tab.get_by_text("Events 1 to 1,000")).to_be_visible()
    await expect(events.get_by_role("option").first).to_contain_text(re.compile(r"^1\d\d:"))
    await expect(tab.get_by_role("button", name="Earlier")).to_be_disabled()
    await tab.get_by_role("button", name="Later").click()
    await expect(tab.get_by_text("Events 1,001 to 2,000")).to_be_visible()
    await tab.reload()
    await expect(tab.get_by_text("Events 1,001 to 2,000")).to_be_visible()
    await tab.get_by_role("button", name="Earlier").click()
    await expect(tab.get_by_text("Events 1 to 1,000")).to_be_visible()
    await tab.get_by_role("button", name="Newest").click()

    await ends_with(events, 2_300)


async def test_a_position_is_gone_to(tab: Page, live: Headway, server: Address) -> None:
    """As it stands beside an event, or as an offset alone; what is neither is named."""
    await rows(live, "run:7", 1, 40)
    events = await opened(tab, server, "run%3A7")
    await ends_with(events, 40)
    await tab.get_by_label("Begin with").select_option("a position")
    await tab.get_by_label("After").fill("over there")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("alert").filter(has_text="epoch.offset")).to_be_visible()
    await tab.get_by_label("After").fill("35")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("5 events", exact=True)).to_be_visible()
    await events.get_by_role("option").first.click()
    await inspector(tab).get_by_role("button", name="Read around it").click()

    await expect(tab.get_by_text("24 events", exact=True)).to_be_visible()


async def test_a_gap_is_shown_as_what_it_is(tab: Page, live: Headway, server: Address) -> None:
    """A position of a log that is gone: a line at its place says so, and the events behind it follow."""
    await rows(live, "run:7", 1, 3)
    events = await opened(tab, server, "run%3A7?since=longgone.17")
    await expect(events.get_by_role("option").first).to_contain_text("Gap The log began anew")
    await ends_with(events, 3)
    await events.get_by_role("option").first.click()

    await expect(inspector(tab)).to_contain_text("longgone.17")


async def test_a_gap_that_comes_while_one_watches_is_shown_in_its_place(tab: Page) -> None:
    """The server comes back with another log: between what was and what is there is a gap."""
    first = Headway()
    async with serving(first) as server:
        events = await opened(tab, server, "run%3A7")
        await rows(first, "run:7", 1, 2)
        await ends_with(events, 2)
    second = Headway()
    async with serving(second, port=server.port):
        await is_live(tab)
        await rows(second, "run:7", 1, 1)
        await expect(events.get_by_role("option")).to_have_count(4, timeout=SOON)

        await expect(events.get_by_role("option").nth(2)).to_contain_text("Gap The log began anew")
        await leave(tab)


# Publishing


async def test_an_event_is_published(tab: Page, server: Address) -> None:
    """With type, key and data; it is told where it was stored, and appears in the list and the state."""
    events = await opened(tab, server, "run%3A7")
    form = tab.get_by_role("region", name="Publish")
    await form.get_by_label("Type").fill("checked")
    await form.get_by_label("Key").fill("a.csv")
    await form.get_by_label("Data").fill('{"percent": 12}')
    await form.get_by_label("Type").press("Enter")
    await expect(form.get_by_role("status")).to_have_text("Stored as event 1.")
    await ends_with(events, 1)

    await expect(tab.get_by_role("region", name="State").get_by_role("button", name="a.csv")).to_contain_text("12%")


@pytest.mark.parametrize(
    ("type", "data", "said"),
    [
        ("", "{}", "An event has a type"),
        ("row", "{percent: 40}", "The data is not JSON"),
        ("row", "[1]", "The data is an object"),
        ("row", '{"offset": 1}', "is a name of the event itself"),
        ("gap", "{}", "'gap'"),
    ],
    ids=["type", "json", "object", "reserved", "server"],
)
async def test_a_mistake_is_named_and_nothing_is_published(
    tab: Page, server: Address, type: str, data: str, said: str
) -> None:
    """What can be seen at once, and what only the server knows."""
    await opened(tab, server, "run%3A7")
    form = tab.get_by_role("region", name="Publish")
    await form.get_by_label("Type").fill(type)
    await form.get_by_label("Data").fill(data)
    await form.get_by_role("button", name="Publish").click()

    await expect(form.get_by_role("alert")).to_contain_text(said)
    await expect(tab.get_by_role("listbox")).to_contain_text("Nothing has been published")


async def test_who_may_not_is_not_offered_it(tab: Page, house: House) -> None:
    """The form is there where one may publish; a channel that may not be read says so, and nothing of it is shown."""
    await tab.goto(house.address.http("/channels/run%3A8"))
    await tab.wait_for_url("**/sign-in?to=*")
    await tab.get_by_label("Name").fill("ann")
    await tab.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", level=1)).to_have_text("run:8")
    await expect(tab.get_by_role("listbox")).to_contain_text("Nothing has been published")
    await expect(tab.get_by_role("region", name="Publish")).to_have_count(0)
    await tab.goto(house.address.http("/channels/run%3A7"))
    await expect(tab.get_by_role("region", name="Publish")).to_be_visible()
    await tab.goto(house.address.http("/channels/secret"))
    await expect(tab.get_by_role("alert").filter(has_text="cannot be followed")).to_be_visible()

    await expect(tab.get_by_role("listbox")).to_have_count(0)
    await leave(tab)


# For everybody


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_are_for_everybody(tab: Page, live: Headway, server: Address, scheme: str) -> None:
    """On a phone nothing is cut off, axe-core finds nothing serious, and all is reached with the keyboard; in light and
    in dark, empty and full, with an event and with a mistake."""
    await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width, height in (PHONE, (1440, 900)):
        await tab.set_viewport_size({"width": width, "height": height})
        await tab.goto(server.http("/channels"))
        await expect(tab.get_by_role("status").filter(has_text="channel")).to_be_visible()
        await _fine(tab)
        await live.publish("a" * 255, "t" * 128, {"note": "x" * 900, "percent": 99.5}, key="k" * 255)
        await rows(live, "a" * 255, 1, 30)
        await live.publish("short", "warning", {"n": 1})
        await tab.reload()
        await expect(tab.get_by_role("link", name="a" * 255)).to_be_visible()
        await _fine(tab)
        events = await opened(tab, server, f"{'a' * 255}?since=longgone.17")
        await events.focus()
        await tab.keyboard.press("Home")
        await expect(inspector(tab).get_by_role("heading")).to_have_text("Gap")
        await _fine(tab)
        await tab.keyboard.press("ArrowDown")
        await tab.get_by_role("region", name="Publish").get_by_label("Data").fill("{")
        await tab.get_by_role("button", name="Publish").click()
        await expect(tab.get_by_role("alert").filter(has_text="not JSON")).to_be_visible()
        await _fine(tab)


async def _fine(tab: Page) -> None:
    await fits(tab)
    await accessible(tab)
    assert await unreached(tab) == []


async def test_the_pages_work_below_a_path(tab: Page, live: Headway) -> None:
    """Mounted in somebody's application they find everything below the path."""
    async with serving(live, Kind.MOUNTED) as server:
        await rows(live, "run:7", 1, 2)
        await tab.goto(server.http("/channels"))
        await tab.get_by_role("link", name="run:7").click()
        await ends_with(tab.get_by_role("listbox"), 2)
        await leave(tab)
