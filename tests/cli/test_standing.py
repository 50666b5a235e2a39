"""The state of a task as its events carry it."""

from __future__ import annotations

from typing import Any

import pytest

from headway.cli.standing import standing_of
from headway.client import Event
from headway.positions import Position
from headway.tasks.interface import Child
from headway.tasks.model import Action, Failure, Happening, Progress, State, Status
from headway.tasks.wire import child_drafts, milestone, progress_draft, requested
from tests.cli.tellings import event_of

STATE = State(
    "t1",
    "Nightly ETL",
    "task:t1",
    Status.RUNNING,
    job="etl",
    wanted=Status.PAUSED,
    progress=Progress(420, 1000, unit="rows", counts={"created": 400}, current="row 420", rate=12.5, eta=46.4),
    attempt=2,
    error=Failure("timeout", "it was slow"),
)


@pytest.mark.parametrize("happening", Happening)
def test_every_event_with_a_state_is_read(happening: Happening) -> None:
    """Progress, milestones and wishes carry the whole state, as the server writes it."""
    for draft in (progress_draft(STATE), milestone(STATE, happening), requested(STATE, Action.PAUSE, "ann")):
        standing = standing_of(event_of(draft))

        assert standing is not None
        assert (standing.task, standing.status, standing.wanted) == ("t1", Status.RUNNING, Status.PAUSED)
        assert (standing.done, standing.total, standing.percent, standing.counts) == (420, 1000, 42.0, {"created": 400})
        assert (standing.parent, standing.own) == (None, ("t1", "t1"))


def test_a_part_is_known_by_its_task_and_its_id() -> None:
    """Two tasks in one channel both have a part 1."""
    parts = [
        standing_of(event_of(draft))
        for task in ("t1", "t2")
        for draft in child_drafts(task, [Child("1", task, "users", Status.RUNNING, Progress(1, 2))])
    ]

    assert [part.own for part in parts if part is not None] == [("t1", "1"), ("t2", "1")]


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("task_item", {"task": "t", "item": "a", "outcome": "ok"}),
        ("task_of_mine", {"task": "t", "status": "running", "name": "x"}),
        ("progress", {"task": "t", "status": "running", "name": "x"}),
        ("task_progress", {"percent": 40}),
        ("task_progress", {"task": "t", "status": "flying", "name": "x"}),
        ("task_progress", {"task": "t", "status": "running", "name": "x", "done": "many"}),
    ],
)
def test_what_only_looks_like_one_is_none(type: str, data: dict[str, Any]) -> None:
    """Anybody may publish events with such names."""
    assert standing_of(Event("c", type, 1, Position("e", 1), "2026-01-31T09:30:00.000Z", data)) is None
