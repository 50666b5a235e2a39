"""What is said of tasks over HTTP, as it is read."""

from __future__ import annotations

import msgspec
import pytest

from headway.errors import PeerError
from headway.server.reported import Numbers, Reported, Submission
from headway.tasks.interface import Child, Item, Line, Report
from headway.tasks.model import Failure, Happening, Progress, Status

WHOLE = {
    "owner": "me",
    "number": 3,
    "progress": {"done": 1.5, "total": 10, "counts": {"created": 1}, "current": "row 1", "stalled": True},
    "happened": "failed",
    "name": "New",
    "error": {"code": "E1", "message": "no"},
    "result": [1, None],
    "items": [{"item": "a", "outcome": "ok", "message": "m", "code": "c", "more": {"line": 1}}],
    "lines": [{"level": "info", "message": "m", "logger": "l"}],
    "children": [{"id": "1", "parent": "t", "name": "Part", "status": "running", "progress": {"done": 1}}],
}


def test_a_report_is_read_whole() -> None:
    """Every field has its place; what is left out is as it begins."""
    assert msgspec.convert(WHOLE, Reported).report() == Report(
        3,
        Progress(1.5, 10, counts={"created": 1}, current="row 1", stalled=True),
        Happening.FAILED,
        "New",
        Failure("E1", "no"),
        [1, None],
        [Item("a", "ok", "m", "c", {"line": 1})],
        [Line("info", "m", "l")],
        [Child("1", "t", "Part", Status.RUNNING, Progress(1))],
    )
    assert msgspec.convert({"owner": "me", "number": 1, "progress": {}}, Reported).report() == Report(
        1, Progress(), items=[], lines=[], children=[]
    )
    assert Numbers().progress() == Progress()


@pytest.mark.parametrize("happening", Happening)
def test_what_only_the_server_finds_out_is_not_reported(happening: Happening) -> None:
    """That a task waits, or that its owner is dead."""
    reported = msgspec.convert({**WHOLE, "happened": happening.value}, Reported)
    if happening in (Happening.QUEUED, Happening.INTERRUPTED):
        with pytest.raises(PeerError, match=happening.value):
            reported.report()
        return
    assert reported.report().happened is happening


@pytest.mark.parametrize("name", WHOLE)
def test_an_unknown_field_is_a_mistake_and_not_left_out(name: str) -> None:
    """At every depth: what is misspelt would otherwise be lost without a word."""
    for wrong in ({**WHOLE, f"{name}s_": 1}, {**WHOLE, "progress": {"done": 1, name: 1}}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, Reported)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"job": "x", f"{name}_": 1}, Submission)
