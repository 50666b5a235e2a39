"""When a check is due. Pure: the time and the randomness are arguments.

first(id, interval, now)        spread over the interval by the check's own id: a hundred checks that begin together
                                do not ask together, and after a restart each keeps its place
after(due, interval, now, …)    the next one: in step with the last, a tenth earlier or later, so that what fell
                                together does not stay so. What was missed while nothing ran is not made good
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["after", "first"]

_JITTER: Final = 0.1
"""Of the interval, in both directions. Uptime figures are by time, so a tenth more or less is no matter."""
_SOON: Final = 10.0
"""Seconds over which the first checks are spread at most: who has just written a check wants to see it."""


def first(id: str, interval: float, now: float) -> float:
    """When a check is due that was not known before."""
    place = int.from_bytes(hashlib.sha256(id.encode()).digest()[:4]) / 2**32
    return now + place * min(interval, _SOON)


def after(due: float, interval: float, now: float, random: float) -> float:
    """When a check is due again, that was due at `due`. `random` is from 0 to 1."""
    missed = max(0, int((now - due) // interval))
    following = due + (missed + 1) * interval + (2 * random - 1) * _JITTER * interval
    # Never at once: a check that takes longer than its interval would else run without a pause.
    return max(following, now + _JITTER * interval)
