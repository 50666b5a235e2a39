"""Rows of a file as a stream, from any place in it.

The law:
1. A row is known by the byte at which it begins. A reader that starts there yields what one that came from the
   beginning yields: nothing depends on what was read before, nor on how the file is cut into blocks.
2. Memory is bounded by one row and one block, whatever the file is.
3. A row that cannot be taken apart has a problem, and reading goes on behind it. Where a quote never closes, or a row
   is longer than `Bounds.record_bytes`, its first line is the row, and the next line begins the next one.
4. Blank lines, and rows of which every cell is empty, are no rows.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from headway.apps.imports.csv.bounds import Bounds
from headway.apps.imports.csv.dialects import Format, Place, reader_of
from headway.apps.imports.csv.guards import unguarded
from headway.apps.imports.csv.lines import Endless, batches, head, line_end
from headway.apps.imports.csv.problems import COLUMNS, SIZE_LIMIT_EXCEEDED, UNCLOSED_QUOTE, Problem, Refused
from headway.apps.imports.csv.quotes import opening

__all__ = ["Reader", "Row", "Source", "opened"]

Source = Path | BinaryIO
"""A file by its path, or one that is open, binary and seekable: it stays open."""

_DEFAULT: Final = Bounds()


class Row(NamedTuple):
    """One row of users. A tuple, since there are millions."""

    number: int
    """From 1; the header and blank lines do not count."""
    line: int
    """The line of the file on which it begins, from 1."""
    offset: int
    """The byte of the file at which it begins."""
    cells: list[str]
    """As they stand in the file; as many as the header has columns, unless there is a problem."""
    problem: Problem | None
    end: int
    """The byte after it."""
    lines: int
    """How many lines of the file it takes."""

    @property
    def place(self) -> Place:
        """Where to start in order to read it again."""
        return Place(self.offset, self.number, self.line)

    @property
    def after(self) -> Place:
        """Where to start in order to read what follows."""
        return Place(self.end, self.number + 1, self.line + self.lines)


def opened(source: Source) -> AbstractContextManager[BinaryIO]:
    """The source as an open file, closed afterwards if it was not open before."""
    return source.open("rb") if isinstance(source, Path) else nullcontext(source)


class Reader:
    """Rows of one file. Each iteration reads anew from the start."""

    def __init__(self, source: Source, format: Format, start: Place | None = None, bounds: Bounds = _DEFAULT) -> None:
        """From `start`, or from the first row after the header."""
        self.format = format
        self.start = start or format.body
        self._source = source
        self._bounds = bounds

    def __iter__(self) -> Iterator[Row]:
        """Rows in order. Raises `Refused` when too many of them have no end, and `OSError`."""
        place: Place | None = self.start
        broken = 0
        with opened(self._source) as file:
            while place is not None:
                place = yield from _Run(file, self.format, place, self._bounds).rows()
                broken += 1
                if place is not None and broken > self._bounds.broken:
                    raise _too_broken(place, self._bounds.broken)


class _Run:
    """Rows from one place up to the end of the file, or up to a row that has none."""

    def __init__(self, file: BinaryIO, format: Format, start: Place, bounds: Bounds) -> None:
        self._file = file
        self._format = format
        self._start = start
        self._bounds = bounds
        self._width = len(format.header)
        self._ends = [start.offset]
        """Where lines end that are not done with; the first is where the open row begins."""
        self._base = 0
        """Which line, counted from `start`, begins at the first of `_ends`."""
        self._done = 0
        """Lines whose rows are done with."""
        self._flaws: dict[int, Problem] = {}
        """By line, counted from `start`."""

    def rows(self) -> Generator[Row, None, Place | None]:
        """The rows; then where to go on, or None at the end of the file."""
        number, line, ends = self._start.row, self._start.line, self._ends
        width, wide, longest = self._width, self._bounds.field_characters, self._bounds.record_bytes
        guard, flaws, done = self._format.guarded, self._flaws, 0
        records = reader_of(self._lines(), self._format)
        try:
            for cells in records:
                upto = records.line_num
                begin, end = ends[done - self._base], ends[upto - self._base]
                if end - begin > longest:
                    raise Endless
                first, done = done, upto
                self._done = upto
                if not any(cells):
                    continue
                problem = None
                if guard:
                    cells = [unguarded(cell) for cell in cells]
                if len(cells) != width or end - begin > wide or flaws:
                    if len(cells) == 1 and cells[0].isspace():
                        continue
                    cells, problem = self._judged(cells, number, first, upto)
                yield Row(number, line + first, begin, cells, problem, end, upto - first)
                number += 1
        except (csv.Error, Endless):
            row = self._broken(Place(ends[done - self._base], number, line + done))
        else:
            return None
        yield row
        return row.after

    def _lines(self) -> Iterator[str]:
        ends = self._ends
        for batch in batches(self._file, self._format.encoding, self._start.offset, self._bounds.record_bytes):
            self._forget()
            if ends[-1] - ends[0] > self._bounds.record_bytes:
                raise Endless
            first = self._base + len(ends) - 1
            self._flaws.update((first + index, flaw) for index, flaw in batch.flaws.items())
            ends.extend(islice(accumulate(batch.sizes, initial=ends[-1]), 1, None))
            yield from batch.texts
        self._forget()
        if len(ends) > 1:  # somebody asks for more lines, and a row is open
            raise Endless

    def _forget(self) -> None:
        del self._ends[: self._done - self._base]
        self._base = self._done
        for line in [line for line in self._flaws if line < self._base]:
            del self._flaws[line]

    def _judged(self, cells: list[str], number: int, first: int, upto: int) -> tuple[list[str], Problem | None]:
        """The cells without empty ones beyond the header, and the row's problem."""
        width = self._width or len(cells)
        while len(cells) > width and not cells[-1]:
            cells.pop()
        for line in range(first, upto):
            if line in self._flaws:
                return cells, self._flaws[line]
        if len(cells) != width:
            return cells, _miscounted(number, len(cells), width, self._start.line + first, upto - first)
        for column, cell in enumerate(cells):
            if len(cell) > self._bounds.field_characters:
                return cells, self._oversized(column, len(cell), self._start.line + first)
        return cells, None

    def _oversized(self, column: int, characters: int, line: int) -> Problem:
        name = self._format.header[column] if column < self._width else f"column {column + 1}"
        most = self._bounds.field_characters
        message = f"{name} has {characters:,} characters in line {line}; {most:,} are the most."
        return Problem(SIZE_LIMIT_EXCEEDED, "", message)

    def _broken(self, place: Place) -> Row:
        """The row that has no end: its first line. Looks again from where it begins, so that blocks make no
        difference."""
        texts, sizes = head(self._file, self._format.encoding, place.offset, self._bounds.record_bytes)
        if not texts or sizes[0] > self._bounds.record_bytes:
            end, cells = line_end(self._file, self._format.encoding, place.offset), list[str]()
        else:
            end, cells = place.offset + sizes[0], next(reader_of(texts[:1], self._format), [])
        if self._format.guarded:
            cells = [unguarded(cell) for cell in cells]
        problem = _endless(opening(texts, self._format), place, self._bounds.record_bytes)
        return Row(place.row, place.line, place.offset, cells, problem, end, 1)


def _miscounted(number: int, columns: int, width: int, line: int, lines: int) -> Problem:
    count = f"{columns} column{'' if columns == 1 else 's'}"
    where = f"line {line}" if lines == 1 else f"lines {line} to {line + lines - 1}: is a quote not closed?"
    return Problem(COLUMNS, "", f"Row {number} has {count} instead of {width} ({where}).")


def _endless(quote: tuple[int, int] | None, place: Place, longest: int) -> Problem:
    if quote is not None:
        line, column = place.line + quote[0], quote[1]
        message = f"Row {place.row}: the quote that opens in line {line}, column {column} is never closed."
        return Problem(UNCLOSED_QUOTE, "", message)
    message = f"Row {place.row} (line {place.line}) is longer than {longest:,} bytes."
    return Problem(SIZE_LIMIT_EXCEEDED, "", message)


def _too_broken(place: Place, most: int) -> Refused:
    message = (
        f"More than {most:,} rows have no end, the last before line {place.line}. "
        "Do quotes mean something else in this file? Save it as CSV with double quotes."
    )
    return Refused("quotes", message, line=place.line, offset=place.offset)
