"""The first rows as they would arrive, and how full each column is: what a mapping is judged by.

Passwords are not shown, mapped or not: a column is one by its mapping or by its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from headway.apps.imports.csv.building import Values
from headway.apps.imports.csv.checking import Checked, Checker
from headway.apps.imports.csv.mapping import fill_rates
from headway.apps.imports.csv.problems import Problem
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.veils import HIDDEN, secret_columns

__all__ = ["HIDDEN", "Column", "Preview", "Shown", "masked", "preview"]

_EXAMPLES: Final = 3
_LONGEST: Final = 80
"""Characters of an example: one line of a page."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file, whatever it is mapped to."""

    name: str
    filled: float
    """Of the rows looked at, from 0 to 1."""
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One row as it would arrive."""

    row: int
    line: int
    values: Values
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a file."""

    rows: tuple[Shown, ...]
    columns: tuple[Column, ...]
    looked_at: int
    """How many rows the rates and counts are of."""
    codes: dict[str, int]
    """Problems by code."""


def preview(reader: Reader, checker: Checker, rows: int = 20, sample: int = 1_000) -> Preview:
    """Check up to `sample` rows and show the first `rows`. `checker` is used up: its usernames are those of the
    sample."""
    looked = [*islice(checker.checked(reader), sample)]
    cells = [checked.row.cells for checked in looked]
    # What does not line up may have a password where an example is looked for.
    sound = [checked.row.cells for checked in looked if checked.values]
    return Preview(
        tuple(_shown(checked) for checked in looked[:rows]),
        _columns(reader.format.header, cells, sound, checker.builder.secret),
        len(looked),
        dict(Counter(problem.code for checked in looked for problem in checked.problems).most_common()),
    )


def masked(values: Values) -> Values:
    """The values without what nobody may see."""
    return {path: HIDDEN if path == "password.value" else value for path, value in values.items()}


def _shown(checked: Checked) -> Shown:
    return Shown(checked.row.number, checked.row.line, masked(checked.values), checked.problems)


def _columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], sound: Sequence[Sequence[str]], secret: frozenset[int]
) -> tuple[Column, ...]:
    rates = fill_rates(rows, len(header))
    hidden = secret_columns(header, secret)
    columns = zip(header, rates, strict=True)
    return tuple(
        Column(name, rate, (HIDDEN,) if index in hidden else _examples(sound, index))
        for index, (name, rate) in enumerate(columns)
    )


def _examples(rows: Sequence[Sequence[str]], index: int) -> tuple[str, ...]:
    """The first different things that stand in a column."""
    cells = (cells[index].strip()[:_LONGEST] for cells in rows if index < len(cells))
    return tuple(islice(dict.fromkeys(cell for cell in cells if cell), _EXAMPLES))
