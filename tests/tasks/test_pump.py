"""Reports on their way: how often, in which order, and what becomes of them where there is no way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from headway.codes import Code
from headway.errors import Closed, HeadwayError
from headway.tasks.interface import Item, Outlet
from headway.tasks.model import Action, Happening, Status
from headway.tasks.task import Cancelled, Task
from headway.testing.waiting import wait_until
from tests.tasks.desks import Office, away, office


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    """A desk with a real service behind it."""
    async with office() as made:
        yield made


@pytest.fixture
async def task(at: Office) -> Task:
    """A task that was begun."""
    task = Task(at.desk, "work", 100).start()
    await at.steps.all_wait()
    return task


async def test_ten_reports_a_second_at_most(at: Office, task: Task) -> None:
    """However often the numbers change, a second has ten reports."""
    for _ in range(100):
        task.advance()
        await at.steps.let_pass(0.01)

    assert 9 <= len(at.way.reports) <= 11


async def test_two_reports_a_second_at_least(at: Office, task: Task) -> None:
    """A task that does nothing gives signs of life, so it is not taken for dead."""
    await at.steps.let_pass(20.0)

    assert 32 <= len(at.way.reports) <= 41
    await at.service.keep()
    assert (await at.state(task.id)).status is Status.RUNNING


async def test_the_numbers_of_reports_grow_by_one(at: Office, task: Task) -> None:
    """Each report has the next number, from 1."""
    for _ in range(5):
        task.advance()
        await at.steps.let_pass(0.2)
    task.complete()
    await at.nothing_left()

    assert [report.number for report in at.way.reports] == list(range(1, len(at.way.reports) + 1))
    assert at.way.reports[-1].happened is Happening.COMPLETED


async def test_the_last_value_arrives_with_the_end(at: Office, task: Task) -> None:
    """What changed in the same moment in which it ended is told with the end, at once."""
    task.advance(42)
    task.complete({"rows": 42})
    await at.nothing_left()

    state = await at.state(task.id)
    assert (state.status, state.progress.done, state.result) == (Status.COMPLETED, 42, {"rows": 42})


async def test_a_report_without_an_answer_is_sent_again_and_told_once(at: Office, task: Task) -> None:
    """The answer to a report is lost three times: it is the same report each time, and its items are told once."""
    at.way.answers_to_lose = 3
    task.item("row 1", "created")
    task.item("row 2", "failed", "no such user")
    await at.steps.let_pass(10.0)

    first = [report for report in at.way.reports if report.number == 1]
    assert len(first) == 4
    assert all(report is first[0] for report in first)
    events = await at.events(task.channel)
    assert [event["item"] for event in events if event["type"] == "task_item"] == ["row 1", "row 2"]


async def test_an_end_whose_answer_was_lost_is_an_end(at: Office, task: Task) -> None:
    """The service took the end, and tells nobody twice that the task is over."""
    at.way.answers_to_lose = 1
    task.complete()
    await at.steps.all_wait()
    at.clock.advance(1.0)
    await at.nothing_left()

    events = await at.events(task.channel)
    assert [event["type"] for event in events].count("task_completed") == 1


async def test_a_server_that_is_away_gets_what_is_newest(
    at: Office, task: Task, caplog: pytest.LogCaptureFixture
) -> None:
    """While nobody answers the work goes on; afterwards the newest numbers are told, and every item."""
    at.way.barred = away()
    with caplog.at_level(logging.INFO):
        for number in range(50):
            task.advance()
            task.item(f"row {number}", "created")
            await at.steps.let_pass(1.0)
        at.way.barred = None
        await at.steps.let_pass(10.0)

    assert (await at.state(task.id)).progress.done == 50
    items = [event["item"] for event in await at.events(task.channel) if event["type"] == "task_item"]
    assert items == [f"row {number}" for number in range(50)]
    said = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "headway.tasks"]
    assert [level for level, _ in said] == ["WARNING", "INFO"]
    assert "connection refused" in said[0][1]


async def test_it_is_tried_less_and_less_often(at: Office, task: Task) -> None:
    """The pauses between two tries grow to five seconds, and are short again after a success."""
    at.way.barred = away()
    task.advance()
    before = at.way.tries
    await at.steps.let_pass(60.0)
    assert 12 <= at.way.tries - before <= 17
    at.way.barred = None
    await at.steps.let_pass(6.0)
    at.way.barred = away()
    task.advance()
    before = at.way.tries
    await at.steps.let_pass(1.0)
    assert at.way.tries - before >= 2


async def test_a_begin_is_tried_again_too(at: Office) -> None:
    """A task that begins while nobody is there is begun when somebody is: once."""
    at.way.barred = away()
    task = Task(at.desk, "work", 10).start()
    await at.steps.let_pass(3.0)
    assert task.id is None
    at.way.barred = None
    await at.steps.let_pass(6.0)

    assert len(at.way.begun) == 1
    assert (await at.state(task.id)).status is Status.RUNNING


async def test_more_than_can_wait_is_counted(at: Office, task: Task) -> None:
    """Of 12,000 lines that nobody took, the newest 10,000 are told, and in place of the others how many there were."""
    at.way.barred = away()
    for number in range(12_000):
        task.log(f"line {number}")
    await at.steps.let_pass(1.0)
    at.way.barred = None
    await at.steps.let_pass(10.0)
    lines = [line.message for report in at.way.reports for line in report.lines]

    told = [line for line in lines if line.startswith("line ")]
    (hole,) = [line for line in lines if not line.startswith("line ")]
    assert told[-10_000:] == [f"line {number}" for number in range(2_000, 12_000)]
    assert hole == f"{12_000 - len(told)} items and lines are missing here: they could not be reported"


async def test_a_server_that_forgot_the_task_is_told_anew(at: Office, task: Task) -> None:
    """Nothing was kept of the task: it is begun as another one, and goes on there with what it has."""
    task.advance(10)
    old, _ = task.child("old"), task.child("quiet")
    await at.steps.let_pass(0.2)
    first = task.id
    assert first is not None
    at.way.forgotten.add(first)
    task.item("row 11", "created")
    old.advance()
    await at.steps.let_pass(1.0)

    assert task.id != first
    parts = [event for event in await at.events(task.channel) if "parent" in event]
    assert {(event["name"], event["parent"]) for event in parts} == {("old", task.id), ("quiet", task.id)}
    state = await at.state(task.id)
    assert (state.status, state.progress.done) == (Status.RUNNING, 10)
    assert "row 11" in [event.get("item") for event in await at.events(task.channel)]


async def test_what_can_never_be_taken_is_left_out(at: Office, task: Task, caplog: pytest.LogCaptureFixture) -> None:
    """An item that no channel takes does not keep the numbers from being told, and its loss is said."""
    task.advance(5)
    task.backlog.put(Item("row", "created", more={"offset": 7}))
    await at.steps.let_pass(1.0)

    assert (await at.state(task.id)).progress.done == 5
    lines = [event["message"] for event in await at.events(task.channel) if event["type"] == "task_log"]
    assert len(lines) == 1
    assert lines[0].startswith("1 items and lines are missing here: ")
    assert "left out" in caplog.text


async def test_who_lost_the_task_stops(at: Office, task: Task) -> None:
    """Somebody ended the task while its owner was thought dead: nothing more is reported, and the next point raises."""
    at.way.barred = away()
    await at.steps.let_pass(1.0)
    at.clock.advance(30.0)
    await at.service.keep()
    assert (await at.state(task.id)).status is Status.INTERRUPTED
    await at.service.request(task.id or "", Action.CANCEL)
    at.way.barred = None
    at.clock.advance(10.0)
    await at.nothing_left()

    with pytest.raises(Cancelled):
        task.point()


async def test_who_was_only_cut_off_goes_on(at: Office, task: Task) -> None:
    """Its server took it for dead. Its next report says that it is not, and the work has noticed nothing."""
    at.way.barred = away()
    await at.steps.let_pass(1.0)
    at.clock.advance(30.0)
    await at.service.keep()
    at.way.barred = None
    task.advance()
    await at.steps.let_pass(10.0)

    task.point()
    assert (await at.state(task.id)).status is Status.RUNNING


async def test_a_refusal_is_no_reason_to_stop_the_work(at: Office, caplog: pytest.LogCaptureFixture) -> None:
    """A token that is not taken costs the report, and one warning; the work goes on."""
    at.way.barred = HeadwayError("a token is needed", code=Code.UNAUTHORIZED)
    task = Task(at.desk, "work").start()
    await at.nothing_left()

    task.advance()
    task.point()
    assert task.id is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_mistake_of_the_outlet_is_no_reason_either(at: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever an outlet raises, the work goes on, and the log has the traceback."""

    async def broken() -> Outlet:
        raise RuntimeError("a mistake")

    at.open_outlet = broken
    task = Task(at.desk, "work").start()
    await at.nothing_left()

    task.point()
    assert "a mistake" in caplog.text


