"""A task's states as one table, and the state of a task as a value.

The law:
1. `TRANSITIONS` decides, and nothing else does. What it does not name is an `IllegalTransition`, HTTP 409.
2. Completed, failed and cancelled are terminal: nothing leads out of them.
3. An action (pause, resume, cancel) is a wish. It is `wanted` until the owner of the work says that it happened; where
   nobody owns the work, it happens at once.
4. The counts are by outcome, and what no outcome was given for is the rest: they never add up to more than `done`, and
   `done`, what is left and what was there before (`initial`) add up to the total wherever one is known.

Not here: where it is stored, who is told, what the time is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from headway.codes import Code
from headway.errors import Conflict

__all__ = ["TRANSITIONS", "Action", "Failure", "Happening", "IllegalTransition", "Progress", "State", "Status", "after"]


class Status(StrEnum):
    """Where a task is."""

    QUEUED = "queued"
    """It waits for its time, its turn or its next attempt."""
    RUNNING = "running"
    """Somebody works on it."""
    PAUSED = "paused"
    """It holds still at a point it chose, and goes on when told."""
    INTERRUPTED = "interrupted"
    """Its owner died. It goes on from its checkpoint as soon as somebody takes it."""
    COMPLETED = "completed"
    """It came to its end."""
    FAILED = "failed"
    """It ended with an error and is not tried again."""
    CANCELLED = "cancelled"
    """It was stopped because somebody asked for that."""

    @property
    def terminal(self) -> bool:
        """Whether nothing can happen any more."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    @property
    def active(self) -> bool:
        """Whether an owner has to give signs of life."""
        return self in (Status.RUNNING, Status.PAUSED)


class Happening(StrEnum):
    """What can happen to a task. The event that tells of it is `task_` and this word."""

    QUEUED = "queued"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    INTERRUPTED = "interrupted"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What people can ask of a task."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


TRANSITIONS: Final[Mapping[Status, Mapping[Happening, Status]]] = {
    Status.QUEUED: {
        Happening.STARTED: Status.RUNNING,
        Happening.CANCELLED: Status.CANCELLED,
    },
    Status.RUNNING: {
        Happening.PAUSED: Status.PAUSED,
        Happening.INTERRUPTED: Status.INTERRUPTED,
        Happening.RETRYING: Status.QUEUED,
        Happening.COMPLETED: Status.COMPLETED,
        Happening.FAILED: Status.FAILED,
        Happening.CANCELLED: Status.CANCELLED,
    },
    Status.PAUSED: {
        Happening.RESUMED: Status.RUNNING,
        # A paused task whose owner died stays paused: nobody asked for it to go on.
        Happening.FAILED: Status.FAILED,
        Happening.CANCELLED: Status.CANCELLED,
    },
    Status.INTERRUPTED: {
        Happening.STARTED: Status.RUNNING,
        Happening.FAILED: Status.FAILED,
        Happening.CANCELLED: Status.CANCELLED,
    },
    Status.COMPLETED: {},
    Status.FAILED: {},
    Status.CANCELLED: {},
}

_LEADS_TO: Final[Mapping[Action, frozenset[Status]]] = {
    Action.PAUSE: frozenset({Status.RUNNING}),
    Action.RESUME: frozenset({Status.PAUSED}),
    Action.CANCEL: frozenset({Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.INTERRUPTED}),
}
"""In which states an action may be asked for."""


class IllegalTransition(Conflict):
    """The table does not name it. `details` has `state`, and `happening` or `action`."""

    default = Code.ILLEGAL_TRANSITION


def after(status: Status, happening: Happening) -> Status:
    """Where a task is after something happened to it. Raises `IllegalTransition`."""
    found = TRANSITIONS[status].get(happening)
    if found is None:
        ended = " has ended and" if status.terminal else ""
        raise IllegalTransition(
            f"a task that is {status}{ended} cannot be {happening}",
            details={"state": str(status), "happening": str(happening)},
        )
    return found


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed, for people (`message`) and programs (`code`)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is: the numbers that newer numbers supersede."""

    done: int | float = 0
    """What is finished of the total, what was there before included."""
    total: int | float | None = None
    initial: int | float = 0
    """What was done before this attempt began: it says nothing about the rate."""
    unit: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """By outcome."""
    current: str | None = None
    rate: float | None = None
    """Per second, over the last while."""
    eta: float | None = None
    """Seconds that are left at that rate."""
    elapsed: float = 0.0
    """Seconds of running, pauses left out."""
    stalled: bool = False
    """It runs, and nothing has moved for longer than its rate explains."""

    @property
    def percent(self) -> float | None:
        """Of the total, between 0 and 100; None where there is none."""
        if self.total is None or self.total < 0:
            return None
        if self.total == 0:
            return 100.0
        return round(min(100.0, max(0.0, 100.0 * self.done / self.total)), 2)


@dataclass(frozen=True, slots=True)
class State:
    """Everything a viewer is told of a task. Frozen: each change is a new one."""

    id: str
    name: str
    channel: str
    status: Status = Status.QUEUED
    job: str | None = None
    """The job it is an execution of; None where somebody else runs it and only reports."""
    wanted: Status | None = None
    """What was asked for and is not reached yet: paused, running or cancelled."""
    honours: frozenset[Action] = frozenset(Action)
    """The actions its owner can follow."""
    progress: Progress = Progress()
    attempt: int = 0
    waiting: str | None = None
    """Why it is queued: "for 1 of 5 browser slots"."""
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: Failure | None = None
    result: Any = None  # any JSON value that the work returns
    by: str | None = None
    """Who began it, where that is known."""

    @property
    def allowed(self) -> tuple[Action, ...]:
        """What may be asked of it now, in the order of the buttons."""
        return tuple(action for action in Action if self.permits(action))

    def permits(self, action: Action) -> bool:
        """Whether an action may be asked for now."""
        if action is Action.RESUME and self.wanted is Status.PAUSED and not self.status.terminal:
            return True  # the pause that is not reached yet is taken back
        if self.wanted is Status.CANCELLED:
            return False
        if action is Action.PAUSE and self.wanted is Status.PAUSED:
            return False
        if action is Action.RESUME and self.wanted is Status.RUNNING:
            return False
        return self.status in _LEADS_TO[action] and (action in self.honours or not self.status.active)
