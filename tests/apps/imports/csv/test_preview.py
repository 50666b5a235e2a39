"""The first rows as they would arrive."""

from __future__ import annotations

from headway.apps.imports.csv.building import Builder
from headway.apps.imports.csv.checking import Checker
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import Mapping
from headway.apps.imports.csv.preview import HIDDEN, Column, preview
from headway.apps.imports.csv.validating import Validator
from tests.apps.imports.csv.files import reader

HEADER = ("Login", "Geheim", "Password", "Mail")
DATA = b"ada,s3cret,other1,ada@example.com\nbob,hunter2,other2,no\ncyd,,,\n"


def test_rows_rates_and_problems() -> None:
    """The first rows are shown with their values and problems, each column with its rate, and problems are counted."""
    mapping = Mapping((("Login", "username"), ("Geheim", "password"), ("Mail", "email")))
    shown = preview(reader(DATA, HEADER), Checker(Builder(mapping, HEADER), Validator(), Usernames()), rows=2)

    assert [row.values["username"] for row in shown.rows] == ["ada", "bob"]
    assert [len(row.problems) for row in shown.rows] == [0, 1]
    assert shown.columns[0] == Column("Login", 1.0, ("ada", "bob", "cyd"))
    assert shown.columns[3].filled == 2 / 3
    assert (shown.looked_at, shown.codes) == (3, {"INVALID_VALUE": 1})


def test_no_password_is_shown() -> None:
    """A column that is mapped to the password, or only called so, shows nothing of its cells."""
    mapping = Mapping((("Login", "username"), ("Geheim", "password"), ("Mail", "email")))
    shown = preview(reader(DATA, HEADER), Checker(Builder(mapping, HEADER), Validator(), Usernames()))

    assert shown.rows[0].values["password.value"] == HIDDEN
    for secret in ("s3cret", "hunter2", "other1", "other2"):
        assert secret not in repr(shown)
