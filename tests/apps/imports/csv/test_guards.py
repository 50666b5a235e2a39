"""Cells that a spreadsheet would run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv.guards import guarded, own, unguarded

nasty = st.text("'=+-@\t\r\n a\ufeff＝", max_size=6)


@given(st.text() | nasty)
def test_what_was_guarded_comes_back(cell: str) -> None:
    """The way back is exact, whatever the cell, and however often it was gone."""
    assert unguarded(guarded(cell)) == cell
    assert unguarded(unguarded(guarded(guarded(cell)))) == cell


@given(st.text() | nasty)
def test_nothing_guarded_begins_a_formula(cell: str) -> None:
    """What was guarded begins with no character that a spreadsheet takes for a formula."""
    assert not guarded(cell).lstrip().startswith(("=", "+", "-", "@"))
    assert not guarded(cell).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("cell", ["=1+1", "+49 170", "-5", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n", "＝1", "'=1", "\t"])
def test_each_dangerous_beginning_is_guarded(cell: str) -> None:
    """All six beginnings of formulas, their wide forms and hidden ones get an apostrophe."""
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "ada", "a=b", "'t Hooft", "O'Brien", "ada@example.com", "0-1", "'", " "])
def test_harmless_cells_stay(cell: str) -> None:
    """Everything else is written as it is, and an apostrophe in it is nobody's guard."""
    assert guarded(cell) == unguarded(cell) == cell


def test_our_own_files_are_known_by_a_column() -> None:
    """A file is ours where one of its columns is."""
    assert own(["username", "headway.row"])
    assert not own(["username", "headways"])
