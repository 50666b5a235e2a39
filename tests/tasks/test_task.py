"""The handle of a task, against a real service: what work calls, and what viewers are told of it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from headway.errors import InvalidEvent, UsageError
from headway.tasks.model import Action, Happening, Status
from headway.tasks.task import Cancelled, Task
from headway.testing.waiting import wait_until
from tests.tasks.desks import Office, office


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    """A desk with a real service behind it."""
    async with office() as made:
        yield made


@pytest.fixture
async def task(at: Office) -> Task:
    """A task that was begun, and has no total."""
    task = Task(at.desk, "work").start()
    await at.steps.all_wait()
    return task


async def request(at: Office, task: Task, action: Action) -> None:
    """Ask for something, and let the task hear of it."""
    await at.service.request(task.id or "", action)
    await at.steps.let_pass(1.0)


# Numbers.


async def test_each_item_of_a_loop_is_one_more_done(task: Task) -> None:
    """An item counts when its turn of the loop is over, and the length of what is gone through is the total."""
    seen = []
    for _ in task.track("abc"):
        seen.append((task.done, task.total))

    assert seen == [(0, 3), (1, 3), (2, 3)]
    assert (task.done, task.total) == (3, 3)


async def test_coroutines_go_through_both_kinds(task: Task) -> None:
    """`async for` takes asynchronous iterables, of unknown length, and plain ones."""

    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    assert [number async for number in task.track(numbers())] == [0, 1, 2]
    assert (task.done, task.total) == (3, None)
    assert [letter async for letter in task.track("ab")] == ["a", "b"]
    assert task.done == 5


async def test_for_does_not_take_what_is_asynchronous(task: Task) -> None:
    """The mistake is named."""

    async def numbers() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(UsageError, match="async for"):
        list(task.track(numbers()))


async def test_a_given_total_is_not_changed_by_a_loop(at: Office) -> None:
    """Who says how much there is knows better than a loop; who resumes adds what was there before."""
    given_one = Task(at.desk, "work", 10)
    resumed = Task(at.desk, "work", initial=300)

    list(given_one.track(range(4)))
    list(resumed.track(range(700)))

    assert (given_one.done, given_one.total) == (4, 10)
    assert (resumed.done, resumed.total) == (1_000, 1_000)


async def test_loops_one_after_the_other_make_the_total_grow(task: Task) -> None:
    """What is found to do later is added to the total."""
    list(task.track(range(4)))
    list(task.track(range(6)))

    assert (task.done, task.total) == (10, 10)


async def test_a_loop_that_is_left_keeps_what_it_did(task: Task) -> None:
    """`break` loses nothing: the item at which the loop was left was not finished."""
    for number in task.track(range(10)):
        if number == 4:
            break

    assert task.done == 4


async def test_outcomes_are_counted(task: Task) -> None:
    """Items, additions and loops each count for their outcome."""
    task.advance(2, outcome="created")
    task.advance(outcome="failed", current="row 3")
    list(task.track(range(4), outcome="created"))
    task.item("row 8", "skipped")

    assert task.counts == {"created": 6, "failed": 1, "skipped": 1}
    assert task.done == 8


async def test_absolute_numbers_win(task: Task) -> None:
    """`update` says how it is; what is added afterwards is added to that."""
    task.advance(3)
    task.update(done=50, total=80, current="half", name="better name", counts={"created": 49})
    task.advance(2)

    assert (task.name, task.done, task.total, task.counts) == ("better name", 52, 80, {"created": 49})


async def test_what_is_no_total_is_none(at: Office) -> None:
    """tqdm's infinity, and what is not a number, mean that nobody knows."""
    assert Task(at.desk, "work", float("inf")).total is None
    assert Task(at.desk, "work", float("nan")).total is None
    assert Task(at.desk, "work", -1).total is None
    assert Task(at.desk, "work", 0).total == 0


