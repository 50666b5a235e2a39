"""A real Chromium, and a tab in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.chromium import Chromium, launched


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    """The machine's Chromium, which ends with the test in any case: contexts that a test makes need no closing."""
    async with launched() as found:
        yield found


@pytest.fixture
async def browser(chromium: Chromium) -> Browser:
    """The same, to make contexts of."""
    return chromium.browser


@pytest.fixture
async def context(chromium: Chromium) -> AsyncIterator[BrowserContext]:
    """A browser as new, in which nothing may go wrong that nobody sees."""
    made = await chromium.browser.new_context()
    mistakes: list[str] = []
    made.on("weberror", lambda error: mistakes.append(str(error.error)))
    made.on("console", lambda line: mistakes.append(line.text) if _a_mistake(line) else None)
    yield made
    await chromium.end(made.close())

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
