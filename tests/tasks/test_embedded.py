"""The runner: what becomes of jobs, of what is asked of them, of their mistakes, and of a runner that stops."""

from __future__ import annotations

import asyncio
import itertools
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headway.errors import UsageError
from headway.tasks import embedded
from headway.tasks.jobs import Backoff, Jobs, Rate
from headway.tasks.model import Action, IllegalTransition, Progress, State, Status
from headway.tasks.records import Filters
from headway.tasks.schedule import Every
from headway.tasks.task import Cancelled
from headway.tasks.work import ThreadWork, Work
from headway.testing.waiting import wait_until
from tests.tasks.shop import Shop, happenings, shop


class Steps:
    """A job that a test leads step by step, as a coroutine and as a function in a thread."""

    def __init__(self) -> None:
        self.allowed = 0
        self.done: list[int] = []
        self.ends: list[str] = []

    def allow(self, steps: int) -> None:
        """Let so many steps be done."""
        self.allowed += steps

    async def coroutine(self, work: Work, total: int = 10) -> int:
        """Count."""
        try:
            work.update(total=total)
            for number in range(work.checkpoint.get("next", 0), total):
                await work.apoint()
                while self.allowed <= 0:
                    await work.apoint()
                    await asyncio.sleep(0.001)
                self._step(work, number)
                await work.save()
            return total
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise

    def function(self, work: ThreadWork, total: int = 10) -> int:
        """Count in a thread."""
        tick = threading.Event()
        try:
            work.update(total=total)
            for number in range(work.checkpoint.get("next", 0), total):
                work.point()
                while self.allowed <= 0:
                    work.point()
                    tick.wait(0.001)
                self._step(work, number)
                work.save()
            return total
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise

    def _step(self, work: Work, number: int) -> None:
        self.allowed -= 1
        self.done.append(number)
        work.advance(outcome="created")
        work.checkpoint["next"] = number + 1


async def stepping(at: Shop, id: str, steps: Steps, count: int) -> None:
    """Wait until so many steps are done and known."""
    await wait_until(lambda: len(steps.done) == count)

    async def known() -> bool:
        return (await at.state(id)).progress.done == count

    await wait_until(known)


KINDS = ["coroutine", "function"]


def stepped(kind: str, **options: Any) -> tuple[Steps, Jobs]:
    """Steps of a kind, as the job `steps`. Any: options of the job."""
    steps, jobs = Steps(), Jobs()
    jobs.job("steps", **options)(steps.coroutine if kind == "coroutine" else steps.function)
    return steps, jobs


def raising(kind: str, error: BaseException, **options: Any) -> Jobs:
    """A job `bad` that raises, and one `good`. Any: options of the job."""
    jobs = Jobs()

    async def bad(work: Work) -> None:
        work.advance(3, outcome="created")
        raise error

    def bad_in_a_thread(work: ThreadWork) -> None:
        work.advance(3, outcome="created")
        raise error

    async def good(work: Work) -> str:
        return "good"

    jobs.job("bad", **options)(bad if kind == "coroutine" else bad_in_a_thread)
    jobs.job("good")(good)
    return jobs


# Running


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_runs_to_its_end(kind: str) -> None:
    """Its arguments, numbers, lines and result arrive; its turn is over."""
    steps, jobs = stepped(kind, title="Counting")
    async with shop(jobs) as at:
        steps.allow(3)
        state = await at.ended(await at.submit("steps", total=3))

        assert (state.status, state.result, state.name, state.attempt) == (Status.COMPLETED, 3, "Counting", 1)
        assert (state.progress.done, state.progress.total, dict(state.progress.counts)) == (3, 3, {"created": 3})
        assert happenings(await at.told(state.id)) == await at.history(state.id) == ["queued", "started", "completed"]
        assert at.runner.statistics() == {"running": 0, "completed": 1}


async def test_wrong_arguments_and_unknown_jobs_are_refused_when_submitted() -> None:
    """Nothing is queued."""
    _, jobs = stepped("coroutine")
    async with shop(jobs) as at:
        for job, arguments in (("steps", {"total": "x"}), ("none", {})):
            with pytest.raises(UsageError):
                await at.submit(job, **arguments)
        assert (await at.service.find(Filters())).states == ()


