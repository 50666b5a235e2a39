"""What goes wrong, and when. Each kind of fault has dice of its own, thrown once for every call, so that turning one
fault up changes nothing about the others: the same seed and the same calls meet the same day.

    delay      the call waits before anything is looked at
    limited    429, whatever the rate is            nothing is done
    errors     500, 502 or 503                      nothing is done
    vanished   the connection is cut                nothing is done
    late       500, 502 or 503                      it is done all the same
    dropped    the connection is cut                it is done all the same

Shares are in percent of all calls below `/v1` and of calls for a token.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any, Final

from headway.errors import UsageError

__all__ = ["NO_FATE", "Dice", "Ending", "Fate", "Faults", "faults_from", "faults_spelled"]

_STATUSES: Final = (500, 502, 503)
_MOST_DELAY: Final = 60.0
"""Seconds. A log-normal tail has no end; nobody waits longer for an answer."""
_FORMS: Final = ("seconds", "date", "both")


@dataclass(frozen=True, slots=True)
class Faults:
    """How bad the days are. The default is a good one."""

    latency: float = 0.0
    """Median delay of a call, in milliseconds."""
    spread: float = 0.0
    """Sigma of the log-normal distribution around the median. 0: every call the same; 0.5: one in twenty takes 2.3
    times as long."""
    errors: float = 0.0
    """Percent answered 500, 502 or 503, with nothing done."""
    late: float = 0.0
    """Percent answered 500, 502 or 503 after it was done."""
    limited: float = 0.0
    """Percent answered 429, beside the rate."""
    vanished: float = 0.0
    """Percent of connections cut with nothing done."""
    dropped: float = 0.0
    """Percent of connections cut after it was done."""
    lag: float = 0.0
    """Milliseconds for which lists and filters do not find a user that was created."""
    licence: int | None = None
    """Users that an environment may hold."""
    forbidden: float = 0.0
    """Seconds of 403 for everything, counted from when it was set: permissions that were just granted."""
    retry_after: str = "both"
    """Form of `Retry-After`: seconds, date, or both in turns."""

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise UsageError(f"{name}: from 0 to {most:,}, not {value:g}")
        if self.licence is not None and self.licence < 0:
            raise UsageError(f"licence: a number of users, not {self.licence}")
        if self.retry_after not in _FORMS:
            raise UsageError(f"retry_after: one of {', '.join(_FORMS)}, not {self.retry_after!r}")


_SHARES: Final = ("errors", "late", "limited", "vanished", "dropped")
_MOST: Final = {
    **dict.fromkeys(_SHARES, 100),
    "latency": 60_000,  # a minute; nobody waits longer for an answer
    "spread": 10,  # beyond it half of the calls take no time and half for ever
    "lag": 86_400_000,  # a day
    "forbidden": 86_400,  # a day
}
"""What a fault may be at most."""


class Ending(Enum):
    """How a call ends."""

    WELL = "answered"
    """With what the rules say."""
    ERROR = "errors"
    """With a 5xx, nothing done."""
    LATE = "late"
    """With a 5xx, done."""
    LIMITED = "limited"
    """With 429, nothing done."""
    VANISHED = "vanished"
    """With nothing, nothing done."""
    DROPPED = "dropped"
    """With nothing, done."""


_ORDER: Final = (Ending.VANISHED, Ending.LIMITED, Ending.ERROR, Ending.LATE, Ending.DROPPED)
"""Where several dice fall together, the first one counts."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one call."""

    delay: float = 0.0
    """Seconds before it is looked at."""
    ending: Ending = Ending.WELL
    status: int = 500
    """Of an ending with an error."""


NO_FATE: Final = Fate()


@dataclass(slots=True)
class Dice:
    """Throws the fate of each call."""

    seed: int
    faults: Faults
    began: float
    """When the faults were set, on the monotonic clock."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often each ending came."""
    _dice: dict[str, random.Random] = field(init=False)

    def __post_init__(self) -> None:
        self._dice = {name: random.Random(f"{self.seed}:{name}") for name in (*_SHARES, "latency", "status")}

    def throw(self) -> Fate:
        """The fate of the next call."""
        faults = self.faults
        delay = self._delay(faults) if faults.latency else 0.0
        ending = Ending.WELL
        for one in reversed(_ORDER):
            share = getattr(faults, one.value)
            if share and self._dice[one.value].random() * 100 < share:
                ending = one
        if ending is not Ending.WELL:
            self.counts[ending.value] = self.counts.get(ending.value, 0) + 1
        elif not delay:
            return NO_FATE
        return Fate(delay, ending, self._dice["status"].choice(_STATUSES))

    def _delay(self, faults: Faults) -> float:
        factor = math.exp(self._dice["latency"].gauss(0, faults.spread)) if faults.spread else 1.0
        return min(faults.latency * factor / 1000, _MOST_DELAY)


def faults_from(given: dict[str, Any], before: Faults) -> Faults:  # Any: JSON values, or texts of a command line
    """`before` with what is given changed. Raises `UsageError` naming what cannot be."""
    known = {one.name: one.type for one in fields(Faults)}
    changed: dict[str, Any] = {}  # Any: as above
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{name}: no such fault; there are {', '.join(known)}")
        changed[name] = _value(name, value)
    return replace(before, **changed)


def faults_spelled(text: str) -> dict[str, str]:
    """`errors=3,dropped=1` as names and values. Raises `UsageError` where it is not."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f"a fault is a name and a number, such as errors=3, not {name!r}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _value(name: str, value: object) -> object:
    if name == "retry_after":
        return str(value)
    if name == "licence" and value in (None, "", "none"):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{name}: a number, not {value!r}")
    try:
        return int(value) if name == "licence" else float(value)
    except (ValueError, OverflowError):
        raise UsageError(f"{name}: a number, not {value!r}") from None
