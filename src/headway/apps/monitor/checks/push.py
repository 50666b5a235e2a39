"""A beat that is expected every so often, and is told to us. Pure: times are arguments.

    last beat ── interval ──▶ late (warning) ── grace ──▶ missing (error)

A beat may say that it failed: then it is an error until the next one. Before the first beat ever the application is
unknown, for as long as a beat may take; then it is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.checks.outcome import Outcome, Reason, Status

__all__ = ["Beat", "beaten", "changes_at"]

_MESSAGE = 200
"""Characters of a beat's own words that are kept."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What was told, and when."""

    at: float
    """Seconds since 1970, by our clock."""
    ok: bool = True
    message: str = ""


def beaten(check: PushCheck, last: Beat | None, since: float, now: float) -> Outcome:
    """How it stands. `since` is when the check began to be watched."""
    silent = max(0.0, now - (last.at if last else since))  # a clock that was set back is no beat from the future
    if last is None and silent <= check.interval + check.grace:
        return Outcome(Status.UNKNOWN, "no beat has come yet", Reason.NO_BEAT_YET)
    if silent > check.interval + check.grace:
        what = "the last beat came" if last else "no beat has come since it is watched,"
        return Outcome(
            Status.ERROR, f"{what} {_ago(silent)} ago; one is due every {_ago(check.interval)}", Reason.BEAT_MISSING
        )
    assert last is not None  # the two branches above have taken all cases without one
    if not last.ok:
        said = f": {last.message[:_MESSAGE]}" if last.message else ""
        return Outcome(Status.ERROR, f"the beat said that it failed{said}", Reason.BEAT_FAILED)
    if silent > check.interval:
        return Outcome(Status.WARNING, f"the beat is {_ago(silent - check.interval)} late", Reason.BEAT_LATE)
    return Outcome(Status.HEALTHY, f"the last beat came {_ago(silent)} ago")


def changes_at(check: PushCheck, last: Beat | None, since: float, now: float) -> float | None:
    """When it will stand differently, if no beat comes: the time to look again. None: never by itself."""
    begin = last.at if last else since
    moments = [begin + check.interval, begin + check.interval + check.grace]
    return next((moment for moment in moments if moment >= now), None)


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"
