"""What the tests of the dashboard share: tasks that do what the test says, and what is asked of every page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, TimeoutError, expect

from headway import Cancelled
from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, IllegalTransition
from headway.tasks.task import Task
from headway.tasks.work import Work
from headway.testing.waiting import wait_until

__all__ = [
    "FUTURE",
    "PHONE",
    "accessible",
    "becomes",
    "card",
    "failed",
    "fits",
    "is_live",
    "jobs",
    "task_id",
    "toast",
    "unreached",
    "working",
]

PHONE = (360, 740)
FUTURE = 4_102_444_800.0
"""The year 2100: a task of then waits as long as any test."""
SOON = 20_000
"""Milliseconds: a page waits for seconds before it goes round what blocks it."""
AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"

jobs = Jobs()


@jobs.job("noop")
async def noop(work: Work) -> str:
    """Nothing."""
    return "nothing was done"


async def task_id(task: Task) -> str:
    """The task's id, as soon as it has one."""
    await wait_until(lambda: task.id is not None)
    assert task.id is not None
    return task.id


@contextlib.asynccontextmanager
async def working(live: Headway, name: str, total: int | None = None, **more: Any) -> AsyncIterator[Task]:
    """A task whose work does nothing by itself, but looks all the time what is wanted of it: it holds still, goes on
    and stops as asked. Any: options of a task."""
    task = live.task(name, total, **more)

    async def look() -> None:
        with contextlib.suppress(Cancelled):
            async with task:
                while not done.is_set():
                    await task.apoint()
                    await asyncio.wait([waiting], timeout=0.01)

    done = asyncio.Event()
    waiting = asyncio.create_task(done.wait())
    looking = asyncio.create_task(look())
    try:
        await task_id(task)
        yield task
    finally:
        done.set()
        if task.id is not None:
            with contextlib.suppress(IllegalTransition):  # one that is held would wait for ever; others refuse it
                await live.running.parts.tasks.request(task.id, Action.RESUME, None)
        await looking
        await waiting


async def failed(live: Headway, name: str, message: str) -> str:
    """A task that has failed; its id."""
    task = live.task(name, 10)
    async with task:
        task.advance(3, outcome="copied")
        task.fail(message)
    return await task_id(task)


async def is_live(tab: Page, transport: str = "WebSocket") -> None:
    """Wait until the page says that it is live, and over what."""
    await expect(tab.locator(".headway-connection")).to_have_attribute("data-status", "live", timeout=SOON)
    await expect(tab.locator(".headway-transport")).to_have_text(transport, timeout=SOON)


def card(tab: Page, name: str) -> Locator:
    """The card of a task that goes on."""
    return tab.get_by_role("listitem").filter(has=tab.get_by_role("heading", name=name, exact=True))


def toast(tab: Page, text: str) -> Locator:
    """What is told in the corner."""
    return tab.locator("[data-tone]:has(> button[aria-label=Dismiss])").filter(has_text=text)


async def unreached(tab: Page) -> list[str]:
    """What can be pressed and is not shown to the keyboard: everything that has the focus shows it."""
    return list(
        await tab.evaluate(
            """() => [...document.querySelectorAll('a[href], button, input, select, [tabindex="0"]')]
                .filter((one) => one.checkVisibility() && one.tabIndex < 0 && one.id !== 'content')
                .map((one) => one.outerHTML)"""
        )
    )


async def becomes(found: Locator, condition: str) -> None:
    """Wait until something holds of an element: a function of JavaScript that is given it."""
    await found.page.wait_for_function(condition, arg=await found.element_handle())


async def fits(tab: Page) -> None:
    """Nothing needs scrolling sideways, as soon as the page has taken note of its size."""
    with contextlib.suppress(TimeoutError):
        await tab.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth", timeout=5_000)
    width, room = await tab.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")

    assert width <= room


async def accessible(tab: Page) -> None:
    """axe-core finds nothing serious, in whatever the page shows now."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run `make setup`")
    await tab.evaluate(AXE.read_text())
    found = await tab.evaluate(
        """async () => {
          // A colour that is still changing is none that anybody reads.
          await Promise.allSettled(document.getAnimations().filter(({ effect }) =>
            effect.getComputedTiming().endTime !== Infinity).map(({ finished }) => finished));
          const { violations } = await axe.run({ resultTypes: ['violations'] });
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`)]);
        }"""
    )

    assert found == [], found
