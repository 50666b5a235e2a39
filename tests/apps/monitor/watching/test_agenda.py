"""Whose turn is when."""

from __future__ import annotations

import pytest

from headway.apps.monitor.watching.agenda import About, Told, about_of, beat_of, next_turn, turn_at_start
from tests.apps.monitor.watching.test_verdict import application

NOW = 1_700_000_000.0


def test_a_turn_that_lies_ahead_is_kept_over_a_restart() -> None:
    """To the second."""
    assert turn_at_start(application(), About(due=NOW + 42), NOW) == NOW + 42


@pytest.mark.parametrize("due", [0.0, NOW - 1, NOW - 86_400, NOW + 3_600])
def test_a_turn_that_was_missed_or_cannot_be_comes_within_seconds(due: float) -> None:
    """One far ahead was made by a clock that was wrong."""
    assert NOW <= turn_at_start(application(), About(due=due), NOW) <= NOW + 10


def test_the_next_turn_is_an_interval_later() -> None:
    """Give or take a tenth; also after somebody asked out of turn."""
    one = application()

    assert next_turn(one, About(), NOW, NOW + 1, 0.5) == NOW + 60
    assert next_turn(one, About(), NOW, NOW + 1, 0.0) == NOW + 54
    assert next_turn(one, About(), NOW + 30, NOW, 0.5) == NOW + 60


def test_a_beat_is_looked_at_when_it_would_be_late_and_then_missing() -> None:
    """Just after, and then now and again."""
    one = application(healthCheck={"kind": "push", "interval": 30, "grace": 20})
    about = About(since=NOW, beat=Told(at=NOW))

    assert NOW + 30 < next_turn(one, about, NOW, NOW, 0.5) < NOW + 30.1, "at the moment itself it is not late yet"
    assert NOW + 50 < next_turn(one, about, NOW, NOW + 30.01, 0.5) < NOW + 50.1
    assert next_turn(one, about, NOW, NOW + 51, 0.5) == NOW + 51 + 60


def test_a_beat_that_is_far_off_is_looked_at_every_hour() -> None:
    """So that its samples go on."""
    one = application(healthCheck={"kind": "push", "interval": 7 * 86_400})

    assert next_turn(one, About(since=NOW, beat=Told(at=NOW)), NOW, NOW, 0.5) == NOW + 3_600


def test_the_edges_of_maintenance_are_turns() -> None:
    """Its beginning and its end."""
    window = {"kind": "once", "begin": NOW + 10, "end": NOW + 20}
    one = application(maintenance=[window])

    assert next_turn(one, About(), NOW, NOW, 0.5) == pytest.approx(NOW + 10, abs=0.1)
    assert next_turn(one, About(), NOW, NOW + 10.01, 0.5) == pytest.approx(NOW + 20, abs=0.1)
    assert next_turn(one, About(), NOW, NOW + 20.01, 0.5) == NOW + 60


def test_what_was_remembered_by_another_program_is_read_as_far_as_possible() -> None:
    """Nothing else would let a server start that was changed."""
    assert about_of({"due": NOW, "new": {"x": 1}}) == About(due=NOW)
    assert about_of({"due": "soon"}) == About()
    assert beat_of(About()) is None
