"""What an outcome means for its application."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.apps.monitor.applications.model import Application, definition_of
from headway.apps.monitor.checks.configuration import check_of
from headway.apps.monitor.checks.maintenance import Once
from headway.apps.monitor.checks.outcome import Outcome, Reason, Status, Timings
from headway.apps.monitor.figures.status import Status as Shown
from headway.apps.monitor.watching.verdict import judged, look_of, speaks_for, thresholds_of


def application(**more: Any) -> Application:  # Any: of each field its own
    """One that is asked over HTTP."""
    wanted = {"name": "shop", "healthCheck": {"url": "http://shop.example/", "interval": 60}, **more}
    values = msgspec.structs.asdict(definition_of(wanted))
    return Application(**values, id="id-shop", created_at=0.0, updated_at=0.0)


def answered(milliseconds: float, status: Status = Status.HEALTHY) -> Outcome:
    """An answer."""
    return Outcome(status, "it answered", timings=Timings(total=milliseconds))


@pytest.mark.parametrize(
    ("milliseconds", "status"), [(499, Status.HEALTHY), (500, Status.HEALTHY), (501, Status.WARNING)]
)
def test_slower_than_its_threshold_is_a_warning(milliseconds: float, status: Status) -> None:
    """Just as slow is not."""
    slow = application(alertThresholds={"responseTimeMs": 500})

    assert judged(answered(milliseconds), slow).status is status
    assert judged(answered(milliseconds), application()).status is Status.HEALTHY


def test_what_is_bad_already_is_not_made_better() -> None:
    """A slow error is an error."""
    slow = application(alertThresholds={"responseTimeMs": 500})

    assert judged(answered(900, Status.ERROR), slow) == answered(900, Status.ERROR)


def test_a_look_in_maintenance_says_so_whatever_it_found() -> None:
    """And keeps what that was in words."""
    bad = Outcome(Status.ERROR, "it answers 500", Reason.STATUS, Timings(total=12.345))
    look = look_of(application(), 7, bad, Once(begin=0, end=9, title="Upgrade"), 5.0)

    assert (look.status, look.code, look.message) == (
        Shown.MAINTENANCE,
        "status",
        "in maintenance (Upgrade): it answers 500",
    )
    assert look_of(application(), 7, bad, None, 5.0).status is Shown.ERROR


def test_what_was_not_measured_has_no_time() -> None:
    """A name that is unknown answered nothing in no time."""
    assert look_of(application(), 7, Outcome(Status.ERROR, "no such host"), None, 5.0).milliseconds is None


def test_thresholds_are_the_applications_but_of_a_beat() -> None:
    """A beat has its patience in its grace."""
    wished = {"consecutiveFailures": 4, "recoveries": 3}
    beat = application(healthCheck={"kind": "push"}, alertThresholds=wished)
    asked = application(alertThresholds=wished)

    assert (thresholds_of(asked).failures, thresholds_of(asked).recoveries) == (4, 3)
    assert (thresholds_of(beat).failures, thresholds_of(beat).recoveries) == (1, 1)


def test_a_look_speaks_until_the_next_can_be_there() -> None:
    """With one that failed to come about in between."""
    assert speaks_for(check_of({"url": "http://x/", "interval": 60, "timeout": 1_000, "retryAttempts": 0})) == 152
    assert speaks_for(check_of({"kind": "push", "interval": 300, "grace": 60})) == 420
