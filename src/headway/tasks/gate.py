"""What is wanted of a task, and whoever holds still because of it.

`shut` is all that a loop looks at between two items. Behind it:

    wanted paused        the next point holds still, and says so once
    wanted running       whoever holds still goes on
    wanted cancelled     every point raises, from now on and for ever
    None                 nothing is wanted: who holds still goes on doing so, and who was about to, does not

Not here: the clock, the reports.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future

from headway.tasks.model import Happening, Status

__all__ = ["Gate"]


class Gate:
    """Between any two items of one task. Safe from any thread."""

    __slots__ = ("_lock", "_waiting", "held", "shut", "wanted", "why")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting: list[Future[None]] = []
        self.shut = False
        """Whether a point has anything to do."""
        self.held = False
        """Whether the task holds still."""
        self.wanted: Status | None = None
        self.why = "somebody cancelled the task"

    def want(self, wanted: Status | None) -> Happening | None:
        """Take what is wanted. Returns `RESUMED` if that lets the task go on."""
        with self._lock:
            if self.wanted is Status.CANCELLED:
                return None
            self.wanted = wanted
            if wanted is Status.CANCELLED:
                self.shut = True
                self._release()
                return None
            if self.held and wanted is Status.RUNNING:
                return self._go_on()
            self.shut = self.held or wanted is Status.PAUSED
            return None

    def abandon(self, why: str | None = None) -> Happening | None:
        """Nobody will ever say anything again. With a reason, whoever works is to stop; else, whoever waits goes on."""
        if why is not None:
            self.why = why
            return self.want(Status.CANCELLED)
        with self._lock:
            if self.wanted is not Status.CANCELLED:
                self.wanted = None
                self.shut = False
            return self._go_on() if self.held else None

    def hold(self) -> tuple[Future[None] | None, Happening | None]:
        """At a point: what to wait for, and what that means for the task. (None, None): go on."""
        with self._lock:
            if self.wanted is Status.CANCELLED or not (self.held or self.wanted is Status.PAUSED):
                return None, None
            happened = None if self.held else Happening.PAUSED
            self.held = True
            waiting: Future[None] = Future()
            self._waiting.append(waiting)
            return waiting, happened

    @property
    def cancelled(self) -> bool:
        """Whether every point raises."""
        return self.wanted is Status.CANCELLED

    def _go_on(self) -> Happening:
        self.held = self.shut = False
        self._release()
        return Happening.RESUMED

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.set_running_or_notify_cancel():  # False: who waited has been cancelled meanwhile
                future.set_result(None)
