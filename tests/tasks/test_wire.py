"""A task as events and as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.codes import Code
from headway.errors import InvalidEvent
from headway.events import Draft
from headway.tasks.interface import Child, Item, Line
from headway.tasks.model import Action, Failure, Happening, Progress, State, Status
from headway.tasks.wire import (
    checked_result,
    child_drafts,
    fields,
    item_draft,
    line_draft,
    milestone,
    moment,
    progress_draft,
    requested,
)

STATE = State(
    "abc",
    "Nightly ETL",
    "task:abc",
    Status.RUNNING,
    job="etl",
    wanted=Status.CANCELLED,
    progress=Progress(420, 1000, 20, "rows", {"created": 400, "failed": 20}, "row 420", 12.50049, 46.44, 33.14),
    attempt=1,
    queued_at=1_700_000_000.0,
    started_at=1_700_000_001.5,
    result={"n": 1},
    by="ada",
)


def data(draft: Draft) -> Any:  # Any: JSON
    """What an event says."""
    return msgspec.json.decode(draft.json)


def test_a_state_is_told_whole() -> None:
    """Every field that the wire promises, times in ISO 8601, numbers rounded to what a person can use."""
    assert fields(STATE) == {
        "task": "abc",
        "name": "Nightly ETL",
        "job": "etl",
        "status": "running",
        "wanted": "cancelled",
        "total": 1000,
        "done": 420,
        "initial": 20,
        "unit": "rows",
        "percent": 42.0,
        "counts": {"created": 400, "failed": 20},
        "rate": 12.5,
        "eta": 46.4,
        "elapsed": 33.1,
        "stalled": False,
        "current": "row 420",
        "attempt": 1,
        "waiting": None,
        "queued_at": "2023-11-14T22:13:20.000Z",
        "started_at": "2023-11-14T22:13:21.500Z",
        "ended_at": None,
        "allowed": [],
        "error": None,
        "result": {"n": 1},
        "by": "ada",
    }
    assert "job" not in fields(State("a", "b", "c"))
    assert moment(None) is None


def test_progress_replaces_progress_and_milestones_stay() -> None:
    """In its own channel the key is `task`, in that of all tasks the task's id; a milestone has none."""
    own, lobby = progress_draft(STATE), progress_draft(STATE, lobby=True)

    assert (own.type, own.key, data(own)["result"]) == ("task_progress", "task", {"n": 1})
    assert (lobby.type, lobby.key, "result" in data(lobby)) == ("task_progress", "abc", False)
    for happening in Happening:
        told = milestone(STATE, happening, {"delay": 3})
        assert (told.type, told.key, data(told)["delay"]) == (f"task_{happening.value}", None, 3)
        assert "result" not in data(milestone(STATE, happening, lobby=True))
    asked = requested(STATE, Action.CANCEL, "bob")
    assert (asked.type, asked.key, data(asked)["action"], data(asked)["by"]) == (
        "task_requested",
        None,
        "cancel",
        "bob",
    )


def test_parts_items_and_lines_are_told() -> None:
    """A part under a key of its own below the task's; items and lines without one, their messages cut."""
    part = Child("1", "abc", "Table a", Status.FAILED, Progress(1, 2), Failure("x", "y" * 5_000))
    (told,) = child_drafts("abc", [part])
    assert (told.key, data(told)["task"], data(told)["parent"], data(told)["root"]) == ("task/1", "1", "abc", "abc")
    assert (data(told)["percent"], len(data(told)["error"]["message"])) == (50.0, 4_000)

    item = data(item_draft("abc", Item("row 7", "failed", "m" * 5_000, "E7", {"line": 7})))
    assert (item["task"], item["item"], item["outcome"], item["code"], item["line"]) == (
        "abc",
        "row 7",
        "failed",
        "E7",
        7,
    )
    assert len(item["message"]) == 4_000
    line = data(line_draft("abc", Line("info", "m" * 5_000, "etl")))
    assert (line["level"], len(line["message"]), line["logger"]) == ("info", 4_000, "etl")


@pytest.mark.parametrize("name", ["task", "item", "outcome", "message", "code", "type", "channel", "offset", "key"])
def test_an_item_has_its_own_names(name: str) -> None:
    """What an item brings along cannot pass for what Headway says."""
    with pytest.raises(InvalidEvent, match=name):
        item_draft("abc", Item("row", "ok", more={name: 1}))


@pytest.mark.parametrize("result", [object(), {1, object()}, 2**70, "x" * 300_000, float, [[[object()]]]])
def test_a_result_is_json_and_not_large(result: object) -> None:
    """It is told with each later look at the task."""
    with pytest.raises(InvalidEvent) as refused:
        checked_result(result)
    assert (refused.value.code is Code.TOO_LARGE) is (isinstance(result, str))
    checked_result({"n": 1, "text": "x" * 200_000})
    checked_result(None)