async def test_whoever_waits_goes_on_when_nobody_is_left_to_say_so(at: Office, task: Task) -> None:
    """A paused task whose outlet is closed is not held up for ever."""
    await at.service.request(task.id or "", Action.PAUSE)
    await at.steps.let_pass(1.0)
    waiting = asyncio.create_task(task.apoint())
    await wait_until(lambda: task.gate.held)
    at.way.barred = Closed("closed")
    at.clock.advance(1.0)

    await asyncio.wait_for(waiting, 5)


async def test_a_closed_desk_takes_nothing(at: Office) -> None:
    """After its end nothing begins any more, and the caller is told."""
    task = Task(at.desk, "before").start()
    await at.steps.all_wait()
    await at.desk.close(0.0)

    with pytest.raises(Closed):
        async with Task(at.desk, "after"):
            pass
    task.advance()


async def test_many_lines_come_in_several_reports(at: Office, task: Task) -> None:
    """What a second has to tell goes in pieces that a request can hold, in order, and the end comes last."""
    for number in range(1_750):
        task.log(f"line {number}")
    task.complete()
    await at.nothing_left()

    assert [len(report.lines) for report in at.way.reports] == [500, 500, 500, 250]
    assert [report.happened for report in at.way.reports] == [None, None, None, Happening.COMPLETED]
    events = await at.events(task.channel)
    assert [event["message"] for event in events if event["type"] == "task_log"] == [f"line {n}" for n in range(1_750)]
    assert events[-1]["type"] == "task_completed"
