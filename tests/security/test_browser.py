"""Event data in a real browser: text is shown, and never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from headway.server.live import Headway
from headway.testing.serving import serving
from tests.browser.chromium import launched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

PAYLOADS = (
    "<script>window.pwned = 1; alert(1)</script>",
    "<img src=x onerror='window.pwned = 1; alert(1)'>",
    "<svg onload='window.pwned = 1; alert(1)'>",
    "\"><iframe srcdoc='<script>parent.pwned = 1</script>'></iframe>",
    "javascript:window.pwned=1",
    "</textarea></title></style></script><script>window.pwned = 1</script>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "&lt;script&gt;window.pwned = 1&lt;/script&gt;",
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium, with every context of it."""
    async with launched() as found:
        yield found.browser


async def _watching(page: Page, heard: list[str]) -> None:
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: heard.append(request.url) if request.url.endswith("/x") else None)


async def test_script_in_event_data(browser: Browser) -> None:
    """Tried: markup and script in event types, keys, data and the channel's name. Shown: text. No dialog opens, no
    script runs, nothing is loaded."""
    live = Headway()
    channel = "run:<img/src=x/onerror=alert(1)>"
    async with serving(live) as server:
        for payload in PAYLOADS:
            visible = payload.replace(" ", "/")
            await live.publish(channel, visible[:100], {payload: payload, "nested": [payload]}, key=visible[:100])
        context = await browser.new_context()
        page = await context.new_page()
        heard: list[str] = []
        await _watching(page, heard)
        await page.goto(server.http(f"/channels/{quote(channel, safe='')}?since="))

        await expect(page.locator("body")).to_contain_text("window.pwned = 1; alert(1)</script>", timeout=20_000)
        await live.publish(channel, "last", {"text": "the end of it"})
        await expect(page.locator("body")).to_contain_text("the end of it")
        assert heard == []
        assert await page.evaluate("window.pwned") is None
        assert await page.locator("main img, main iframe, main script, main svg[onload]").count() == 0


async def test_script_in_the_address(browser: Browser) -> None:
    """Tried: markup in the address of the page, as a link in a mail has it. Nothing runs."""
    async with serving(Headway()) as server:
        context = await browser.new_context()
        page = await context.new_page()
        heard: list[str] = []
        await _watching(page, heard)
        for payload in PAYLOADS:
            # Else only what stands behind the `#` would be new, and the page would not be loaded again.
            await page.goto("about:blank")
            await page.goto(server.http(f"/?channel={payload}&token={payload}#token={payload}"))
            await page.wait_for_load_state("networkidle")

            assert (heard, await page.evaluate("window.pwned")) == ([], None)


async def test_a_script_that_runs_is_seen(browser: Browser) -> None:
    """Control: in a page that puts the same text in as markup, the browser opens a dialog and asks for the image."""
    context = await browser.new_context()
    page = await context.new_page()
    heard: list[str] = []
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    async with page.expect_event("dialog") as asked:
        await page.set_content(f"<p>{PAYLOADS[1]}</p>", wait_until="commit")
    await (await asked.value).dismiss()

    assert heard == ["1"]
    assert await page.evaluate("window.pwned") == 1
