"""Histograms of response times: their error, merging, bytes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.figures.percentiles import ERROR, Histogram

times = st.lists(st.floats(0.1, 3_600_000.0), min_size=1, max_size=200)


@given(times, st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_its_error(milliseconds: list[float], share: float) -> None:
    """Of the one that was measured, by the nearest rank."""
    exact = sorted(milliseconds)[math.ceil(share * len(milliseconds) - 1e-9) - 1]
    found = Histogram(milliseconds).percentile(share)

    assert found == pytest.approx(exact, rel=ERROR + 1e-9)


@given(times, times)
def test_merged_is_as_if_counted_together(one: list[float], other: list[float]) -> None:
    """Whatever the order."""
    merged = Histogram(one)
    merged.merge(Histogram(other))

    assert merged == Histogram(other + one)
    assert merged.count == len(one) + len(other)


@given(st.lists(st.floats(0, 1e9)))
def test_bytes_say_the_same(milliseconds: list[float]) -> None:
    """Also of none, and of what is outside."""
    histogram = Histogram(milliseconds)

    assert Histogram.decode(histogram.encode()) == histogram


def test_nothing_has_no_percentile() -> None:
    """And no bytes."""
    assert Histogram().percentile(0.5) is None
    assert Histogram().encode() is None


def test_what_is_outside_counts_as_the_nearest() -> None:
    """Zero, and a day."""
    assert Histogram([0.0]).percentile(0.5) == 0.1
    assert Histogram([1e9]).percentile(0.5) == pytest.approx(3_600_000, rel=2 * ERROR)


def test_an_hour_of_minutes_is_small() -> None:
    """A year of a hundred applications has 240,000 of them."""
    steady = Histogram([100.0 + minute % 20 for minute in range(60)])

    assert len(steady.encode() or b"") < 40
