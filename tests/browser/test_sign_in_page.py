"""The page to sign in, in a real Chromium: what a person sees there, and where it leads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Page, Route, expect

from headway.testing.serving import Kind
from tests.browser.chromium import leave
from tests.server.guests import PASSWORD, House, guarded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


async def sign_in(tab: Page, house: House, user: str = "ann", password: str = PASSWORD, to: str = "") -> None:
    """Fill in the page, with the keyboard alone."""
    await tab.goto(house.address.http("/sign-in") + (f"?to={quote(to, safe='')}" if to else ""))
    await expect(tab.get_by_label("Name")).to_be_focused()
    await tab.keyboard.type(user)
    await tab.get_by_label("Password", exact=True).fill(password)
    await tab.keyboard.press("Enter")


async def test_a_wrong_password_is_told_beside_the_form(tab: Page, house: House) -> None:
    """The sentence is announced, the fields are marked, and the password stands selected for the next try."""
    await sign_in(tab, house, password="wrong password")

    await expect(tab.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await expect(tab.get_by_label("Password", exact=True)).to_be_focused()
    await expect(tab.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")
    await tab.keyboard.type(PASSWORD)
    await expect(tab.get_by_role("alert")).to_be_hidden()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("banner")).to_contain_text("ann")


async def test_too_many_tries_are_told_with_the_time_to_wait(tab: Page, house: House) -> None:
    """429 is a sentence with seconds in it, not a code."""
    for number in range(10):
        await house.post("/api/sign-in", {"user": f"user{number}", "password": "wrong password"})
    await sign_in(tab, house)

    await expect(tab.get_by_role("alert")).to_have_text("Too many tries. Wait 10 seconds, then try again.")


async def test_a_server_that_is_gone_is_told(tab: Page, house: House) -> None:
    """Offline, and a proxy's page in the server's place, are both no answer; the form stays as it was filled in."""
    await tab.goto(house.address.http("/sign-in"))
    await tab.get_by_label("Name").fill("ann")
    await tab.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.context.set_offline(True)
    await tab.get_by_role("button", name="Sign in").click()
    await expect(tab.get_by_role("alert")).to_have_text(
        "The server cannot be reached. Check your connection, then try again."
    )
    await tab.context.set_offline(False)
    await tab.route("**/api/sign-in", _bad_gateway)
    await tab.get_by_role("button", name="Sign in").click()
    await expect(tab.get_by_role("alert")).to_contain_text("cannot be reached")
    await tab.unroute("**/api/sign-in")
    await tab.get_by_role("button", name="Sign in").click()

    await expect(tab.get_by_role("banner")).to_contain_text("ann")


FOREIGN = [
    "//evil.example/x",
    "\\\\evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n//evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:window.broken=1",
    " javascript:window.broken=1",
    "data:text/html,x",
    "evil",
    "http://[",
    "/sign-in?to=/sign-in",
]


async def test_nobody_is_led_elsewhere(tab: Page, house: House) -> None:
    """Whatever `?to=` says that is no path of ours, the way on leads to our first page; who signs in lands there."""
    left: list[str] = []
    tab.on("request", lambda request: left.append(request.url) if "evil" in request.url.partition("?")[0] else None)
    for to in FOREIGN:
        await tab.goto(house.address.http(f"/sign-in?to={quote(to, safe='')}"))

        assert await tab.locator("#back").evaluate("one => one.href") == house.address.http("/"), to
    await sign_in(tab, house, to="//evil.example/x")
    await expect(tab.get_by_role("banner")).to_contain_text("ann")

    await expect(tab).to_have_url(house.address.http("/"))
    assert left == []


async def test_below_a_path_another_application_is_elsewhere(tab: Page, tmp_path: Path) -> None:
    """Mounted, the pages work below their path, and lead to nothing above it."""
    async with guarded(tmp_path, kind=Kind.MOUNTED) as house:
        await sign_in(tab, house, to="/admin")
        await expect(tab.get_by_role("banner")).to_contain_text("ann")
        await expect(tab).to_have_url(house.address.http("/"))
        await leave(tab)


async def test_the_form_is_for_password_managers_and_for_all_readers(tab: Page, house: House) -> None:
    """The fields say what they are, nothing is sent without a script, and a keyboard reaches everything, visibly."""
    await tab.goto(house.address.http("/sign-in"))
    user, password = tab.get_by_label("Name"), tab.get_by_label("Password", exact=True)

    await expect(user).to_have_attribute("autocomplete", "username")
    await expect(password).to_have_attribute("autocomplete", "current-password")
    await expect(tab.locator("form")).to_have_attribute("method", "post")
    assert await tab.locator("html").get_attribute("lang") == "en"
    for stop in ("user", "show", "password", "submit", "back"):
        await expect(tab.locator(f"#{stop}")).to_be_focused()
        await expect(tab.locator(f"#{stop}")).not_to_have_css("outline-style", "none")
        await tab.keyboard.press("Tab")
    await tab.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "text")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_on_a_phone_in_any_light(tab: Page, house: House, scheme: str) -> None:
    """At 360 pixels nothing needs scrolling sideways, the error neither; every text stands out (WCAG AA, 4.5 to 1)."""
    await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await tab.set_viewport_size({"width": 360, "height": 740})
    await sign_in(tab, house, user="n" * 64, password="wrong password")
    await expect(tab.get_by_role("alert")).to_be_visible()

    assert await tab.evaluate("() => document.documentElement.scrollWidth") <= 360
    for height in await tab.eval_on_selector_all("input, #submit", "all => all.map(one => one.clientHeight)"):
        assert height >= 40
    assert await tab.evaluate(LEAST_CONTRAST) >= 4.5


async def test_an_open_server_says_that_nobody_signs_in(tab: Page, tmp_path: Path) -> None:
    """Where it makes no sense to sign in the page says so, instead of asking for a password."""
    async with guarded(tmp_path, secret=None) as house:
        await tab.goto(house.address.http("/sign-in"))
        await expect(tab.locator("#lead")).to_contain_text("needs no sign-in")
        await expect(tab.locator("form")).to_be_hidden()
        await tab.goto(house.address.http("/"))
        await expect(tab.get_by_role("region", name="Server")).to_contain_text("Healthy")
        await expect(tab.get_by_role("button", name="Sign out")).to_be_hidden()
        await leave(tab)


async def test_a_server_without_users_says_how_to_add_one(tab: Page, tmp_path: Path) -> None:
    """With a secret and nobody who signs in the page names the command."""
    async with guarded(tmp_path, users=None) as house:
        await tab.goto(house.address.http("/sign-in"))
        await expect(tab.locator("#lead")).to_contain_text("headway user add")
        await leave(tab)


LEAST_CONTRAST = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [r, g, b] = rgb(color).map((part) => part / 255).map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    while (node && rgb(getComputedStyle(node).backgroundColor)[3] === 0) node = node.parentElement;
    return node ? getComputedStyle(node).backgroundColor : "white";
  };
  const texts = [...document.querySelectorAll("body *")].filter((node) =>
    node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  return Math.min(...texts.map((node) => {
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
}"""
"""The least contrast of any visible text on the page, as WCAG 2.2 counts it."""


async def _bad_gateway(route: Route) -> None:
    await route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")