async def test_arguments_that_no_longer_fit_fail_the_task() -> None:
    """A job may have changed since it was submitted."""
    steps, jobs = stepped("coroutine")
    async with shop(jobs, started=False) as at:
        id = await at.submit("steps")
        record = await at.record(id)
        await at.store.do(lambda tables: tables.put(_changed(record)))
        await at.start()
        state = await at.ended(id)

        assert (state.status, steps.done) == (Status.FAILED, [])
        assert state.error is not None
        assert "old" in state.error.message


def _changed(record: Any) -> Any:  # Any: a record in, a change out
    from headway.tasks.records import Change

    return Change(replace(record, arguments={"old": 1}))


async def test_a_key_submits_once() -> None:
    """The same key gives the task of then."""
    steps, jobs = stepped("coroutine")
    async with shop(jobs) as at:
        first = await at.runner.submit("steps", idempotency_key="k")
        assert (await at.runner.submit("steps", idempotency_key="k")).id == first.id
        assert (await at.runner.submit("steps", idempotency_key="l")).id != first.id
        steps.allow(20)
        await at.ended(first.id)


# Mistakes

MISTAKES = [
    ZeroDivisionError("oh"),
    SystemExit(1),
    SystemExit(0),
    KeyboardInterrupt("oh"),
    GeneratorExit("oh"),
    StopIteration("oh"),
    asyncio.CancelledError("oh"),
    Cancelled("oh"),
    BaseException("oh"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", MISTAKES, ids=lambda error: type(error).__name__ + str(error))
async def test_whatever_a_job_raises_ends_the_job_alone(kind: str, error: BaseException) -> None:
    """It has failed, says why, keeps its numbers; the runner goes on, and nobody was asked to end the server."""
    async with shop(raising(kind, error)) as at:
        state = await at.ended(await at.submit("bad"))

        assert (state.status, state.progress.done) == (Status.FAILED, 3)
        assert state.error is not None
        assert state.error.code != ""
        assert (await at.ended(await at.submit("good"))).result == "good"


async def test_a_traceback_is_in_the_log_of_the_task() -> None:
    """Its end, for whoever may read the task."""
    async with shop(raising("coroutine", ZeroDivisionError("oh"))) as at:
        told = await at.told((await at.ended(await at.submit("bad"))).id)

        (line,) = [event for event in told if event["type"] == "task_log"]
        assert line["level"] == "error"
        assert "ZeroDivisionError: oh" in line["message"]


@pytest.mark.parametrize("result", [object(), {1, object()}, 2**70, "x" * 300_000, b"bytes\xff" * 100_000])
async def test_a_result_that_cannot_be_told_fails_the_task(result: object) -> None:
    """It is said what is wrong with it."""
    jobs = Jobs()

    async def giving(work: Work) -> object:
        return result

    jobs.job("giving")(giving)
    async with shop(jobs) as at:
        state = await at.ended(await at.submit("giving"))

        assert (state.status, state.result) == (Status.FAILED, None)
        assert state.error is not None
        assert state.error.code in ("bad_message", "too_large")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_fails_is_tried_again_later(kind: str) -> None:
    """After a time that grows, from its checkpoint, so often and no more; while it waits it says so."""
    attempts: list[tuple[int, dict[str, Any]]] = []
    jobs = Jobs()

    async def bad(work: Work) -> None:
        attempts.append((work.attempt, dict(work.checkpoint)))
        work.advance(2, outcome="created")
        work.checkpoint["attempt"] = work.attempt
        await work.save()
        work.advance(5)
        raise ValueError("again")

    def in_a_thread(work: ThreadWork) -> None:
        attempts.append((work.attempt, dict(work.checkpoint)))
        work.advance(2, outcome="created")
        work.checkpoint["attempt"] = work.attempt
        work.save()
        work.advance(5)
        raise ValueError("again")

    jobs.job("bad", retries=2, backoff=Backoff(10, 2))(bad if kind == "coroutine" else in_a_thread)
    async with shop(jobs) as at:
        id = await at.submit("bad")
        for attempt, wait in ((1, 10), (2, 20)):
            await wait_until(lambda attempt=attempt: len(attempts) == attempt)  # type: ignore[misc]
            state = await at.reached(id, Status.QUEUED)
            await at.idle()
            assert (state.waiting, state.progress.done) == ("for its next attempt", 2 * attempt)
            assert state.error is not None
            at.advance(wait - 0.5)
            await at.keep()
            assert (await at.state(id)).status is Status.QUEUED
            at.advance(0.5)
        state = await at.ended(id)

        assert state.status is Status.FAILED
        assert attempts == [(1, {}), (2, {"attempt": 1}), (3, {"attempt": 2})]
        assert await at.history(id) == ["queued", *["started", "retrying"] * 2, "started", "failed"]
        assert dict(state.progress.counts) == {"created": 6}


@pytest.mark.parametrize("checkpoint", [{"x": object()}, {"x": 2**70}, {"x": "y" * 2_000_000}, [1], {object(): 1}])
async def test_a_checkpoint_is_json(checkpoint: Any) -> None:
    """What could not be read again is refused where it is written. Any: whatever is wrong with it."""
    jobs = Jobs()

    async def saving(work: Work) -> None:
        await work.save()
        work.checkpoint = checkpoint
        await work.save()

    jobs.job("saving")(saving)
    async with shop(jobs) as at:
        state = await at.ended(await at.submit("saving"))

        assert state.status is Status.FAILED
        assert state.error is not None
        assert "checkpoint" in state.error.message


# Wishes


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pause_stops_at_the_next_step_and_loses_nothing(kind: str) -> None:
    """It holds still until it is told to go on; every step is done once; pauses are no running time."""
    steps, jobs = stepped(kind)
    async with shop(jobs) as at:
        id = await at.submit("steps")
        steps.allow(3)
        await stepping(at, id, steps, 3)
        assert (await at.request(id, Action.PAUSE)).wanted is Status.PAUSED
        state = await at.reached(id, Status.PAUSED)
        steps.allow(7)
        at.advance(100)
        await at.keep()
        assert (state.wanted, state.allowed, len(steps.done)) == (None, (Action.RESUME, Action.CANCEL), 3)
        await at.request(id, Action.RESUME)
        state = await at.ended(id)

        assert (state.status, state.progress.done, steps.done) == (Status.COMPLETED, 10, list(range(10)))
        assert state.progress.elapsed < 50
        expected = ["queued", "started", "pause_requested", "paused", "resume_requested", "resumed", "completed"]
        assert happenings(await at.told(id)) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("paused", [False, True])
async def test_a_cancel_ends_the_work_with_the_right_numbers(kind: str, paused: bool) -> None:
    """At the next point, whether it runs or holds still."""
    steps, jobs = stepped(kind)
    async with shop(jobs) as at:
        id = await at.submit("steps")
        steps.allow(3)
        await stepping(at, id, steps, 3)
        if paused:
            await at.request(id, Action.PAUSE)
            await at.reached(id, Status.PAUSED)
        await at.request(id, Action.CANCEL)
        state = await at.ended(id)

        assert (state.status, state.progress.done, dict(state.progress.counts)) == (
            Status.CANCELLED,
            3,
            {"created": 3},
        )
        assert (steps.ends, steps.done) == (["Cancelled"], [0, 1, 2])
        assert at.runner.statistics()["cancelled"] == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pause_can_be_taken_back(kind: str) -> None:
    """As often as one likes, at any moment: the work goes on, and is not paused in the end."""
    steps, jobs = stepped(kind)
    async with shop(jobs) as at:
        id = await at.submit("steps")
        steps.allow(1)
        await stepping(at, id, steps, 1)

        async def paused() -> bool:
            try:
                await at.request(id, Action.PAUSE)
            except IllegalTransition:  # it just holds still, and is to go on already
                return False
            return True

        for turn in range(10):
            await wait_until(paused)
            for _ in range(turn % 4):
                await asyncio.sleep(0.002)  # not waiting for anything: the moment in which it is taken back
            await at.request(id, Action.RESUME)
        steps.allow(5)
        await stepping(at, id, steps, 6)
        await wait_until(paused)
        await at.reached(id, Status.PAUSED)
        await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(20)))  # time in which it might go on by itself
        assert (await at.state(id)).allowed == (Action.RESUME, Action.CANCEL)
        await at.request(id, Action.RESUME)
        steps.allow(4)

        assert (await at.ended(id)).status is Status.COMPLETED
        assert steps.done == list(range(10))


