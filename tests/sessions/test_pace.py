"""How fast one client is heard, and one user publishes."""

from __future__ import annotations

import pytest

from headway.codes import Code
from headway.errors import Overloaded
from headway.figures import Figures
from headway.limits import Limits
from headway.sessions.pace import Pace
from headway.testing.clock import FakeClock

LIMITS = Limits(message_rate=2.0, message_burst=3, request_rate=1.0, request_burst=2)


def test_a_client_is_heard_at_once_and_then_at_its_rate() -> None:
    """The burst costs no time; from then on each message waits for its turn, and those waits are counted."""
    clock, hits = FakeClock(), Figures().limits
    pace = Pace(LIMITS, clock, hits)
    bucket = pace.bucket()

    assert [pace.wait(bucket, 9_999) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert hits["message_rate"] == 2
    clock.advance(10.0)
    assert pace.wait(bucket) == 0.0


def test_a_user_publishes_no_more_often_than_allowed() -> None:
    """Beyond the burst a request is refused with the seconds to wait; other users, and those without a name, are not
    touched."""
    clock, hits = FakeClock(), Figures().limits
    pace = Pace(LIMITS, clock, hits)
    for user in ("ann", "ann", "bob", None, None, None):
        pace.request(user)
    with pytest.raises(Overloaded) as caught:
        pace.request("ann")

    assert caught.value.code is Code.TOO_MANY
    assert caught.value.details == {"limit": "request_rate", "retry_after": 1}
    assert hits["request_rate"] == 1
    clock.advance(1.0)
    pace.request("ann")


def test_a_large_message_counts_for_several() -> None:
    """The bound is one of bytes, too."""
    pace = Pace(LIMITS, FakeClock(), Figures().limits)

    assert pace.wait(pace.bucket(), 20_000) == 0.0
    assert pace.wait(pace.bucket(), 30_000) == 0.5
    with pytest.raises(Overloaded):
        pace.request("ann", 20_000)
