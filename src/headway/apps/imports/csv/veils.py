"""Which cells of a row may be seen, where one of its columns holds passwords.

    username,email,first name,password          ada,ada@example.com,Lovelace, Ada,Correct-horse-1!
                                                ada,ada@example.com,Lovelace,••••••,••••••

The law:
1. A column holds passwords by its mapping or by its name. Its cells are not shown.
2. Where cells do not line up with the header, the password stands elsewhere: no cell is shown from the first on that it
   may be in. Where a quote never closes, none is.
3. A cell that goes on over a line break may have swallowed what stands beyond it, and the row below.
4. As many cells are left as there were: a row of too few or too many stays one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from headway.apps.imports.csv.aliases import ALIASES, normalised
from headway.apps.imports.csv.problems import SIZE_LIMIT_EXCEEDED, UNCLOSED_QUOTE
from headway.apps.imports.csv.reading import Row

__all__ = ["HIDDEN", "secret_columns", "swallowed", "veiled"]

HIDDEN: Final = "••••••"
"""Stands where something is not shown."""
_BETWEEN: Final = ",;\t|"
"""What may be between cells, whichever it is in this file."""


def secret_columns(header: Sequence[str], mapped: Collection[int] = ()) -> frozenset[int]:
    """Columns that nobody may see, by their index."""
    return frozenset(mapped) | {index for index, name in enumerate(header) if _is_password(name)}


def veiled(row: Row, width: int, secret: Collection[int]) -> list[str]:
    """The cells of a row under a header of this width, as they may be seen."""
    if not secret:
        return row.cells
    cells, first = row.cells, _first(row, width, secret)
    return [
        HIDDEN if cell and (index >= first or index in secret or _swallows(cell, index, secret)) else cell
        for index, cell in enumerate(cells)
    ]


def swallowed(cells: Sequence[str], secret: Collection[int]) -> bool:
    """Whether a cell that may be seen seems to hold a password, because a quote was not closed where it should be."""
    return bool(secret) and any(
        index not in secret and _swallows(cell, index, secret) for index, cell in enumerate(cells)
    )


def _first(row: Row, width: int, secret: Collection[int]) -> int:
    """The first cell from which on nothing is shown."""
    endless = row.problem is not None and (
        row.problem.code == UNCLOSED_QUOTE or (row.problem.code == SIZE_LIMIT_EXCEEDED and len(row.cells) != width)
    )
    if endless:
        return 0
    if len(row.cells) == width:
        return width
    return max(0, min(secret) - max(0, width - len(row.cells)))


def _swallows(cell: str, index: int, secret: Collection[int]) -> bool:
    if "\n" not in cell and "\r" not in cell:
        return False
    # As many cells as there are between this one and the password, or more: an address on two lines has fewer.
    return max(map(cell.count, _BETWEEN)) >= max(1, min(abs(each - index) for each in secret))


def _is_password(name: str) -> bool:
    return normalised(name) == "password" or "password" in ALIASES.get(normalised(name), ())
