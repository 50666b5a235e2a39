"""The thread that commits: takes everything that waits, stores it in one commit, hands the results to the event loop in
one call.

So a hundred callers share one sync of the disk, and none waits for a timer: the group is what arrived during the commit
before. On the loop the listener is called first, with the events of the commit, then the callers get their results. Not
here: what a commit does (`writer`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from headway.clock import Clock
from headway.errors import HeadwayError, Overloaded, StorageError
from headway.events import Event
from headway.figures import SECONDS, SIZES, Histogram
from headway.log.interface import Appended, Listener
from headway.log.retention import SWEEP_SECONDS
from headway.log.transaction import Request
from headway.log.writer import Writer

__all__ = ["Committer"]

_LOG: Final = logging.getLogger("headway.log")

_GROUP_DRAFTS: Final = 10_000
"""Drafts of one commit: the largest publish. Takes some 50 ms, which bounds how long the next ones wait."""

_GROUP_BYTES: Final = 8 * 1024 * 1024
"""Bytes of one commit; the largest body of a publish."""

_WAITING_DRAFTS: Final = 100_000
"""Drafts that may wait: about a second of work. Whoever comes then is better told than kept waiting."""

_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bytes that may wait, so that a disk that hangs does not fill the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Append:
    request: Request
    future: asyncio.Future[Appended]


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    function: Callable[[], None]
    future: asyncio.Future[None]
    last: bool = False


class Committer:
    """The queue and its thread. Every method is called on the event loop."""

    def __init__(self, writer: Writer, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self.listener: Listener | None = None
        self.waiting = self.waiting_drafts = self.waiting_bytes = self.refused = 0
        self.seconds = Histogram(SECONDS)
        """Time of each commit, from taking what waits until it is stored."""
        self.sizes = Histogram(SIZES)
        """Events of each commit."""
        self._writer = writer
        self._clock = clock
        self._loop = loop
        self._queue: SimpleQueue[_Append | _Call] = SimpleQueue()
        self._swept = clock.monotonic()
        # A daemon: a program that ends without closing the log must end; what it was told is stored.
        self._thread = Thread(target=self._run, name="headway-log", daemon=True)
        self._thread.start()

    def append(self, request: Request) -> asyncio.Future[Appended]:
        """Have a request stored. Raises `Overloaded`."""
        drafts, size = len(request.drafts), request.bytes
        if self.waiting and (
            self.waiting_drafts + drafts > _WAITING_DRAFTS or self.waiting_bytes + size > _WAITING_BYTES
        ):
            self.refused += 1
            raise Overloaded(
                f"{self.waiting_drafts} events wait for the disk; try again later",
                details={"waiting": self.waiting_drafts},
            )
        self.waiting += 1
        self.waiting_drafts += drafts
        self.waiting_bytes += size
        future: asyncio.Future[Appended] = self._loop.create_future()
        self._queue.put(_Append(request, future))
        return future

    def call(self, function: Callable[[], None], *, last: bool = False) -> asyncio.Future[None]:
        """Have a function called between two commits; with `last` the thread ends after it, having done all before."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Call(function, future, last))
        return future

    def join(self) -> None:
        """Wait for the thread, after the result of its last call."""
        self._thread.join()

    # -- in the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        item: _Append | _Call | None = None
        while True:
            item = item or self._next()
            self._sweep()
            match item:
                case _Append():
                    group, item = self._group(item)
                    self._commit(group)
                case _Call():
                    self._perform(item)
                    if item.last:
                        return
                    item = None
                case None:
                    pass

    def _next(self) -> _Append | _Call | None:
        """The next item; None if there is none and old events may be looked for."""
        try:
            return self._queue.get(block=not self._writer.sweeping, timeout=SWEEP_SECONDS)
        except Empty:
            return None

    def _group(self, first: _Append) -> tuple[list[_Append], _Call | None]:
        """Everything that waits up to the bounds of a commit, or up to a call, which comes after it."""
        group, drafts, size = [first], len(first.request.drafts), first.request.bytes
        while drafts < _GROUP_DRAFTS and size < _GROUP_BYTES:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if isinstance(item, _Call):
                return group, item
            group.append(item)
            drafts += len(item.request.drafts)
            size += item.request.bytes
        return group, None

    def _commit(self, group: Sequence[_Append]) -> None:
        began = self._clock.monotonic()
        committed = self._writer.store([item.request for item in group])
        self.seconds.note(self._clock.monotonic() - began)
        self.sizes.note(len(committed.events))
        self._on_loop(self._tell, group, committed.outcomes, committed.events)

    def _perform(self, call: _Call) -> None:
        problem: BaseException | None = None
        try:
            call.function()
        except HeadwayError as error:
            problem = error
        except Exception as error:  # whatever it is belongs to the caller; the thread has to live
            _LOG.exception("! the log failed")
            problem = StorageError(f"the log failed: {error}")
        self._on_loop(_settle, call.future, problem)

    def _sweep(self) -> None:
        if not self._writer.sweeping:
            now = self._clock.monotonic()
            if now - self._swept < SWEEP_SECONDS:
                return
            self._swept = now
        self._writer.sweep()

    def _on_loop(self, function: Callable[..., None], *arguments: Any) -> None:  # Any: what the function takes
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            _LOG.info("= the event loop is closed: nobody is told of a commit")

    # -- on the event loop ---------------------------------------------------------------------------------------------

    def _tell(
        self, group: Sequence[_Append], outcomes: Sequence[Appended | HeadwayError], events: Sequence[Event]
    ) -> None:
        if events and self.listener is not None:
            try:
                self.listener(events)
            except Exception:  # the events are stored whatever the listener makes of them
                _LOG.exception("! the listener of the log failed")
        for item, outcome in zip(group, outcomes, strict=True):
            self.waiting -= 1
            self.waiting_drafts -= len(item.request.drafts)
            self.waiting_bytes -= item.request.bytes
            if item.future.done():
                continue
            if isinstance(outcome, Appended):
                item.future.set_result(outcome)
            else:
                item.future.set_exception(outcome)


def _settle(future: asyncio.Future[None], problem: BaseException | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(None)
    else:
        future.set_exception(problem)
