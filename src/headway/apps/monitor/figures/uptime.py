"""Totals of many applications over stretches of time, from days, hours and samples. Functions of a connection.

Windows that end at one moment share what they have in common: they are cut at the beginnings of all, each stretch is
read once, and a longer window is a stretch and the next shorter window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from headway.apps.monitor.figures.rollups import totals_of
from headway.apps.monitor.figures.samples import raw
from headway.apps.monitor.figures.totals import Totals, measure
from headway.apps.monitor.figures.windows import DAY, HOUR, Marks, Piece, aligned, pieces
from headway.apps.monitor.records import ROLLUPS

__all__ = ["WINDOWS", "stretch", "windows"]

WINDOWS: Final[Mapping[str, int]] = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
"""What a card shows."""


def windows(
    connection: Connection, numbers: Sequence[int], now: float, marks: Marks, lengths: Mapping[str, float] = WINDOWS
) -> dict[int, dict[str, Totals]]:
    """Of each application, what each window adds up to that ends now. Without percentiles."""
    found: dict[int, dict[str, Totals]] = {number: {} for number in numbers}
    running = {number: Totals() for number in numbers}
    end = now
    for name, length in sorted(lengths.items(), key=lambda window: window[1]):
        begin = aligned(now - length, marks)
        if begin < end:
            for number, totals in stretch(connection, numbers, begin, end, marks, times=False).items():
                running[number].add(totals)
            end = begin
        for number in numbers:
            found[number][name] = total = Totals()
            total.add(running[number])
    return found


def stretch(
    connection: Connection, numbers: Sequence[int], begin: float, end: float, marks: Marks, *, times: bool = True
) -> dict[int, Totals]:
    """Of each application, what a stretch adds up to. `times`: with percentiles, which cost reading each roll-up."""
    begin, end = aligned(begin, marks), aligned(end, marks)
    found = {number: Totals() for number in numbers}
    for piece in pieces(begin, end, marks):
        for number, totals in _read(connection, numbers, piece, times=times).items():
            found[number].add(totals)
    for totals in found.values():
        # Nobody spoke for what is in no roll-up: it is unknown, and part of the stretch.
        totals.seconds = max(0.0, end - begin)
    return found


def _read(connection: Connection, numbers: Sequence[int], piece: Piece, *, times: bool) -> dict[int, Totals]:
    if not piece.span:
        samples = raw(connection, numbers, piece.begin, piece.end)
        return {number: measure(some, piece.begin, piece.end, times=times) for number, some in samples.items()}
    return _each(connection, numbers, piece) if times else _summed(connection, numbers, piece)


def _each(connection: Connection, numbers: Sequence[int], piece: Piece) -> dict[int, Totals]:
    found: dict[int, Totals] = {}
    for row in connection.execute(_of(select(ROLLUPS), numbers, piece)).mappings().all():
        found.setdefault(row["application"], Totals()).add(totals_of(row))
    return found


def _summed(connection: Connection, numbers: Sequence[int], piece: Piece) -> dict[int, Totals]:
    table = ROLLUPS.c
    summed = (table.up, table.down, table.maintenance, table.looks, table.failures, table.sum_milliseconds)
    columns = (table.application, *map(func.sum, summed), func.max(table.max_milliseconds))
    statement = _of(select(*columns), numbers, piece).group_by(table.application)
    return {row[0]: Totals(0.0, *row[1:]) for row in connection.execute(statement)}


def _of(statement: Select[Any], numbers: Sequence[int], piece: Piece) -> Select[Any]:  # Any: of what columns
    table = ROLLUPS.c
    return statement.where(
        table.application.in_(numbers), table.span == piece.span, table.at >= piece.begin, table.at < piece.end
    )
