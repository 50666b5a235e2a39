"""The handle of a task: what work calls to be seen, paused and cancelled.

    with live.task("Nightly ETL", total=len(rows)) as task:
        for row in task.track(rows):
            ...

Safe from any thread. Nothing here waits for a server, except where it says so: the handle keeps numbers, and a `Pump`
reads them ten times a second and reports what is new. In a thread in which a loop runs nothing waits at all, since that
would hold up the loop; coroutines have `async with`, `async for` and `apoint`.

In a process that was forked a handle of the parent's does not speak for the parent's task: with its first use there, it
begins a task of its own, which ends with the process. To count what a pool does, go through its results in the parent:
`for result in task.track(pool.imap_unordered(…))`.

A block that ends has completed; one that ends with an error has failed; with `Cancelled` or Ctrl-C it was cancelled.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import threading
from collections import deque
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sized
from concurrent.futures import Future
from dataclasses import replace
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from weakref import WeakSet

from headway.clock import Clock
from headway.errors import HeadwayError, UsageError
from headway.events import Draft, channel_name
from headway.tasks import interface, wire
from headway.tasks.backlog import Backlog
from headway.tasks.gate import Gate
from headway.tasks.interface import Beginning, Item, Line, Report
from headway.tasks.meter import Meter, Reading
from headway.tasks.model import Action, Failure, Happening, Progress, Status
from headway.tasks.tally import Number, Numbers, Tally, word
from headway.tasks.track import Track

if TYPE_CHECKING:
    from headway.tasks.pump import Desk, Pump

__all__ = ["Cancelled", "Child", "Handle", "Task", "Track"]

logger = logging.getLogger("headway.tasks")

Piece = TypeVar("Piece")

_LONGEST: Final = 4_000
"""Characters of one message, as the wire has them: what is cut here need not be kept in between."""
_ENTRIES: Final = 500
"""Items and lines in one report: at their longest 2 MB, of 8 that a request may have."""
_PARTS: Final = 200
"""Parts in one report, for the same reason."""
_UNIT: Final = 40
_NAME: Final = 500
_LOGGER: Final = 200
_CODE: Final = 100
"""As a server takes them. What it refused would be lost, so it is cut here."""
_KNOWN_LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
_LEVELS: Final = {"critical": "error", "fatal": "error", "warn": "warning", "notset": "debug"}
"""Other people's levels."""


class Cancelled(Exception):
    """Somebody cancelled the task. Let it pass, or put things in order first; the work is to stop."""


