"""Reports on their way: a `Pump` for each task, and a `Desk` for all that go to one outlet.

The law of a pump:
1. At most ten reports a second, and two at least: as a sign of life, and to hear what is wanted. What has happened, and
   the end, go at once.
2. One report at a time. It is sent until it is answered, with the same number, and only then comes the next: with
   whatever is newest by then.
3. An outlet that is away is no error of the work: it is tried again, less and less often, and one warning is written.
4. An outlet that has forgotten the task is told of it anew, as of another one.
5. Who lost the task stops, and so does the work at its next point.
6. What can never be taken is left out, so that the rest can be.

Not here: the numbers (`task`), the network (`headway.reporting`), the thread (`bridge`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from headway.clock import Clock
from headway.codes import Code
from headway.errors import Closed, HeadwayError, UsageError
from headway.tasks.interface import Beginning, Line, Lost, Outlet, Owned, Report
from headway.tasks.model import Happening, IllegalTransition, Status

__all__ = ["Desk", "Pump", "Source", "Waiting"]

logger = logging.getLogger("headway.tasks")

Answer = TypeVar("Answer")

_LEAST: Final = 0.1
"""Seconds between two reports: an eye sees no more than ten a second."""
_MOST: Final = 0.5
"""Seconds without a report. It is the answer that says what is wanted, and who cancels is answered within a second."""
_FIRST_DELAY: Final = 0.25
_LONGEST_DELAY: Final = 5.0
"""Seconds before it is tried again: first, and at most. A server that restarts is away for about that long."""
_MOMENT: Final = 1.0
"""Seconds for a last word to somebody who is away, or on behalf of somebody who pressed Ctrl-C."""
_STARTING: Final = 10.0
"""Seconds for which a block waits for an outlet in its own process: to open a log takes milliseconds, to read an old
one on a slow disk some seconds."""


_FORKED: Final = (
    "this Headway is in the process that this one was forked from, and cannot be reached from here; "
    "report to its server with `headway.Reporter`"
)


class Source(Protocol):
    """What is reported: a task's handle."""

    @property
    def ended(self) -> Happening | None:
        """How it ended, whether that was taken already or not."""
        ...

    @property
    def over(self) -> bool:
        """Whether the end was taken."""
        ...

    def beginning(self) -> Beginning:
        """What is said first."""
        ...

    def take(self, number: int, now: float, *, due: bool) -> Report | None:
        """What is new; with `due` also what is not."""
        ...

    def want(self, wanted: Status | None) -> None:
        """Hear what is wanted."""
        ...

    def abandon(self, why: str | None = None) -> None:
        """It is reported no more. With a reason, the work is to stop."""
        ...

    def orphan(self, error: BaseException | None) -> None:
        """The program ends, by this error or in good order."""
        ...

    def again(self) -> None:
        """It is begun anew, where nothing of it is known."""
        ...


