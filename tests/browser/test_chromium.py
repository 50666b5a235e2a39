"""The browser of the tests themselves: no test waits for one that does not answer."""

from __future__ import annotations

import os
import signal

import pytest

from headway.testing.waiting import wait_until
from tests.browser.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


async def test_what_answers_is_closed(chromium: Chromium) -> None:
    """And the browser lives on."""
    context = await chromium.browser.new_context()
    await context.new_page()
    await chromium.end(context.close())

    assert chromium.browser.is_connected()
    assert chromium.browser.contexts == []


async def test_what_does_not_answer_is_killed(chromium: Chromium) -> None:
    """A browser that stands still never says that a context is closed: it is ended by its process id, and nobody waits
    on."""
    context = await chromium.browser.new_context()
    await context.new_page()
    os.kill(chromium.process, signal.SIGSTOP)
    await chromium.end(context.close(), within=0.5)

    await wait_until(lambda: not chromium.browser.is_connected())
