"""What time it is at PingOne."""

from __future__ import annotations

import pytest

from headway.pingone.servertime import ServerTime, moment
from headway.testing.clock import FakeClock

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
"""1,700,000,000: what a `FakeClock` begins with."""


def test_dates() -> None:
    """An HTTP date is read, and anything else is none."""
    assert moment(DATE) == 1_700_000_000
    assert [moment(text) for text in ("", "soon", "12", "Tue, 99 Nov 2023 22:13:20 GMT")] == [None] * 4


def test_their_clock_counts() -> None:
    """After the first answer their clock is trusted, wherever ours jumps."""
    clock = FakeClock()
    time = ServerTime(clock)
    clock.advance(100)
    before = time.at(clock.monotonic() - 10)
    time.note("Tue, 14 Nov 2023 23:13:20 GMT")
    clock.jump(-5_000)
    clock.advance(7)

    assert before == 1_700_000_090
    assert time.known
    assert time.now() == 1_700_003_607
    assert time.at(clock.monotonic() - 7) == 1_700_003_600


def test_never_later_than_the_truth() -> None:
    """Within one second the first answer bounds best, so later ones of the same second change nothing."""
    clock = FakeClock()
    time = ServerTime(clock)
    time.note(DATE)
    clock.advance(0.9)
    time.note(DATE)

    assert time.now() == pytest.approx(1_700_000_000.9, abs=0.01)


def test_no_date() -> None:
    """What is no date is ignored."""
    time = ServerTime(FakeClock())
    time.note("yesterday")

    assert not time.known
