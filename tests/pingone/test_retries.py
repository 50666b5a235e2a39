"""When to try again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.pingone.retries import LONGEST_WAIT, Patience, Retries, asked_wait, wait_until_date

NOW = 1_700_000_000.0


def test_full_jitter_under_a_doubling_ceiling() -> None:
    """Pauses lie between nothing and a ceiling that doubles up to a bound."""
    longest = Retries(Patience(seconds=1e9), lambda: 1.0, 0)
    shortest = Retries(Patience(), lambda: 0.0, 0)

    assert [longest.next(0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert shortest.next(0) == 0


def test_tries_are_bounded() -> None:
    """After the last try there is no more."""
    retries = Retries(Patience(tries=3), lambda: 0.0, 0)

    assert [retries.next(0), retries.next(0), retries.next(0)] == [0, 0, None]


def test_time_is_bounded() -> None:
    """A pause that would end too late is not begun; time spent waiting in a queue does not count."""
    patience = Patience(seconds=10, first=4)
    late = Retries(patience, lambda: 1.0, 0)
    excused = Retries(patience, lambda: 1.0, 0)
    excused.excuse(5)

    assert late.next(7) is None
    assert excused.next(7) == 4


def test_what_is_asked_for_is_kept() -> None:
    """Nobody comes sooner than asked, a little later each for himself, and that wait is not held against it."""
    retries = Retries(Patience(seconds=20, first=4), lambda: 1.0, 0)

    assert retries.next(0, 60) == 64
    assert retries.next(64, 60) == 68


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 100)), st.floats(0, 1))
def test_it_ends(steps: list[float], jitter: float) -> None:
    """Whatever happens, the pauses together fit into the time."""
    retries, now, slept = Retries(Patience(tries=1000), lambda: jitter, 0), 0.0, 0.0
    for step in steps:
        pause = retries.next(now)
        if pause is None:
            break
        slept += pause
        now += step + pause

    assert slept <= 120


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12),
        (" 0.5 ", 0.5),
        ("0", 0),
        ("-3", 0),
        ("nan", 0),
        ("inf", LONGEST_WAIT),
        ("86400", LONGEST_WAIT),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """Both forms of `Retry-After` are read, bounded, and what is neither asks for nothing."""
    assert asked_wait(header, NOW) == seconds


def test_dates_of_details() -> None:
    """So is the date of a detail."""
    assert wait_until_date("2023-11-14T22:13:25.000Z", NOW) == 5
    assert wait_until_date("2023-11-14T22:13:25", NOW) == 5
    assert wait_until_date("tomorrow", NOW) is None
