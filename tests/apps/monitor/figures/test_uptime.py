"""Uptime from roll-ups is uptime from samples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.apps.monitor.figures.rollups import Keeping, read_marks
from headway.apps.monitor.figures.samples import Look
from headway.apps.monitor.figures.status import OUTCOMES, Status
from headway.apps.monitor.figures.totals import Sample, measure
from headway.apps.monitor.figures.uptime import WINDOWS, stretch, windows
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, roll_all, rounded, take

ALL = Keeping(samples=10_000, hours=10_000, days=10_000)


@st.composite
def looks(draw: st.DrawFn) -> list[Look]:
    """Looks over four days, in order of time: some close together, some far apart."""
    times, at = [], 0
    for step in draw(st.lists(st.sampled_from([1, 59, 60, 61, 900, 3_600, 40_000]), min_size=1, max_size=80)):
        at += step
        times.append(at)
    return [
        look(MIDNIGHT + at, draw(st.sampled_from(OUTCOMES)), draw(st.none() | st.floats(0, 500)), seconds=150.0)
        for at in times
    ]


@settings(deadline=None, max_examples=25)
@given(looks(), st.integers(0, 5 * DAY), st.integers(0, 5 * DAY), st.integers(0, 120))
def test_from_rollups_as_from_samples(some: list[Look], one: int, other: int, hours: int) -> None:
    """For any looks, any stretch, and however much of it is rolled up."""
    begin, end = sorted((MIDNIGHT + one + 0.5, MIDNIGHT + other + 0.5))
    samples = [Sample.of(each.at, each.status, each.milliseconds, each.seconds) for each in some]
    exact = measure(samples, begin, end)
    with database() as connection:
        take(connection, *some)
        roll_all(connection, MIDNIGHT + hours * HOUR, ALL)
        marks = read_marks(connection)
        found = stretch(connection, [1], begin, end, marks)[1]
        summed = stretch(connection, [1], begin, end, marks, times=False)[1]

    assert rounded(found) == rounded(summed) == rounded(exact)
    assert found.histogram == exact.histogram
    assert found.up + found.down + found.maintenance + found.unknown == pytest.approx(end - begin)


@settings(deadline=None, max_examples=25)
@given(looks(), st.integers(0, 120))
def test_windows_that_share_are_as_each_alone(some: list[Look], hours: int) -> None:
    """They end now."""
    lengths = {"1h": HOUR, "5h": 5 * HOUR, "1d": DAY, "3d": 3 * DAY}
    now = some[-1].at + 100.5
    with database() as connection:
        take(connection, *some)
        roll_all(connection, MIDNIGHT + hours * HOUR, ALL)
        marks = read_marks(connection)
        together = windows(connection, [1], now, marks, lengths)[1]
        for name, length in lengths.items():
            alone = stretch(connection, [1], now - length, now, marks)[1]
            assert rounded(together[name]) == rounded(alone), name


def test_each_application_has_its_own() -> None:
    """Also who was never looked at."""
    with database(3) as connection:
        take(connection, look(MIDNIGHT, Status.ERROR), look(MIDNIGHT, application=2))
        found = windows(connection, [1, 2, 3], MIDNIGHT + 60.0, Marks())

    assert [found[number]["1h"].uptime for number in (1, 2, 3)] == [0.0, 100.0, None]
    assert found[3]["90d"].unknown == found[3]["90d"].seconds == 90 * DAY
    assert list(found[1]) == list(WINDOWS)


def test_where_samples_are_gone_hours_speak_and_then_days() -> None:
    """A window begins with the first that is whole; the seven days of a card still begin to the second."""
    now = MIDNIGHT + 120 * DAY + 10 * HOUR + 1_234.0
    with database() as connection:
        for hour in range(0, 121 * 24 - 14, 6):
            take(connection, look(MIDNIGHT + hour * HOUR, seconds=6 * HOUR))
        roll_all(connection, now)
        marks = read_marks(connection)
        found = windows(connection, [1], now, marks, {**WINDOWS, "110d": 110 * DAY})[1]

    assert found["7d"].seconds == 7 * DAY
    assert found["30d"].seconds == 30 * DAY - HOUR + 1_234
    assert found["90d"].seconds == 90 * DAY - HOUR + 1_234
    assert found["110d"].seconds == 109 * DAY + 10 * HOUR + 1_234
    for totals in found.values():
        assert totals.unknown == pytest.approx(0, abs=1e-6)
        assert totals.uptime == 100.0