async def test_what_waits_can_be_cancelled_and_not_paused() -> None:
    """It never ran; who waits behind it moves up."""
    steps, jobs = stepped("coroutine", concurrency=1)
    async with shop(jobs) as at:
        first, second, third = [await at.submit("steps") for _ in range(3)]
        await at.reached(first, Status.RUNNING)
        with pytest.raises(IllegalTransition):
            await at.request(second, Action.PAUSE)
        state = await at.request(second, Action.CANCEL)
        assert (state.status, state.attempt) == (Status.CANCELLED, 0)
        steps.allow(20)
        await at.ended(first)

        assert (await at.ended(third)).status is Status.COMPLETED


async def test_what_waits_for_its_next_attempt_can_be_cancelled() -> None:
    """There is no other."""
    async with shop(raising("coroutine", ValueError("x"), retries=3, backoff=Backoff(60))) as at:
        id = await at.submit("bad")
        await wait_until(lambda: at.runner.statistics().get("retrying") == 1)
        state = await at.request(id, Action.CANCEL)
        at.advance(1_000)
        await at.keep()

        assert state.status is (await at.state(id)).status is Status.CANCELLED
        assert at.runner.statistics() == {"running": 0, "retrying": 1}


async def test_who_fails_while_being_cancelled_is_not_tried_again() -> None:
    """An error in putting things in order ends a cancelled task as what it is."""
    jobs, begun = Jobs(), asyncio.Event()

    async def stubborn(work: Work) -> None:
        begun.set()
        try:
            while True:
                await work.apoint()
                await asyncio.sleep(0.001)
        except Cancelled:
            raise ValueError("while putting things in order") from None

    jobs.job("stubborn", retries=5, backoff=Backoff(0))(stubborn)
    async with shop(jobs) as at:
        id = await at.submit("stubborn")
        await begun.wait()
        await at.request(id, Action.CANCEL)
        state = await at.ended(id)

        assert (state.status, state.attempt) == (Status.CANCELLED, 1)