async def test_many_threads_count_together(task: Task) -> None:
    """Eight threads, each with a loop and additions of its own: nothing is lost."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work() -> None:
        for _ in task.track(range(2_000), outcome="looped"):
            task.advance(2, outcome="added")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    sys.setswitchinterval(before)

    assert task.done == 8 * 2_000 * 3
    assert task.counts == {"looped": 16_000, "added": 32_000}


# What is told.


async def test_items_and_lines_are_told(at: Office, task: Task) -> None:
    """A row and a line come to the channel as they were said, too long ones cut."""
    task.item("row 7", "failed", "no such user", code="unknown_user", row=7)
    task.log("careful", "WARN", "etl.load")
    task.log("x" * 10_000, "nonsense")
    await at.steps.let_pass(0.2)

    told = [event for event in await at.events(task.channel) if event["type"] in ("task_item", "task_log")]
    (item,) = [event for event in told if event["type"] == "task_item"]
    lines = [(event["level"], len(event["message"]), event["logger"]) for event in told if event["type"] == "task_log"]
    assert {name: item[name] for name in ("item", "outcome", "message", "code", "row")} == {
        "item": "row 7",
        "outcome": "failed",
        "message": "no such user",
        "code": "unknown_user",
        "row": 7,
    }
    assert lines == [("warning", 7, "etl.load"), ("info", 4_000, None)]


async def test_what_cannot_be_told_is_said_where_it_is_made(task: Task) -> None:
    """A name that is taken and a value that is no JSON are the caller's mistakes, and raise there."""
    with pytest.raises(InvalidEvent):
        task.item("row", "created", offset=7)
    with pytest.raises(InvalidEvent):
        task.item("row", "created", value=object())
    with pytest.raises(InvalidEvent):
        task.complete(object())
    assert task.ended is None


async def test_names_are_not_empty(at: Office) -> None:
    """A task without a name, and one that goes to no channel there can be, are the caller's mistakes."""
    with pytest.raises(UsageError):
        Task(at.desk, " ")
    with pytest.raises(UsageError):
        Task(at.desk, "work", channel="a b")


# Parts.


async def test_parts_add_up_where_the_task_has_no_total(at: Office, task: Task) -> None:
    """Two files of known length: the task shows how much of both is done, before and after one has ended."""
    one, other = task.child("one", 10), task.child("two", 30)
    one.advance(10, outcome="created")
    other.advance(5, outcome="failed")
    await at.steps.let_pass(0.2)
    assert (task.done, task.total, task.counts) == (15, 40, {"created": 10, "failed": 5})
    one.complete()
    await at.steps.let_pass(0.2)
    assert (task.done, task.total, task.counts) == (15, 40, {"created": 10, "failed": 5})
    state = await at.state(task.id)

    assert (state.progress.done, state.progress.total) == (15, 40)


async def test_parts_do_not_add_up_where_it_has_one(task: Task) -> None:
    """Files are the task's, rows its parts': each keeps its own numbers."""
    for name in task.track(["a.csv", "b.csv"]):
        with task.child(name, total=100) as rows:
            rows.advance(100)

    assert (task.done, task.total) == (2, 2)


async def test_the_total_is_unknown_as_long_as_a_part_s_is(task: Task) -> None:
    """One part that does not know how long it is makes it unknown for the whole; once it has ended, it is known."""
    task.child("known", 10)
    unknown = task.child("unknown")
    unknown.advance(7)
    assert task.total is None
    unknown.complete()

    assert task.total == 17


async def test_parts_have_parts(at: Office, task: Task) -> None:
    """However deep, each is told with its parent, before its own parts, and all of them add up."""
    suite = task.child("suite")
    test = suite.child("test", 3)
    test.advance(2)
    await at.steps.let_pass(0.2)

    told = [event for event in await at.events(task.channel) if "parent" in event]
    assert [(event["task"], event["parent"], event["name"], event["done"]) for event in told] == [
        (suite.id, task.id, "suite", 2),
        (test.id, suite.id, "test", 2),
    ]
    assert (task.done, task.total) == (2, 3)


