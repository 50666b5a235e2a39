"""The state of a task, or of a part of one, as its events carry it: see `headway.tasks.wire`. Whatever only looks like
one is none. Pure.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headway.client import Event
from headway.tasks.model import Status

__all__ = ["HAPPENED", "Failure", "Standing", "standing_of"]

HAPPENED: Final = frozenset(
    {"queued", "started", "paused", "resumed", "interrupted", "retrying", "completed", "failed", "cancelled"}
)
"""What can happen to a task: its milestones without their `task_`."""


class Failure(msgspec.Struct, frozen=True):
    """Why it failed."""

    code: str
    message: str


class Standing(msgspec.Struct, frozen=True):
    """Where a task is, and how far."""

    task: str
    status: Status
    name: str
    parent: str | None = None
    root: str | None = None
    """Of a part: the task it belongs to."""
    wanted: Status | None = None
    done: int | float = 0
    total: int | float | None = None
    unit: str | None = None
    percent: float | None = None
    counts: dict[str, int] = {}
    rate: float | None = None
    eta: float | None = None
    elapsed: float = 0.0
    stalled: bool = False
    current: str | None = None
    attempt: int = 1
    waiting: str | None = None
    error: Failure | None = None
    result: Any = None  # any JSON value

    @property
    def own(self) -> tuple[str, str]:
        """What tells it from all others: the ids of parts are unique within their task only."""
        return self.root or self.task, self.task


def standing_of(event: Event) -> Standing | None:
    """The state that an event carries; None where it is none of a task's."""
    kind = event.type.removeprefix("task_")
    if kind == event.type or kind not in {"progress", "requested", *HAPPENED}:
        return None
    try:
        return msgspec.convert(event.data, Standing)
    except msgspec.ValidationError:
        return None
