"""A task as events and as JSON. Pure: a state goes in, drafts and fields come out.

    channel of the task   task_progress, key "task"          the whole state; newer replaces older
                          task_progress, key "task/<child>"  the same of a part of it
                          task_queued task_started task_paused task_resumed task_interrupted task_retrying
                          task_completed task_failed task_cancelled    milestones: no key, the whole state and more
                          task_requested {action, by}        somebody asked for something
                          task_item {item, outcome, message, code, …}  one row, check or step
                          task_log {level, message, logger}  one line
    channel `tasks`       the same of all tasks, without items, lines and parts; task_progress has the task's id as key

A milestone follows a `task_progress` of the same state in the same append: so a snapshot, which holds keyed events
only, is the state of the task, and one that ended before its viewer came shows as ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from headway.errors import InvalidEvent
from headway.events import RESERVED_FIELDS, Draft
from headway.tasks.interface import Child, Item, Line
from headway.tasks.model import Action, Failure, Happening, Progress, State

__all__ = [
    "TASKS",
    "checked_result",
    "child_drafts",
    "fields",
    "item_draft",
    "line_draft",
    "milestone",
    "moment",
    "progress_draft",
    "requested",
]

TASKS: Final = "tasks"
"""The channel of all tasks."""

_KEY: Final = "task"
_LONGEST: Final = 4_000
"""Characters of a message: a traceback's end, not a novel."""
_RESULT: Final = 256 * 1024
"""Bytes of a result: it is told with each later look at the task. What is larger belongs to where the work writes."""
_OWN: Final = RESERVED_FIELDS | {"task", "item", "outcome", "message", "code"}

Fields = dict[str, Any]
"""JSON values. Any: a result is whatever the work returns."""


def fields(state: State) -> Fields:
    """Everything that is told of a task."""
    return {
        "task": state.id,
        "name": state.name,
        **({"job": state.job} if state.job is not None else {}),
        "status": state.status.value,
        "wanted": state.wanted.value if state.wanted is not None else None,
        **_numbers(state.progress),
        "attempt": state.attempt,
        "waiting": state.waiting,
        "queued_at": moment(state.queued_at),
        "started_at": moment(state.started_at),
        "ended_at": moment(state.ended_at),
        "allowed": [action.value for action in state.allowed],
        "error": _failure(state.error),
        "result": state.result,
        "by": state.by,
    }


def progress_draft(state: State, *, lobby: bool = False) -> Draft:
    """The state as the event that newer ones supersede; for the channel of all tasks with `lobby`."""
    return Draft.of("task_progress", _listed(state) if lobby else fields(state), state.id if lobby else _KEY)


def milestone(
    state: State, happening: Happening, more: Mapping[str, Any] | None = None, *, lobby: bool = False
) -> Draft:
    """What happened, as the event that always arrives."""
    told = _listed(state) if lobby else fields(state)
    return Draft.of(f"task_{happening.value}", {**told, **(more or {})})


def requested(state: State, action: Action, by: str | None) -> Draft:
    """That somebody asked for something."""
    return Draft.of("task_requested", {**fields(state), "action": action.value, "by": by})


def child_drafts(task: str, children: Sequence[Child]) -> list[Draft]:
    """The parts of a task that changed."""
    return [
        Draft.of(
            "task_progress",
            {
                "task": child.id,
                "parent": child.parent,
                "root": task,
                "name": child.name,
                "status": child.status.value,
                **_numbers(child.progress),
                "error": _failure(child.error),
            },
            f"{_KEY}/{child.id}",
        )
        for child in children
    ]


def item_draft(task: str, item: Item) -> Draft:
    """One row, check or step. Raises `InvalidEvent` where it uses a name that is taken."""
    taken = _OWN.intersection(item.more)
    if taken:
        raise InvalidEvent(f"an item uses {', '.join(map(repr, sorted(taken)))} itself; choose another name")
    message = None if item.message is None else item.message[:_LONGEST]
    own = {"task": task, "item": item.item, "outcome": item.outcome, "message": message, "code": item.code}
    return Draft.of("task_item", {**own, **item.more})


def line_draft(task: str, line: Line) -> Draft:
    """One line of a log."""
    return Draft.of(
        "task_log", {"task": task, "level": line.level, "message": line.message[:_LONGEST], "logger": line.logger}
    )


def checked_result(result: object) -> None:
    """Raise `InvalidEvent` unless a result can be told."""
    Draft.of("task_completed", {"result": result}, limit=_RESULT)


def _listed(state: State) -> Fields:
    """The state without what only its own page shows: a result may be large."""
    told = fields(state)
    del told["result"]
    return told


def _numbers(progress: Progress) -> Fields:
    return {
        "total": progress.total,
        "done": progress.done,
        "initial": progress.initial,
        "unit": progress.unit,
        "percent": progress.percent,
        "counts": dict(progress.counts),
        "rate": None if progress.rate is None else round(progress.rate, 3),
        "eta": None if progress.eta is None else round(progress.eta, 1),
        "elapsed": round(progress.elapsed, 1),
        "stalled": progress.stalled,
        "current": progress.current,
    }


def _failure(failure: Failure | None) -> Fields | None:
    return None if failure is None else {"code": failure.code, "message": failure.message[:_LONGEST]}


def moment(seconds: float | None) -> str | None:
    """A time as it is told."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
