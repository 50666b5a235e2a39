"""When a job comes round by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import UsageError
from headway.tasks.schedule import Cron, Every


def at(text: str) -> float:
    """A moment."""
    return datetime.fromisoformat(text).timestamp()


@given(st.floats(1, 1e6), st.floats(0, 1e9), st.floats(0, 1e7))
def test_the_next_time_lies_ahead_and_no_further_than_one_distance(seconds: float, due: float, late: float) -> None:
    """However late it is asked, the next time of an interval lies ahead by at most one interval."""
    following = Every(seconds).after(due, due + late)

    assert due + late <= following + 1e-6 * due + 1e-3
    assert following <= due + late + seconds + 1e-6 * due + 1e-3


def test_missed_times_are_one() -> None:
    """After a day of being off, an hourly job is due once, and then in step with what it was."""
    assert Every(3600).after(1_000.0, 1_000.0 + 86_400 + 10) == 1_000.0 + 25 * 3600


def test_cron_in_a_place() -> None:
    """A line of cron is read in the time of its place, in summer and in winter."""
    berlin = Cron("30 2 * * 1-5", "Europe/Berlin")

    assert berlin.after(0, at("2026-01-05T00:00+01:00")) == at("2026-01-05T02:30+01:00")
    assert berlin.after(0, at("2026-07-03T03:00+02:00")) == at("2026-07-06T02:30+02:00")


def test_cron_when_the_clock_is_set_forward() -> None:
    """A time that the clock leaps over is not left out: it comes as soon as the clock has leapt."""
    spring = Cron("30 2 * * *", "Europe/Berlin").after(0, at("2026-03-29T00:00+01:00"))

    assert datetime.fromtimestamp(spring, UTC).date().isoformat() == "2026-03-29"


@pytest.mark.parametrize("line", ["", "* * * *", "61 * * * *", "a b c d e", "* * * * * * *", "0 0 31 2 *"])
def test_a_line_that_is_none(line: str) -> None:
    """What is no line of cron, or never comes, is refused when it is written down."""
    with pytest.raises(UsageError):
        Cron(line)


def test_a_place_that_is_none() -> None:
    """A time zone nobody knows is refused by its name."""
    with pytest.raises(UsageError, match="Atlantis/Capital"):
        Cron("* * * * *", "Atlantis/Capital")


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 0.5])
def test_too_often(seconds: float) -> None:
    """An interval below a second, or none at all, is refused."""
    with pytest.raises(UsageError):
        Every(seconds)
