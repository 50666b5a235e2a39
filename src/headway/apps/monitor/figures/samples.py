"""Looks as they are stored: one row each, kept for days. Functions of a connection.

The law: times of an application's samples differ. A look that claims the time of the one before, or a little earlier,
is put a millisecond after it; one that claims much earlier (the clock was set back) stands where it says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, select

from headway.apps.monitor.figures.status import OUTCOMES, Status, Thresholds
from headway.apps.monitor.figures.totals import Sample
from headway.apps.monitor.records import APPLICATIONS, SAMPLES
from headway.errors import UsageError

__all__ = ["LONGEST", "Look", "Looked", "clean", "latest", "placed", "raw", "shown", "store", "within"]

LONGEST: Final = 86_400.0
"""Seconds for which a look speaks at most: the interval of a daily beat."""
_LATE: Final = 3600.0
"""Seconds that a look may seem earlier than the one before, because both were under way at once."""
_STEP: Final = 0.001
_CHARACTERS: Final = 500
"""Of a message: a sentence with its figures has some two hundred."""

_RAW: Final = (SAMPLES.c.at, SAMPLES.c.status, SAMPLES.c.milliseconds, SAMPLES.c.seconds)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking at an application once."""

    application: int
    at: float
    """When it was over: what it found holds from then."""
    status: Status
    """One of `OUTCOMES`; maintenance, whatever was found, while there is any."""
    milliseconds: float | None = None
    code: str | None = None
    message: str | None = None
    timings: Mapping[str, float] | None = None
    seconds: float = 150.0
    """How long it may speak if no other follows: two and a half intervals leave room for jitter and one that failed."""
    thresholds: Thresholds = Thresholds()
    about: Mapping[str, Any] | None = None  # Any: JSON to be remembered with the standing; None: as before

    def __post_init__(self) -> None:
        if self.status not in OUTCOMES:
            raise UsageError(f"a look finds one of {', '.join(OUTCOMES)}, not {self.status}")
        if not all(math.isfinite(number) and number >= 0 for number in (self.at, self.seconds, self.milliseconds or 0)):
            raise UsageError("times of a look are numbers from zero")


class Looked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A sample as it is shown."""

    at: float
    status: Status
    milliseconds: float | None
    code: str | None
    message: str | None
    timings: Mapping[str, float] | None


def clean(look: Look) -> Look:
    """One that every database takes: text and JSON of others may hold what some do not. Raises `UsageError`."""
    try:
        about, timings = msgspec.json.decode(msgspec.json.encode((look.about, look.timings)))
    except (TypeError, UnicodeEncodeError, OverflowError) as error:
        raise UsageError(f"what is remembered with a look is JSON: {error}") from error
    return msgspec.structs.replace(
        look, about=about, timings=timings, message=_text(look.message), code=_text(look.code)
    )


def _text(text: str | None) -> str | None:
    return None if text is None else text[:_CHARACTERS].replace("\0", "").encode(errors="replace").decode()


def placed(at: float, before: float | None) -> float:
    """The time a look is given, by the one before."""
    return before + _STEP if before is not None and before - _LATE < at <= before else at


def store(
    connection: Connection, looks: Mapping[tuple[int, float], Look], backwards: Iterable[tuple[int, float]]
) -> None:
    """Store looks, by application and the time they were given. `backwards`: those whose time may be taken already."""
    for number, at in backwards:
        connection.execute(delete(SAMPLES).where(SAMPLES.c.application == number, SAMPLES.c.at == at))
    if looks:
        connection.execute(insert(SAMPLES), [_row(at, look) for (_, at), look in looks.items()])


def _row(at: float, look: Look) -> dict[str, Any]:  # Any: a row
    return {
        "application": look.application,
        "at": at,
        "status": OUTCOMES.index(look.status),
        "milliseconds": look.milliseconds,
        "code": look.code,
        "message": look.message,
        "timings": look.timings,
        "seconds": min(LONGEST, max(0.0, look.seconds)),
    }


def raw(connection: Connection, numbers: Sequence[int], begin: float, end: float) -> dict[int, list[Sample]]:
    """Samples from one moment to another, and the last before them, in order, by application."""
    found: dict[int, list[Sample]] = {}
    before = (
        select(func.max(SAMPLES.c.at))
        .where(SAMPLES.c.application == APPLICATIONS.c.number, SAMPLES.c.at < begin, SAMPLES.c.at >= begin - LONGEST)
        .scalar_subquery()
        .correlate(APPLICATIONS)
    )
    speaking = (
        select(SAMPLES.c.application, *_RAW)
        .join(APPLICATIONS, and_(SAMPLES.c.application == APPLICATIONS.c.number, SAMPLES.c.at == before))
        .where(APPLICATIONS.c.number.in_(numbers))
    )
    during = (
        select(SAMPLES.c.application, *_RAW)
        .where(SAMPLES.c.application.in_(numbers), SAMPLES.c.at >= begin, SAMPLES.c.at < end)
        .order_by(SAMPLES.c.application, SAMPLES.c.at)
    )
    for statement in (speaking, during):
        # All at once: one after the other costs three times as much, and they are many.
        for number, at, status, milliseconds, seconds in connection.execute(statement).fetchall():
            found.setdefault(number, []).append(Sample(at, status, milliseconds, seconds))
    return found


def within(connection: Connection, number: int, begin: float, end: float, limit: int) -> list[Looked]:
    """Samples of one application, the newest first."""
    statement = (
        select(SAMPLES)
        .where(SAMPLES.c.application == number, SAMPLES.c.at >= begin, SAMPLES.c.at < end)
        .order_by(SAMPLES.c.at.desc())
        .limit(limit)
    )
    return [shown(row) for row in connection.execute(statement).mappings()]


def latest(connection: Connection, number: int, count: int) -> list[Looked]:
    """The last samples of one application, the oldest first."""
    return within(connection, number, float("-inf"), float("inf"), count)[::-1]


def shown(row: RowMapping) -> Looked:
    """A row as it is shown."""
    return Looked(
        at=row["at"],
        status=OUTCOMES[row["status"]],
        milliseconds=row["milliseconds"],
        code=row["code"],
        message=row["message"],
        timings=row["timings"],
    )
