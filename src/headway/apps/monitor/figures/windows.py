"""Which of samples, hours and days says what about a stretch of time. Pure.

    begin ┊ samples │ hours │ days │ days │ hours │ samples ┊ end       from the coarsest that fit to the samples

The law:
1. The pieces of a stretch follow each other without a gap.
2. Roll-ups speak for what is before `Marks.rolled`; samples for the rest and for the edges.
3. Where samples are no longer kept, a stretch begins with the next full hour; where hours are not, with the next day.
   Stretches that follow each other still do so then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from headway.apps.monitor.figures.samples import LONGEST

__all__ = ["DAY", "HOUR", "Marks", "Piece", "aligned", "floor", "pieces"]

HOUR: Final = 3600
DAY: Final = 86_400


class Marks(msgspec.Struct, frozen=True):
    """How far roll-ups go, and how far back the finer ones are kept. Seconds since 1970."""

    rolled: int = 0
    """Hours that ended by then are rolled up, and so are days."""
    samples: int = 0
    """Samples are kept from there; 0: all there ever were."""
    hours: int = 0


class Piece(NamedTuple):
    """A part of a stretch, and who speaks for it."""

    span: int
    """0: samples; else that of the roll-ups."""
    begin: float
    end: float


def floor(at: float, span: int) -> int:
    """The beginning of the hour or day."""
    return math.floor(at / span) * span


def aligned(at: float, marks: Marks) -> float:
    """Where a stretch begins or ends that is to do so there."""
    if at >= marks.rolled:
        return at
    if marks.hours and at < marks.hours:
        return -floor(-at, DAY)
    # The one before the first may speak for as long as one can.
    if marks.samples and at < marks.samples + LONGEST:
        return -floor(-at, HOUR)
    return at


def pieces(begin: float, end: float, marks: Marks, coarsest: int = DAY) -> Iterator[Piece]:
    """The parts of a stretch whose ends are aligned, in order."""
    closed = floor(min(end, marks.rolled), HOUR)
    opened = -floor(-begin, HOUR)
    if coarsest < HOUR or opened >= closed:
        yield from _piece(0, begin, end)
        return
    yield from _piece(0, begin, opened)
    yield from _hours_and_days(opened, closed, coarsest)
    yield from _piece(0, closed, end)


def _hours_and_days(begin: int, end: int, coarsest: int) -> Iterator[Piece]:
    first, last = -floor(-begin, DAY), floor(end, DAY)
    if coarsest < DAY or first >= last:
        yield from _piece(HOUR, begin, end)
        return
    yield from _piece(HOUR, begin, first)
    yield from _piece(DAY, first, last)
    yield from _piece(HOUR, last, end)


def _piece(span: int, begin: float, end: float) -> Iterator[Piece]:
    if begin < end:
        yield Piece(span, begin, end)
