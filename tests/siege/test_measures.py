"""The negative control of the siege: every planted loss, repetition and disorder must be found, and nothing where there
is none."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from siege.measures import Notes, Window, together


def noted(offsets: Iterable[int], begins: int = 0) -> Notes:
    """The notes of a client that was told these offsets."""
    notes = Notes(begins)
    for offset in offsets:
        notes.told(offset)
    return notes


def test_everything_once_and_in_order_is_right() -> None:
    """Who was told each offset from where it began has nothing to complain of."""
    notes = noted(range(4, 11), begins=3)

    assert (notes.lost(10), notes.repeated, notes.disorder) == (0, 0, 0)


@pytest.mark.parametrize("missing", range(1, 11))
def test_a_lost_event_is_found(missing: int) -> None:
    """Whichever is missing, the first and the last too."""
    notes = noted(offset for offset in range(1, 11) if offset != missing)

    assert (notes.lost(10), notes.repeated, notes.disorder) == (1, 0, 0)


@pytest.mark.parametrize("repeated", range(1, 11))
def test_a_repeated_event_is_found(repeated: int) -> None:
    """Whichever is told twice."""
    notes = noted(sorted([*range(1, 11), repeated]))

    assert (notes.lost(10), notes.repeated, notes.disorder) == (0, 1, 0)


@pytest.mark.parametrize("first", range(1, 10))
def test_swapped_events_are_found(first: int) -> None:
    """Whichever two neighbours come in the wrong order; none of them is lost."""
    offsets = list(range(1, 11))
    offsets[first - 1], offsets[first] = offsets[first], offsets[first - 1]
    notes = noted(offsets)

    assert (notes.lost(10), notes.repeated, notes.disorder) == (0, 0, 1)


def test_a_client_that_was_told_nothing_has_lost_everything() -> None:
    """Silence is the loss of all that was sent."""
    assert noted([], begins=3).lost(10) == 7


def test_quantiles() -> None:
    """Half of the deliveries took no longer than the median; of none there is nothing to say."""
    window = Window(latencies=[number / 1_000 for number in range(100, 0, -1)])

    assert window.quantile(0.5) == 0.051
    assert window.quantile(0.99) == 0.1
    assert Window().quantile(0.99) == 0.0


def test_a_window_is_whole_only_if_somebody_was_told_something() -> None:
    """A siege in which nobody hears anything has not been survived."""
    assert Window(latencies=[0.001]).whole
    assert not Window().whole
    for flaw in ("lost", "repeated", "disorder", "gone"):
        assert not Window(latencies=[0.001], **{flaw: 1}).whole


def test_windows_of_several_processes_are_one() -> None:
    """Everything adds up."""
    whole = together([Window([0.1], 1, 2, 3, 4, 5), Window([0.2], 10, 20, 30, 40, 50)])

    assert whole == Window([0.1, 0.2], 11, 22, 33, 44, 55)
