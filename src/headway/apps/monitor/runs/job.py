"""The job `test-run`: opens a run, has its plan tested, and closes it whatever happens.

    open ─▶ testRunStarted ─▶ course: testStarted … testCompleted | testFailed ─▶ testRunCompleted | testRunCancelled
                                ▲                                       │ stored, told, saved: one after the other
                                └── after a crash: what is stored is told if need be, what was under way is done again

The law:
1. What is published is published once in all attempts: every event names its step.
2. A result is told as it is stored; what is stored is never tested again.
3. A server that stops says nothing of an end: the run goes on after the restart.
4. Where nothing can be stored or told, the attempt fails and another one is made; only then the run has failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from headway.apps.monitor.runs import telling
from headway.apps.monitor.runs.bench import Bench, Closed
from headway.apps.monitor.runs.conducting import undone
from headway.apps.monitor.runs.course import Course
from headway.apps.monitor.runs.model import PARALLEL, Attempt, Kind, Result, Subject, Test, Wanted
from headway.apps.monitor.runs.progress import Progress
from headway.errors import HeadwayError, Overloaded, StorageError
from headway.tasks.interface import Lost
from headway.tasks.jobs import Backoff, Jobs
from headway.tasks.model import Status
from headway.tasks.task import Cancelled
from headway.tasks.work import Work

__all__ = ["JOB", "Order", "register"]

logger = logging.getLogger("headway.monitor")

JOB: Final = "test-run"
_AT_ONCE: Final = 4
"""Runs at a time: each has its own tests at once; browsers they share."""
_RETRIES: Final = 3
"""Attempts after one in which nothing could be stored: some seconds for a disk to come back."""
_INTERRUPTED: Final = "The server stopped while this was under way."

Json = dict[str, Any]
"""Any: JSON values."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is called with: what was wanted, and the plan that was made of it."""

    wanted: Wanted
    tests: tuple[tuple[str, Kind], ...]


def register(jobs: Jobs, bench: Bench) -> None:
    """Have the job run."""

    @jobs.job(JOB, title="Test run", concurrency=_AT_ONCE, retries=_RETRIES, backoff=Backoff(0.5, 2.0, 5.0))
    async def test_run(work: Work, run: Order) -> Json:
        """Test applications."""
        return await _Run(work, run, bench).go()