async def test_parts_end_with_their_task(at: Office, task: Task) -> None:
    """A part that nobody ended is completed or cancelled as its task is, and nothing is shown as running."""
    done, failed, open_one = task.child("done", 1), task.child("failed", 1), task.child("open", 1)
    with done:
        done.advance()
    with pytest.raises(ValueError, match="no"), failed:
        raise ValueError("no")
    task.fail("enough")
    await at.nothing_left()

    told = {event["task"]: event["status"] for event in await at.events(task.channel) if "parent" in event}
    assert told == {done.id: "completed", failed.id: "failed", open_one.id: "cancelled"}


async def test_many_parts_do_not_pile_up(at: Office, task: Task) -> None:
    """Of parts that have ended and been told, only their sum is kept."""
    for number in range(1_000):
        with task.child(f"part {number}", 1) as part:
            part.advance()
    await at.steps.let_pass(2.0)

    assert task._parts == {}
    assert (task.done, task.total) == (1_000, 1_000)


async def test_the_end_comes_after_that_of_all_parts(at: Office, task: Task) -> None:
    """However many parts are open when the task ends: they end in reports that a request can hold, and it ends last."""
    for number in range(1_000):
        task.child(f"part {number}", 1)
    task.complete()
    await at.nothing_left()

    assert max(len(report.children) for report in at.way.reports) <= 200
    events = await at.events(task.channel)
    ends = {event["task"]: event["status"] for event in events if "parent" in event}
    assert (len(ends), set(ends.values())) == (1_000, {"completed"})
    assert events[-1]["type"] == "task_completed"


async def test_of_many_who_end_it_one_does(at: Office) -> None:
    """Eight threads end a task in the same moment: it ends once, and the service is told of the end that counts."""
    for _ in range(20):
        task = Task(at.desk, "work").start()
        together = threading.Barrier(8)

        def end(how: Callable[[], None], together: threading.Barrier = together) -> None:
            together.wait()
            how()

        ways = [task.complete, task.cancel, partial(task.fail, "no"), task.complete] * 2
        threads = [threading.Thread(target=end, args=(way,)) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        await at.nothing_left()

        assert task.ended is not None
        assert (await at.state(task.id)).status.value == task.ended.value


# How it ends.


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (None, Status.COMPLETED, None),
        (ValueError("no"), Status.FAILED, "ValueError"),
        (InvalidEvent("bad"), Status.FAILED, "bad_message"),
        (Cancelled("enough"), Status.CANCELLED, None),
        (KeyboardInterrupt(), Status.CANCELLED, None),
        (asyncio.CancelledError(), Status.CANCELLED, None),
        (SystemExit(0), Status.COMPLETED, None),
        (SystemExit(3), Status.FAILED, "exit"),
    ],
)
async def test_a_block_ends_as_its_end_says(
    at: Office, error: BaseException | None, status: Status, code: str | None
) -> None:
    """Completed where nothing happened; cancelled where somebody wanted it to stop; else failed, with the error."""
    task = Task(at.desk, "work", 10)
    with contextlib.suppress(BaseException):  # it is the one that is raised here
        async with task:
            task.advance(3)
            if error is not None:
                raise error
    state = await at.state(task.id)

    assert (state.status, state.error and state.error.code) == (status, code)
    assert state.progress.done == 3


async def test_what_came_first_counts(at: Office, task: Task) -> None:
    """Whoever ends the task explicitly has the last word; what is said afterwards is not told."""
    task.fail("the disk is full")
    task.complete()
    task.log("too late")
    task.item("row", "created")
    await at.nothing_left()

    state = await at.state(task.id)
    assert (state.status, state.error and state.error.message) == (Status.FAILED, "the disk is full")
    assert [event for event in await at.events(task.channel) if event["type"] in ("task_log", "task_item")] == []