async def test_who_reaches_no_point_is_ended_where_it_stands() -> None:
    """A coroutine has some seconds after a cancel; one that holds on all the same is told again."""
    jobs, told = Jobs(), 0
    begun = asyncio.Event()

    async def deaf(work: Work) -> None:
        nonlocal told
        begun.set()
        while told < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1
        raise asyncio.CancelledError

    jobs.job("deaf", grace=5)(deaf)
    async with shop(jobs) as at:
        id = await at.submit("deaf")
        await begun.wait()
        await at.request(id, Action.CANCEL)
        at.advance(4.9)
        await at.keep()
        assert (await at.state(id)).status is Status.RUNNING
        at.advance(0.2)
        await at.keep()
        await wait_until(lambda: told == 1)
        at.advance(5.1)
        await at.keep()
        state = await at.ended(id)

        assert (state.status, told) == (Status.CANCELLED, 2)


async def test_giving_back_is_not_interrupted_for_being_late() -> None:
    """Who has ended, and waits for that to be taken, is done; nobody cancels that."""
    jobs, begun = Jobs(), asyncio.Event()

    async def quick(work: Work) -> None:
        begun.set()
        while True:
            await work.apoint()
            await asyncio.sleep(0.001)

    jobs.job("quick", grace=1)(quick)
    async with shop(jobs) as at:
        id = await at.submit("quick")
        await begun.wait()
        lock = (await at.service._locked(id))._live.lock  # a disk that is slow
        await _asked(at, id)
        for _ in range(3):
            at.advance(2)
            await at.runner._hurry()
            await asyncio.sleep(0)
        lock.release()

        assert (await at.ended(id)).status is Status.CANCELLED


async def _asked(at: Shop, id: str) -> None:
    """The runner hears of a cancel that is stored."""
    execution = at.runner._executions[id]
    at.runner._hear(execution, Status.CANCELLED)
    await wait_until(lambda: not execution.called)


# Time


@pytest.mark.parametrize("kind", KINDS)
async def test_who_takes_too_long_has_failed(kind: str) -> None:
    """Pauses left out; at its next point."""
    steps, jobs = stepped(kind, timeout=10)
    async with shop(jobs) as at:
        id = await at.submit("steps")
        steps.allow(1)
        await stepping(at, id, steps, 1)
        at.advance(9)
        await at.request(id, Action.PAUSE)
        await at.reached(id, Status.PAUSED)
        at.advance(100)
        await at.keep()
        assert (await at.state(id)).status is Status.PAUSED
        await at.request(id, Action.RESUME)
        await at.reached(id, Status.RUNNING)
        at.advance(2)
        await at.keep()
        state = await at.ended(id)

        assert state.status is Status.FAILED
        assert state.error is not None
        assert (state.error.code, state.error.message) == ("timeout", "it ran for longer than 10 s")


