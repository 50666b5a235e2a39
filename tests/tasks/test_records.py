"""A task as it is stored."""

from __future__ import annotations

import pytest

from headway.codes import Code
from headway.tasks.interface import Lost
from headway.tasks.model import State, Status
from headway.tasks.records import Record


def a_record(status: Status, owner: str | None = "me", lease: float | None = 1.0) -> Record:
    """A task of somebody."""
    return Record(State("id", "Work", "task:id", status), owner, lease)


def test_only_its_owner_may_speak_for_it() -> None:
    """Anybody else has lost it, and is told its state; nobody owns what is free."""
    record = a_record(Status.RUNNING)
    record.owned_by("me")

    for other in (record.freed(), record):
        with pytest.raises(Lost) as lost:
            other.owned_by("you")
        assert (lost.value.code, lost.value.details) == (Code.CONFLICT, {"state": "running"})


def test_it_lives_while_somebody_shows_a_sign_of_life() -> None:
    """An owner, a lease, and something to do; one of them is not enough."""
    assert a_record(Status.RUNNING).alive
    assert a_record(Status.PAUSED).alive
    assert not a_record(Status.RUNNING, owner=None).alive
    assert not a_record(Status.PAUSED, lease=None).alive
    assert not a_record(Status.INTERRUPTED).alive
    assert not a_record(Status.RUNNING).freed().alive
