"""The status of an application: hysteresis, maintenance, and what is remembered."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.figures.status import (
    OUTCOMES,
    RULES,
    Standing,
    Status,
    Thresholds,
    after,
    aside,
    back,
)
from headway.errors import UsageError

H, W, E, U, M = OUTCOMES
SAYING = (H, W, E)


USUAL = Thresholds()


def walked(outcomes: Sequence[Status], thresholds: Thresholds = USUAL) -> list[Standing]:
    """Where looks lead, one a minute."""
    found, standing = [], Standing()
    for minute, outcome in enumerate(outcomes, 1):
        standing = after(standing, outcome, minute * 60.0, thresholds)
        found.append(standing)
    return found


def shown(*outcomes: Status) -> list[Status]:
    """What is shown, with the thresholds that are so by themselves: three failures, two recoveries."""
    return [one.status for one in walked(outcomes)]


def test_the_first_good_look_shows() -> None:
    """Nobody waits for a second one to see that what was just entered works."""
    assert shown(H) == [H]
    assert shown(W) == [W]


def test_error_takes_failures_in_a_row() -> None:
    """One good look between them begins anew."""
    assert shown(H, E, E, H, E, E, E) == [H, H, H, H, H, H, E]


def test_recovery_takes_successes_in_a_row() -> None:
    """Flapping faster than the thresholds is one time in error."""
    assert shown(H, E, E, E, H, E, H, E, H, H) == [H, H, H, E, E, E, E, E, E, H]


def test_what_answers_with_a_warning_is_no_longer_in_error() -> None:
    """It shows what the look that was enough has found."""
    assert shown(E, E, E, H, W) == [U, U, E, E, W]


def test_warnings_need_a_streak_too() -> None:
    """One slow answer is none; failures among them lengthen it."""
    assert shown(H, W, H, W, E, W, H, H) == [H, H, H, H, H, W, W, H]


def test_a_look_that_learned_nothing_breaks_no_streak() -> None:
    """The fault is on this side."""
    assert shown(H, E, U, E, U, E) == [H, H, H, H, H, E]


def test_unknown_shows_after_as_many_looks_and_hides_nothing() -> None:
    """Behind it an error is still one, and needs its recoveries."""
    assert shown(H, E, E, E, U, U, U, H, H) == [H, H, H, E, E, E, U, E, H]


def test_maintenance_decides_nothing_and_ends_streaks() -> None:
    """Two failures before it and one behind it are no three."""
    assert shown(H, E, E, M, E, E, E) == [H, H, H, M, H, H, E]
    assert shown(E, E, E, M, M, H, H) == [U, U, E, M, M, E, H]


def test_who_is_set_aside_stays_so_whatever_is_seen() -> None:
    """And is unknown afterwards, with no streak."""
    standing = aside(walked([H, E, E])[-1], Status.PAUSED, 200.0)
    still = after(standing, E, 240.0, Thresholds())
    again = back(still, 300.0)

    assert (standing.status, standing.since, still) == (Status.PAUSED, 200.0, standing)
    assert (again.status, again.since, again.streaks.failures) == (U, 300.0, 0)
    assert back(again, 400.0) is again
    assert after(again, E, 360.0, Thresholds()).status is U


def test_since_is_when_it_began_to_show() -> None:
    """And the turn is when the streak behind it began."""
    standing = walked([H, H, E, E, E, E])[-1]

    assert (standing.since, standing.turned) == (300.0, 180.0)
    assert walked([E, E, E, U, H, U, H])[-1].turned == 300.0


def test_thresholds_are_from_one() -> None:
    """With none nothing could be decided."""
    assert [one.status for one in walked([E, H], Thresholds(failures=1, recoveries=1))] == [E, H]
    with pytest.raises(UsageError):
        Thresholds(failures=0)
    with pytest.raises(UsageError):
        Thresholds(recoveries=0)


def test_a_restart_forgets_nothing() -> None:
    """A standing is JSON, and the same after it; what it does not know is left out."""
    standing = walked([H, E, E, U])[-1]
    data = msgspec.json.decode(msgspec.json.encode(standing))

    assert msgspec.convert(data, Standing) == standing
    assert msgspec.convert({**data, "more": 1}, Standing) == standing
    assert msgspec.convert({}, Standing) == Standing()


def test_rules_name_what_there_is() -> None:
    """Streaks and thresholds of the table are fields."""
    for rule in RULES:
        assert hasattr(Standing().streaks, rule.streak)
        assert isinstance(rule.enough, int) or hasattr(Thresholds(), rule.enough)


@given(
    st.lists(st.sampled_from(OUTCOMES), max_size=60),
    st.builds(Thresholds, failures=st.integers(1, 5), recoveries=st.integers(1, 5)),
)
def test_nothing_flips_on_fewer_looks(outcomes: list[Status], thresholds: Thresholds) -> None:
    """Each change that was decided stands at the end of as many looks in a row that say so."""
    before = Standing()
    for place, standing in enumerate(walked(outcomes, thresholds)):
        # Maintenance ends a streak, and looks that learned nothing are not in it.
        seen = list(outcomes[: place + 1])
        since = max((n for n, one in enumerate(seen) if one is M), default=-1)
        said = [one for one in seen[since + 1 :] if one is not U]
        if standing.decided is not before.decided:
            if standing.decided is E:
                assert said[-thresholds.failures :] == [E] * thresholds.failures
            elif before.decided is E:
                tail = said[-thresholds.recoveries :]
                assert len(tail) == thresholds.recoveries
                assert E not in tail
            elif before.decided is H:
                tail = said[-thresholds.failures :]
                assert len(tail) == thresholds.failures
                assert H not in tail
            elif before.decided is W:
                assert said[-thresholds.recoveries :] == [H] * thresholds.recoveries
            else:
                assert before.decided is U
        if outcomes[place] not in SAYING:
            assert standing.decided is before.decided
        before = standing