async def test_a_loop_over_a_task_that_nobody_began_is_all_of_it(at: Office) -> None:
    """One line: the task begins with the loop, and has completed after it; left early, it was cancelled."""
    task, other = Task(at.desk, "work"), Task(at.desk, "work")
    async for _ in task.track(range(3)):
        pass
    left = other.track(range(3)).__iter__()
    next(left)
    left.close()  # type: ignore[attr-defined] # it is a generator
    await at.nothing_left()

    assert (await at.state(task.id)).status is Status.COMPLETED
    assert (await at.state(other.id)).status is Status.CANCELLED


async def test_the_program_ends_before_the_task(at: Office) -> None:
    """What nobody ended: with an error it failed; with everything done it completed; else it was cancelled, and a line
    says why."""
    failed, done, open_one = (Task(at.desk, name, 2).start() for name in ("failed", "done", "open"))
    done.advance(2)
    failed.orphan(ValueError("no"))
    done.orphan(None)
    open_one.orphan(None)
    await at.nothing_left()

    assert [(await at.state(task.id)).status for task in (failed, done, open_one)] == [
        Status.FAILED,
        Status.COMPLETED,
        Status.CANCELLED,
    ]
    assert "the program ended before the task did" in [
        event.get("message") for event in await at.events(open_one.channel)
    ]


# Pause, resume, cancel.


async def test_a_pause_holds_the_work_between_two_items(at: Office, task: Task) -> None:
    """Nothing new begins once a pause was heard of; resumed, the loop goes on with the very next item."""
    seen, go = [], asyncio.Semaphore(0)

    async def work() -> None:
        async for number in task.track(range(6)):
            seen.append(number)
            await go.acquire()

    working = asyncio.create_task(work())
    await wait_until(lambda: seen == [0])
    await request(at, task, Action.PAUSE)
    go.release()
    await wait_until(lambda: task.gate.held)
    await at.steps.let_pass(1.0)
    assert (await at.state(task.id)).status is Status.PAUSED
    assert seen == [0]
    elapsed = (await at.state(task.id)).progress.elapsed
    await at.steps.let_pass(10.0)
    assert (await at.state(task.id)).progress.elapsed == elapsed
    await request(at, task, Action.RESUME)
    await wait_until(lambda: seen == [0, 1])
    for _ in range(5):
        go.release()
    await working
    await at.steps.let_pass(1.0)

    assert seen == [0, 1, 2, 3, 4, 5]
    state = await at.state(task.id)
    assert (state.status, state.wanted, state.progress.done) == (Status.RUNNING, None, 6)
    types = [event["type"] for event in await at.events(task.channel) if event["type"] != "task_progress"]
    assert types == ["task_started", "task_requested", "task_paused", "task_requested", "task_resumed"]


async def test_a_pause_holds_threads_too(at: Office, task: Task) -> None:
    """Two threads hold still, it is told once, and both go on."""
    go = threading.Event()

    def work() -> None:
        for _ in task.track(range(3)):
            go.wait(10)

    working = [asyncio.create_task(asyncio.to_thread(work)) for _ in range(2)]
    await request(at, task, Action.PAUSE)
    go.set()
    await wait_until(lambda: len(task.gate._waiting) == 2)
    await at.steps.let_pass(1.0)
    assert (await at.state(task.id)).status is Status.PAUSED
    assert task.done == 2
    await request(at, task, Action.RESUME)
    await asyncio.gather(*working)

    assert task.done == 6
    types = [event["type"] for event in await at.events(task.channel)]
    assert types.count("task_paused") == 1


async def test_a_pause_that_is_taken_back_stops_nothing(at: Office, task: Task) -> None:
    """Resumed before it held still, the task goes on, and never was paused."""
    await request(at, task, Action.PAUSE)
    assert task.wanted is Status.PAUSED
    await request(at, task, Action.RESUME)

    await task.apoint()
    task.point()
    assert task.wanted is None


