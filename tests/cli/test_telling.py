"""What happens to tasks, in words."""

from __future__ import annotations

from typing import Any

import pytest

from headway.cli.telling import span, story_of
from headway.client import Event
from headway.positions import Position
from headway.tasks.interface import Item, Line
from headway.tasks.model import Action, Failure, Happening, Status
from headway.tasks.wire import item_draft, line_draft, requested
from tests.cli.tellings import event_of, happened, moved, state


def told(event: Event) -> tuple[str, str]:
    """The word and the text."""
    story = story_of(event)
    assert story is not None
    return story.word, story.text


def test_milestones_say_what_people_want_to_know() -> None:
    """How it ended with all counts; which attempt; what it waits for; why it is tried again."""
    counts = {"created": 980, "failed": 20}
    done: dict[str, Any] = {"done": 1000, "total": 1000, "unit": "rows", "counts": counts, "elapsed": 65.2}
    assert [
        told(happened(Happening.QUEUED, status=Status.QUEUED, waiting="for 1 of 5 browser slots")),
        told(happened(Happening.STARTED)),
        told(happened(Happening.STARTED, attempt=2)),
        told(happened(Happening.INTERRUPTED, status=Status.INTERRUPTED)),
        told(happened(Happening.RETRYING, status=Status.QUEUED, error=Failure("E", "no network"))),
        told(happened(Happening.COMPLETED, status=Status.COMPLETED, result={"rows": 980}, **done)),
        told(happened(Happening.FAILED, status=Status.FAILED, error=Failure("E", "no disk"), done=3)),
        told(happened(Happening.CANCELLED, status=Status.CANCELLED, done=0, total=10, elapsed=7300.0)),
    ] == [
        ("queued", "Nightly ETL · waits for 1 of 5 browser slots"),
        ("started", "Nightly ETL"),
        ("started", "Nightly ETL · attempt 2"),
        ("interrupted", "Nightly ETL · whoever ran it is gone; it goes on from its checkpoint"),
        ("retrying", "Nightly ETL · it is tried again · no network"),
        ("completed", 'Nightly ETL · 1,000/1,000 rows · created 980 · failed 20 · in 1:05 · {"rows":980}'),
        ("failed", "Nightly ETL · no disk · 3 · in <1 s"),
        ("cancelled", "Nightly ETL · 0/10 · in 2:01:40"),
    ]


def test_progress_in_a_line() -> None:
    """How far, how long, how fast, and what it is at."""
    running: dict[str, Any] = {
        "done": 420,
        "total": 1000,
        "unit": "rows",
        "rate": 12.5,
        "eta": 46.4,
        "current": "row 420",
    }
    assert [
        told(moved(**running))[1],
        told(moved(**running, stalled=True))[1],
        told(moved(**running, wanted=Status.CANCELLED))[1],
        told(moved(**running, status=Status.PAUSED))[1],
        told(moved(done=3, rate=0.25))[1],
    ] == [
        "Nightly ETL · 42% · 46 s left · 420/1,000 rows · 12.5/s · row 420",
        "Nightly ETL · 42% · stalled · 420/1,000 rows · row 420",
        "Nightly ETL · 42% · cancelling… · 46 s left · 420/1,000 rows · 12.5/s · row 420",
        "Nightly ETL · 42% · paused · 420/1,000 rows · row 420",
        "Nightly ETL · 3 · 4.0 s each",
    ]


def test_items_lines_and_wishes() -> None:
    """The outcome, the level, or that it was asked, and by whom."""
    assert [
        told(event_of(item_draft("t1", Item("row 17", "failed", "no email", "no_email")))),
        told(event_of(item_draft("t1", Item("row 18", "created")))),
        told(event_of(line_draft("t1", Line("warning", "slow", "db")))),
        told(event_of(requested(state(), Action.CANCEL, "ann"))),
        told(event_of(requested(state(), Action.PAUSE, None))),
    ] == [
        ("failed", "row 17: no email (no_email)"),
        ("created", "row 18"),
        ("warning", "db: slow"),
        ("asked", "cancel, by ann"),
        ("asked", "pause"),
    ]


@pytest.mark.parametrize("type", ["step", "task_item", "task_log", "task_requested", "task_completed", "task_progress"])
def test_what_is_none_of_a_tasks_has_no_story(type: str) -> None:
    """It is shown as any other event."""
    assert story_of(Event("c", type, 1, Position("e", 1), "2026-01-31T09:30:00.000Z", {"percent": 4})) is None


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0, "<1 s"), (0.9, "<1 s"), (1, "1 s"), (59.6, "1:00"), (65, "1:05"), (7384, "2:03:04"), (3e5, "3 d 11 h")],
)
def test_lengths_of_time(seconds: float, spelled: str) -> None:
    """As short as people read them."""
    assert span(seconds) == spelled
