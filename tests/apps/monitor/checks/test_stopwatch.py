"""Where the time goes."""

from __future__ import annotations

from headway.apps.monitor.checks.outcome import Timings
from headway.apps.monitor.checks.stopwatch import Phase, Stopwatch
from headway.testing.clock import FakeClock


def test_each_second_belongs_to_one_phase() -> None:
    """Phases add up over several rounds, and what follows a stop is not counted."""
    clock = FakeClock()
    watch = Stopwatch(clock)
    for phase, seconds in ((Phase.CONNECT, 1), (Phase.BODY, 2), (Phase.DNS, 4), (Phase.CONNECT, 8)):
        clock.advance(0.5)
        watch.begin(phase)
        clock.advance(seconds)
    watch.stop()
    clock.advance(100)
    watch.stop()

    assert watch.timings() == Timings(dns=5000, connect=9500, body=2500, total=17000)


def test_a_clock_that_is_set_changes_nothing() -> None:
    """The time of day may jump."""
    clock = FakeClock()
    watch = Stopwatch(clock)
    clock.jump(-3600)
    watch.stop()

    assert watch.timings().total == 0
