"""What a log forgets, as a decision without a store: both the memory and the SQLite log ask here.

The rules:
- *Count and bytes* are looked at with every append, and acted on when a channel exceeds its bound by a sixteenth: then
  it is trimmed back to the bound itself. So each event pays for its own removal in a batch, and small bounds (below 16)
  are kept exactly.
- *Age* is looked at by a sweep, at most once a minute: a channel can hold events up to a minute older than its bound.
- Events are forgotten from the oldest on, never from the middle. A clock that jumped cannot make a hole: the first
  event that may stay keeps all after it.
- *Compaction* alone takes events from the middle: keyed ones, superseded by a newer event of their key, of an age a
  setting names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from headway.limits import Retention

__all__ = ["SWEEP_SECONDS", "Trim", "by_age", "compaction_cutoff", "cutoff", "exceeds", "trim"]

SWEEP_SECONDS: Final = 60.0
"""How often age is looked at. Bounds of age are hours or days; a minute more is not seen."""

_SLACK: Final = 16
"""The part of a bound a channel may exceed it by. 100,000 events are trimmed by 6,250 at a time, which takes some 10
ms."""


_FOREVER: Final = 1e11
"""Three thousand years: what an infinite number of seconds counts as."""


@dataclass(frozen=True, slots=True)
class Trim:
    """A decision: forget the channel's events through an offset, which are so many and so large."""

    through: int
    events: int
    bytes: int


def exceeds(retention: Retention, events: int, bytes: int) -> bool:
    """Whether a channel that holds this much is worth trimming now."""
    too_many = events > retention.events + retention.events // _SLACK
    return too_many or bytes > retention.bytes + retention.bytes // _SLACK


def trim(
    retention: Retention, events: int, bytes: int, now: int, oldest: Iterable[tuple[int, int, int]]
) -> Trim | None:
    """Decide how far to forget, given what the channel holds and its events from the oldest on, as (offset, time,
    bytes).

    Looks at no more events than it forgets and one. None if all may stay. Times are milliseconds since 1970.
    """
    too_old = cutoff(retention, now)
    through = gone = freed = 0
    for offset, time, size in oldest:
        if events - gone <= retention.events and bytes - freed <= retention.bytes and time >= too_old:
            break
        through, gone, freed = offset, gone + 1, freed + size
    return Trim(through, gone, freed) if gone else None


def by_age(retention: Retention) -> Retention:
    """What a sweep goes by: the bound of age alone."""
    return replace(retention, events=sys.maxsize, bytes=sys.maxsize)


def cutoff(retention: Retention, now: int) -> int:
    """The time an event must not be older than, to stay: the age bound."""
    return now - int(min(retention.seconds, _FOREVER) * 1000)


def compaction_cutoff(retention: Retention, now: int) -> int | None:
    """The time before which superseded keyed events are removed; None if they stay."""
    return None if retention.compact_after is None else now - int(min(retention.compact_after, _FOREVER) * 1000)
