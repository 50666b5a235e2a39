"""A run in this process, without a server: the same plan, the same tests, the same events, and nothing kept.

    run = await run_here(subjects, wanted, equipment, told, id)       told("testCompleted", {…})

Cancelling ends what is under way, browsers too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from headway.apps.monitor.runs import telling
from headway.apps.monitor.runs.conducting import Conductor
from headway.apps.monitor.runs.course import Course
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.model import PARALLEL, Ending, Result, Subject, Summary, Test, Wanted
from headway.apps.monitor.runs.plan import plan
from headway.apps.monitor.runs.shown import Run, named, tested

__all__ = ["run_here"]

Told = Callable[[str, dict[str, Any]], None]
"""Hears the type and the data of every event. Any: JSON values."""


async def run_here(
    subjects: Sequence[Subject], wanted: Wanted, equipment: Equipment, told: Told, id: str = "here"
) -> Run:
    """Test, and say what came of it. Raises `HeadwayError` where nothing can be tested."""
    tests = plan(subjects, wanted)
    run = _Here(id, tests, told, {one.id: one for one in subjects}, Conductor(equipment))
    clock = equipment.clock
    created, began = clock.now(), clock.monotonic()
    told("testRunStarted", telling.run_started(id, tests))
    run.course = Course(tests, run.conduct, run, run, parallel=wanted.parallel or PARALLEL, browsers=equipment.browsers)
    await run.course.go()
    summary = _summary(run.results, clock.monotonic() - began)
    await run.look("completed")
    told(*telling.finale(id, "completed", summary, None))
    return Run(
        number=0,
        id=id,
        test_run_id=telling.channel_of(id),
        task=id,
        channel=telling.channel_of(id),
        name=wanted.name or named(wanted),
        status="completed",
        trigger=wanted.trigger,
        kinds=tuple(map(str, wanted.kinds)),
        application_count=len({test.application for test in tests}),
        total=len(tests),
        completed=len(tests),
        summary=summary,
        created_at=created,
        started_at=created,
        ended_at=clock.now(),
        by=None,
        error=None,
        waiting=None,
        allowed=(),
        results=tuple(tested(test, run.results[test]) for test in tests),
    )


class _Here:
    """Implements `Told` and a `Gate` that never shuts."""

    shut = cancelled = False
    course: Course

    def __init__(
        self, id: str, tests: Sequence[Test], told: Told, subjects: dict[str, Subject], conductor: Conductor
    ) -> None:
        self._id = id
        self._tests = tests
        self._told = told
        self._subjects = subjects
        self._conductor = conductor
        self._progress: dict[str, Any] = {}  # Any: JSON values
        self.results: dict[Test, Result] = {}

    async def conduct(self, test: Test, waiting: Callable[[str], None]) -> Result:
        """One test."""
        return await self._conductor.conduct(test, self._subjects.get(test.application), waiting)

    async def began(self, test: Test) -> None:
        """Tell."""
        self._told("testStarted", telling.started(self._id, test))

    async def ended(self, test: Test, result: Result) -> None:
        """Tell. There is nowhere to keep a picture."""
        self.results[test] = kept = replace(result, picture=None)
        self._told(*telling.ended(self._id, test, kept))

    async def hold(self) -> None:
        """Nobody asks for it."""

    async def look(self, status: str = "running") -> None:
        """Tell how far it is, if that is news."""
        told = telling.progress(
            self._id,
            completed=len(self.results),
            total=len(self._tests),
            running=self.course.running,
            status=status,
            waiting=self.course.waiting,
        )
        if told != self._progress:
            self._progress = told
            self._told("progressUpdate", told)


def _summary(results: dict[Test, Result], seconds: float) -> Summary:
    counts = Counter(result.status for result in results.values())
    return Summary(
        total=len(results),
        passed=counts[Ending.PASSED],
        failed=counts[Ending.FAILED] + counts[Ending.TIMEOUT],
        skipped=counts[Ending.SKIPPED],
        duration=round(1000 * seconds),
    )
