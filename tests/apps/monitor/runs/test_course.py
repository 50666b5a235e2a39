"""The course of a run: how many at once, in which order, and how it holds still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from headway.apps.monitor.runs.course import Course
from headway.apps.monitor.runs.model import Ending, Kind, Result, Test
from headway.testing.waiting import wait_until


class Stopped(Exception):
    """What `hold` raises where the run is to end."""


class Stage:
    """Tests that end when they are told to; a gate; and who hears. Implements all that a course is given."""

    def __init__(self, *tests: Test, parallel: int = 2, browsers: int = 1) -> None:
        self.shut = self.cancelled = False
        self.log: list[str] = []
        self.doors: dict[str, asyncio.Event] = {test.name: asyncio.Event() for test in tests}
        self.went_on = asyncio.Event()
        self.course = Course(tests, self.conduct, self, self, parallel=parallel, browsers=browsers)
        self.going = asyncio.create_task(self.course.go())

    async def conduct(self, test: Test, waiting: Callable[[str], None]) -> Result:
        try:
            await self.doors[test.name].wait()
        except asyncio.CancelledError:
            self.log.append(f"x{test.name}")
            raise
        return Result(Ending.PASSED, 0.0)

    async def began(self, test: Test) -> None:
        self.log.append(f"+{test.name}")

    async def ended(self, test: Test, result: Result) -> None:
        self.log.append(f"-{test.name}")

    async def hold(self) -> None:
        if self.cancelled:
            raise Stopped
        self.log.append("held")
        await self.went_on.wait()

    async def look(self) -> None:
        pass


def a(name: str, *, browser: bool = False) -> Test:
    """A test."""
    return Test(name, 1, name, name, "production", Kind.LOGIN if browser else Kind.HEALTH, browser)


async def test_so_many_at_once_in_their_order() -> None:
    """The next begins when one has ended."""
    stage = Stage(a("1"), a("2"), a("3"))
    await wait_until(lambda: len(stage.log) == 2)
    stage.doors["2"].set()
    await wait_until(lambda: len(stage.log) == 4)
    stage.doors["1"].set()
    stage.doors["3"].set()
    await stage.going

    assert stage.log[:4] == ["+1", "+2", "-2", "+3"]
    assert sorted(stage.log[4:]) == ["-1", "-3"]


async def test_what_needs_no_browser_does_not_wait_for_one() -> None:
    """And who waits for one says so."""
    stage = Stage(a("b1", browser=True), a("b2", browser=True), a("h"), parallel=3)
    await wait_until(lambda: len(stage.log) == 2)
    why = stage.course.waiting
    stage.doors["b1"].set()
    await wait_until(lambda: "+b2" in stage.log)
    for door in stage.doors.values():
        door.set()
    await stage.going

    assert stage.log[:2] == ["+b1", "+h"]
    assert why == "waiting for 1 of 1 browser"


async def test_it_holds_still_when_nothing_is_under_way_any_more() -> None:
    """Nothing begins meanwhile; then it goes on."""
    stage = Stage(a("1"), a("2"), parallel=1)
    await wait_until(lambda: stage.log == ["+1"])
    stage.shut = True
    stage.doors["1"].set()
    stage.doors["2"].set()
    await wait_until(lambda: stage.log[-1] == "held")
    stage.shut = False
    stage.went_on.set()
    await stage.going

    assert stage.log == ["+1", "-1", "held", "+2", "-2"]


async def test_a_cancel_ends_what_is_under_way() -> None:
    """What has ended by then is taken; nothing else is."""
    stage = Stage(a("1"), a("2"), a("3"))
    await wait_until(lambda: len(stage.log) == 2)
    stage.shut = stage.cancelled = True

    with pytest.raises(Stopped):
        await stage.going
    assert stage.log == ["+1", "+2", "x1", "x2"]


async def test_cancelling_it_leaves_no_test() -> None:
    """A server that stops does so."""
    stage = Stage(a("1"))
    await wait_until(lambda: stage.log == ["+1"])
    stage.going.cancel()

    with pytest.raises(asyncio.CancelledError):
        await stage.going
    assert stage.log == ["+1", "x1"]
