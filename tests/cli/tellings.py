"""Events of tasks, as the server writes them, for who shows them."""

from __future__ import annotations

from typing import Any

import msgspec

from headway.client import Event
from headway.events import Draft
from headway.positions import Position
from headway.tasks.model import Happening, Progress, State, Status
from headway.tasks.wire import milestone, progress_draft

__all__ = ["event_of", "happened", "moved"]


def event_of(draft: Draft, offset: int = 1, channel: str = "task:t1") -> Event:
    """A draft as an event of 2026."""
    data: dict[str, Any] = msgspec.json.decode(draft.json)  # Any: JSON values
    moment = f"2026-01-31T09:30:{offset % 60:02}.000Z"
    return Event(channel, draft.type, offset, Position("e", offset), moment, data, draft.key)


def state(task: str = "t1", name: str = "Nightly ETL", status: Status = Status.RUNNING, **more: Any) -> State:
    """The state of a task. Any: its fields, or those of its progress."""
    numbers = {key: more.pop(key) for key in list(more) if key in Progress.__dataclass_fields__}
    return State(
        task, name, f"task:{task}", status, progress=Progress(**numbers), attempt=more.pop("attempt", 1), **more
    )


def moved(offset: int = 1, channel: str = "task:t1", *, lobby: bool = False, **more: Any) -> Event:  # Any: as `state`
    """`task_progress`."""
    return event_of(progress_draft(state(**more), lobby=lobby), offset, "tasks" if lobby else channel)


def happened(happening: Happening, offset: int = 1, *, lobby: bool = False, **more: Any) -> Event:  # Any: as `state`
    """A milestone."""
    return event_of(milestone(state(**more), happening, lobby=lobby), offset, "tasks" if lobby else "task:t1")
