"""A real Chromium, and a tab in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.seeds.homes import CHROMIUM_FLAGS, CHROMIUM_NAMES


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine; install one (on Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield found
        await found.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser as new, in which nothing may go wrong that nobody sees."""
    made = await browser.new_context()
    mistakes: list[str] = []
    made.on("weberror", lambda error: mistakes.append(str(error.error)))
    made.on("console", lambda line: mistakes.append(line.text) if _a_mistake(line) else None)
    yield made
    await made.close()

    assert mistakes == []


@pytest.fixture
async def tab(context: BrowserContext) -> Page:
    """A tab of it."""
    return await context.new_page()


def _a_mistake(line: ConsoleMessage) -> bool:
    """Every error, except that a browser calls it one where a server refuses something or is gone."""
    return "Content Security Policy" in line.text or (
        line.type == "error" and "Failed to load resource" not in line.text and "WebSocket connection" not in line.text
    )