async def test_a_task_waits_for_its_time() -> None:
    """And says so."""
    steps, jobs = stepped("coroutine")
    async with shop(jobs) as at:
        state = await at.runner.submit("steps", at=at.clock.now() + 60)
        steps.allow(10)
        assert state.waiting == "for its time"
        at.advance(59)
        await at.keep()
        assert (await at.state(state.id)).status is Status.QUEUED
        at.advance(1)

        assert (await at.ended(state.id)).status is Status.COMPLETED


async def test_a_schedule_comes_round() -> None:
    """Without being asked; the job's own name is who began it."""
    steps, jobs = stepped("coroutine", schedule=Every(60))
    async with shop(jobs) as at:
        steps.allow(1_000)
        await at.keep()
        assert (await at.service.find(Filters())).states == ()
        at.advance(60)
        await at.keep()
        (state,) = (await at.service.find(Filters())).states
        await at.ended(state.id)

        assert (state.by, state.job) == ("schedule", "steps")


async def test_the_beat_is_kept_without_being_asked() -> None:
    """Once a second a runner shows that it lives."""
    steps, jobs = stepped("coroutine")
    async with shop(jobs) as at:
        id = await at.submit("steps")
        await at.reached(id, Status.RUNNING)
        at.advance(7)

        async def renewed() -> bool:
            record = await at.store.do(lambda tables: tables.get(id))
            return record is not None and record.lease_until == at.clock.now() + 15

        await wait_until(renewed)
        steps.allow(10)
        await at.ended(id)


# Slots


async def test_a_pool_has_so_many_slots_for_all_runners_and_jobs() -> None:
    """Jobs that share a pool share its slots, over all processes; a paused task keeps its slot."""
    running, most, gate, jobs = set[str](), 0, asyncio.Event(), Jobs()

    async def browse(work: Work) -> None:
        nonlocal most
        running.add(work.task)
        most = max(most, len(running))
        while not gate.is_set():
            await work.apoint()
            await asyncio.sleep(0.001)
        running.remove(work.task)

    jobs.job("one", pool="browser", concurrency=2)(browse)
    jobs.job("two", pool="browser", concurrency=2)(browse)
    async with shop(jobs) as at:
        ids = [await at.submit(job) for job in ("one", "two") * 4]
        await wait_until(lambda: len(running) == 2)
        paused = next(iter(running))
        await at.request(paused, Action.PAUSE)
        await at.reached(paused, Status.PAUSED)
        await at.keep()
        waiting = [await at.state(id) for id in ids if id not in running]
        assert {state.waiting for state in waiting} == {"for 1 of 2 browser slots"}
        await at.request(paused, Action.RESUME)
        gate.set()
        for id in ids:
            state = await at.ended(id)
            assert (state.status, state.waiting) == (Status.COMPLETED, None)
        assert most == 2


async def test_the_higher_goes_first_and_then_the_older() -> None:
    """Whatever the job says, unless whoever submits says otherwise."""
    order: list[str] = []
    jobs = Jobs()

    async def note(work: Work) -> None:
        order.append(work.name)

    jobs.job("low", pool="p", concurrency=1, priority=-1)(note)
    jobs.job("high", pool="p", concurrency=1, priority=5)(note)
    async with shop(jobs, started=False) as at:
        for job, name, priority in (
            *(("low", "a", None), ("low", "b", None), ("high", "c", None)),
            *(("low", "d", 9), ("high", "e", None), ("high", "f", -5)),
        ):
            await at.runner.submit(job, name=name, priority=priority)
        await at.start()
        await wait_until(lambda: len(order) == 6)

        assert order == list("dceabf")


