"""When what was recorded is due again."""

from __future__ import annotations

import pytest

from headway.cli.playback import Playback, times_of
from headway.client import Event, Gap, Told
from headway.positions import GapReason, Position


def event(offset: int, second: float) -> Event:
    """An event of so many seconds after half past nine."""
    moment = f"2026-01-31T09:30:{second:06.3f}Z"
    return Event("c", "step", offset, Position("e", offset), moment, {})


def gap(after: int, until: int) -> Gap:
    """A gap."""
    return Gap("c", Position("e", after), Position("e", until), GapReason.TRIMMED)


SEVEN = [event(1, 0), event(2, 1), event(3, 1), event(4, 11), event(5, 20)]


def offsets(entries: object) -> list[int]:
    """Which events these are."""
    return [one.offset for one in entries if isinstance(one, Event)]  # type: ignore[attr-defined]  # a sequence


def test_the_times_between_events_are_divided_by_the_speed() -> None:
    """Eight times as fast, what took ten seconds takes ten eighths."""
    playback = Playback(SEVEN, 8.0, 100.0)

    assert offsets(playback.take(100.0)) == [1]
    assert playback.wait(100.0) == 0.125
    assert offsets(playback.take(100.125)) == [2, 3]
    assert playback.wait(100.125) == 1.25
    assert offsets(playback.take(101.25)) == []
    assert offsets(playback.take(103.0)) == [4, 5]
    assert playback.over
    assert playback.wait(103.0) == 0.0


def test_speed_zero_is_at_once() -> None:
    """Everything is due from the beginning."""
    playback = Playback(SEVEN, 0.0, 0.0)

    assert playback.wait(0.0) == 0.0
    assert offsets(playback.take(0.0)) == [1, 2, 3, 4, 5]


def test_it_holds_still() -> None:
    """While it does nothing is due; then it goes on where it was."""
    playback = Playback(SEVEN, 1.0, 0.0)
    playback.take(2.0)
    playback.turn(3.0)

    assert (playback.take(50.0), playback.wait(50.0), playback.at(50.0)) == ((), None, 3.0)
    playback.turn(50.0)
    assert playback.wait(50.0) == 8.0
    assert offsets(playback.take(58.0)) == [4]


def test_skipping_forward_and_back() -> None:
    """Forward gives what lies between; back gives everything from the beginning to there."""
    playback = Playback(SEVEN, 1.0, 0.0)
    playback.take(0.5)

    forward = playback.skip(0.5, 12.0)
    back = playback.skip(0.5, -12.0)
    beyond = playback.skip(0.5, 1000.0)

    assert (forward[0], offsets(forward[1])) == (False, [2, 3, 4])
    assert (back[0], offsets(back[1])) == (True, [1])
    assert offsets(beyond[1]) == [2, 3, 4, 5]
    assert playback.over


def test_skipping_while_it_holds_still() -> None:
    """It stays still, elsewhere."""
    playback = Playback(SEVEN, 1.0, 0.0)
    playback.turn(0.0)
    playback.skip(5.0, 11.0)

    assert (playback.paused, playback.at(99.0)) == (True, 11.0)


@pytest.mark.parametrize(
    ("entries", "times"),
    [
        ([], []),
        ([gap(0, 3)], [0.0]),
        ([gap(0, 3), event(4, 5), event(5, 7)], [0.0, 0.0, 2.0]),
        ([event(1, 5), gap(1, 3), event(4, 7)], [0.0, 2.0, 2.0]),
        ([event(1, 5), event(2, 3), event(3, 6)], [0.0, 0.0, 1.0]),
        ([event(1, 5), gap(1, 3)], [0.0, 0.0]),
    ],
)
def test_when_each_came(entries: list[Told], times: list[float]) -> None:
    """A gap comes with what follows it, and a clock that was set back turns no order."""
    assert times_of(entries) == times
