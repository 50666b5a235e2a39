"""How far a run is: numbers for its task, and `progressUpdate` for its channel, four a second at most and always the
last one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from headway.apps.monitor.runs import telling
from headway.apps.monitor.runs.course import Course
from headway.apps.monitor.runs.model import Result, Test
from headway.errors import HeadwayError
from headway.tasks.work import Work

__all__ = ["Progress"]

logger = logging.getLogger("headway.monitor")

_SECONDS: Final = 0.25


class Progress:
    """Of one attempt."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._total = self._completed = 0
        self._told: dict[str, Any] = {}  # Any: JSON values
        self._at = -_SECONDS

    def show(
        self, tests: Sequence[Test], results: Mapping[Test, Result], counted: Mapping[Test, Result] | None = None
    ) -> None:
        """Have the task show these numbers. `counted` are those that were tested, where that is not all."""
        self._total, self._completed = len(tests), len(results if counted is None else counted)
        counts = Counter(str(result.status) for result in results.values())
        self._work.update(total=self._total, done=len(results), counts=counts)

    async def due(self, course: Course | None) -> None:
        """Tell, if it is news and not too soon."""
        if self._work.clock.monotonic() - self._at >= _SECONDS:
            await self.tell("running", course)

    async def tell(self, status: str, course: Course | None, *, once: str | None = None) -> None:
        """Tell, if it is news. Where nothing can be told now, the next one says it."""
        running = [] if course is None else course.running
        told = telling.progress(
            self._work.task,
            completed=self._completed,
            total=self._total,
            running=running,
            status=status,
            waiting=None if course is None else course.waiting,
        )
        if told == self._told:
            return
        if running:
            self._work.update(current=running[0].title)
        try:
            await self._work.publish("progressUpdate", told, key="progress", once=once)
        except HeadwayError as error:
            if once is not None:
                raise
            logger.warning("! the progress of run %s cannot be told now: %s", self._work.task, error)
        else:
            self._told, self._at = told, self._work.clock.monotonic()
