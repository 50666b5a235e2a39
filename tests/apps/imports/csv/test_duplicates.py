"""Usernames that came before."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv.duplicates import Usernames


@given(st.lists(st.text("abAB", max_size=4), max_size=200))
def test_the_first_row_is_named(names: list[str]) -> None:
    """A name is a duplicate of the first row that had it in any case, and only then."""
    usernames = Usernames()
    first: dict[str, int] = {}

    for row, name in enumerate(names, 1):
        expected = first.get(name.lower())
        first.setdefault(name.lower(), row)
        assert usernames.first(name, row) == expected
    assert len(usernames) == len(first)


def test_a_row_is_no_duplicate_of_itself() -> None:
    """Who is asked twice about one row gets the same answer."""
    usernames = Usernames()

    assert [usernames.first("ada", 1), usernames.first("ADA", 1), usernames.first("ada", 2)] == [None, None, 1]


def test_a_table_of_the_expected_size_does_not_grow() -> None:
    """So that it never holds two."""
    usernames = Usernames(expected=20_000)
    tracemalloc.start()
    for row in range(1, 20_001):
        usernames.first(f"user{row}", row)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(usernames) == 20_000
    assert peak < 100_000


def test_tables_grow() -> None:
    """Beyond the first table every name is still found, with its row."""
    usernames = Usernames()
    for row in range(1, 20_001):
        assert usernames.first(f"user{row}", row) is None

    assert all(usernames.first(f"USER{row}", 30_000) == row for row in range(1, 20_001))


def test_memory_is_bounded() -> None:
    """Twenty thousand names take two megabytes, whatever their length."""
    tracemalloc.start()
    try:
        usernames = Usernames()
        for row in range(1, 20_001):
            usernames.first(f"{row:0200}", row)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000
