"""Passwords that a rejects file does not show, from the files they were in.

    headway.run, headway.row, …, password          q7…, 17, …, ••••••

A row of a rejects file names the run and the row it was. That run's file may be one of rejects itself, and name
another. Only files for the same target count: nobody sends a password elsewhere by mending a file.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from headway.apps.imports.csv.dialects import Format
from headway.apps.imports.csv.reading import Reader, Row
from headway.apps.imports.csv.rejects import ROW_COLUMN, RUN_COLUMN
from headway.apps.imports.csv.veils import HIDDEN
from headway.apps.imports.engine.interface import Options

__all__ = ["MASKED", "Earlier", "Passwords"]

MASKED: Final = HIDDEN
"""Stands where a password was."""
_DEEPEST: Final = 10
"""Rejects of rejects of rejects."""

Earlier = Callable[[str], Awaitable[tuple[Options, Path, Format] | None]]
"""What an earlier run read: how, where, spelled how; None where that is gone."""
Origin = tuple[str, int]
"""A run, and a row of its file."""


class Passwords:
    """Those of one rejects file."""

    def __init__(self, earlier: Earlier, target: str) -> None:
        self._earlier = earlier
        self._target = target
        self._places: tuple[int, int] | None = None
        self._found: dict[Origin, str] = {}

    @staticmethod
    def wanted(format: Format) -> bool:
        """Whether the file is one of rejects."""
        return _places(format) is not None

    async def load(self, path: Path, format: Format, mapping: Mapping[str, str | None]) -> None:
        """Find every password that the file leaves out and that is still kept."""
        self._places = _places(format)
        column = _column(format, mapping)
        if column is not None:
            wanted = await asyncio.to_thread(lambda: set(_left_out(path, format, column)))
            self._found = await self._of(wanted, _DEEPEST)

    def of(self, row: Row) -> str | None:
        """The password of a row; None where it is gone."""
        origin = _origin(row, self._places)
        return None if origin is None else self._found.get(origin)

    async def _of(self, wanted: set[Origin], deep: int) -> dict[Origin, str]:
        found: dict[Origin, str] = {}
        for run, numbers in _by_run(wanted).items():
            earlier = await self._earlier(run)
            if earlier is None or earlier[0].target != self._target:
                continue
            options, path, format = earlier
            column = _column(format, options.mapping)
            if column is None:
                continue
            rows = await asyncio.to_thread(lambda: list(_rows(path, format, column, numbers)))  # noqa: B023  # awaited
            deeper = {origin for _, cell, origin in rows if cell == MASKED and origin is not None}
            further = await self._of(deeper, deep - 1) if deeper and deep else {}
            for number, cell, origin in rows:
                password = further.get(origin) if cell == MASKED and origin is not None else cell
                if password:
                    found[run, number] = password
        return found


def _rows(path: Path, format: Format, column: int, numbers: set[int]) -> Iterator[tuple[int, str, Origin | None]]:
    places = _places(format)
    for row in Reader(path, format):
        if row.number in numbers and column < len(row.cells):
            yield row.number, row.cells[column], _origin(row, places)


def _left_out(path: Path, format: Format, column: int) -> Iterator[Origin]:
    places = _places(format)
    for row in Reader(path, format):
        origin = _origin(row, places)
        if origin is not None and column < len(row.cells) and row.cells[column] == MASKED:
            yield origin


def _origin(row: Row, places: tuple[int, int] | None) -> Origin | None:
    if places is None or max(places) >= len(row.cells):
        return None
    run, number = (row.cells[place].strip() for place in places)
    return (run, int(number)) if run and number.isdecimal() and len(number) < 12 else None


def _places(format: Format) -> tuple[int, int] | None:
    """Where run and row stand in a rejects file."""
    if RUN_COLUMN not in format.header or ROW_COLUMN not in format.header:
        return None
    return format.header.index(RUN_COLUMN), format.header.index(ROW_COLUMN)


def _column(format: Format, mapping: Mapping[str, str | None]) -> int | None:
    """Which column holds passwords."""
    return next(
        (format.header.index(name) for name, path in mapping.items() if path == "password" and name in format.header),
        None,
    )


def _by_run(wanted: set[Origin]) -> dict[str, set[int]]:
    grouped: dict[str, set[int]] = defaultdict(set)
    for run, number in wanted:
        grouped[run].add(number)
    return grouped
