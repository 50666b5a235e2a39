"""Who is told of what, and when. Pure: times are arguments.

    level errors      incidents: their beginning, their end, and again while they last
    level warnings    also a warning, and its end                  level all    also every other change of a status
    at every level    certificates that expire, an uptime below what the application promises: each has its own switch

The law:
1. One alert at the beginning of an incident, one at its end, and in between one each `renotify_minutes`, until somebody
   acknowledges it.
2. What falls into quiet hours or into maintenance waits for their end, and then comes as one message.
3. With `digest_minutes`, the first alert waits so long for others, and they come as one message.
4. A recipient that names applications or tags is told of these alone.

On the wire recipients are `channels`, as in other monitors; a channel of Headway is something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from headway.errors import UsageError

__all__ = ["Kind", "Quiet", "Recipient", "Rules", "Subject", "due_at", "quiet_until", "reminder", "told", "too_long"]

Level = Literal["all", "warnings", "errors"]

_RECIPIENTS: Final = 50
"""Of them there may be. Each alert asks each."""
_MINUTES: Final = 7 * 1_440
"""Of a digest or until somebody is told again: a week."""
_DAY: Final = 86_400.0
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@unique
class Kind(StrEnum):
    """What an alert is about."""

    BEGAN = "began"
    """An incident."""
    AGAIN = "again"
    """It still lasts."""
    ENDED = "ended"
    WARNING = "warning"
    RECOVERED = "recovered"
    """From a warning."""
    CHANGED = "changed"
    """Any other change of a status."""
    UPTIME = "uptime"
    """It fell below what the application promises."""
    UPTIME_RESTORED = "uptime_restored"
    CERTIFICATE = "certificate"
    """It expires."""
    TEST = "test"


_LEVELS: Final[dict[Kind, frozenset[str]]] = {
    Kind.WARNING: frozenset({"warnings", "all"}),
    Kind.RECOVERED: frozenset({"warnings", "all"}),
    Kind.CHANGED: frozenset({"all"}),
}
"""The levels that tell of a kind; all of them where it is not here."""
_GOOD: Final = frozenset({Kind.ENDED, Kind.RECOVERED, Kind.UPTIME_RESTORED})


class Quiet(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Hours in which nobody is woken. They belong to the day on which they begin; Monday is 0."""

    begin: str
    end: str
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    zone: str = "UTC"

    def __post_init__(self) -> None:
        for name, text in (("begin", self.begin), ("end", self.end)):
            if not _TIME.fullmatch(text):
                raise UsageError(f"quietHours: {name} {text!r} is no time of a day; write one like 22:00")
        if not set(self.days) <= set(range(7)):
            raise UsageError("quietHours: days are numbers from 0 (Monday) to 6 (Sunday)")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsageError(
                f"quietHours: there is no time zone {self.zone!r}; write one like Europe/Berlin"
            ) from error


class Recipient(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody, and the way there."""

    id: str = ""
    name: str
    address: str = ""
    """As apprise writes them; at rest sealed, and never shown."""
    applications: tuple[str, ...] = ()
    """Ids or names; with `tags` empty too: all of them."""
    tags: tuple[str, ...] = ()
    level: Level | None = None
    """None: that of the rules."""
    active: bool = True

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 80:
            raise UsageError("channels: a name is 1 to 80 characters")


class Rules(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All that is wished."""

    level: Level = "errors"
    recoveries: bool = True
    """Whether the end of something is told as well."""
    renotify_minutes: int = 0
    """0: never again."""
    digest_minutes: int = 0
    """0: at once."""
    quiet_hours: Quiet | None = None
    certificate_days: tuple[int, ...] = (30, 14, 7, 1)
    recipients: tuple[Recipient, ...] = msgspec.field(default=(), name="channels")

    def __post_init__(self) -> None:
        for name, value in (("renotifyMinutes", self.renotify_minutes), ("digestMinutes", self.digest_minutes)):
            if not 0 <= value <= _MINUTES:
                raise UsageError(f"{name}: {value} is not between 0 and {_MINUTES}")
        if len(self.certificate_days) > 10 or any(not 0 <= days <= 365 for days in self.certificate_days):
            raise UsageError("certificateDays: write at most ten numbers of days, each from 0 to 365")
        if len(self.recipients) > _RECIPIENTS:
            raise UsageError(f"channels: there are more than {_RECIPIENTS}")
        if len({one.name for one in self.recipients}) < len(self.recipients):
            raise UsageError("channels: two have the same name")


@dataclass(frozen=True, slots=True)
class Subject:
    """The application that an alert is about."""

    number: int
    id: str
    name: str
    display_name: str
    tags: tuple[str, ...] = ()
    maintenance_until: float | None = None
    """The end of the window that is open."""
    active: bool = True
    """False: paused. Nothing begins to be told of it; what was told is told to be over."""


def told(rules: Rules, subject: Subject, kind: Kind) -> tuple[Recipient, ...]:
    """Who is told of it."""
    if kind in _GOOD and not rules.recoveries:
        return ()
    levels = _LEVELS.get(kind)
    return tuple(
        one
        for one in rules.recipients
        if one.active and _meant(one, subject) and (levels is None or (one.level or rules.level) in levels)
    )


def _meant(recipient: Recipient, subject: Subject) -> bool:
    if not recipient.applications and not recipient.tags:
        return True
    return bool({subject.id, subject.name} & {*recipient.applications} or {*subject.tags} & {*recipient.tags})


def due_at(rules: Rules, subject: Subject, gathering: Sequence[float], now: float) -> float:
    """When an alert that is made now is to be sent; `now` itself: at once and alone. `gathering`: when others of the
    same recipient that wait are due."""
    due = now
    if rules.digest_minutes:
        latest = now + rules.digest_minutes * 60.0
        due = min([moment for moment in gathering if now < moment <= latest], default=latest)
    due = max(due, subject.maintenance_until or due)
    return quiet_until(rules.quiet_hours, due) or due


def quiet_until(quiet: Quiet | None, now: float) -> float | None:
    """When the quiet hours end in which this moment is. None: it is in none."""
    if quiet is None:
        return None
    zone = ZoneInfo(quiet.zone)
    today = datetime.fromtimestamp(now, zone).date()
    for day in (today - timedelta(days=1), today):
        last = day + timedelta(days=quiet.end <= quiet.begin)
        begin, end = (
            datetime(date.year, date.month, date.day, int(text[:2]), int(text[3:]), tzinfo=zone).timestamp()
            for date, text in ((day, quiet.begin), (last, quiet.end))
        )
        if day.weekday() in quiet.days and begin <= now < end:
            # The night may end where the next quiet hours begin: 00:00 to 00:00, every day.
            return end
    return None


def too_long(rules: Rules, told_at: float, now: float) -> bool:
    """Whether people are to be told again of what they were told then. Never in quiet hours: they would gather."""
    wished = rules.renotify_minutes > 0 and now - told_at >= rules.renotify_minutes * 60
    return wished and quiet_until(rules.quiet_hours, now) is None


def reminder(rules: Rules, not_after: float, now: float) -> int | None:
    """Which of the reminders of a certificate holds now: of those that were reached the nearest to its end."""
    left = (not_after - now) / _DAY
    return min((days for days in rules.certificate_days if left <= days), default=None)
