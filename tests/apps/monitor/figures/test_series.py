"""Charts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from headway.apps.monitor.figures.rollups import Keeping, read_marks
from headway.apps.monitor.figures.series import STEPS, series, step_for
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks
from headway.errors import UsageError
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, roll_all, take


def fill(connection: Connection, times: list[int]) -> None:
    """Looks, each fifth of them an error."""
    take(
        connection,
        *(
            look(MIDNIGHT + at, Status.ERROR if n % 5 == 4 else Status.HEALTHY, 10.0 * (n % 7), application=1 + n % 2)
            for n, at in enumerate(sorted(times))
        ),
    )


def test_a_bucket_says_how_fast_and_how_often() -> None:
    """None where nobody looked."""
    with database() as connection:
        take(
            connection,
            look(MIDNIGHT, milliseconds=100.0, seconds=60.0),
            look(MIDNIGHT + 30, milliseconds=300.0, seconds=30.0),
            look(MIDNIGHT + 120, Status.ERROR, seconds=60.0),
        )
        found = series(connection, [1], MIDNIGHT, MIDNIGHT + 180, 60, Marks())

    assert [one.time - MIDNIGHT for one in found] == [0, 60, 120]
    assert [one.up for one in found] == [1.0, None, 0.0]
    assert [(one.looks, one.failures, one.max) for one in found] == [(2, 0, 300.0), (0, 0, None), (1, 1, None)]
    assert found[0].p50 == pytest.approx(100, rel=0.025)
    assert found[0].p95 == pytest.approx(300, rel=0.025)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, 4 * DAY), min_size=2, max_size=60, unique=True),
    st.integers(0, 100),
    st.sampled_from([900, HOUR, 6 * HOUR, DAY]),
    st.integers(0, 2 * DAY),
)
def test_from_rollups_as_from_samples(times: list[int], hours: int, step: int, begin: int) -> None:
    """However much is rolled up, and of several applications together."""
    window = (MIDNIGHT + begin + 0.5, MIDNIGHT + 4 * DAY + 7.5)
    with database(2) as connection:
        fill(connection, times)
        before = series(connection, [1, 2], *window, step, read_marks(connection))
        roll_all(connection, MIDNIGHT + hours * HOUR, Keeping(samples=1e4))
        after = series(connection, [1, 2], *window, step, read_marks(connection))

    for one, other in zip(before, after, strict=True):
        assert one.up == pytest.approx(other.up)
        assert (one.time, one.p50, one.p95, one.max, one.looks, one.failures) == (
            other.time,
            other.p50,
            other.p95,
            other.max,
            other.looks,
            other.failures,
        )


def test_a_step_fits_the_window_and_what_is_kept() -> None:
    """Sixty buckets or more, while there are samples; whole hours and days where there are none."""
    now = MIDNIGHT + 200 * DAY
    marks = Marks(rolled=now, samples=now - 8 * DAY, hours=now - 100 * DAY)
    spans = {HOUR: 60, 6 * HOUR: 300, DAY: 900, 7 * DAY: HOUR, 30 * DAY: 6 * HOUR, 90 * DAY: DAY, 60: 60}

    assert {length: step_for(now - length, now, marks) for length in spans} == spans
    assert step_for(now - 20 * DAY, now - 20 * DAY + HOUR, marks) == HOUR
    assert step_for(now - 150 * DAY, now - 149 * DAY, marks) == DAY


def test_what_is_no_chart_is_refused() -> None:
    """Steps that no roll-up fits, more buckets than a screen has columns, a window that ends before it begins."""
    with database() as connection:
        for begin, end, step in ((0, DAY, 7), (0, 365 * DAY, 60), (DAY, 0, HOUR)):
            with pytest.raises(UsageError):
                series(connection, [1], begin, end, step, Marks())
    assert all(HOUR % step == 0 or step % HOUR == 0 for step in STEPS)