async def test_a_pause_that_is_taken_back_at_the_last_moment_is_both(at: Office, task: Task) -> None:
    """The work holds still already, but nobody was told: it goes on by itself, and both are told."""
    await request(at, task, Action.PAUSE)
    waiting = task.held()
    assert waiting is not None
    task.want(None)
    assert waiting.done()
    await at.steps.let_pass(1.0)

    types = [event["type"] for event in await at.events(task.channel)]
    assert [word for word in types if word in ("task_paused", "task_resumed")] == ["task_paused", "task_resumed"]
    assert (await at.state(task.id)).status is Status.RUNNING


async def test_a_pause_holds_the_time_of_the_parts_too(at: Office, task: Task) -> None:
    """What a part took is counted without the pause of its task."""
    part = task.child("part", 2)
    await request(at, task, Action.PAUSE)
    waiting = asyncio.create_task(task.apoint())
    await wait_until(lambda: task.gate.held)
    await at.steps.let_pass(10.0)
    await request(at, task, Action.RESUME)
    await waiting
    part.advance()
    await at.steps.let_pass(0.2)

    told = [event for event in await at.events(task.channel) if event["task"] == part.id]
    assert told[-1]["elapsed"] < 5.0


async def test_a_plain_loop_in_a_coroutine_is_not_held(at: Office, task: Task) -> None:
    """To wait in it would hold up everything else on the loop, so it goes on; a cancel it does follow."""
    await request(at, task, Action.PAUSE)

    assert list(task.track(range(3))) == [0, 1, 2]
    await request(at, task, Action.CANCEL)
    with pytest.raises(Cancelled):
        list(task.track(range(3)))


async def test_a_cancel_ends_the_loop_at_its_next_item(at: Office) -> None:
    """The loop raises `Cancelled`, the block ends with it, and the counts are those of what was done."""
    seen, task = [], Task(at.desk, "work", 10)

    async def work() -> None:
        async with task:
            async for number in task.track(range(10), outcome="created"):
                seen.append(number)
                if number == 3:
                    await request(at, task, Action.CANCEL)

    with pytest.raises(Cancelled):
        await work()

    state = await at.state(task.id)
    assert seen == [0, 1, 2, 3]
    assert (state.status, state.progress.done, state.progress.counts) == (Status.CANCELLED, 4, {"created": 4})


async def test_a_paused_task_can_be_cancelled(at: Office, task: Task) -> None:
    """Who holds still hears of it at once."""
    await request(at, task, Action.PAUSE)
    waiting = asyncio.create_task(task.apoint())
    await wait_until(lambda: task.gate.held)
    await at.steps.let_pass(1.0)
    await at.service.request(task.id or "", Action.CANCEL)
    at.clock.advance(1.0)

    with pytest.raises(Cancelled):
        await waiting


async def test_a_paused_task_can_end(at: Office, task: Task) -> None:
    """One thread holds still while another says that all is done: that is a way the table knows."""
    await request(at, task, Action.PAUSE)
    waiting = asyncio.create_task(task.apoint())
    await wait_until(lambda: task.gate.held)
    await at.steps.let_pass(1.0)
    task.complete()
    await at.nothing_left()
    await waiting

    assert (await at.state(task.id)).status is Status.COMPLETED
    assert task.ended is Happening.COMPLETED


async def test_who_waits_at_a_point_can_be_cancelled(at: Office, task: Task) -> None:
    """An asyncio task that is cancelled while it holds still is gone, and nothing breaks when the others go on."""
    await request(at, task, Action.PAUSE)
    waiting = asyncio.create_task(task.apoint())
    await wait_until(lambda: task.gate.held)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await at.steps.let_pass(1.0)
    await request(at, task, Action.RESUME)

    await task.apoint()
    assert (await at.state(task.id)).status is Status.RUNNING
