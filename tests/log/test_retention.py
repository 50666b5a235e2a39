"""The decision what to forget, without a log."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headway.limits import Retention
from headway.log.retention import Trim, compaction_cutoff, cutoff, exceeds, trim

NOW = 1_000_000
ROOMY = Retention(events=1_000, seconds=1_000, bytes=1_000_000)


def entries(*times: int, size: int = 10) -> list[tuple[int, int, int]]:
    """Events from the oldest on, as a log hands them over."""
    return [(offset, time, size) for offset, time in enumerate(times, 1)]


def test_what_is_within_the_bounds_stays() -> None:
    """No bound exceeded: nothing is forgotten."""
    assert trim(ROOMY, 2, 20, NOW, entries(NOW, NOW)) is None
    assert trim(ROOMY, 0, 0, NOW, []) is None


def test_count_bytes_and_age_each_forget() -> None:
    """Whatever exceeds one of the three goes, from the oldest on."""
    assert trim(Retention(events=1), 3, 30, NOW, entries(NOW, NOW, NOW)) == Trim(2, 2, 20)
    assert trim(Retention(bytes=25), 3, 30, NOW, entries(NOW, NOW, NOW)) == Trim(1, 1, 10)
    assert trim(Retention(seconds=1), 3, 30, NOW, entries(NOW - 1_001, NOW - 1_000, NOW)) == Trim(1, 1, 10)


def test_a_clock_that_jumped_makes_no_hole() -> None:
    """The first event that may stay keeps the older ones behind it."""
    assert trim(Retention(seconds=1), 3, 30, NOW, entries(NOW, NOW - 5_000, NOW)) is None


def test_small_bounds_are_exact_and_large_ones_have_a_sixteenth_of_slack() -> None:
    """A channel of 100,000 is trimmed at 106,250, one of 10 at 10."""
    assert exceeds(Retention(events=10), 11, 0)
    assert not exceeds(Retention(events=10), 10, 0)
    assert exceeds(Retention(events=100_000), 106_251, 0)
    assert not exceeds(Retention(events=100_000), 106_250, 0)
    assert exceeds(Retention(bytes=160), 1, 171)
    assert not exceeds(Retention(bytes=160), 1, 170)


def test_cutoffs_are_milliseconds() -> None:
    """Ages are seconds in a setting and milliseconds in an event."""
    assert cutoff(Retention(seconds=2), NOW) == NOW - 2_000
    assert compaction_cutoff(Retention(compact_after=0.5), NOW) == NOW - 500
    assert compaction_cutoff(Retention(), NOW) is None
    assert cutoff(Retention(seconds=float("inf")), NOW) < 0


@given(
    sizes=st.lists(st.integers(0, 50), max_size=40),
    ages=st.lists(st.integers(0, 5_000), min_size=40, max_size=40),
    events=st.integers(0, 20),
    seconds=st.integers(0, 4),
    bytes=st.integers(0, 500),
)
def test_what_is_left_is_within_the_bounds(
    sizes: list[int], ages: list[int], events: int, seconds: int, bytes: int
) -> None:
    """As much is forgotten as has to be, and not one event more."""
    retention = Retention(events=events, seconds=seconds, bytes=bytes)
    oldest = [(offset, NOW - age, size) for offset, (size, age) in enumerate(zip(sizes, ages, strict=False), 1)]

    decided = trim(retention, len(sizes), sum(sizes), NOW, oldest)

    gone = 0 if decided is None else decided.through
    left = oldest[gone:]
    assert len(left) <= events
    assert sum(size for _, _, size in left) <= bytes
    assert not left or left[0][1] >= NOW - seconds * 1_000
    if decided is not None:
        last = oldest[gone - 1 :]
        assert (decided.events, decided.bytes) == (gone, sum(sizes[:gone]))
        assert len(last) > events or sum(size for _, _, size in last) > bytes or last[0][1] < NOW - seconds * 1_000
    assert all(a[0] + 1 == b[0] for a, b in pairwise(left))
