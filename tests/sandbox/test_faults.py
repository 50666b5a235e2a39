"""What goes wrong, and that it goes wrong the same way twice."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest

from headway.errors import UsageError
from headway.sandbox.faults import NO_FATE, Dice, Ending, Faults, faults_from, faults_spelled

CALLS = 20_000


def endings(seed: int, **shares: Any) -> list[Ending]:  # Any: fields of Faults
    """What becomes of many calls."""
    dice = Dice(seed, Faults(**shares), 0.0)
    return [dice.throw().ending for _ in range(CALLS)]


def test_a_good_day_has_no_fate() -> None:
    """Without faults every call is answered at once."""
    assert Dice(1, Faults(), 0.0).throw() is NO_FATE


@pytest.mark.parametrize("name", ["errors", "late", "limited", "vanished", "dropped"])
def test_a_share_is_a_percentage(name: str) -> None:
    """Of many calls about as many meet their fate; of 100 % all, and each is counted."""
    ending = Ending(name)
    dice = Dice(1, faults_from({name: 100}, Faults()), 0.0)

    assert 0.025 < endings(1, **{name: 3}).count(ending) / CALLS < 0.035
    assert {dice.throw().ending for _ in range(9)} == {ending}
    assert dice.counts == {name: 9}


def test_the_same_seed_has_the_same_day() -> None:
    """And another seed another one."""
    assert endings(7, errors=5, dropped=5) == endings(7, errors=5, dropped=5)
    assert endings(7, errors=5) != endings(8, errors=5)


def test_one_fault_changes_nothing_about_another() -> None:
    """Connections are dropped at the same calls, whether there are errors or not."""
    alone, together = endings(7, dropped=5), endings(7, dropped=5, errors=5)

    assert [one is Ending.DROPPED for one, both in zip(alone, together, strict=True) if both is not Ending.ERROR] == [
        both is Ending.DROPPED for both in together if both is not Ending.ERROR
    ]
    assert Ending.ERROR in together


def test_errors_are_of_three_kinds() -> None:
    """500, 502 and 503."""
    dice = Dice(1, Faults(errors=100), 0.0)

    assert {dice.throw().status for _ in range(99)} == {500, 502, 503}


def test_the_delay_has_its_median_and_its_tail() -> None:
    """Log-normal: half the calls are quicker, one in twenty takes 2.3 times as long; without a spread all are alike."""
    spread, alike = Dice(1, Faults(latency=100, spread=0.5), 0.0), Dice(1, Faults(latency=100), 0.0)
    delays = sorted(spread.throw().delay for _ in range(CALLS))

    assert 0.095 < median(delays) < 0.105
    assert 0.21 < delays[int(CALLS * 0.95)] < 0.25
    assert {alike.throw().delay for _ in range(9)} == {0.1}


def test_no_delay_is_longer_than_a_minute() -> None:
    """However wide the spread is."""
    dice = Dice(1, Faults(latency=60_000, spread=10), 0.0)

    assert max(dice.throw().delay for _ in range(1000)) == 60.0


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"errors": 101}, "errors"),
        ({"errors": -1}, "errors"),
        ({"errors": "x"}, "errors"),
        ({"errors": True}, "errors"),
        ({"errors": None}, "errors"),
        ({"errors": "nan"}, "errors"),
        ({"spread": 11}, "spread"),
        ({"latency": "inf"}, "latency"),
        ({"licence": -1}, "licence"),
        ({"licence": 1e999}, "licence"),
        ({"retry_after": "never"}, "retry_after"),
        ({"plague": 1}, "plague"),
    ],
)
def test_faults_that_cannot_be_are_named(given: dict[str, object], word: str) -> None:
    """The sentence begins with the one that is wrong."""
    with pytest.raises(UsageError, match=f"^{word}: "):
        faults_from(given, Faults())


def test_faults_can_be_spelled_on_a_command_line() -> None:
    """Names and numbers; what is not named stays."""
    given = faults_spelled("errors=3, dropped = 1,licence=10,retry_after=date,")

    assert faults_from(given, Faults(lag=5)) == Faults(errors=3, dropped=1, licence=10, retry_after="date", lag=5)
    assert faults_from({"licence": "none"}, Faults(licence=3)) == Faults()
    with pytest.raises(UsageError, match="not 'errors'"):
        faults_spelled("errors")
