"""Time, chance and tasks, as the client's machines see them: handed in, so that a test can hold them still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from headway.clock import Clock

__all__ = ["Cancellable", "LoopRuntime", "Runtime", "Timer"]

Work = Coroutine[Any, Any, None]  # Any: a coroutine's own


class Cancellable(Protocol):
    """Something that will happen, unless it is cancelled first."""

    def cancel(self) -> object:
        """Have it not happen. Idempotent."""
        ...


class Runtime(Protocol):
    """What the machines are given."""

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        ...

    def random(self) -> float:
        """A number from 0 to 1."""
        ...

    def call_later(self, delay: float, call: Callable[[], None]) -> Cancellable:
        """Call something after so many seconds, from the loop."""
        ...

    def spawn(self, work: Work) -> Cancellable:
        """Have a coroutine run. `close` ends it, at the latest."""
        ...

    async def close(self) -> None:
        """End every coroutine that runs, and wait until it has ended."""
        ...


class LoopRuntime:
    """The running loop, and the tasks that were begun for one client."""

    def __init__(self, clock: Clock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def clock(self) -> Clock:
        """See `Runtime`."""
        return self._clock

    def random(self) -> float:
        """See `Runtime`."""
        return self._random()

    def call_later(self, delay: float, call: Callable[[], None]) -> Cancellable:
        """See `Runtime`."""
        return self._loop.call_later(delay, call)

    def spawn(self, work: Work) -> Cancellable:
        """See `Runtime`."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """See `Runtime`."""
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # What is expected of a network has been caught where it happens. This is a mistake of ours: say so.
            self._loop.call_exception_handler({"message": "a task of the client failed", "exception": error})


class Timer:
    """One thing that is due at one time. Starting it again forgets the time before."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._due: Cancellable | None = None

    def start(self, delay: float, call: Callable[[], None]) -> None:
        """Call it after so many seconds."""
        self.stop()
        due = self._due = self._runtime.call_later(delay, lambda: self._fire(call, due))

    def stop(self) -> None:
        """Do not call it."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _fire(self, call: Callable[[], None], due: Cancellable) -> None:
        if self._due is due:
            self._due = None
            call()
