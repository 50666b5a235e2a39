"""What stands between who works, who keeps the states, and who is told.

    work ──Report──▶ Outlet ──Draft──▶ Announce            work ◀──wanted── Outlet

The law of a report:
1. It carries absolute numbers, so that a lost one is made good by the next.
2. Its `number` grows by one from report to report of one owner. A number that was taken already changes nothing and is
   answered like the first time, so a report whose answer was lost is simply sent again.
3. Items and lines are in exactly one report, and are told once.
4. Who lost the task (it was given to somebody else, or ended by them) is told so by `Lost`, and must stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from headway.errors import Conflict
from headway.events import Draft
from headway.tasks.model import Action, Failure, Happening, Progress, Status

__all__ = ["Announce", "Beginning", "Child", "Item", "Line", "Lost", "Outlet", "Owned", "Report"]


class Lost(Conflict):
    """The task belongs to somebody else now, or has ended: what its old owner says changes nothing any more."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is said when work that somebody else runs begins to be reported."""

    name: str
    progress: Progress = Progress()
    channel: str | None = None
    """The channel it writes to; None: `task:` and its id."""
    honours: frozenset[Action] = frozenset()
    """The actions that the reporter will follow."""
    silence: float = 15.0
    """Seconds without a report after which its owner counts as dead."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A task that was begun, and the secret by which its owner is known."""

    id: str
    channel: str
    owner: str


@dataclass(frozen=True, slots=True)
class Item:
    """One row, check or step worth telling."""

    item: str
    outcome: str
    message: str | None = None
    code: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Any: whatever JSON values help; none of the names above."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log."""

    level: str
    """debug, info, warning or error."""
    message: str
    logger: str | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A part of a task with numbers of its own. It ends when its task ends."""

    id: str
    """Unique within the task."""
    parent: str
    """The task, or another child."""
    name: str
    status: Status
    progress: Progress
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an owner says of its task."""

    number: int
    progress: Progress
    happened: Happening | None = None
    """Paused, resumed, completed, failed, cancelled: what has happened to it since the last report."""
    name: str | None = None
    """A new name, if it changed."""
    error: Failure | None = None
    result: Any = None  # any JSON value
    items: Sequence[Item] = ()
    lines: Sequence[Line] = ()
    children: Sequence[Child] = ()
    """Those that changed."""


class Outlet(Protocol):
    """Where reports go: the service in this process, or a server somewhere else."""

    async def begin(self, beginning: Beginning, *, idempotency_key: str | None = None) -> Owned:
        """Have a task that runs from now on and belongs to the caller. A known key gives the same task."""
        ...

    async def report(self, id: str, owner: str, report: Report) -> Status | None:
        """Take a report. Returns what is wanted of the task: paused, running, cancelled, or None.

        Raises `Lost`, `IllegalTransition`, `StorageError`, `Overloaded`. Cancelling gives up the answer, not the
        report.
        """
        ...


class Announce(Protocol):
    """Publishing, as tasks see it: `Hub.publish`, or a client that speaks to a server."""

    async def __call__(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> object:
        """Publish all drafts as one step. Raises what publishing raises."""
        ...
