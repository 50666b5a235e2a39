"""Rates and remaining times, whatever work does. Moments are numbers here; nothing waits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headway.tasks.meter import WINDOW, Meter

Moves = list[tuple[float, int]]
"""When, and how much more."""

gaps = st.integers(1, 400).map(lambda tenths: tenths / 10)
moves = st.lists(st.tuples(gaps, st.integers(1, 50)), min_size=1, max_size=60)


def played(
    moves: Iterable[tuple[float, int]], initial: int = 0, start: float = 0.0
) -> Iterator[tuple[float, int, Meter]]:
    """A meter after each move, the gaps being the time between them."""
    meter, now, done = Meter(start, initial), start, initial
    for gap, more in moves:
        now, done = now + gap, done + more
        meter.observe(now, done)
        yield now, done, meter


def after(moves: Iterable[tuple[float, int]], initial: int = 0, start: float = 0.0) -> tuple[float, int, Meter]:
    """The meter after all of them."""
    return list(played(moves, initial, start))[-1]


@pytest.mark.parametrize("period", [0.01, 0.3, 1.0, 60.0, 900.0])
def test_even_work_has_its_rate(period: float) -> None:
    """Work that moves evenly has that rate, be it a hundred times a second or four times an hour."""
    now, _, meter = after([(period, 1)] * 200)

    assert meter.read(now).rate == pytest.approx(1 / period)


@pytest.mark.parametrize("period", [0.05, 1.0, 60.0])
def test_the_time_that_is_left_runs_down_evenly(period: float) -> None:
    """With even work, the remaining time that is shown falls by one second a second: it never jumps."""
    total, shown = 300, []
    for now, _, meter in played([(period, 1)] * 200):
        for part in range(4):
            moment = now + period * part / 4
            eta = meter.read(moment, total).eta
            if eta is not None:
                shown.append(moment + eta)

    assert shown
    assert max(shown) - min(shown) < 1e-6 * total * period + 1e-6


def test_batches_do_not_make_the_remaining_time_jump() -> None:
    """Work that arrives in batches of 500 every 20 seconds is told to end within a batch of when it does."""
    total, ends = 50_000, []
    for now, _, meter in played([(20.0, 500)] * 90):
        for second in range(20):
            eta = meter.read(now + second, total).eta
            assert eta is not None
            ends.append(now + second + eta)

    assert max(ends) - min(ends) <= 20.0


def test_a_change_of_pace_is_believed_within_the_window() -> None:
    """Work that becomes four times as fast has the new rate, and no other, half a minute later."""
    slow, fast = [(1.0, 1)] * 120, [(0.25, 1)] * int(WINDOW / 0.25 + 1)
    now, _, meter = after(slow + fast)

    assert meter.read(now).rate == pytest.approx(4.0, rel=0.02)


@given(moves, st.integers(0, 10**9), st.integers(0, 10**6))
def test_what_was_there_before_says_nothing(moves: Moves, initial: int, left: int) -> None:
    """A resumed job has the same rate and the same time left as one that began with nothing."""
    now, done, fresh = after(moves)
    _, further, resumed = after(moves, initial)

    assert resumed.read(now, further + left) == fresh.read(now, done + left)


@given(moves, moves, st.integers(1, 10_000))
def test_a_pause_leaves_no_trace(before: Moves, behind: Moves, pause: int) -> None:
    """Between two moves the job was paused for hours: rate, remaining time and elapsed time are as if it never was."""
    now, done, whole = after(before + behind)
    at, _, broken = after(before)
    broken.pause(at)
    assert broken.read(at + pause).elapsed == pytest.approx(at)
    broken.resume(at + pause)
    moment, count = at + pause, sum(more for _, more in before)
    for gap, more in behind:
        moment, count = moment + gap, count + more
        broken.observe(moment, count)

    one, other = whole.read(now, done + 7), broken.read(moment, done + 7)
    assert other.rate == pytest.approx(one.rate)
    assert other.eta == pytest.approx(one.eta)
    assert other.elapsed == pytest.approx(one.elapsed)


@given(moves)
def test_the_rate_lies_between_the_slowest_and_the_fastest(moves: Moves) -> None:
    """No rate is shown that the work never had."""
    now, _, meter = after(moves)
    rate = meter.read(now).rate
    assume(rate is not None)
    assert rate is not None

    # Moves closer than a tenth of a second count as one, and these are not closer.
    speeds = [more / gap for gap, more in moves]
    assert min(speeds) * (1 - 1e-9) <= rate <= max(speeds) * (1 + 1e-9)


@given(moves, st.lists(st.integers(0, 100), min_size=2, max_size=40))
def test_silence_lowers_the_rate_by_little_and_little(moves: Moves, seconds: list[int]) -> None:
    """While nothing moves the rate never rises, and between two looks it falls no faster than time
    passes: in half the window, by half."""
    now, _, meter = after(moves)
    looks = [now + second / 10 for second in sorted(seconds)]

    for earlier, later in itertools.pairwise(looks):
        one, other = meter.read(earlier).rate, meter.read(later).rate
        if one is None or other is None:
            continue
        assert other <= one * (1 + 1e-9)
        began = meter._moves[0][0]
        assert other >= one * (earlier - began) / (later - began) * (1 - 1e-9)


@given(moves, st.integers(1, 1_000), st.integers(1, 50))
def test_the_remaining_time_is_never_told_where_there_is_none(moves: Moves, left: int, over: int) -> None:
    """There is a remaining time with a total ahead, nought at the total, and none without one or beyond it."""
    now, done, meter = after(moves)

    assert meter.read(now).eta is None
    assert meter.read(now, done).eta == 0.0
    assert meter.read(now, done - over).eta is None
    eta = meter.read(now, done + left).eta
    assert eta is None or eta >= 0.0


@given(moves)
def test_what_moves_as_before_is_not_stalled(moves: Moves) -> None:
    """At the moment of a move, and for the longest time that it took so far, nothing is stalled."""
    now, done, meter = after(moves)
    longest = max(gap for gap, _ in moves[-8:])

    assert not meter.read(now, done + 1).stalled
    assert not meter.read(now + longest, done + 1).stalled


@given(moves)
def test_what_does_not_move_any_more_is_stalled(moves: Moves) -> None:
    """After far more than the longest time between two moves it is stalled, there is no telling when it ends, and the
    next move ends that."""
    now, done, meter = after(moves)
    assume(meter.read(now).rate is not None)
    long = now + 10 + 10 * max(gap for gap, _ in moves)

    assert meter.read(long, done + 5).stalled
    assert meter.read(long, done + 5).eta is None
    assert not meter.read(long, done).stalled
    meter.observe(long, done + 1)
    assert not meter.read(long, done + 5).stalled


def test_what_is_paused_is_not_stalled() -> None:
    """A job that was told to hold still does so for as long as it likes."""
    now, done, meter = after([(1.0, 1)] * 20)
    meter.pause(now)

    assert not meter.read(now + 3_600, done + 1).stalled


def test_what_is_paused_is_stalled_no_more() -> None:
    """It was stalled; now it is told to hold still, and that is what it does."""
    now, done, meter = after([(1.0, 1)] * 20)
    meter.pause(now + 3_600)

    assert not meter.read(now + 3_600, done + 1).stalled


def test_what_never_moved_is_not_stalled() -> None:
    """Nothing has told yet how fast it is to be: a job without numbers is no broken one."""
    meter = Meter(0.0)

    assert meter.read(86_400.0, 10) == Meter(0.0).read(86_400.0, 10)
    assert not meter.read(86_400.0, 10).stalled


def test_the_first_moment_tells_nothing() -> None:
    """A thousand rows in the first tenth of a second are no rate to reckon with."""
    meter = Meter(0.0)
    meter.observe(0.1, 1_000)

    assert meter.read(0.1, 10_000).rate is None
    assert meter.read(0.1, 10_000).eta is None


def test_a_growing_total_moves_the_end_and_not_the_rate() -> None:
    """Where more is found to do, the time that is left grows in proportion."""
    now, done, meter = after([(1.0, 10)] * 20)

    near, far = meter.read(now, done + 100), meter.read(now, done + 200)
    assert near.rate == far.rate == pytest.approx(10.0)
    assert near.eta == pytest.approx(10.0)
    assert far.eta == pytest.approx(20.0)


def test_numbers_that_go_back_begin_anew() -> None:
    """A retry that starts over is measured from there, and the rate is never negative."""
    now, _, meter = after([(1.0, 100)] * 20)
    meter.observe(now + 1, 0)
    assert meter.read(now + 1, 100).rate is None
    for second in range(2, 12):
        meter.observe(now + second, second - 1)

    assert meter.read(now + 11).rate == pytest.approx(1.0)


def test_the_end_shows_the_whole() -> None:
    """What an ended task shows is what it took: all it did itself, over the time it ran."""
    now, _, meter = after([(1.0, 1)] * 50 + [(1.0, 9)] * 50, initial=1_000)

    assert meter.final(now).rate == pytest.approx(5.0)
    assert meter.final(now).elapsed == pytest.approx(100.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), max_size=3_000))
def test_it_remembers_only_so_much(looks: list[tuple[float, int]]) -> None:
    """However often it is told, it keeps a bounded number of moves."""
    meter, now, done = Meter(0.0), 0.0, 0
    for gap, more in looks:
        now, done = now + gap, done + more
        meter.observe(now, done)

    assert len(meter._moves) <= WINDOW / 0.1 + 15


def test_getting_ready_is_no_part_of_the_rate() -> None:
    """Thirty seconds before the first step do not make the first guess ten times too long."""
    meter = Meter(0.0)
    for step in range(1, 21):
        meter.observe(30.0 + step / 10, step)

    reading = meter.read(32.0, 100)

    assert reading.rate == pytest.approx(10, rel=0.1)
    assert reading.eta == pytest.approx(8, rel=0.2)
