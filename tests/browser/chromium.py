"""A Chromium that a test has for itself, and that ends with it, whatever it is doing at that moment.

Whoever closes a tab or a context asks Chromium to, and waits for its answer. One that is in the middle of a navigation,
on a machine with much else to do, now and then never gives it, and Playwright waits without a bound. So nothing here
waits longer than a bound, and a Chromium that does not answer by then is killed by its process id.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Coroutine
from typing import Final

import pytest
from playwright.async_api import Browser, Error, Page, async_playwright

from tests.seeds.homes import CHROMIUM_FLAGS, CHROMIUM_NAMES

__all__ = ["CLOSING_SECONDS", "Chromium", "launched", "leave"]

CLOSING_SECONDS: Final = 10.0
"""Closing takes a tenth of a second, and a second or two on a machine that is busy."""


class Chromium:
    """One that runs."""

    def __init__(self, browser: Browser, process: int) -> None:
        self.browser = browser
        self.process = process
        """Its process id; what it has started ends with it."""

    async def end(self, closing: Coroutine[None, None, None], within: float = CLOSING_SECONDS) -> None:
        """Wait for a part of it, or for all of it, to be closed; it is killed if it does not answer."""
        waiting = asyncio.ensure_future(closing)
        await asyncio.wait([waiting], timeout=within)
        if waiting.done():
            waiting.result()
            return
        self.kill()
        # What waits for a browser that is gone ends with an error.
        await asyncio.wait([waiting], timeout=within)
        waiting.cancel()
        with contextlib.suppress(Error, asyncio.CancelledError):
            await waiting

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)


@contextlib.asynccontextmanager
async def launched() -> AsyncIterator[Chromium]:
    """The machine's Chromium. Skips the test where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine; install one (on Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        chromium = Chromium(browser, await _process_of(browser))
        yield chromium
        await chromium.end(browser.close())


async def leave(tab: Page) -> None:
    """Close a tab whose server ends before its browser does. One that does not answer is left to the browser's end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            await tab.close()


async def _process_of(browser: Browser) -> int:
    # Playwright does not tell it; Chromium does.
    session = await browser.new_browser_cdp_session()
    told = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return next(int(one["id"]) for one in told["processInfo"] if one["type"] == "browser")
