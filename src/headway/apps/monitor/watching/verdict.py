"""What an outcome means for the application it is of. Pure.

1. A healthy answer slower than the application's own threshold is a warning.
2. In a window of maintenance a look says maintenance, whatever it found.
3. A push check has its patience in its own grace, so one look is enough for whatever it says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.checks.configuration import Check, PushCheck
from headway.apps.monitor.checks.maintenance import Window
from headway.apps.monitor.checks.outcome import Outcome, Reason
from headway.apps.monitor.checks.outcome import Status as Found
from headway.apps.monitor.figures.samples import LONGEST, Look
from headway.apps.monitor.figures.status import Status, Thresholds

__all__ = ["judged", "look_of", "speaks_for", "thresholds_of"]

_INTERVALS: Final = 2.5
"""A look speaks for so many: room for jitter, and for one that did not come about."""


def judged(outcome: Outcome, application: Application) -> Outcome:
    """The outcome by the wishes of the application."""
    most = application.alert_thresholds.response_time_ms
    if most is None or outcome.status is not Found.HEALTHY or outcome.response_time_ms <= most:
        return outcome
    message = f"it took {outcome.response_time_ms:.0f} ms; more than {most} ms is slow"
    return replace(outcome, status=Found.WARNING, reason=Reason.SLOW, message=message)


def thresholds_of(application: Application) -> Thresholds:
    """How many looks it takes."""
    if isinstance(application.health_check, PushCheck):
        return Thresholds(failures=1, recoveries=1)
    wished = application.alert_thresholds
    return Thresholds(failures=wished.consecutive_failures, recoveries=wished.recoveries)


def speaks_for(check: Check) -> float:
    """Seconds for which a look speaks, if no other follows."""
    if isinstance(check, PushCheck):
        return min(LONGEST, check.interval + check.grace + 60.0)
    attempts = (1 + check.retry_attempts) * (check.timeout + check.retry_delay) / 1000
    return min(LONGEST, _INTERVALS * check.interval + attempts)


def look_of(application: Application, number: int, outcome: Outcome, window: Window | None, at: float) -> Look:
    """What figures are told."""
    check = application.health_check
    assert check is not None  # nobody looks at what has none
    measured = outcome.timings.total > 0
    message = outcome.message
    if window is not None:
        message = f"in maintenance{f' ({window.title})' if window.title else ''}: {message}"
    return Look(
        application=number,
        at=at,
        status=Status.MAINTENANCE if window is not None else Status(str(outcome.status)),
        milliseconds=outcome.response_time_ms if measured else None,
        code=str(outcome.reason) if outcome.reason else None,
        message=message[:500],
        timings=_timings(outcome) if measured else None,
        seconds=speaks_for(check),
        thresholds=thresholds_of(application),
    )


def _timings(outcome: Outcome) -> dict[str, float]:
    spent = outcome.timings
    return {
        "dns": round(spent.dns, 2),
        "connect": round(spent.connect, 2),
        "tls": round(spent.tls, 2),
        "firstByte": round(spent.first_byte, 2),
        "body": round(spent.body, 2),
        "total": round(spent.total, 2),
    }
