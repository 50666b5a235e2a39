"""Where users go. What is asked, and made, the tests of `job` show against a sandbox."""

from __future__ import annotations

from headway.apps.imports.engine.interface import Row
from headway.apps.imports.engine.populations import UNKNOWN, Places


def placed(places: Places, cell: str) -> tuple[str | None, list[str]]:
    """The id that a row with this cell gets, and what is wrong with it."""
    row = Row(1, "ada", {}, population=cell)
    places.place(row)
    return row.body.get("population", {}).get("id"), [fault.code for fault in row.faults]


def test_a_cell_goes_before_the_choice_where_the_rows_say_it() -> None:
    """By id or by name, whatever its case; an empty cell is the choice; what there is not is the row's fault."""
    places = Places("home", column=True, known={"guests": "g-1", "g-1": "g-1"})

    assert placed(places, "Guests ") == ("g-1", [])
    assert placed(places, "G-1") == ("g-1", [])
    assert placed(places, "") == ("home", [])
    assert placed(places, "Nowhere") == (None, [UNKNOWN])


def test_without_a_column_everybody_goes_to_the_choice() -> None:
    """Cells do not count then; without a choice PingOne decides."""
    assert placed(Places("home"), "Guests") == ("home", [])
    assert placed(Places(), "Guests") == (None, [])
