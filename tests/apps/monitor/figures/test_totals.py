"""What looks add up to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.figures.status import OUTCOMES, Status
from headway.apps.monitor.figures.totals import Sample, Totals, measure, measured
from tests.apps.monitor.figures.stage import rounded

H, W, E, U, M = OUTCOMES


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    """Any looks of two thousand seconds, in order."""
    times = draw(st.lists(st.integers(0, 2_000), unique=True, max_size=40))
    made = []
    for at in sorted(times):
        status = draw(st.sampled_from(OUTCOMES))
        milliseconds = draw(st.none() | st.floats(0, 5_000))
        made.append(Sample.of(at, status, milliseconds, draw(st.sampled_from([0.0, 30.0, 150.0, 900.0]))))
    return made


def test_a_look_speaks_until_the_next() -> None:
    """And no longer than it may: what follows is unknown."""
    found = measure([Sample.of(0, H), Sample.of(30, E), Sample.of(200, W)], 0, 240)

    assert (found.up, found.down, found.unknown, found.maintenance) == (70, 60, 110, 0)
    assert found.uptime == pytest.approx(100 * 70 / 130)


def test_what_was_before_may_still_speak() -> None:
    """Its time counts, it does not: it was counted where it was."""
    found = measure([Sample.of(-10, E, 5.0)], 0, 100)

    assert (found.down, found.looks, found.failures, found.max_milliseconds) == (50, 0, 0, None)


def test_maintenance_and_unknown_are_no_part_of_uptime() -> None:
    """Looks in maintenance are no looks."""
    found = measure([Sample.of(0, H), Sample.of(60, M), Sample.of(120, U), Sample.of(180, E)], 0, 240)

    assert (found.up, found.maintenance, found.unknown, found.down) == (60, 60, 60, 60)
    assert (found.uptime, found.looks, found.failures) == (50.0, 3, 1)


def test_nothing_known_is_no_uptime() -> None:
    """It is neither 0 nor 100."""
    assert measure([], 0, 60).uptime is None
    assert measure([Sample.of(0, M)], 0, 60).uptime is None


def test_times_of_errors_are_no_response_times() -> None:
    """A timeout of ten seconds says nothing about the speed of answers."""
    found = measure([Sample.of(0, H, 100.0), Sample.of(60, E, 10_000.0), Sample.of(120, W, 300.0)], 0, 180)

    assert (found.sum_milliseconds, found.max_milliseconds, found.histogram.count) == (400.0, 300.0, 2)


def test_a_percentile_is_never_above_the_longest() -> None:
    """Though a bucket's middle may be."""
    found = Totals()
    for at in range(3):
        found.add(measure([Sample.of(at, Status.HEALTHY, 100.0)], at, at + 1))

    assert found.percentile(0.99) == pytest.approx(100.0, rel=0.025)
    assert (found.percentile(0.99) or 0) <= 100.0


@given(samples(), st.integers(-100, 2_100), st.integers(0, 2_500))
def test_sums_add_to_the_window(some: list[Sample], begin: int, length: int) -> None:
    """Whatever the looks, and wherever it begins."""
    found = measure(some, begin, begin + length)

    assert found.up + found.down + found.maintenance + found.unknown == pytest.approx(length)
    assert min(found.up, found.down, found.maintenance) >= 0
    assert found.up + found.down + found.maintenance <= length + 1e-6


@given(samples(), st.lists(st.integers(-50, 2_500), min_size=2, max_size=12).map(sorted))
def test_stretches_add_up_however_they_are_cut(some: list[Sample], edges: list[int]) -> None:
    """So an hour may be sixty minutes, and a day its hours."""
    total = Totals()
    for part in measured(some, edges):
        total.add(part)
    whole = measure(some, edges[0], edges[-1])

    assert rounded(total) == rounded(whole)
    assert total.histogram == whole.histogram
