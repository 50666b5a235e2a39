"""Charts: a window in buckets of equal length. Functions of a connection.

Buckets begin at multiples of their length in UTC, so that hours and days fill them whole; the first and the last may be
partly outside the window. A chart has the coarsest of `STEPS` that still gives it sixty buckets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from headway.apps.monitor.figures.rollups import totals_of
from headway.apps.monitor.figures.samples import raw
from headway.apps.monitor.figures.totals import Totals, measured
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks, Piece, aligned, floor, pieces
from headway.apps.monitor.records import ROLLUPS
from headway.errors import UsageError

__all__ = ["STEPS", "Bucket", "series", "step_for"]

STEPS: Final = (60, 300, 900, HOUR, 6 * HOUR, DAY)
"""Lengths of a bucket, in seconds."""
_FEW: Final = 60
"""Buckets of a chart, at least. An hour has one a minute, a week one an hour, ninety days one a day."""
_MOST: Final = 2_000
"""Buckets of one answer: more than a screen has columns."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One column of a chart. None where there was nothing to measure."""

    time: int
    p50: float | None
    p95: float | None
    max: float | None
    up: float | None
    """The share of the known time that it was up, from 0 to 1."""
    looks: int
    failures: int

    @classmethod
    def of(cls, time: int, totals: Totals) -> Bucket:
        """One by what it adds up to."""
        return cls(
            time=time,
            p50=totals.percentile(0.5),
            p95=totals.percentile(0.95),
            max=totals.max_milliseconds,
            up=totals.up / totals.known if totals.known else None,
            looks=totals.looks,
            failures=totals.failures,
        )


def step_for(begin: float, end: float, marks: Marks) -> int:
    """How long the buckets of a window should be, and can be."""
    least = DAY if begin < marks.hours else HOUR if begin < marks.samples else 0
    fitting = [step for step in STEPS if (end - begin) / step >= _FEW]
    return max(least, fitting[-1] if fitting else STEPS[0])


def series(
    connection: Connection, numbers: Sequence[int], begin: float, end: float, step: int, marks: Marks
) -> list[Bucket]:
    """A window in buckets, of all these applications together. Raises `UsageError`."""
    if step not in STEPS:
        raise UsageError(f"a bucket is one of {', '.join(map(str, STEPS))} seconds long, not {step}")
    if not 0 < (end - begin) / step <= _MOST:
        raise UsageError(f"a chart has 1 to {_MOST} buckets; choose another window, or longer buckets")
    first = floor(begin, step)
    found = {time: Totals() for time in range(first, -floor(-end, step), step)}
    for piece in pieces(aligned(first, marks), aligned(end, marks), marks, step):
        for at, totals in _read(connection, numbers, piece, step):
            found[floor(at, step)].add(totals)
    return [Bucket.of(time, totals) for time, totals in found.items()]


def _read(connection: Connection, numbers: Sequence[int], piece: Piece, step: int) -> Iterator[tuple[float, Totals]]:
    if piece.span:
        table = ROLLUPS.c
        statement = select(ROLLUPS).where(
            table.application.in_(numbers), table.span == piece.span, table.at >= piece.begin, table.at < piece.end
        )
        for row in connection.execute(statement).mappings().all():
            yield row["at"], totals_of(row)
        return
    edges = [piece.begin, *range(floor(piece.begin, step) + step, -floor(-piece.end, 1), step), piece.end]
    for samples in raw(connection, numbers, piece.begin, piece.end).values():
        yield from zip(edges, measured(samples, edges), strict=False)