class Waiting(Protocol):
    """How a pump waits: until it is woken, or for so many seconds."""

    def __call__(self, woken: asyncio.Event, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...


class Pump:
    """The reports of one task. Everything but `wake` happens on the outlet's loop."""

    def __init__(
        self,
        source: Source,
        desk: Desk,
        key: str,
    ) -> None:
        self.source = source
        self.owned: Owned | None = None
        """The task, once it was begun."""
        self.begun: Future[Owned | None] = Future()
        """None where it never will be."""
        self.ended: Future[None] = Future()
        """The last report was answered, or is given up."""
        self._desk = desk
        self._key = key
        self._woken = asyncio.Event()
        self._number = 0
        self._failures = 0
        self._begins = 0

    def wake(self) -> None:
        """There is something that should not wait. From any thread."""
        self._desk.wake(self._woken)

    async def run(self) -> None:
        """Begin, and report until the end."""
        try:
            await self._run()
        except Closed:
            self.source.abandon()  # the outlet ended in good order, and the work goes on unseen
        except Lost as error:
            self.source.abandon(error.message)
        except HeadwayError as error:
            logger.warning("! a task is reported no more: %s", error.message)
            self.source.abandon()
        except Exception:  # a mistake of ours must not end the work that is only watched
            logger.exception("! a task is reported no more")
            self.source.abandon()
        finally:
            self.source.abandon()
            for future in (self.begun, self.ended):
                if not future.done():
                    future.set_result(None)

    async def _run(self) -> None:
        await self._begin()
        last = self._desk.clock.monotonic()
        while True:
            now = self._desk.clock.monotonic()
            report = self.source.take(self._number + 1, now, due=now - last >= _MOST)
            if report is None:
                await self._wait(_LEAST)
                continue
            last = now
            self._number = report.number
            await self._send(report)
            if self.source.over:
                return
            if self.source.ended is None:
                await self._wait(max(0.0, last + _LEAST - self._desk.clock.monotonic()))

    async def _begin(self) -> None:
        outlet, beginning = self._desk.outlet, self.source.beginning()
        key = f"{self._key}.{self._begins}"
        self._begins += 1
        self.owned = await self._insist(lambda: outlet.begin(beginning, idempotency_key=key))
        if not self.begun.done():
            self.begun.set_result(self.owned)

    async def _send(self, report: Report) -> None:
        try:
            wanted = await self._deliver(report)
        except Lost:
            raise
        except IllegalTransition as error:
            raise Lost(error.message, details=error.details) from None
        except HeadwayError as error:
            if error.code is Code.NOT_FOUND:
                await self._begin_again(report)
                return
            if isinstance(error, Closed) or not (report.items or report.lines or report.result is not None):
                raise
            logger.warning("! what a task said could not be reported, and is left out: %s", error.message)
            wanted = await self._deliver(_bare(report, error.message))
        self.source.want(wanted)

    async def _deliver(self, report: Report) -> Status | None:
        owned, outlet = self.owned, self._desk.outlet
        assert owned is not None  # it was begun
        return await self._insist(lambda: outlet.report(owned.id, owned.owner, report))

    async def _begin_again(self, report: Report) -> None:
        """The server was started anew and kept nothing."""
        before, self._number = self.owned, 0
        self.source.again()
        await self._begin()
        self._number = 1
        await self._send(_moved(replace(report, number=1), before, self.owned))

    async def _insist(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer."""
        while True:
            try:
                answer = await ask()
            except HeadwayError as error:
                if isinstance(error, Closed) or not error.code.retry:
                    raise
                self._desk.away(error.message)
                if self._desk.last_chance:
                    raise Closed("the program ends") from error
                await self._wait(self._delay(error))
            else:
                self._failures = 0
                self._desk.back()
                return answer

    def _delay(self, error: HeadwayError) -> float:
        delay: float = min(_LONGEST_DELAY, _FIRST_DELAY * 2**self._failures) * (0.5 + self._desk.random() / 2)
        self._failures = min(self._failures + 1, 16)  # bounds the power, not the tries
        hint = error.details.get("retry")
        return max(delay, float(hint)) if isinstance(hint, int | float) else delay

    async def _wait(self, seconds: float) -> None:
        await self._desk.waiting(self._woken, seconds)
        self._woken.clear()


def _moved(report: Report, before: Owned | None, now: Owned | None) -> Report:
    """The same report of the task that it is now."""
    if before is None or now is None:
        return report
    parts = [replace(part, parent=now.id) if part.parent == before.id else part for part in report.children]
    return replace(report, children=parts)


def _bare(report: Report, why: str) -> Report:
    """The same report without what was not to its outlet's taste."""
    lost = len(report.items) + len(report.lines)
    told = Line("warning", f"{lost} items and lines are missing here: {why}"[:4_000])
    return replace(report, items=(), lines=(told,) if lost else (), result=None)


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()


class Desk:
    """Where tasks are handed in for one outlet. Its pumps run on the outlet's loop, and end with it."""

    def __init__(
        self,
        open_outlet: Callable[[], Awaitable[Outlet]],
        loop: Callable[[], asyncio.AbstractEventLoop],
        clock: Clock,
        *,
        new_id: Callable[[], str],
        random: Callable[[], float],
        near: bool = False,
        patience: float = 3.0,
        url: Callable[[Owned], str | None] = lambda owned: None,
        fork: Callable[[], Desk] | None = None,
        name: str = "the server",
        waiting: Waiting = _wait,
    ) -> None:
        """`loop` is asked for with the first task. `near`: the outlet is in this process, so that its answers are
        waited for. `patience`: seconds for which the end of a block waits for the last report to be answered.
        `fork` gives the desk of a process that was forked from this one, where there can be one."""
        self.clock = clock
        self.random = random
        self.near = near
        self.patience = patience
        self.url = url
        self.waiting = waiting
        self._open_outlet = open_outlet
        self._outlet: Outlet | None = None
        self._choose = loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._new_id = new_id
        self._name = name
        self._reason: str | None = None
        self._pumps: dict[Pump, asyncio.Task[None]] = {}
        self._fork = fork
        self._process = os.getpid()
        self._closed = False
        self.last_chance = False
        """Whether the program ends: what fails now is not tried again."""

    @property
    def outlet(self) -> Outlet:
        """The outlet, once it is open."""
        assert self._outlet is not None  # a pump runs only after it was opened
        return self._outlet

    def open(self, source: Source) -> Pump:
        """Begin to report a task. From any thread. Raises `UsageError`."""
        if self._process != os.getpid():
            raise UsageError(_FORKED)
        if self._loop is None:
            self._loop = self._choose()
        pump = Pump(source, self, self._new_id())
        self._call(lambda: self._start(pump), "the loop that tasks are reported from has ended")
        return pump

    def in_fork(self) -> Desk:
        """The desk for this process, which was forked from the one that this desk is in. Raises `UsageError`."""
        if self._fork is None:
            raise UsageError(_FORKED)
        return self._fork()

    def wake(self, woken: asyncio.Event) -> None:
        """Have a pump look now. From any thread."""
        # A loop that is over: what is said after its end is said to nobody.
        with contextlib.suppress(UsageError):
            self._call(woken.set, "")

    def wait_begun(self, pump: Pump) -> None:
        """Wait a bounded time until a task was begun. Raises what kept its outlet from being opened."""
        with contextlib.suppress(WaitedTooLong):
            pump.begun.result(self._begin_patience())

    async def begun(self, pump: Pump) -> None:
        """The same for a coroutine."""
        await _until(pump.begun, self._begin_patience())

    def wait(self, pump: Pump, *, hurried: bool = False) -> None:
        """Wait a bounded time until the last report was answered; hurried: only a moment."""
        try:
            pump.ended.result(min(self._end_patience(), _MOMENT) if hurried else self._end_patience())
        except WaitedTooLong:
            self.slow()

    async def ended(self, pump: Pump) -> None:
        """The same for a coroutine."""
        await _until(pump.ended, self._end_patience())
        if not pump.ended.done():
            self.slow()

    def slow(self) -> None:
        """Somebody waited in vain. Nobody else has to."""
        if self._reason is None:
            self.away("no answer in time")

    def away(self, reason: str) -> None:
        """The outlet takes nothing now. One warning, however many tasks try."""
        if self._reason is None:
            logger.warning("! %s cannot be told of progress (%s); this goes on, and is told later", self._name, reason)
        self._reason = reason

    def back(self) -> None:
        """It does again."""
        if self._reason is not None:
            logger.info("= %s is told of progress again", self._name)
        self._reason = None

    async def close(self, patience: float | None = None) -> None:
        """End the reports: those that are over get the time to be answered. On the outlet's loop. Idempotent."""
        self._closed = True
        ending = [task for pump, task in self._pumps.items() if pump.source.ended is not None]
        if ending:
            await asyncio.wait(ending, timeout=self._end_patience() if patience is None else patience)
        left = list(self._pumps.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def finish(self) -> None:
        """The program ends, and with it what nobody ended. Who is away is tried once more. On the outlet's loop."""
        patience = self.patience if self._reason is None else _MOMENT
        self.last_chance = True
        for pump in self._pumps:
            if pump.source.ended is None:
                pump.source.orphan(getattr(sys, "last_value", None))
            pump.wake()
        await self.close(patience)

    def _start(self, pump: Pump) -> None:
        if self._closed:
            for future in (pump.begun, pump.ended):
                future.set_exception(Closed("what tasks are reported to is closed"))
            return
        task = asyncio.get_running_loop().create_task(self._run(pump), name="report of a task")
        self._pumps[pump] = task
        task.add_done_callback(lambda _: self._pumps.pop(pump, None))

    async def _run(self, pump: Pump) -> None:
        if self._outlet is None:
            try:
                self._outlet = await self._open_outlet()
            except Exception as error:  # whatever it is, who waits for the task to begin is told
                logger.warning("! tasks cannot be reported: %s", error, exc_info=not isinstance(error, HeadwayError))
                pump.begun.set_exception(error)
                pump.ended.set_result(None)
                pump.source.abandon()
                return
        await pump.run()

    def _begin_patience(self) -> float:
        return _STARTING if self.near else 0.0 if self._reason is not None else self.patience

    def _end_patience(self) -> float:
        """Who is known to be away is not waited for: what is left is sent when it is back, or at the program's end."""
        return 0.0 if self._reason is not None else self.patience

    def _call(self, what: Callable[[], object], otherwise: str) -> None:
        loop = self._loop
        assert loop is not None  # a task was handed in
        try:
            if _runs_here(loop):
                what()
            else:
                loop.call_soon_threadsafe(what)
        except RuntimeError:
            raise UsageError(otherwise) from None


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


async def _until(future: Future[Any], seconds: float) -> None:  # Any: whatever it brings
    """Wait for it, but no longer than that, and leave it as it is."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.shield(asyncio.wrap_future(future))