class _Run:
    """One attempt of one run. Implements `Told`."""

    def __init__(self, work: Work, order: Order, bench: Bench) -> None:
        self._work = work
        self._order = order
        self._bench = bench
        self._run = work.task
        self._subjects: Mapping[str, Subject] = {}
        self._tests: list[Test] = []
        self._results: dict[Test, Result] = {}
        self._under_way: dict[Test, float] = {}
        kept = work.checkpoint
        self._begun: dict[str, int] = dict(kept.get("begun") or {})
        """How often tests were begun that have not ended."""
        self._told: set[str] = set(kept.get("told") or ())
        """Tests whose end was told."""
        self._seconds: float = kept.get("seconds", 0.0)
        self._progress = Progress(work)
        self._course: Course | None = None

    async def go(self) -> Json:
        """Run until the end. Returns the summary."""
        try:
            closed = await self._all()
        except (Cancelled, asyncio.CancelledError):
            if await self._ended_by_somebody():
                await self._finish("cancelled", "The run was cancelled.")
            raise
        except (Lost, StorageError, Overloaded):
            raise
        except Exception as error:
            why = error.message if isinstance(error, HeadwayError) else "a mistake of Headway's; its log has more"
            await self._finish("failed", "The run could not go on.", why)
            raise
        summary: Json = msgspec.to_builtins(closed.summary)
        return summary

    async def _all(self) -> Closed:
        if await self._open():
            await self._tell_rest()
            wanted, equipment = self._order.wanted, self._bench.equipment
            self._course = Course(
                [test for test in self._tests if test not in self._results],
                self._conduct,
                self._work.gate,
                self,
                parallel=wanted.parallel or PARALLEL,
                browsers=equipment.browsers,
            )
            await self._course.go()
        return await self._finish("completed", "")

    async def _open(self) -> bool:
        """Know everything. False: the run was closed already."""
        bench, run = self._bench, self._run
        self._subjects = await bench.subjects()
        tests = [self._test(number, *one) for number, one in enumerate(self._order.tests, 1)]
        kept = await bench.know(run, self._order.wanted, tests)
        self._tests = list(kept.plan)
        stored = await bench.results(run)
        self._results = {
            test: stored[test.number, test.kind] for test in self._tests if (test.number, test.kind) in stored
        }
        self._progress.show(self._tests, self._results)
        if kept.began is None:
            await bench.begun(run)
        if kept.open:
            await self._work.publish("testRunStarted", telling.run_started(run, self._tests), once="run")
        return kept.open

    def _test(self, number: int, id: str, kind: Kind) -> Test:
        """A test of the plan, where nobody has kept it yet."""
        found = self._subjects.get(id)
        if found is None:
            return Test(id, -number, id, id, "", kind)  # a number that no application has
        browser = kind is Kind.LOGIN and found.login is not None and not found.login.light
        return Test(id, found.number, found.name, found.title, found.environment, kind, browser)

    async def _tell_rest(self) -> None:
        """Tell what an earlier attempt had stored, and perhaps not told."""
        for test, result in self._results.items():
            if test.key not in self._told:
                await self._tell(test, result)
        await self._save()

    async def _conduct(self, test: Test, waiting: Callable[[str], None]) -> Result:
        subject = self._subjects.get(test.application)
        return await self._bench.conductor.conduct(test, subject, waiting, self._earlier(test, 1))

    def _earlier(self, test: Test, now: int = 0) -> list[Attempt]:
        """Attempts that earlier processes began, without the one that goes on."""
        return [Attempt("interrupted", _INTERRUPTED)] * max(0, self._begun.get(test.key, 0) - now)

    # As `Told`.

    async def began(self, test: Test) -> None:
        """A test is about to begin."""
        self._begun[test.key] = self._begun.get(test.key, 0) + 1
        self._under_way[test] = self._work.clock.now()
        await self._save()
        await self._publish("testStarted", telling.started(self._run, test), test)

    async def ended(self, test: Test, result: Result) -> None:
        """A test has ended."""
        kept = await self._bench.keep(self._run, test, result)
        self._under_way.pop(test, None)
        if kept is None:
            return  # the run was ended meanwhile, and says what became of the test
        self._results[test] = kept
        self._progress.show(self._tests, self._results)
        await self._tell(test, kept)
        await self._save()
        await self._bench.hear(self._run, test, kept)

    async def hold(self) -> None:
        """Nothing is under way."""
        if not self._work.gate.cancelled:
            await self._progress.tell("paused", self._course)
        await self._work.apoint()

    async def look(self) -> None:
        """Ten times a second."""
        await self._progress.due(self._course)

    # Its own.

    async def _tell(self, test: Test, result: Result) -> None:
        type, data = telling.ended(self._run, test, result)
        await self._publish(type, data, test)
        self._told.add(test.key)
        self._begun.pop(test.key, None)

    async def _publish(self, type: str, data: Json, test: Test) -> None:
        """To the run's channel, and a copy for the feed."""
        await self._work.publish(type, data, once=test.key)
        await self._work.publish(type, data, channel=telling.FEED, once=f"{test.key}@{telling.FEED}")

    async def _save(self) -> None:
        self._work.checkpoint.update(begun=self._begun, told=sorted(self._told), seconds=self._running_seconds())
        await self._work.save()

    def _running_seconds(self) -> float:
        return self._seconds + self._work.elapsed(self._work.clock.monotonic())

    async def _ended_by_somebody(self) -> bool:
        """Whether it was cancelled, rather than that the server stops."""
        state = await self._bench.tasks.get(self._run)
        return Status.CANCELLED in (state.wanted, state.status)

    async def _finish(self, status: str, why: str, error: str = "") -> Closed:
        """Close the run, and tell how it ended. Raises `HeadwayError` where it had not ended well before."""
        now = self._work.clock.now()
        rest = {
            test: undone(self._under_way.get(test, now), why, self._earlier(test))
            for test in self._tests
            if test not in self._results
        }
        closed = await self._bench.close(self._run, status, rest, self._running_seconds(), error)
        if closed is None:
            raise HeadwayError(error or "the run was forgotten while it went on")
        for test in rest:
            if test.key in self._begun:  # what was told to have begun is told to have ended
                await self._tell(test, rest[test])
        self._progress.show(self._tests, {**self._results, **rest}, counted=self._results)
        await self._progress.tell(closed.status, None, once="last")
        await self._work.publish(*telling.finale(self._run, closed.status, closed.summary, closed.error), once="end")
        if closed.status != "completed" and status == "completed":
            raise HeadwayError(closed.error or f"the run was {closed.status}")
        return closed
