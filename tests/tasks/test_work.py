"""What a job is given: its checkpoint, its keys; and runners in real processes that die, sleep and wake up."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from headway.clock import SystemClock
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, Status
from headway.tasks.work import ThreadWork, Work
from headway.testing.waiting import wait_until
from tests.tasks import worker
from tests.tasks.shop import Shop, happenings, shop


async def test_a_checkpoint_is_what_was_saved_with_its_numbers(tmp_path: Path) -> None:
    """Not what the work did with it since; both come back together, in the next life."""
    jobs, gate = Jobs(), asyncio.Event()
    seen: list[tuple[dict[str, object], int | float, dict[str, int]]] = []

    async def work_on(work: Work) -> None:
        seen.append((dict(work.checkpoint), work.done, dict(work.counts)))
        work.checkpoint["rows"] = [1, 2]
        work.advance(2, outcome="created")
        await work.save()
        work.checkpoint["rows"].append(3)
        work.advance(1, outcome="created")
        gate.set()
        while len(seen) == 1:
            await work.apoint()
            await asyncio.sleep(0.001)

    jobs.job("work-on")(work_on)
    async with shop(jobs, path=tmp_path / "tasks.db") as at:
        id = await at.submit("work-on")
        await gate.wait()
    async with shop(jobs, path=tmp_path / "tasks.db") as at:
        state = await at.ended(id)

        assert seen == [({}, 0, {}), ({"rows": [1, 2]}, 2, {"created": 2})]
        assert (state.progress.done, state.progress.initial, dict(state.progress.counts)) == (5, 2, {"created": 5})
        assert happenings(await at.told(id)) == await at.history(id)


async def test_saving_now_and_then() -> None:
    """With `every` only what is due is stored; a refused checkpoint does not count as stored."""
    jobs, saved = Jobs(), list[object]()
    async with shop(jobs) as at:

        async def stored(work: Work) -> object:
            return (await at.record(work.task)).checkpoint

        async def saving(work: Work) -> None:
            for number in range(4):
                work.checkpoint["n"] = number
                await work.save(every=1.0)
                saved.append(await stored(work))
                at.clock.advance(0.5)  # type: ignore[attr-defined]  # the test's clock
            await work.save()
            saved.append(await stored(work))

        jobs.job("saving")(saving)
        await at.ended(await at.submit("saving"))

    assert saved == [None, None, {"n": 2}, {"n": 2}, {"n": 3}]


async def test_a_step_has_the_same_name_in_every_attempt() -> None:
    """And no step of another task has it."""
    jobs, keys = Jobs(), list[str]()

    async def keyed(work: Work) -> None:
        keys.append(work.key("row 7"))
        if work.attempt == 1:
            raise ValueError("again")

    jobs.job("keyed", retries=1)(keyed)
    async with shop(jobs) as at:
        first = await at.submit("keyed")
        await wait_until(lambda: len(keys) == 1)
        await at.reached(first, Status.QUEUED)
        at.advance(10)
        await at.ended(first)
        second = await at.submit("keyed")
        await wait_until(lambda: len(keys) == 3)
        await at.request(second, Action.CANCEL)

    assert keys[0] == keys[1] != keys[2]
    assert keys[0] == f"{first}/row 7"


async def test_a_thread_can_do_all_that_a_coroutine_can() -> None:
    """Track, items, lines, parts; `save` waits until it is stored."""
    jobs = Jobs()

    def threaded(work: ThreadWork) -> int:
        with work.child("Part", 3) as part:
            for number in part.track(range(3)):
                work.item(str(number), "ok", count=False)
        work.log("half way", "warning")
        work.checkpoint["n"] = 1
        work.save()
        return sum(work.track([1, 2, 3], outcome="created"))

    jobs.job("threaded")(threaded)
    async with shop(jobs) as at:
        state = await at.ended(await at.submit("threaded"))
        told = await at.told(state.id)

        assert (state.status, state.result) == (Status.COMPLETED, 6)
        assert (await at.record(state.id)).checkpoint == {"n": 1}
        assert [event["item"] for event in told if event["type"] == "task_item"] == ["0", "1", "2"]
        assert [event["level"] for event in told if event["type"] == "task_log"] == ["warning"]
        assert Counter(state.progress.counts) == {"created": 3}


# Real processes


class Worker:
    """A runner in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().strip())

    def said(self, word: str) -> list[str]:
        """Lines that begin with a word."""
        return [line for line in self.lines if line.split()[0] == word]

    async def says(self, word: str, times: int = 1, within: float = 15.0) -> None:
        """Wait until it has said something so often."""
        await wait_until(lambda: len(self.said(word)) >= times or self._reading.done(), within=within)
        assert len(self.said(word)) >= times, f"it ended after {self.lines[-3:]}"

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self) -> None:
        """Kill it, if it still lives, and read what it said."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def working(folder: Path, name: str, lease: float = 15.0) -> AsyncIterator[Worker]:
    """A worker until the block ends, when it is killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.tasks.worker", str(folder), name, str(lease)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."]), "PYTHONASYNCIODEBUG": "0"},
        cwd=Path(__file__).parents[2],
    )
    made = Worker(process)
    try:
        await made.says("ready")
        yield made
    finally:
        await made.ended()


