"""A beat that is expected: healthy, late, missing, and the clock that is set back."""

from __future__ import annotations

import pytest

from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.checks.outcome import CheckCode, Reason, Status
from headway.apps.monitor.checks.push import Beat, beaten, changes_at

CHECK = PushCheck(interval=300, grace=60)


@pytest.mark.parametrize(
    ("silent", "status", "reason"),
    [
        (0, Status.HEALTHY, None),
        (300, Status.HEALTHY, None),
        (301, Status.WARNING, Reason.BEAT_LATE),
        (360, Status.WARNING, Reason.BEAT_LATE),
        (361, Status.ERROR, Reason.BEAT_MISSING),
        (-3600, Status.HEALTHY, None),
    ],
)
def test_how_it_stands_by_the_last_beat(silent: float, status: Status, reason: Reason | None) -> None:
    """Healthy within the interval, late within the grace, missing after it; a beat from the future is one of now."""
    outcome = beaten(CHECK, Beat(1_000), 0, 1_000 + silent)

    assert (outcome.status, outcome.reason) == (status, reason)
    assert outcome.code is (CheckCode.TIMEOUT if reason else None)


def test_before_the_first_beat_nothing_is_known_and_then_it_is_missing() -> None:
    """Who has just written the check is not alarmed."""
    assert beaten(CHECK, None, 1_000, 1_360).status is Status.UNKNOWN
    assert beaten(CHECK, None, 1_000, 1_361).reason is Reason.BEAT_MISSING


def test_a_beat_may_say_that_it_failed() -> None:
    """An error until the next one; missing is worse."""
    failed = Beat(1_000, ok=False, message="disk full" + "x" * 1_000)

    assert beaten(CHECK, failed, 0, 1_001).reason is Reason.BEAT_FAILED
    assert "disk full" in beaten(CHECK, failed, 0, 1_001).message
    assert len(beaten(CHECK, failed, 0, 1_001).message) < 300
    assert beaten(CHECK, failed, 0, 2_000).reason is Reason.BEAT_MISSING
    assert beaten(CHECK, Beat(1_100), 0, 1_101).status is Status.HEALTHY


def test_when_to_look_again() -> None:
    """At the end of the interval, at the end of the grace, and then never by itself."""
    beat = Beat(1_000)

    assert [changes_at(CHECK, beat, 0, now) for now in (1_000, 1_300.5, 1_361)] == [1_300, 1_360, None]
    assert changes_at(CHECK, None, 500, 500) == 800
