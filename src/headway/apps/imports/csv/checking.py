"""One row and everything that can be known about it without PingOne: what it says, and what is wrong with it.

A row whose username an earlier row has is a duplicate of that one, whatever became of it: so what is a duplicate hangs
on the file alone, and a run that begins in the middle finds the same (`Checker.recall`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from headway.apps.imports.csv.building import Builder, Values
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.problems import DUPLICATE, UNCLOSED_QUOTE, Problem, shown
from headway.apps.imports.csv.reading import Row
from headway.apps.imports.csv.validating import Validator
from headway.apps.imports.csv.veils import swallowed

__all__ = ["Checked", "Checker"]


class Checked(NamedTuple):
    """A row and what is known about it. A tuple, since there are millions."""

    row: Row
    values: Values
    """Empty where the row could not be taken apart."""
    problems: tuple[Problem, ...]
    duplicate_of: int | None
    """The earlier row with this username."""

    @property
    def username(self) -> str | None:
        """As it stands in the row."""
        found = self.values.get("username")
        return found if isinstance(found, str) else None


@dataclass(slots=True)
class Checker:
    """Checks the rows of one file, in order."""

    builder: Builder
    validator: Validator
    usernames: Usernames

    def check(self, row: Row) -> Checked:
        """What there is to know about the row."""
        if row.problem is not None:
            return Checked(row, {}, (row.problem,), None)
        values, problems = self.builder.values(row.cells)
        problems += self.validator.validate(values)
        if problems and swallowed(row.cells, self.builder.hidden):
            # Sentences repeat what is in cells, and a password may be among it.
            return Checked(row, {}, (_swallowed(row),), None)
        username = values.get("username")
        first = self.usernames.first(username, row.number) if isinstance(username, str) else None
        if first is not None:
            problems.append(_duplicate(str(username), first))
        return Checked(row, values, tuple(problems), first)

    def checked(self, rows: Iterable[Row]) -> Iterator[Checked]:
        """All of them."""
        return map(self.check, rows)

    def recall(self, rows: Iterable[Row], until: int) -> None:
        """Only remember the usernames of the rows before the one numbered `until`, for a run that begins with that."""
        for row in rows:
            if row.number >= until:
                return
            if row.problem is None:
                username = self.builder.values(row.cells)[0].get("username")
                if isinstance(username, str):
                    self.usernames.first(username, row.number)


def _swallowed(row: Row) -> Problem:
    where = f"lines {row.line} to {row.line + row.lines - 1}"
    message = f"Row {row.number} ({where}) seems to have swallowed the row below: is a quote not closed?"
    return Problem(UNCLOSED_QUOTE, "", message)


def _duplicate(username: str, first: int) -> Problem:
    return Problem(DUPLICATE, "username", f"{shown(username)} is the username of row {first} already.")
