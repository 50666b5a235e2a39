"""Passwords in places where no column says that there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.apps.imports.csv.building import Builder
from headway.apps.imports.csv.checking import Checker
from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import Mapping
from headway.apps.imports.csv.problems import Refused
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.schema import STANDARD
from headway.apps.imports.csv.validating import Validator
from headway.apps.imports.csv.veils import HIDDEN, secret_columns, swallowed, veiled

HEADER = "username,email,first name,password,title\n"
PASSWORD = "Correct-horse-1!"


def rows(path: Path, text: str, header: str = HEADER) -> list[list[str]]:
    """The cells of each row as they may be seen."""
    path.write_text(header + text)
    format = detect(path)
    secret = secret_columns(format.header)
    return [veiled(row, len(format.header), secret) for row in Reader(path, format)]


@pytest.mark.parametrize(
    "text",
    [
        f"ada,a@example.com,Ada,{PASSWORD},Dr\n",
        f"ada,a@example.com,Lovelace, Ada,{PASSWORD},Dr\n",
        f"ada,a@example.com,{PASSWORD},Dr\n",
        f"ada,{PASSWORD}\n",
        f"{PASSWORD}\n",
        f'"ada,a@example.com,Ada,{PASSWORD},Dr\nbob,b@example.com,Bob,{PASSWORD},Mr\n',
        f'ada,"a@example.com,Ada,{PASSWORD},Dr\nbob,"b@example.com,Bob,{PASSWORD},Mr\n',
        f'ada,a@example.com,Ada,{PASSWORD},"Dr\nbob,b@example.com,Bob,{PASSWORD},Mr"\n',
        f"ada,a@example.com,Ada,{'x' * 200_000}{PASSWORD},Dr\n",
    ],
)
def test_a_password_is_not_seen_wherever_it_stands(tmp_path: Path, text: str) -> None:
    """Not where a cell is missing or one too many, nor where a quote swallowed it."""
    shown = rows(tmp_path / "users.csv", text)

    assert PASSWORD not in str(shown)
    assert shown


def test_what_cannot_be_a_password_is_seen(tmp_path: Path) -> None:
    """So that a row can be mended; and it has as many cells as before."""
    shown = rows(
        tmp_path / "users.csv", f"ada,a@example.com,Ada,B,{PASSWORD},Dr\nbob,b@example.com,{PASSWORD},Mr\neve,,,,\n"
    )

    assert shown == [
        ["ada", "a@example.com", "Ada", HIDDEN, HIDDEN, HIDDEN],
        ["bob", "b@example.com", HIDDEN, HIDDEN],
        ["eve", "", "", "", ""],
    ]


def test_an_address_on_two_lines_is_seen(tmp_path: Path) -> None:
    """A line break alone says nothing."""
    text = f'ada,a@example.com,"Ada\nAugusta",{PASSWORD},Dr\n'

    assert rows(tmp_path / "users.csv", text) == [["ada", "a@example.com", "Ada\nAugusta", HIDDEN, "Dr"]]


def test_without_passwords_everything_is_seen(tmp_path: Path) -> None:
    """There is nothing to hide."""
    assert rows(tmp_path / "users.csv", "ada\n", header="username,email\n") == [["ada"]]
    assert not swallowed(["a,b\nc,d"], frozenset())


def test_no_sentence_repeats_what_a_quote_swallowed(tmp_path: Path) -> None:
    """The row is told to be two, and its username is nobody's."""
    path = tmp_path / "users.csv"
    path.write_text(f'{HEADER}ada,"a@x,A,{PASSWORD},D\nbob",Bob,{PASSWORD},Mr\n')
    format = detect(path)
    mapping = Mapping((("username", "username"), ("email", "email"), ("password", "password")))
    checker = Checker(Builder(mapping, format.header), Validator(STANDARD), Usernames())
    (checked,) = checker.checked(Reader(path, format))

    assert [problem.code for problem in checked.problems] == ["UNCLOSED_QUOTE"]
    assert "lines 2 to 3" in checked.problems[0].message
    assert PASSWORD not in str(checked.problems)
    assert checked.username is None


@pytest.mark.parametrize("text", [f"ada,a@example.com,{PASSWORD}\n", f"ada {PASSWORD}\n", f"{PASSWORD} ada\n"])
def test_a_file_without_a_header_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    """Its first line is somebody."""
    path = tmp_path / "users.csv"
    path.write_text(text * 2)
    with pytest.raises(Refused) as caught:
        detect(path)

    assert "horse" not in str(caught.value)
