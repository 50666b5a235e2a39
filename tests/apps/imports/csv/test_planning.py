"""The dry run."""

from __future__ import annotations

import tracemalloc

from headway.apps.imports.csv.planning import Planner, plan
from tests.apps.imports.csv.files import reader
from tests.apps.imports.csv.test_checking import FILE, checker


def test_every_row_is_counted_once() -> None:
    """The counts add up to the rows, and each problem is counted by its code and field."""
    found = plan(checker().checked(FILE))

    assert (found.total, found.invalid, found.duplicates, found.unknown, found.valid) == (6, 2, 2, 2, 2)
    assert found.codes == {("DUPLICATE_IN_FILE", "username"): 2, ("INVALID_VALUE", "email"): 1, ("COLUMNS", ""): 1}
    assert [(row.row, row.line, row.username) for row in found.found] == [
        (2, 2, "bob"),
        (3, 3, "Ada"),
        (4, 4, None),
        (5, 5, "BOB"),
    ]


def test_who_is_there_already() -> None:
    """Valid rows are new or there already, as the tenant says; nobody asks about the others."""
    asked: list[str] = []

    def lookup(username: str) -> bool:
        asked.append(username)
        return username == "cyd"

    found = plan(checker().checked(FILE), lookup)

    assert (found.new, found.existing, found.unknown) == (1, 1, 0)
    assert asked == ["ada", "cyd"]


def test_examples_are_bounded() -> None:
    """However many rows are wrong, a hundred are kept, and all are counted."""
    source = reader(b"ada,no,x\n" * 5_000)
    planner = Planner()
    checking = checker()

    tracemalloc.start()
    try:
        for row in source:
            planner.add(checking.check(row))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (planner.plan().total, planner.plan().invalid, len(planner.plan().found)) == (5_000, 5_000, 100)
    assert peak < 4_000_000
