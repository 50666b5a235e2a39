"""A task as it is stored: its state, whose it is, and what it needs to go on after a crash."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from headway.events import Draft
from headway.tasks.interface import Lost
from headway.tasks.model import Happening, Progress, State, Status

__all__ = ["Announcement", "Change", "Entry", "Filters", "Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """One task."""

    state: State
    owner: str | None = None
    """Who works on it now: a secret that is new for each turn, so that an old owner cannot speak for a new one."""
    lease_until: float | None = None
    """When its owner counts as dead, unless it gives a sign of life before."""
    silence: float = 15.0
    """Seconds that a sign of life is good for."""
    number: int = 0
    """The last report that was taken from this owner."""
    arguments: Any = None  # JSON values: what the job is called with
    checkpoint: Any = None  # JSON values: whatever the work saved
    saved: Progress = Progress()
    """The numbers that belong to the checkpoint."""
    pool: str | None = None
    """Whose slots it takes while it is active."""
    priority: int = 0
    """Higher goes first."""
    not_before: float = 0.0
    """When it may run at the earliest."""
    tries: int = 0
    """Attempts that failed by themselves. A crash of the owner is none of them."""
    crashes: int = 0
    """Owners that died since the last checkpoint was saved."""
    ended_by: str | None = None
    """The owner that ended it: its last report can be sent again."""

    def owned_by(self, owner: str) -> None:
        """Raise `Lost` unless the task is this owner's."""
        if self.owner != owner:
            raise Lost("the task belongs to somebody else now", details={"state": str(self.state.status)})

    def with_state(self, **changes: Any) -> Record:  # Any: fields of State
        """The record with some of the state changed."""
        return replace(self, state=replace(self.state, **changes))

    @property
    def alive(self) -> bool:
        """Whether somebody works on it, or holds it still, as far as is known."""
        return self.owner is not None and self.lease_until is not None and self.state.status.active

    def freed(self) -> Record:
        """The record without an owner."""
        return replace(self, owner=None, lease_until=None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a task's history: what happened or was asked for, when, and by whom."""

    what: str
    time: float
    by: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """Events to publish because of a change. Stored with it, so that no crash can come between."""

    task: str
    channel: str
    drafts: tuple[Draft, ...]
    number: int = 0
    """Its place in the order."""
    key: str = ""
    """The idempotency key under which it is published: one that nobody else can have used before."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a record."""

    record: Record
    announcements: tuple[Announcement, ...] = ()
    history: tuple[Entry, ...] = ()
    happening: Happening | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tasks to list, newest first."""

    statuses: frozenset[Status] = field(default_factory=frozenset)
    """Empty: all."""
    job: str | None = None
    text: str | None = None
    """Part of the name."""
    before: int | None = None
    """Only what began before the one of this place."""
    limit: int = 50
