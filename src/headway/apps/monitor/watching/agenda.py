"""When whose turn is, and what of that a restart must know. Pure: times are arguments.

    about     ours in a standing: {"due", "look", "since", "beat", "certificate", "lowSince", "lowBefore", "incidents"}

1. Who was to be looked at later is looked at then, also after a restart. What was missed is not made good at once: its
   turn comes within seconds, spread by ids.
2. A beat that is expected decides by itself: its turn is the moment at which it would be late, and then missing.
3. The edges of maintenance are turns, so that it shows when it begins and ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.checks import schedule
from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.checks.maintenance import maintained
from headway.apps.monitor.checks.outcome import Certificate
from headway.apps.monitor.checks.push import Beat, changes_at

__all__ = ["About", "Shown", "about_of", "beat_of", "next_turn", "turn_at_start"]

_JUST_AFTER: Final = 0.01
"""Seconds: at the moment itself a beat is not yet late."""
_FAR: Final = 1.25
"""Intervals: a turn that is farther away was made by a clock that has been set back since."""
_SILENT: Final = (60.0, 3_600.0)
"""Seconds between two looks at a beat of which nothing changes: so that samples go on."""
_ISSUER: Final = 120


class Shown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A certificate, as far as cards show it."""

    not_after: float
    issuer: str
    problem: str | None = None

    @classmethod
    def of(cls, certificate: Certificate) -> Shown:
        """Of what was seen."""
        problem = certificate.problems[0] if certificate.problems else None
        return cls(
            not_after=certificate.not_after,
            issuer=certificate.issuer[:_ISSUER],
            problem=str(problem) if problem else None,
        )


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A beat, as it is remembered."""

    at: float
    ok: bool = True
    message: str = ""


class About(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is remembered with a standing."""

    due: float = 0.0
    look: int = 0
    """How many there were: the key of an event is made of it."""
    since: float = 0.0
    """Since when a beat is expected."""
    beat: Told | None = None
    certificate: Shown | None = None
    low_since: float | None = None
    """Since when its uptime is below what it promises."""
    low_before: float | None = None
    """The time before that, which is over."""
    incidents: int = 0


def about_of(data: Mapping[str, Any]) -> About:  # Any: JSON
    """What was remembered; of an older or a newer program as much as is understood."""
    try:
        return msgspec.convert(data, About)
    except msgspec.ValidationError:
        return About()


def beat_of(about: About) -> Beat | None:
    """The last beat."""
    return Beat(about.beat.at, about.beat.ok, about.beat.message) if about.beat else None


def turn_at_start(application: Application, about: About, now: float) -> float:
    """The first turn of one that nobody has looked at in this process."""
    check = application.health_check
    assert check is not None  # nobody looks at what has none
    if isinstance(check, PushCheck):
        return now
    if now < about.due <= now + _FAR * check.interval:
        return about.due
    return schedule.first(application.id, check.interval, now)


def next_turn(application: Application, about: About, due: float, now: float, random: float) -> float:
    """The turn after the one that was due at `due`."""
    check = application.health_check
    assert check is not None
    if isinstance(check, PushCheck):
        change = changes_at(check, beat_of(about), about.since, now)
        again = now + min(max(_SILENT[0], check.interval), _SILENT[1])
        turn = again if change is None else min(change + _JUST_AFTER, again)
    else:
        # Far ahead only after a check out of turn, or when the clock was set back.
        turn = schedule.after(min(due, now), check.interval, now, random)
    return min([turn, *(edge + _JUST_AFTER for edge in _edges(application, now, turn))])


def _edges(application: Application, now: float, until: float) -> list[float]:
    spans = maintained(application.maintenance, now, until) if application.maintenance else []
    return [edge for span in spans for edge in span if now < edge < until]
