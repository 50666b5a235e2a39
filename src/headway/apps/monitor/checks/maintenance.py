"""Windows of maintenance: what happens in them counts for no uptime and alarms nobody. Pure: times are arguments.

    Once(begin, end)                                           two moments
    Weekly(days=(5, 6), at="22:00", minutes=120, zone="Europe/Berlin")      Monday is 0
    Cron("0 3 1 * *", minutes=60, zone="UTC")                  a line of cron, and how long from there

Times of a day are those on the wall of the zone. Where the clocks are set forward over the beginning, the window
begins with the hour that follows; it always lasts as long as it says, by the sun and not by the wall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from headway.errors import UsageError

__all__ = ["Cron", "Once", "Weekly", "Window", "in_maintenance", "maintained", "window_of"]

Span = tuple[float, float]
"""From and to, in seconds since 1970; the end is not in it."""

_LONGEST: Final = 7 * 1440
"""Minutes of a window that comes again: a week. Also how far one looks back for one that is still open."""
_MOST: Final = 10_000
"""Times of one window that are looked at: each hour of a year."""


class Once(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="once", forbid_unknown_fields=True):
    """From one moment to another."""

    begin: float
    end: float
    title: str = ""

    def __post_init__(self) -> None:
        if not self.begin < self.end:
            raise UsageError("a maintenance window ends after it begins")

    def spans(self, begin: float, end: float) -> Iterator[Span]:
        """The times of it that touch these."""
        if self.begin < end and self.end > begin:
            yield self.begin, self.end


class Weekly(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="weekly", forbid_unknown_fields=True):
    """On days of the week, at a time of the day."""

    days: tuple[int, ...]
    at: str
    minutes: int
    zone: str = "UTC"
    title: str = ""

    def __post_init__(self) -> None:
        if not self.days or not set(self.days) <= set(range(7)):
            raise UsageError("days: write numbers from 0 (Monday) to 6 (Sunday)")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.at):
            raise UsageError(f"at: {self.at!r} is no time of a day; write one like 22:00")
        _length(self.minutes)
        _zone(self.zone)

    def spans(self, begin: float, end: float) -> Iterator[Span]:
        """The times of it that touch these."""
        zone, length = _zone(self.zone), self.minutes * 60.0
        hour, minute = map(int, self.at.split(":"))
        day = datetime.fromtimestamp(begin - length, zone).date() - timedelta(days=1)
        last = datetime.fromtimestamp(end, zone).date()
        while day <= last:
            if day.weekday() in self.days:
                start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
                if start < end and start + length > begin:
                    yield start, start + length
            day += timedelta(days=1)


class Cron(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cron", forbid_unknown_fields=True):
    """By a line of cron."""

    line: str
    minutes: int
    zone: str = "UTC"
    title: str = ""

    def __post_init__(self) -> None:
        _length(self.minutes)
        try:
            CronSim(self.line, datetime(2000, 1, 1, tzinfo=_zone(self.zone)))
        except CronSimError as error:
            raise UsageError(f"line: {self.line!r} is no line of cron: {error}") from error

    def spans(self, begin: float, end: float) -> Iterator[Span]:
        """The times of it that touch these."""
        length = self.minutes * 60.0
        # CronSim gives what follows, so a minute earlier for one that begins there.
        times = CronSim(self.line, datetime.fromtimestamp(begin - length - 60, _zone(self.zone)))
        for _, time in zip(range(_MOST), times, strict=False):
            start = time.astimezone(UTC).timestamp()
            if start >= end:
                return
            if start + length > begin:
                yield start, start + length


Window = Once | Weekly | Cron


def window_of(data: object) -> Window:
    """A window as it was written. Raises `UsageError`."""
    try:
        window: Window = msgspec.convert(data, Window)
    except msgspec.ValidationError as error:
        raise UsageError(f"this is no maintenance window: {str(error)[:1].lower()}{str(error)[1:]}") from error
    return window


def in_maintenance(windows: Iterable[Window], now: float) -> Window | None:
    """The window that is open, if one is."""
    return next((window for window in windows if any(True for _ in window.spans(now, now + 1e-3))), None)


def maintained(windows: Iterable[Window], begin: float, end: float) -> list[Span]:
    """The times between two moments that are in a window: in order, none twice."""
    cut = sorted((max(a, begin), min(b, end)) for window in windows for a, b in window.spans(begin, end))
    merged: list[Span] = []
    for start, stop in cut:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged


def _length(minutes: int) -> None:
    if not 1 <= minutes <= _LONGEST:
        raise UsageError(f"minutes: {minutes} is not between 1 and {_LONGEST}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"zone: there is no time zone {name!r}; write one like Europe/Berlin") from error
