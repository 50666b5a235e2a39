"""The negative control of the clients on trial: what was lost, told twice or in disorder is found, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from chaos.told import Verdict, judge, longest_silence, quantile, rows


@pytest.mark.parametrize(
    ("told", "gaps", "verdict"),
    [
        ([1, 2, 3, 4], 0, Verdict(4)),
        ([], 0, Verdict(0, lost=4)),
        ([1, 2, 4], 0, Verdict(3, lost=1)),
        ([1, 2, 2, 3, 4], 0, Verdict(5, repeated=1)),
        ([1, 3, 2, 4], 0, Verdict(4, disordered=1)),
        ([3, 4, 1, 2], 0, Verdict(4, disordered=1)),
        ([1, 2, 3, 4], 1, Verdict(4, lost=1)),
        ([1, 2, 3, 5], 0, Verdict(4, lost=1)),
    ],
)
def test_a_transcript_is_judged(told: Sequence[int], gaps: int, verdict: Verdict) -> None:
    """Of the events 1 to 4."""
    assert judge(told, 4, gaps) == verdict
    assert verdict.clean is (told == [1, 2, 3, 4] and not gaps)


def test_verdicts_add_up() -> None:
    """What was found in one is found in all."""
    assert Verdict(1, 2, 3, 4) + Verdict(10, 20, 30, 40) == Verdict(11, 22, 33, 44)


def test_the_silence_is_that_between_two_moments() -> None:
    """It begins with the first moment, not with the event before it, and lasts to the last."""
    assert longest_silence([1.0, 5.0, 6.0, 20.0], since=4.0, until=9.0) == 3.0
    assert longest_silence([], since=4.0, until=9.0) == 5.0


def test_a_quantile_is_a_value_that_was_there() -> None:
    """The one that so many do not exceed."""
    values = range(1, 21)

    assert [quantile(values, share) for share in (0.5, 0.95, 1.0)] == [10, 19, 20]
    assert math.isnan(quantile([], 0.5))


def test_a_table_is_one_in_markdown() -> None:
    """Text to the left, numbers to the right."""
    assert rows(("what", "ms"), [("cut", "7"), ("half-open", "1,000")]) == [
        "| what      |    ms |",
        "|:----------|------:|",
        "| cut       |     7 |",
        "| half-open | 1,000 |",
    ]