async def test_a_full_pool_does_not_hold_up_another() -> None:
    """However many wait there and go first."""
    gate, jobs = asyncio.Event(), Jobs()

    async def wait(work: Work) -> None:
        await gate.wait()

    jobs.job("narrow", concurrency=5, priority=9)(wait)
    jobs.job("wide", concurrency=50)(wait)
    async with shop(jobs, started=False, at_once=10) as at:
        narrow = [await at.submit("narrow") for _ in range(30)]
        wide = [await at.submit("wide") for _ in range(30)]
        await at.start()
        await wait_until(lambda: at.runner.statistics()["running"] == 10)
        await at.keep()
        states = [await at.state(id) for id in (*narrow, *wide)]
        assert sum(state.status is Status.RUNNING for state in states[:30]) == 5
        assert {state.waiting for state in states[5:30]} == {"for 1 of 5 narrow slots"}
        assert {state.waiting for state in states[35:]} == {"for a place: the runner has its hands full"}
        gate.set()
        for id in (*narrow, *wide):
            await at.ended(id)


async def test_one_look_fills_every_place() -> None:
    """As far as there are tasks for it: whoever was chosen already is looked past."""
    _, jobs = stepped("coroutine")
    jobs.job("narrow", concurrency=5, priority=9)(Steps().coroutine)
    jobs.job("wide", concurrency=50)(Steps().coroutine)
    async with shop(jobs, started=False) as at:
        for job, count in (("narrow", 8), ("wide", 20)):
            for _ in range(count):
                await at.submit(job)
        taken = await at.service.take(lambda tables: at.runner._choose(tables, 10, frozenset()))

        assert [record.state.job for record in taken] == ["narrow"] * 5 + ["wide"] * 5


async def test_a_rate_is_kept() -> None:
    """So many starts in so many seconds, and no more; what waits for its turn says so."""
    started: list[float] = []
    jobs = Jobs()
    async with shop(jobs) as at:

        async def note(work: Work) -> None:
            started.append(at.clock.now())

        jobs.job("paced", rate=Rate(2, 10.0), concurrency=100)(note)
        ids = [await at.submit("paced") for _ in range(6)]
        for count in (2, 4, 6):
            await wait_until(lambda count=count: len(started) == count)  # type: ignore[misc]
            await at.idle()
            await at.keep()
            if count < 6:
                assert (await at.state(ids[-1])).waiting == "for its turn: 2 in 10 s may start"
            at.advance(9.9)
            await at.keep()
            assert len(started) == count
            at.advance(0.1)

        begin = started[0]
        assert [round(moment - begin) for moment in started] == [0, 0, 10, 10, 20, 20]


async def test_who_runs_nothing_says_that_a_runner_is_waited_for() -> None:
    """A server that leaves the work to others knows no better reason."""
    steps, jobs = stepped("coroutine")
    async with shop(jobs, at_once=0) as at:
        id = await at.submit("steps")
        at.advance(2)
        await at.keep()

        assert (await at.state(id)).waiting == "for a runner that knows the job 'steps'"
        assert steps.done == []


async def test_why_a_task_waits_is_true_for_every_runner() -> None:
    """One that does not know a job says so only if nobody else has said something better."""
    gate, known = asyncio.Event(), Jobs()

    async def wait(work: Work) -> None:
        await gate.wait()

    known.job("known", concurrency=1)(wait)
    async with shop(known, started=False) as at:
        ids = [await at.submit("known") for _ in range(2)]
        stranger = embedded.Runner(at.service, Jobs(), at.clock, lambda: "x", lambda: 1.0, name="stranger")
        at.advance(2)
        await stranger.keep()
        assert (await at.state(ids[0])).waiting == "for a runner that knows the job 'known'"
        await at.start()
        await at.reached(ids[0], Status.RUNNING)
        for _ in range(3):
            await at.keep()
            await stranger.keep()
            assert (await at.state(ids[1])).waiting == "for 1 of 1 known slot"
        gate.set()
        for id in ids:
            assert (await at.ended(id)).waiting is None
        reasons = [event["waiting"] for event in await at.told(ids[1]) if event["status"] == "queued"]
        assert [reason for reason, _ in itertools.groupby(reasons)] == [
            None,
            "for a runner that knows the job 'known'",
            "for 1 of 1 known slot",
        ]


# The ends of runners


