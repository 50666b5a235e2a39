"""Another attempt before anybody is alarmed."""

from __future__ import annotations

import pytest

from headway.apps.monitor.checks.outcome import Outcome, Reason, Status
from headway.apps.monitor.checks.retrying import attempt

GOOD = Outcome(Status.HEALTHY, "fine")
WARNING = Outcome(Status.WARNING, "slow", Reason.SLOW)
UNKNOWN = Outcome(Status.UNKNOWN, "refused", Reason.ADDRESS_REFUSED)
BAD = Outcome(Status.ERROR, "bad", Reason.STATUS)


@pytest.mark.parametrize(
    ("outcomes", "retries", "kept"),
    [
        ([GOOD], 3, 1),
        ([WARNING], 3, 1),
        ([UNKNOWN], 3, 1),
        ([BAD, GOOD], 3, 2),
        ([BAD, BAD, BAD], 2, 3),
        ([BAD], 0, 1),
    ],
)
async def test_an_error_is_tried_again(outcomes: list[Outcome], retries: int, kept: int) -> None:
    """Until it is none, or the attempts are used up; all are kept, the last counts."""
    left, slept = [*outcomes], []

    async def check() -> Outcome:
        return left.pop(0)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    attempts = await attempt(check, retries, 1.5, sleep)

    assert attempts.outcomes == tuple(outcomes)
    assert (len(attempts.outcomes), attempts.retried, attempts.outcome) == (kept, kept - 1, outcomes[-1])
    assert slept == [1.5] * (kept - 1)
