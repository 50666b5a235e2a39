"""One row and everything that can be known about it."""

from __future__ import annotations

from headway.apps.imports.csv.building import Builder
from headway.apps.imports.csv.checking import Checked, Checker
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.problems import COLUMNS, DUPLICATE, INVALID_VALUE
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.validating import Validator
from tests.apps.imports.csv.files import HEADER, reader

FILE = reader(b"ada,ada@example.com,Ada\nbob,bob,Bob\nAda,other@example.com,A\nshort\nBOB,,\ncyd,cyd@example.com,C\n")


def checker() -> Checker:
    """One for a file of three columns."""
    return Checker(Builder(propose(HEADER).mapping, HEADER), Validator(), Usernames())


def codes(checked: Checked) -> list[str]:
    """What is wrong with a row."""
    return [problem.code for problem in checked.problems]


def test_rows_are_checked_in_order() -> None:
    """Each row has its values and its problems, from whichever step; the first row of a name is named."""
    checked = [*checker().checked(FILE)]

    assert [codes(one) for one in checked] == [[], [INVALID_VALUE], [DUPLICATE], [COLUMNS], [DUPLICATE], []]
    assert [one.duplicate_of for one in checked] == [None, None, 1, None, 2, None]
    assert checked[2].problems[0].message == "“Ada” is the username of row 1 already."
    assert (checked[0].username, checked[3].username) == ("ada", None)


def test_a_run_that_begins_in_the_middle_finds_the_same() -> None:
    """From any row, once the earlier usernames are recalled, the rest of the file is checked alike."""
    straight = [*checker().checked(FILE)]

    for index, one in enumerate(straight):
        later = checker()
        later.recall(FILE, until=one.row.number)
        rest = Reader(FILE._source, FILE.format, one.row.place)
        assert [*later.checked(rest)] == straight[index:]


def test_only_earlier_rows_are_recalled() -> None:
    """The row at which a run begins, and those after it, are no reason to call it a duplicate."""
    file = reader(b"ada,,\nada,,\nada,,\n")
    later = checker()

    later.recall(file, until=1)

    assert [one.duplicate_of for one in later.checked(file)] == [None, 1, 1]
