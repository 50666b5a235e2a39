"""The course of a run: so many tests at once, in the order of the plan, for as long as nobody wants it to hold still.

The law:
1. One loop begins tests and takes what they bring; a test is a task that does nothing else. Stored and told is in the
   loop, so that nothing is cancelled half stored.
2. Login tests in a browser are begun only while there are browsers; what does not need one goes before them then.
3. Pause: nothing is begun any more; what is under way comes to its end; then the run holds still.
4. Cancel: what is under way is ended at once, browsers too, and handed to whoever closes the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from headway.apps.monitor.runs.model import Result, Test

__all__ = ["Course", "Gate", "Told"]

_LOOK_SECONDS: Final = 0.1
"""Between two looks at the gate while all tests go on: a tenth of the second in which a cancel is to be felt."""

Conduct = Callable[[Test, Callable[[str], None]], Awaitable[Result]]


class Gate(Protocol):
    """What is wanted of the run."""

    @property
    def shut(self) -> bool:
        """Whether it is to hold still, or to end."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether it is to end."""
        ...


class Told(Protocol):
    """Who hears how it goes."""

    async def began(self, test: Test) -> None:
        """A test is about to begin."""
        ...

    async def ended(self, test: Test, result: Result) -> None:
        """A test has ended."""
        ...

    async def hold(self) -> None:
        """Nothing is under way: hold still until the run goes on. Raises at once where it is to end."""
        ...

    async def look(self) -> None:
        """Ten times a second."""
        ...


class Course:
    """One run of a plan."""

    def __init__(
        self, tests: Sequence[Test], conduct: Conduct, gate: Gate, told: Told, *, parallel: int, browsers: int
    ) -> None:
        self._queue = list(tests)
        self._conduct = conduct
        self._gate = gate
        self._told = told
        self._parallel = parallel
        self._browsers = browsers
        self._running: dict[asyncio.Task[Result], Test] = {}
        self._reasons: dict[str, str] = {}

    @property
    def running(self) -> list[Test]:
        """What is under way, in the order in which it began."""
        return list(self._running.values())

    @property
    def waiting(self) -> str | None:
        """Why less is under way than might be."""
        if self._reasons:
            return next(iter(self._reasons.values()))
        room = len(self._running) < self._parallel
        if room and self._queue and not self._gate.shut and self._next() is None:
            return f"waiting for 1 of {self._browsers} {'browser' if self._browsers == 1 else 'browsers'}"
        return None

    async def go(self) -> None:
        """Until every test has ended. Raises what `hold` raises, once nothing is under way. Cancelling ends all."""
        try:
            while self._queue or self._running:
                await self._begin()
                if self._running:
                    await self._take()
                elif self._gate.shut:
                    await self._told.hold()
                await self._told.look()
        finally:
            await _ended(list(self._running))

    async def _begin(self) -> None:
        while len(self._running) < self._parallel and not self._gate.shut:
            test = self._next()
            if test is None:
                return
            self._queue.remove(test)
            await self._told.began(test)
            self._running[asyncio.create_task(self._test(test), name=f"test {test.key}")] = test

    async def _take(self) -> None:
        """Take what ends within a moment. Raises where the run is to end: `go` then ends what has not."""
        await asyncio.wait(self._running, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in self._running if task.done()]:
            if not task.cancelled():
                await self._told.ended(self._running[task], task.result())
            del self._running[task]
        if self._gate.cancelled:
            await self._told.hold()

    def _next(self) -> Test | None:
        busy = sum(test.browser for test in self._running.values())
        return next((test for test in self._queue if not test.browser or busy < self._browsers), None)

    async def _test(self, test: Test) -> Result:
        def waiting(why: str) -> None:
            if why:
                self._reasons[test.key] = why
            else:
                self._reasons.pop(test.key, None)

        try:
            return await self._conduct(test, waiting)
        finally:
            waiting("")


async def _ended(tasks: Sequence[asyncio.Task[Result]]) -> None:
    """End them, and wait until nothing of them is left."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
