"""Rows for workers: how many at a time, and what becomes of those under way when it is to hold still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from headway.apps.imports.engine.dispatching import Course, Dispatcher
from headway.apps.imports.engine.feeding import Feed
from headway.apps.imports.engine.interface import Row
from headway.errors import HeadwayError
from headway.pingone.exchange import Trail
from headway.tasks.gate import Gate
from headway.tasks.model import Status
from headway.testing.waiting import wait_until


def chunks(number: int) -> Iterator[list[Row]]:
    """So many rows, three at a time."""
    rows = [Row(n, f"user{n}", {}) for n in range(1, number + 1)]
    for at in range(0, number, 3):
        yield rows[at : at + 3]


@asynccontextmanager
async def fed(number: int) -> AsyncIterator[Feed]:
    """A feed of so many rows."""
    feed = Feed(chunks(number), lambda _: False, lambda _: None)
    try:
        yield feed
    finally:
        await feed.close()


async def test_every_row_is_handled_once_and_so_many_at_a_time() -> None:
    """All rows come, each once, and never more at once than chosen."""
    seen: list[int] = []
    now = most = 0
    full = asyncio.Event()

    async def handle(row: Row, course: Course) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 7:
            full.set()
        await full.wait()
        await asyncio.sleep(0)
        now -= 1
        seen.append(row.number)

    async with fed(100) as feed:
        dispatcher = Dispatcher(feed, handle, Gate(), 7)
        await dispatcher.round()

        assert dispatcher.ended
    assert sorted(seen) == list(range(1, 101))
    assert most == 7


async def test_what_has_not_left_is_called_off_and_what_has_may_come_back() -> None:
    """When the gate shuts, rows that only wait are handed back at once, and those that are out are waited for."""
    gate, answer, done = Gate(), asyncio.Event(), list[int]()
    under_way: list[Course] = []

    async def handle(row: Row, course: Course) -> None:
        course.trail = Trail(away=row.number == 1)
        under_way.append(course)
        await answer.wait()
        done.append(row.number)

    async with fed(5) as feed:
        dispatcher = Dispatcher(feed, handle, gate, 3, linger=60)
        round = asyncio.create_task(dispatcher.round())
        await wait_until(lambda: len(under_way) == 3)
        gate.want(Status.PAUSED)
        await wait_until(lambda: sum(course.row is not None for course in under_way) == 3 and not round.done())
        await wait_until(lambda: len([task for task in asyncio.all_tasks() if task.get_name() == "import worker"]) == 1)
        answer.set()
        await round
        first = list(done)
        gate.want(Status.RUNNING)
        await dispatcher.round()

        assert first == [1]
        assert sorted(done) == [1, 2, 3, 4, 5]
        assert dispatcher.ended


async def test_what_does_not_come_back_in_time_is_handed_back() -> None:
    """After a while what is out is called off, too."""
    gate = Gate()

    async def handle(row: Row, course: Course) -> None:
        course.changing = True
        gate.want(Status.PAUSED)
        await asyncio.Event().wait()

    async with fed(2) as feed:
        dispatcher = Dispatcher(feed, handle, gate, 1, linger=0.01)
        await dispatcher.round()

        assert not dispatcher.ended
        assert [row.number for row in iter(feed.take, None)] == [1, 2]


async def test_an_error_ends_the_round_and_its_row_comes_again() -> None:
    """What a row raises is raised when nothing is under way any more; the row is the next one to be taken."""

    async def handle(row: Row, course: Course) -> None:
        if row.number == 4:
            raise HeadwayError("stop")

    async with fed(9) as feed:
        dispatcher = Dispatcher(feed, handle, Gate(), 2)
        with pytest.raises(HeadwayError, match="stop"):
            await dispatcher.round()

        first = feed.take()
        assert first is not None
        assert first.number == 4
        assert not dispatcher.ended


async def test_a_file_that_cannot_be_read_on_ends_the_round() -> None:
    """What reading raises is raised."""

    def broken() -> Iterator[list[Row]]:
        yield [Row(1, "ada", {})]
        raise HeadwayError("the file has changed")

    async def handle(row: Row, course: Course) -> None:
        await asyncio.sleep(0)

    feed = Feed(broken(), lambda _: False, lambda _: None)
    with pytest.raises(HeadwayError, match="changed"):
        await Dispatcher(feed, handle, Gate(), 3).round()
    await feed.close()


async def test_rows_that_are_done_with_are_left_out_and_the_others_prepared() -> None:
    """A feed skips what it is told to, and has the rest prepared."""
    feed = Feed(chunks(10), lambda number: number % 2 == 0, lambda row: row.body.update(seen=True))
    taken = []
    while await feed.refill():
        row = feed.take()
        assert row is not None
        taken.append(row)
    await feed.close()

    assert [row.number for row in taken] == [1, 3, 5, 7, 9]
    assert all(row.body["seen"] for row in taken)