@pytest.mark.parametrize("kind", KINDS)
async def test_a_runner_that_stops_gives_back_and_the_next_goes_on(kind: str, tmp_path: Path) -> None:
    """At the next point, from the checkpoint, every step once; no crash is counted, however often."""
    steps, jobs = stepped(kind, crashes=0)
    path = tmp_path / "tasks.db"
    async with shop(jobs, path=path) as at:
        id = await at.submit("steps")
    for count in (3, 6):
        async with shop(jobs, path=path) as at:
            await at.reached(id, Status.RUNNING)
            steps.allow(3)
            await stepping(at, id, steps, count)
        assert at.runner.statistics() == {"running": 0, "interrupted": 1}
    async with shop(jobs, path=path) as at:
        steps.allow(4)
        state = await at.ended(id)

        assert (state.status, state.progress.done, steps.done) == (Status.COMPLETED, 10, list(range(10)))
        assert (await at.record(id)).crashes == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_paused_stays_paused(kind: str, tmp_path: Path) -> None:
    """Through a restart, until somebody wants it to go on: from its checkpoint, and every step once."""
    steps, jobs = stepped(kind)
    path = tmp_path / "tasks.db"
    async with shop(jobs, path=path) as at:
        id = await at.submit("steps")
        steps.allow(3)
        await stepping(at, id, steps, 3)
        await at.request(id, Action.PAUSE)
        await at.reached(id, Status.PAUSED)
    steps.allow(7)
    async with shop(jobs, path=path) as at:
        await at.keep()
        state = await at.state(id)
        assert (state.status, state.progress.done) == (Status.PAUSED, 3)
        assert at.runner.statistics() == {"running": 0}
        await at.request(id, Action.RESUME)
        state = await at.ended(id)

        assert (state.status, steps.done, state.attempt) == (Status.COMPLETED, list(range(10)), 1)


async def test_a_pause_that_was_not_reached_outlives_the_runner(tmp_path: Path) -> None:
    """Whoever asked for it is not forgotten: the next turn holds still before its first step."""
    steps, jobs = stepped("coroutine")
    path = tmp_path / "tasks.db"
    async with shop(jobs, path=path, started=False) as at:
        id = await at.submit("steps")
        await at.service.take(lambda tables: at.runner._choose(tables, 1, frozenset()))
        await at.request(id, Action.PAUSE)
    steps.allow(10)
    async with shop(jobs, path=path) as at:
        await at.reached(id, Status.PAUSED)

        assert steps.done == []
        await at.request(id, Action.RESUME)
        assert (await at.ended(id)).status is Status.COMPLETED


async def test_what_kills_its_process_is_not_tried_for_ever(tmp_path: Path) -> None:
    """So many owners may die without a checkpoint in between; a saved one begins the count anew."""
    _, jobs = stepped("coroutine", crashes=2)
    path = tmp_path / "tasks.db"
    async with shop(jobs, path=path, started=False) as at:
        id = await at.submit("steps")
        for death in range(6):
            (record,) = await at.service.take(lambda tables: at.runner._choose(tables, 1, frozenset()))
            if record.state.status is Status.FAILED:
                break
            if death == 1:
                await at.service.save(id, record.owner or "", {"next": 1}, Progress(1, 10))
            await at.service.interrupt_all("embedded:")
        state = await at.state(id)

        assert (state.status, death) == (Status.FAILED, 4)
        assert state.error is not None
        assert state.error.code == "crashed"


async def test_a_stricter_crash_limit_harms_no_other_task() -> None:
    """What is queued for its next attempt gets it, whatever was before."""
    jobs = raising("coroutine", ValueError("x"), crashes=0)
    async with shop(jobs, started=False) as at:
        bad = await at.submit("bad")
        record = await at.record(bad)
        await at.store.do(lambda tables: tables.put(_crashed(record)))
        good = await at.submit("good")
        await at.start()

        assert (await at.ended(good)).status is Status.COMPLETED
        assert (await at.ended(bad)).status is Status.FAILED


def _crashed(record: Any) -> Any:  # Any: a record in, a change out
    from headway.tasks.records import Change

    return Change(replace(record, crashes=3))


async def test_what_is_just_taken_when_it_stops_is_given_back() -> None:
    """No task is left with an owner that is no more."""
    steps, jobs = stepped("coroutine")
    for turns in range(12):
        async with shop(jobs, started=False) as at:
            id = await at.submit("steps")
            await at.start()
            for _ in range(turns):
                await asyncio.sleep(0)
            await at.runner.close()
            await at.runner.close()
            record = await at.record(id)

            assert record.owner is None
            assert record.state.status in (Status.QUEUED, Status.INTERRUPTED)
            assert (record.crashes, steps.done) == (0, [])


