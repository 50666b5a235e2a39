"""Hours and days of samples. Functions of a connection.

The law:
1. A roll-up is derived, never counted up: an hour from its samples once it is over, a day from its hours. So doing it
   twice is doing it once, and whatever stops in between loses nothing and doubles nothing.
2. `Marks` say how far they go and are stored in the same transaction. What is not rolled up yet is read from samples.
3. A look that is stored for an hour that was rolled up moves the mark back before it.
4. Nothing is removed that is not in the coarser form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, Connection, Delete, Float, Integer, RowMapping, bindparam, delete, insert, select

from headway.apps.monitor.figures.percentiles import Histogram
from headway.apps.monitor.figures.samples import LONGEST, raw
from headway.apps.monitor.figures.totals import Totals, measured
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks, floor
from headway.apps.monitor.records import APPLICATIONS, INCIDENTS, ROLLUPS, SAMPLES, SETTINGS, TRANSITIONS

__all__ = ["GRACE", "Keeping", "due", "put", "read_marks", "reopen", "roll", "totals_of", "write_marks"]

GRACE: Final = 60
"""Seconds from the end of an hour to its roll-up, for looks that are still under way."""
_AT_ONCE: Final = 48
"""Hours rolled up in one transaction: others wait to write meanwhile."""
_SAMPLED: Final = 200
"""Applications whose samples of a day are in memory at once: 300,000 of them."""
_MARKS: Final = "figures.marks"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many days what is kept for. The longer the coarser."""

    samples: float = 8.0
    """The window of seven days to the second, and a day for what spoke before it."""
    hours: float = 100.0
    """The window of ninety days, and whatever a page shows beside it."""
    days: float = 1100.0
    """Three years."""
    incidents: float = 400.0
    """A year of them, and of changes of the status."""


def read_marks(connection: Connection) -> Marks:
    """How far everything goes."""
    value = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == _MARKS)).scalar()
    return Marks() if value is None else msgspec.convert(value, Marks)


def write_marks(connection: Connection, marks: Marks, now: float) -> None:
    """Say how far everything goes."""
    connection.execute(delete(SETTINGS).where(SETTINGS.c.name == _MARKS))
    connection.execute(insert(SETTINGS).values(name=_MARKS, value=msgspec.to_builtins(marks), updated_at=now))


def reopen(connection: Connection, at: float, now: float) -> None:
    """A sample was stored there: what was rolled up since is to be derived again, as far as there are samples."""
    marks = read_marks(connection)
    hour = floor(at, HOUR)
    # The first hours that are kept cannot be derived again: what spoke before them is gone.
    kept = not marks.samples or hour >= marks.samples + LONGEST
    if not marks.rolled or (hour < marks.rolled and kept):
        write_marks(connection, msgspec.structs.replace(marks, rolled=hour), now)


def due(marks: Marks, now: float) -> bool:
    """Whether there is something to roll up."""
    return 0 < marks.rolled < floor(now - GRACE, HOUR)


def roll(connection: Connection, now: float, keeping: Keeping) -> Marks:
    """Roll up hours that are over, the oldest first and not too many at once, and remove what is no longer kept."""
    marks = read_marks(connection)
    if not due(marks, now):
        return marks
    numbers = list(connection.execute(select(APPLICATIONS.c.number)).scalars())
    begin, end = marks.rolled, min(floor(now - GRACE, HOUR), marks.rolled + _AT_ONCE * HOUR)
    while begin < end:
        midnight = floor(begin, DAY) + DAY
        until = min(midnight, end)
        _hours(connection, numbers, begin, until)
        if until == midnight:
            _day(connection, numbers, midnight - DAY)
        begin = until
    marks = _pruned(connection, numbers, msgspec.structs.replace(marks, rolled=end), now, keeping)
    write_marks(connection, marks, now)
    return marks


def _hours(connection: Connection, numbers: Sequence[int], begin: int, end: int) -> None:
    edges = range(begin, end + HOUR, HOUR)
    rows = [
        row(number, HOUR, at, totals)
        for first in range(0, len(numbers), _SAMPLED)
        for number, samples in raw(connection, numbers[first : first + _SAMPLED], begin, end).items()
        for at, totals in zip(edges, measured(samples, edges), strict=False)
    ]
    put(connection, HOUR, range(begin, end), rows)


