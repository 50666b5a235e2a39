"""As many rows at a time as chosen, for as long as nobody wants the run to hold still.

The law:
1. So many workers, each takes a row, deals with it, takes the next. Nothing else is awaited between two rows, and
   nothing is made for a row. Rows end in any order.
2. When the gate shuts or a row says that going on is pointless, no row is taken any more. What is on its way to PingOne
   gets some seconds to come back; what has not left is called off at once. Both are handed back, and tried again if
   the run goes on.
3. A round is over when no worker is left: only then the run holds still, or has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from headway.apps.imports.engine.feeding import Feed
from headway.apps.imports.engine.interface import Row
from headway.pingone.exchange import Trail

__all__ = ["LINGER_SECONDS", "Course", "Dispatcher", "Gate"]

LINGER_SECONDS: Final = 5.0
"""For answers that are under way when the run is to hold still. PingOne takes less than one; what takes longer is being
retried, and can be as well afterwards."""
_LOOK_SECONDS: Final = 0.1
"""Between two looks at the gate while every worker waits: a tenth of the second in which a cancel is to be felt."""


class Gate(Protocol):
    """What is asked between two rows."""

    @property
    def shut(self) -> bool:
        """Whether the run is to hold still, or to end."""
        ...


@dataclass(slots=True, eq=False)
class Course:
    """One worker, and the row it is at."""

    row: Row | None = None
    trail: Trail | None = None
    """Of the request that creates its user."""
    changing: bool = False
    """Whether its user is being changed."""

    @property
    def open(self) -> bool:
        """Whether PingOne may have done something for the row, and nobody knows yet."""
        return self.changing or (self.trail is not None and self.trail.open)


Handle = Callable[[Row, Course], Awaitable[None]]
"""Deals with one row. What it raises ends the round, and the row is handed back."""


class Dispatcher:
    """Feeds workers."""

    def __init__(
        self, feed: Feed, handle: Handle, gate: Gate, parallel: int, *, linger: float = LINGER_SECONDS
    ) -> None:
        self._feed = feed
        self._handle = handle
        self._gate = gate
        self._parallel = parallel
        self._linger = linger
        self._stop = False

    @property
    def ended(self) -> bool:
        """Whether there are no more rows."""
        return self._feed.empty

    def halt(self) -> None:
        """Have the round end, as if the gate were shut."""
        self._stop = True

    async def round(self) -> None:
        """Work until there are no more rows, the gate shuts, or something is raised, which is raised here once
        nothing is under way any more. Cancelling calls off everything at once."""
        self._stop = False
        courses = [Course() for _ in range(self._parallel)]
        workers = {asyncio.create_task(self._work(course), name="import worker"): course for course in courses}
        try:
            await self._watch(workers)
        finally:
            await _call_off(workers)
            for course in courses:
                if course.row is not None:
                    self._feed.hand_back(course.row)
        for worker in workers:
            if (error := _error(worker)) is not None:
                raise error

    async def _watch(self, workers: dict[asyncio.Task[None], Course]) -> None:
        """Until all have ended, or those that have not are to be called off."""
        loop = asyncio.get_running_loop()
        until: float | None = None
        pending = set(workers)
        called_off: set[asyncio.Task[None]] = set()
        while pending:
            done, pending = await asyncio.wait(pending, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
            if any(_error(worker) is not None for worker in done):
                self._stop = True
            if not (self._stop or self._gate.shut):
                continue
            if until is None:
                until = loop.time() + self._linger
            if loop.time() >= until:
                return
            for worker in pending - called_off:
                # Looked at each time: what has failed for now and waits to be tried again has not left any more.
                if not workers[worker].open:
                    called_off.add(worker)
                    worker.cancel()

    async def _work(self, course: Course) -> None:
        feed, gate, handle = self._feed, self._gate, self._handle
        while not (gate.shut or self._stop):
            row = feed.take()
            if row is None:
                if not await feed.refill():
                    return
                continue
            course.row, course.trail, course.changing = row, None, False
            await handle(row, course)
            course.row = None


def _error(worker: asyncio.Task[None]) -> BaseException | None:
    return None if worker.cancelled() else worker.exception()


async def _call_off(workers: dict[asyncio.Task[None], Course]) -> None:
    pending = [worker for worker in workers if not worker.done()]
    for worker in pending:
        worker.cancel()
    if pending:
        await asyncio.wait(pending)
