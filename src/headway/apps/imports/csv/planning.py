"""The dry run: what an import would do, counted, with nothing written. A million rows in the memory of a few.

    total = invalid + duplicates + new + existing + unknown

`unknown` are the rows of which nobody looked up whether the tenant has them. What becomes of those that exist is the
import's policy: skipped, updated or failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from headway.apps.imports.csv.checking import Checked
from headway.apps.imports.csv.problems import Problem

__all__ = ["Found", "Lookup", "Plan", "Planner", "plan"]

_EXAMPLES: Final = 100
"""Rows shown of those that have problems: what fits on a page. The rejects file has all."""

Lookup = Callable[[str], bool | None]
"""Whether the tenant has a user of this name; None: not known."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row with problems."""

    row: int
    line: int
    username: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rows so far would become."""

    total: int
    invalid: int
    duplicates: int
    new: int
    existing: int
    unknown: int
    codes: dict[tuple[str, str], int]
    """How often each code came at each field."""
    found: tuple[Found, ...]
    """The first rows with problems."""

    @property
    def valid(self) -> int:
        """Rows with which nothing is wrong."""
        return self.new + self.existing + self.unknown


class Planner:
    """Counts rows as they come. Whoever looks up many names at once adds each row when its answer is there."""

    def __init__(self) -> None:
        self._invalid = self._duplicates = self._new = self._existing = self._unknown = 0
        self._codes: Counter[tuple[str, str]] = Counter()
        self._found: list[Found] = []

    def add(self, checked: Checked, exists: bool | None = None) -> None:
        """One more row, and whether the tenant has its user."""
        if checked.problems:
            self._note(checked)
        elif exists is None:
            self._unknown += 1
        elif exists:
            self._existing += 1
        else:
            self._new += 1

    def plan(self) -> Plan:
        """As of now."""
        counts = (self._invalid, self._duplicates, self._new, self._existing, self._unknown)
        return Plan(sum(counts), *counts, dict(self._codes.most_common()), tuple(self._found))

    def _note(self, checked: Checked) -> None:
        if checked.duplicate_of is not None and len(checked.problems) == 1:
            self._duplicates += 1
        else:
            self._invalid += 1
        self._codes.update((problem.code, problem.field) for problem in checked.problems)
        if len(self._found) < _EXAMPLES:
            self._found.append(Found(checked.row.number, checked.row.line, checked.username, checked.problems))


def plan(rows: Iterable[Checked], lookup: Lookup | None = None) -> Plan:
    """All rows at once: `plan(checker.checked(reader), lookup)`."""
    planner = Planner()
    for checked in rows:
        known = lookup(checked.username) if lookup and not checked.problems and checked.username else None
        planner.add(checked, known)
    return planner.plan()