def _day(connection: Connection, numbers: Sequence[int], day: int) -> None:
    statement = select(ROLLUPS).where(
        ROLLUPS.c.application.in_(numbers), ROLLUPS.c.span == HOUR, ROLLUPS.c.at >= day, ROLLUPS.c.at < day + DAY
    )
    days: dict[int, Totals] = {}
    for found in connection.execute(statement.order_by(ROLLUPS.c.at)).mappings().all():
        days.setdefault(found["application"], Totals()).add(totals_of(found))
    put(connection, DAY, range(day, day + DAY), [row(number, DAY, day, totals) for number, totals in days.items()])


def put(connection: Connection, span: int, times: range, rows: Sequence[Mapping[str, Any]]) -> None:  # Any: rows
    """Have these be all the roll-ups there are of these times. Those that say nothing are not stored."""
    connection.execute(
        delete(ROLLUPS).where(
            # The table is ordered by applications first.
            ROLLUPS.c.application.in_(select(APPLICATIONS.c.number)),
            ROLLUPS.c.span == span,
            ROLLUPS.c.at >= times.start,
            ROLLUPS.c.at < times.stop,
        )
    )
    telling = [one for one in rows if one["looks"] or one["unknown"] < span]
    if telling:
        connection.execute(insert(ROLLUPS), telling)


def row(number: int, span: int, at: int, totals: Totals) -> dict[str, Any]:  # Any: a row
    """A roll-up as it is stored."""
    return {
        "application": number,
        "span": span,
        "at": at,
        "up": totals.up,
        "down": totals.down,
        "unknown": max(0.0, span - totals.known - totals.maintenance),
        "maintenance": totals.maintenance,
        "looks": totals.looks,
        "failures": totals.failures,
        "sum_milliseconds": totals.sum_milliseconds,
        "max_milliseconds": totals.max_milliseconds,
        "histogram": totals.histogram.encode(),
    }


def totals_of(row: RowMapping) -> Totals:
    """What a roll-up says."""
    return Totals(
        seconds=row["span"],
        up=row["up"],
        down=row["down"],
        maintenance=row["maintenance"],
        looks=row["looks"],
        failures=row["failures"],
        sum_milliseconds=row["sum_milliseconds"],
        max_milliseconds=row["max_milliseconds"],
        histogram=Histogram.decode(row["histogram"]),
    )


def _pruned(connection: Connection, numbers: Sequence[int], marks: Marks, now: float, keeping: Keeping) -> Marks:
    samples = min(floor(now - keeping.samples * DAY, HOUR), marks.rolled)
    hours = min(floor(now - keeping.hours * DAY, DAY), floor(marks.rolled, DAY))
    days = floor(now - keeping.days * DAY, DAY)
    old = floor(now - keeping.incidents * DAY, DAY)
    # One application after the other: the tables are ordered by them, and a scan of the whole would take a second.
    number = bindparam("number", type_=Integer)
    before = bindparam("before", type_=Float)
    for statement, until in (
        (delete(SAMPLES).where(SAMPLES.c.application == number, SAMPLES.c.at < before), samples),
        (_rolled(number, HOUR, before), hours),
        (_rolled(number, DAY, before), days),
        (delete(TRANSITIONS).where(TRANSITIONS.c.application == number, TRANSITIONS.c.at < before), old),
        (delete(INCIDENTS).where(INCIDENTS.c.application == number, INCIDENTS.c.ended < before), old),
    ):
        if numbers:
            connection.execute(statement, [{"number": one, "before": until} for one in numbers])
    return Marks(marks.rolled, max(marks.samples, samples), max(marks.hours, hours))


def _rolled(number: BindParameter[int], span: int, before: BindParameter[float]) -> Delete:
    return delete(ROLLUPS).where(ROLLUPS.c.application == number, ROLLUPS.c.span == span, ROLLUPS.c.at < before)