class Stuck:
    """A job that does not end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.lost: list[str] = []

    def function(self, work: ThreadWork) -> None:
        """Reach no point, and say something at the end."""
        self.begun.set()
        self.gate.wait(30)
        try:
            work.checkpoint["zombie"] = True
            work.save()
        except BaseException as error:
            self.lost.append(type(error).__name__)
            raise

    async def coroutine(self, work: Work) -> None:
        """Hear nothing."""
        self.begun.set()
        while not self.gate.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue


async def test_a_thread_that_never_comes_to_a_point_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner stops in bounded time; nobody else takes the task while it may still be worked on, and what the thread
    says later is not heard."""
    monkeypatch.setattr(embedded, "_RELEASE_SECONDS", 0.05)
    stuck, jobs = Stuck(), Jobs()
    jobs.job("stuck")(stuck.function)
    async with shop(jobs) as at:
        id = await at.submit("stuck")
        await wait_until(stuck.begun.is_set)
        await at.runner.close()
        record = await at.record(id)
        assert (record.state.status, record.owner is not None) == (Status.RUNNING, True)
        await at.service.interrupt_all("embedded:")
        stuck.gate.set()
        await wait_until(lambda: stuck.lost == ["Lost"])

        assert (await at.record(id)).checkpoint is None


async def test_a_coroutine_that_does_not_end_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner stops in bounded time all the same."""
    monkeypatch.setattr(embedded, "_RELEASE_SECONDS", 0.05)
    stuck, jobs = Stuck(), Jobs()
    jobs.job("stuck")(stuck.coroutine)
    async with shop(jobs) as at:
        await at.submit("stuck")
        await wait_until(stuck.begun.is_set)
        await at.runner.close()
        stuck.gate.set()
        await at.idle()


async def test_a_turn_that_was_lost_is_never_beside_the_next() -> None:
    """In one process: the next turn begins when the old one is over, though that is no business of the store."""
    running, beside, gate, jobs = 0, 0, asyncio.Event(), Jobs()

    async def lonely(work: Work) -> str:
        nonlocal running, beside
        running += 1
        beside = max(beside, running)
        try:
            await gate.wait()  # no point: it cannot hear that it is lost
            await work.apoint()
        finally:
            running -= 1
        return "done"

    jobs.job("lonely")(lonely)
    async with shop(jobs) as at:
        id = await at.submit("lonely")
        await wait_until(lambda: running == 1)
        await at.service.interrupt(id, lambda record: True)
        await at.keep()
        for _ in range(20):
            at.service.on_ready()
            await asyncio.sleep(0.001)  # time in which a mistake would show
        assert (running, (await at.state(id)).status) == (1, Status.INTERRUPTED)
        gate.set()
        state = await at.ended(id)

        assert (beside, state.status, state.attempt, state.result) == (1, Status.COMPLETED, 2, "done")


async def test_a_wish_is_heard_at_once() -> None:
    """Not with the next report: within the same turn of the loop in which it was stored."""
    jobs, heard = Jobs(), asyncio.Event()

    async def listening(work: Work) -> None:
        while work.wanted is None:  # noqa: ASYNC110 — nothing tells of it, and that is the test
            await asyncio.sleep(0)
        heard.set()
        await work.apoint()

    jobs.job("listening")(listening)
    async with shop(jobs) as at:
        id = await at.submit("listening")
        await at.reached(id, Status.RUNNING)
        await wait_until(lambda: id in at.runner._executions)
        await at.request(id, Action.CANCEL)
        await heard.wait()

        assert (await at.ended(id)).status is Status.CANCELLED


async def test_states_are_whole_values() -> None:
    """A state that somebody holds is not changed by what happens later."""
    steps, jobs = stepped("coroutine")
    async with shop(jobs) as at:
        id = await at.submit("steps")
        before: State = await at.state(id)
        status = before.status
        steps.allow(10)
        await at.ended(id)

        assert before.status is status


async def test_an_error_tells_no_secret() -> None:
    """What a job's error says goes through the mask before anybody reads it, in its message and in its traceback."""
    jobs = Jobs()

    @jobs.job("leak")
    async def leak(work: Work) -> None:
        raise ValueError("no way in with hunter2")

    async with shop(jobs, mask=lambda text: text.replace("hunter2", "…")) as at:
        id = await at.submit("leak")
        await at.ended(id)
        told = await at.told(id)

    assert "hunter2" not in str(told)
    assert "no way in with …" in str(told)