class Handle:
    """What a task and its parts have in common."""

    def __init__(self, root: Task | None, name: str, total: Number | None, initial: Number, unit: str | None) -> None:
        self.name = named(name)
        self.unit = None if unit is None else str(unit)[:_UNIT]
        self.root: Task = root if root is not None else self._as_root()
        """The task that it is, or is a part of."""
        self.tally = Tally(total, initial)
        """Its own numbers."""
        self._mine = self.tally.mine
        self._current: str | None = None
        self._parts: dict[str, Child] = {}
        self._ended_parts: list[Numbers] = []
        self._end: Happening | None = None
        self._error: Failure | None = None

    # What it says.

    def advance(self, n: Number = 1, *, outcome: str | None = None, current: str | None = None) -> None:
        """So much more is done, with this outcome; `current` is what it is at now."""
        if outcome is None:
            cell = self._mine.get(get_ident())
            if cell is not None:
                cell.done += n
            else:
                self.awake()
                self.tally.add_mine(n)
            if current is not None:
                self._current = str(current)[:_LONGEST]
            return
        self.awake()
        self.tally.add(n, outcome)
        if current is not None:
            self._current = str(current)[:_LONGEST]

    def update(
        self,
        *,
        done: Number | None = None,
        total: Number | None = None,
        current: str | None = None,
        name: str | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """So it is now: what is not given stays."""
        self.awake()
        if done is not None or total is not None or counts is not None:
            self.tally.set(done, total, counts)
        if current is not None:
            self._current = str(current)[:_LONGEST]
        if name is not None:
            self.name = named(name)

    def log(self, message: str, level: str = "info", logger: str | None = None) -> None:
        """Add a line to the task's log. Levels are debug, info, warning and error."""
        if self.root.ended is not None:
            return
        self.awake()
        level = level.lower()
        level = _LEVELS.get(level, level)
        logger = None if logger is None else str(logger)[:_LOGGER]
        self.root.backlog.put(Line(level if level in _KNOWN_LEVELS else "info", str(message)[:_LONGEST], logger))

    def item(
        self,
        item: str,
        outcome: str,
        message: str | None = None,
        *,
        code: str | None = None,
        count: bool = True,
        **more: Any,  # Any: JSON values
    ) -> None:
        """Tell of one row, check or step. It counts for its outcome, unless it is not what the total counts, or is
        counted elsewhere: `count=False`. Raises `InvalidEvent` where `more` is no JSON or uses a name that is taken."""
        message = None if message is None else str(message)[:_LONGEST]
        code = None if code is None else str(code)[:_LONGEST]
        told = Item(str(item)[:_LONGEST], word(outcome), message, code, more)
        if more:
            wire.item_draft("", told)  # here, where the mistake can still be found, and not where it is reported
        if self.root.ended is not None:
            return
        self.awake()
        self.root.backlog.put(told)
        if count:
            self.tally.count(outcome)

    def child(self, name: str, total: Number | None = None, *, initial: Number = 0, unit: str | None = None) -> Child:
        """Begin a part with numbers of its own. They add up to the task's, where that has no total of its own."""
        self.awake()
        child = Child(self, name, total, initial, unit)
        self.root.adopt(self, child)
        return child

    def track(
        self,
        iterable: Iterable[Piece] | AsyncIterable[Piece],
        *,
        total: Number | None = None,
        outcome: str | None = None,
    ) -> Track[Piece]:
        """Go through this with `for` or `async for`: each item is one more done. Between two items it holds still while
        the task is to pause, and raises `Cancelled`. Its length is part of the total, unless that was given."""
        if total is None and isinstance(iterable, Sized):
            total = len(iterable)
        return Track(self, iterable, total, outcome)

    # How it stands.

    @property
    def done(self) -> Number:
        """What is done."""
        return self.numbers().done

    @property
    def total(self) -> Number | None:
        """Of how much, where that is known."""
        return self.numbers().total

    @property
    def counts(self) -> Mapping[str, int]:
        """How many had which outcome."""
        return self.numbers().counts

    @property
    def wanted(self) -> Status | None:
        """What somebody asked for and has not happened yet."""
        return self.root.gate.wanted

    @property
    def ended(self) -> Happening | None:
        """How it ended; None while it goes on."""
        return self._end

    def numbers(self) -> Numbers:
        """The numbers of this moment."""
        if not self._parts and not self._ended_parts:
            return self.tally.own
        with self.root.parts_lock:
            return self.tally.with_parts([*self._ended_parts, *map(_part_numbers, self._parts.values())])

    # Points.

    def point(self) -> None:
        """A place where the work can stop: waits while the task is to pause, and raises `Cancelled`. In a thread in
        which a loop runs it does not wait."""
        gate = self.root.gate
        while gate.shut:
            if _loop_runs_here():
                if gate.cancelled:
                    raise Cancelled(gate.why)
                return  # it cannot hold still here, and does not say that it does
            waiting = self.root.held()
            if waiting is None:
                return
            waiting.result()

    async def apoint(self) -> None:
        """The same for a coroutine."""
        gate = self.root.gate
        while gate.shut:
            waiting = self.root.held()
            if waiting is None:
                return
            await asyncio.wrap_future(waiting)

    # How it ends.

    def complete(self, result: Any = None) -> None:  # Any: a JSON value
        """It came to its end. What came first counts; ended twice is ended once."""
        raise NotImplementedError  # a task has a result, a part has none

    def fail(self, error: BaseException | str) -> None:
        """It ended with an error."""
        self._finish(Happening.FAILED, failure(error))

    def cancel(self) -> None:
        """It was stopped."""
        self._finish(Happening.CANCELLED)

    def _finish(self, end: Happening, error: Failure | None = None) -> None:
        raise NotImplementedError  # a task reports its end, a part leaves that to its task

    def awake(self) -> None:
        """In a process that was forked: with its first use, a handle begins a task of its own."""
        if self.root.inherited and not self.root.started:
            self.root.start()

    def _start_anew(self) -> None:
        """In a process that was forked: the numbers are the parent's, and so is whoever held the locks."""
        self.tally = Tally(None, 0)
        self._mine = self.tally.mine
        self._current = None
        self._end, self._error = None, None

    def __reduce__(self) -> str:
        raise TypeError(
            "the handle of a task stays in its process; begin a task in the other one, "
            "or go through its results here: `for result in task.track(pool.imap_unordered(…))`"
        )

    def _leave(self, error: BaseException | None) -> None:
        """What the end of a block means."""
        match error:
            case None:
                self.complete()
            case Cancelled() | KeyboardInterrupt() | asyncio.CancelledError() | GeneratorExit():
                self.cancel()
            case SystemExit(code=None | 0):
                self.complete()
            case _:
                self.fail(error)

    def _as_root(self) -> Task:
        raise NotImplementedError  # a task is its own; a part is given one


class Task(Handle):
    """A task that this program runs and reports. Made by `Headway.task` and `Reporter.task`."""

    def __init__(
        self,
        desk: Desk,
        name: str,
        total: Number | None = None,
        *,
        initial: Number = 0,
        unit: str | None = None,
        channel: str | None = None,
        honours: Iterable[Action] = Action,
    ) -> None:
        """`honours` are the actions it will follow: what has no points follows none. Raises `UsageError`."""
        if channel is not None:
            channel_name(channel)
        self.gate = Gate()
        """What is wanted of it."""
        self.backlog = Backlog()
        """Items and lines that wait to be reported."""
        self.parts_lock = threading.RLock()
        """A part that ended moves from those that are told to those that are only added up; and there is one end."""
        super().__init__(None, name, total, initial, unit)
        self._desk = desk
        self._channel = channel
        self._honours = frozenset(honours)
        self._pump: Pump | None = None
        self._meter: Meter | None = None
        self._happened: deque[Happening] = deque()
        self._result: Any = None  # Any: a JSON value
        self._numbering = itertools.count(1)
        self._told: tuple[object, ...] = ()
        self._told_name = name
        self._over = False
        self.inherited = False
        """Whether it was begun in the process that this one was forked from."""
        self._mute = False

    # Its life.

    def start(self) -> Self:
        """Begin, as `with` does, and end with `close`. Waits for a Headway in this process to be open.
        Idempotent. Raises `UsageError`, and what keeps that Headway from being opened."""
        if self._pump is not None or self._mute:
            return self
        if self.inherited:
            try:
                self._desk = self._desk.in_fork()
            except UsageError as error:
                logger.warning("! %s", error)
                self._mute = True  # said once; what this handle is told goes nowhere
                return self
            self.name = named(f"{self.name} (process {os.getpid()})")
        self._meter = Meter(self._desk.clock.monotonic(), self.tally.initial)
        self._pump = self._desk.open(self)
        _begun.add(self)
        if self._desk.near and not _loop_runs_here():
            self._desk.wait_begun(self._pump)
        return self

    def close(self, error: BaseException | None = None) -> None:
        """End as the end of a block does, with or without an error, and wait a moment until it was told."""
        self._leave(error)
        if self._pump is not None and not _loop_runs_here():
            self._desk.wait(self._pump, hurried=isinstance(error, KeyboardInterrupt))

    def complete(self, result: Any = None) -> None:  # Any: a JSON value
        """It came to its end, with a result that JSON can carry. What came first counts; ended twice is ended once.
        Raises `InvalidEvent`."""
        if result is not None:
            Draft.of("task_completed", {"result": result})  # where it is no JSON, it is said here
        if self._end is None:
            self._result = result
        self._finish(Happening.COMPLETED)

    @property
    def id(self) -> str | None:
        """Its id; None before it was begun."""
        return None if self._pump is None or self._pump.owned is None else self._pump.owned.id

    @property
    def channel(self) -> str | None:
        """The channel of its events; None before it was begun, unless it was named."""
        return self._channel if self._pump is None or self._pump.owned is None else self._pump.owned.channel

    @property
    def url(self) -> str | None:
        """Where people watch it. Waits a moment for its begin, and is None where there is no address to be known."""
        if self._pump is None:
            return None
        if self._pump.owned is None and not _loop_runs_here():
            self._desk.wait_begun(self._pump)
        return None if self._pump.owned is None else self._desk.url(self._pump.owned)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    async def __aenter__(self) -> Self:
        self.start()
        if self._pump is not None and self._desk.near:
            await self._desk.begun(self._pump)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(error)
        if self._pump is not None:
            await self._desk.ended(self._pump)

    # For its parts and its loops.

    @property
    def clock(self) -> Clock:
        """What its times are measured with."""
        return self._desk.clock

    @property
    def started(self) -> bool:
        """Whether it was begun."""
        return self._pump is not None

    def adopt(self, parent: Handle, child: Child) -> None:
        """Take a part that begins."""
        child.begin(str(next(self._numbering)), self._desk.clock.monotonic())
        with self.parts_lock:
            parent._parts[child.id] = child

    def held(self) -> Future[None] | None:
        """At a point: what to wait for. Raises `Cancelled`."""
        if self.gate.cancelled:
            raise Cancelled(self.gate.why)
        waiting, happened = self.gate.hold()
        if happened is not None:
            self._happen(happened)
        return waiting

    # For whoever reports: see `Source`.

    def beginning(self) -> Beginning:
        """What is said when it begins."""
        now = self._desk.clock.monotonic()
        self._told_name, progress = self.name, self._progress(now)
        self._told = self._telling(progress)
        return Beginning(self.name, progress, self._channel, self._honours)

    def take(self, number: int, now: float, *, due: bool) -> Report | None:
        """What is new, or what there is where a sign of life is due; else None. What it holds is not told again."""
        progress = self._progress(now)
        children = list(itertools.islice(self._changed(now, self), _PARTS))
        told = self._telling(progress)
        if not (due or children or len(self.backlog) or self._happened or told != self._told):
            return None
        self._told = told
        items, lines = self.backlog.take(_ENTRIES)
        happened = self._next_happened(len(children) == _PARTS)
        ended = happened is not None and happened is self._end
        if ended:
            progress, self._over = self._progress(now, ended=True), True
        name = self.name if self.name != self._told_name else None
        self._told_name = self.name
        return Report(
            number,
            progress,
            happened,
            name,
            self._error if ended else None,
            self._result if ended else None,
            items,
            lines,
            children,
        )

    @property
    def over(self) -> bool:
        """Whether everything was taken."""
        return self._over

    def want(self, wanted: Status | None) -> None:
        """Hear what is wanted."""
        if wanted is None and self.gate.held and Happening.PAUSED in self._happened:
            wanted = Status.RUNNING  # taken back, before it could be told that the work holds still already
        happened = self.gate.want(wanted)
        if happened is not None:
            self._happen(happened)

    def abandon(self, why: str | None = None) -> None:
        """It is reported no more. With a reason, the work is to stop."""
        self.gate.abandon(why)

    def orphan(self, error: BaseException | None) -> None:
        """The program ends, by this error or in good order, and nobody said what that means for the task."""
        numbers = self.numbers()
        if error is not None or numbers.total is None or numbers.done >= numbers.total:
            self._leave(error)
        else:
            self.log("the program ended before the task did", "warning")
            self.cancel()

    def fork(self) -> None:
        """This is another process now."""
        self.inherited = True
        self.gate, self.backlog, self.parts_lock = Gate(), Backlog(), threading.RLock()
        self._pump, self._channel, self._result = None, None, None
        self._happened.clear()
        self._ended_parts.clear()
        self._over = False
        for part in self._all_parts():
            part._start_anew()
        self._start_anew()

    def again(self) -> None:
        """It is begun anew, somewhere where nothing of it is known."""
        self._told = ()
        for part in self._all_parts():
            part.again()

    # Its own.

    def _as_root(self) -> Task:
        return self

    def _finish(self, end: Happening, error: Failure | None = None) -> None:
        with self.parts_lock:  # of two that end it in the same moment, one is the first
            if self._end is not None:
                return
            if end is Happening.COMPLETED and self.gate.held:
                self._happen(Happening.RESUMED)  # the table knows no other way from a pause to the end
            for part in self._all_parts():
                part.end_with(end)
            if self._meter is not None:
                self._meter.pause(self._desk.clock.monotonic())
            self._end, self._error = end, error
            self._happen(end)

    def _happen(self, happened: Happening) -> None:
        with self.parts_lock:
            if self._end is not None and happened is not self._end:
                return
            if self._meter is not None and happened in (Happening.PAUSED, Happening.RESUMED):
                now, paused = self._desk.clock.monotonic(), happened is Happening.PAUSED
                (self._meter.pause if paused else self._meter.resume)(now)
                for part in self._all_parts():
                    part.pause(now, paused)
            self._happened.append(happened)
        if self._pump is not None:
            self._pump.wake()

    def _telling(self, progress: Progress) -> tuple[object, ...]:
        """What is worth a report of its own."""
        return progress.done, progress.total, progress.counts, progress.current, progress.stalled, self.name

    def _changed(self, now: float, handle: Handle) -> Iterator[interface.Child]:
        """The parts of which something is new, each before its own."""
        for part in self._parts_of(handle):
            told = part.take(now)
            if told is not None:
                yield told
            yield from self._changed(now, part)
            if part.settled:
                with self.parts_lock:
                    handle._ended_parts.append(_part_numbers(part))
                    del handle._parts[part.id]

    def _next_happened(self, more_parts: bool) -> Happening | None:
        """What happened is told after everything that came before it, and the end after that of all parts."""
        if not self._happened or len(self.backlog) or (more_parts and self._happened[0] is self._end):
            return None
        return self._happened.popleft()

    def _progress(self, now: float, *, ended: bool = False) -> Progress:
        assert self._meter is not None  # what was not begun is not reported
        return _progress(self, self._meter, now, ended=ended)

    def _all_parts(self, handle: Handle | None = None) -> list[Child]:
        parts = self._parts_of(handle or self)
        return [*parts, *(deeper for part in parts for deeper in self._all_parts(part))]

    def _parts_of(self, handle: Handle) -> list[Child]:
        with self.parts_lock:
            return list(handle._parts.values())


class Child(Handle):
    """A part of a task. Made by `Handle.child`."""

    def __init__(self, parent: Handle, name: str, total: Number | None, initial: Number, unit: str | None) -> None:
        super().__init__(parent.root, name, total, initial, unit)
        self.id = ""
        self._parent = parent
        self._meter = Meter(0.0)
        self._told: tuple[object, ...] = ()

    def complete(self, result: Any = None) -> None:  # Any: as the task's, and unused: a part has no result
        """It came to its end."""
        self._finish(Happening.COMPLETED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(error)

    # For its task.

    def begin(self, id: str, now: float) -> None:
        """It has a name that its task knows it by."""
        self.id = id
        self._meter = Meter(now, self.tally.initial)

    def take(self, now: float) -> interface.Child | None:
        """What to tell of it, if anything is new."""
        progress = _progress(self, self._meter, now, ended=self._end is not None)
        told = self._telling(progress)
        if told == self._told:
            return None
        self._told = told
        status = _ENDS[self._end] if self._end is not None else Status.RUNNING
        parent = self._parent.id if isinstance(self._parent, Child) else self.root.id or ""
        return interface.Child(self.id, parent, self.name, status, progress, self._error)

    def end_with(self, end: Happening) -> None:
        """Its task ended."""
        self._finish(Happening.COMPLETED if end is Happening.COMPLETED else Happening.CANCELLED)

    @property
    def settled(self) -> bool:
        """Whether its end was told, and that of all its parts."""
        return bool(self._told) and self._told[-1] is not None and not self._parts

    def pause(self, now: float, paused: bool) -> None:
        """Its task holds still, or goes on."""
        (self._meter.pause if paused else self._meter.resume)(now)

    def _start_anew(self) -> None:
        super()._start_anew()
        self._ended_parts.clear()
        # Told where it was begun. Here it is told as soon as it moves.
        self._told = self._telling(_progress(self, self._meter, self.root.clock.monotonic(), ended=False))

    def _telling(self, progress: Progress) -> tuple[object, ...]:
        """What is worth telling; the end comes last."""
        return (
            *(progress.done, progress.total, progress.counts, progress.current),
            *(progress.stalled, self.name, self._end),
        )

    def again(self) -> None:
        """Nothing of it is known where it is told now."""
        self._told = ()

    def _finish(self, end: Happening, error: Failure | None = None) -> None:
        if self._end is None:
            self._meter.pause(self.root.clock.monotonic())
            self._error = error
            self._end = end


_ENDS: Final = {
    Happening.COMPLETED: Status.COMPLETED,
    Happening.FAILED: Status.FAILED,
    Happening.CANCELLED: Status.CANCELLED,
}


def named(name: object) -> str:
    """A name for people. Raises `UsageError`."""
    if not isinstance(name, str) or not name.strip():
        raise UsageError("the name of a task is a text that is not empty", details={"field": "name"})
    return name.strip()[:_NAME]


def failure(error: BaseException | str) -> Failure:
    """What is told of an error."""
    if isinstance(error, str):
        return Failure("failed", error[:_LONGEST])
    if isinstance(error, HeadwayError):
        return Failure(error.code.spelling, error.message[:_LONGEST])
    if isinstance(error, SystemExit):
        return Failure("exit", f"the program ended with {error.code}"[:_LONGEST])
    name = type(error).__name__[:_CODE]
    return Failure(name, (str(error) or name)[:_LONGEST])


def _part_numbers(part: Child) -> Numbers:
    """What a part adds. One that ended and never had a total was as long as it was."""
    numbers = part.numbers()
    return replace(numbers, total=numbers.done) if part.ended is not None and numbers.total is None else numbers


def _progress(handle: Handle, meter: Meter, now: float, *, ended: bool) -> Progress:
    with handle.root.parts_lock:  # whoever saves a checkpoint reads it, too
        numbers = handle.numbers()
        meter.observe(now, numbers.done)
        reading: Reading = meter.final(now) if ended else meter.read(now, numbers.total)
    return Progress(
        numbers.done,
        numbers.total,
        numbers.initial,
        handle.unit,
        numbers.counts,
        handle._current,
        reading.rate,
        reading.eta,
        reading.elapsed,
        reading.stalled,
    )


_begun: WeakSet[Task] = WeakSet()


def _forked() -> None:
    for task in list(_begun):
        task.fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
