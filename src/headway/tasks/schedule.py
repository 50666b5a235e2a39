"""When a job comes round by itself: every so many seconds, or by a line of cron. Pure: times are arguments.

    Every(900)                        each quarter of an hour, counted from the first time it is known
    Cron("30 2 * * 1-5", "Europe/Berlin")    in the time of a place; where its clocks are set, as Debian's cron does it

A time that passed while nothing ran is made good for once, however many were missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from headway.errors import UsageError

__all__ = ["Cron", "Every", "Schedule"]

_SHORTEST: Final = 1.0
"""Seconds between two times. What comes more often is a loop within one job."""


@dataclass(frozen=True, slots=True)
class Every:
    """At equal distances."""

    seconds: float

    def __post_init__(self) -> None:
        if not self.seconds >= _SHORTEST:
            raise UsageError(f"a job comes round every {_SHORTEST:g} s at most, not every {self.seconds!r}")

    def first(self, now: float) -> float:
        """The first time, for a schedule that was not known before."""
        return now + self.seconds

    def after(self, due: float, now: float) -> float:
        """The next time that lies ahead, in step with the last one."""
        return due + max(1, -(-(now - due) // self.seconds)) * self.seconds if now > due else due + self.seconds

    def __str__(self) -> str:
        return f"every {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Cron:
    """By a line of five fields: minute, hour, day, month, weekday."""

    line: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise UsageError(f"there is no time zone {self.zone!r}; write one like Europe/Berlin") from error
        self.first(0.0)

    def first(self, now: float) -> float:
        """The first time, for a schedule that was not known before."""
        return self.after(now, now)

    def after(self, due: float, now: float) -> float:
        """The next time that lies ahead. Raises `UsageError` where there is none."""
        begin = datetime.fromtimestamp(max(due, now), ZoneInfo(self.zone))
        try:
            return next(CronSim(self.line, begin)).timestamp()
        except CronSimError as error:
            raise UsageError(f"{self.line!r} is no line of cron: {error}") from error
        except StopIteration as error:
            raise UsageError(f"{self.line!r} never comes") from error

    def __str__(self) -> str:
        return f"{self.line} {self.zone}"


Schedule = Every | Cron