def submitting(folder: Path) -> AbstractAsyncContextManager[Shop]:
    """Somebody who only submits."""
    return shop(_without_schedules(), clock=SystemClock(), path=folder / "tasks.db", started=False)


def _without_schedules() -> Jobs:
    chosen = Jobs()
    for job in worker.jobs:
        if job.schedule is None:
            chosen.add(job)
    return chosen


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_no_task_runs_twice_at_a_time(tmp_path: Path) -> None:
    """Three processes, thirty tasks: each runs once, no pool has more than its slots, and a schedule comes round once
    for all of them."""
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(submitting(tmp_path))
        workers = [await stack.enter_async_context(working(tmp_path, f"w{number}")) for number in range(3)]
        ids = {await at.submit("exclusive", folder=str(tmp_path)) for _ in range(30)}

        def ran() -> list[str]:
            return [line for one in workers for line in one.said("ran")]

        await wait_until(lambda: len(ran()) >= 30, within=60)
        assert [line for one in workers for line in (*one.said("twice"), *one.said("crowded"))] == []
        assert Counter(line.split()[1] for line in ran()) == Counter(ids)
        for id in ids:
            assert (await at.reached(id, Status.COMPLETED)).attempt == 1
        rounds = [line for one in workers for line in one.said("round")]
        assert len(rounds) == len(set(rounds))


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_who_wakes_up_has_lost_the_task(tmp_path: Path) -> None:
    """A process that was stopped for longer than its lease: another goes on from the checkpoint, and the first, when it
    wakes up, saves nothing more and stops. Every step is saved once."""
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(submitting(tmp_path))
        first = await stack.enter_async_context(working(tmp_path, "first", 1.5))
        id = await at.submit("slow")
        await first.says("step", 5)
        first.send(signal.SIGSTOP)
        second = await stack.enter_async_context(working(tmp_path, "second", 1.5))
        await second.says("step")
        first.send(signal.SIGCONT)
        await first.says("ended")
        state = await at.reached(id, Status.COMPLETED)

        steps = [int(line.split()[1]) for one in (first, second) for line in one.said("step")]
        # The step that was just being saved when everything stopped may have been saved unsaid.
        assert sorted(set(range(worker.STEPS)) - set(steps)) in ([], [len(first.said("step"))])
        assert len(steps) == len(set(steps))
        assert first.said("ended")[0] in ("ended Lost", "ended Cancelled")
        assert (state.progress.done, dict(state.progress.counts)) == (worker.STEPS, {"created": worker.STEPS})
        assert await at.history(id) == ["queued", "started", "interrupted", "started", "completed"]
        assert second.said("ended") == []


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_who_is_killed_is_taken_over(tmp_path: Path) -> None:
    """At once by one of the same name, without being asked, from the checkpoint; every step once."""
    async with submitting(tmp_path) as at:
        id = await at.submit("slow")
        steps: list[int] = []
        for _ in range(3):
            async with working(tmp_path, "same") as one:
                await one.says("step", 5)
            steps += [int(line.split()[1]) for line in one.said("step")]
        async with working(tmp_path, "same") as one:
            state = await at.reached(id, Status.COMPLETED)
            await one.says("step")
        steps += [int(line.split()[1]) for line in one.said("step")]

        assert len(steps) == len(set(steps)) >= worker.STEPS - 3
        assert (state.progress.done, state.attempt) == (worker.STEPS, 4)
        assert (await at.history(id)).count("interrupted") == 3


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_a_thread_that_never_ends_keeps_no_process_from_ending(tmp_path: Path) -> None:
    """Whoever stops the server is not made to wait for it; the next one takes the task over."""
    async with submitting(tmp_path) as at:
        id = await at.submit("stuck")
        async with working(tmp_path, "same") as one:
            await one.says("stuck")
            assert one.process.stdin is not None
            one.process.stdin.write(b"end\n")
            await one.says("closed", within=30)
            async with asyncio.timeout(10):
                assert await one.process.wait() == 0
        async with working(tmp_path, "same") as other:
            await other.says("stuck")

        assert await at.history(id) == ["queued", "started", "interrupted", "started"]


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_a_wish_reaches_a_runner_in_another_process(tmp_path: Path) -> None:
    """Within a second or so: with its next sign of life."""
    async with submitting(tmp_path) as at:
        id = await at.submit("slow")
        async with working(tmp_path, "other") as one:
            await one.says("step", 2)
            await at.request(id, Action.PAUSE)
            await at.reached(id, Status.PAUSED)
            await at.request(id, Action.CANCEL)
            state = await at.reached(id, Status.CANCELLED)

        assert state.progress.done == len(one.said("step"))
        assert one.said("ended") == ["ended Cancelled"]
