"""Files that no spreadsheet runs and that a crash leaves whole."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.apps.imports.csv.detecting import DELIMITERS, detect
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.writing import Writer
from headway.errors import StorageError

HEADER = ("headway.id", "username", "note")
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
files = settings(deadline=None, max_examples=50)  # each syncs a file, which takes what a disk takes
nasty = st.text("=+-@'\t\r\n\",; a\\", max_size=8)
rows = st.lists(st.lists(cells | nasty, min_size=3, max_size=3).filter(any), min_size=1, max_size=10)


@files
@given(rows, st.sampled_from(DELIMITERS))
def test_what_was_written_is_read(table: list[list[str]], delimiter: str) -> None:
    """Whatever the cells and the delimiter, detection and reading give back what was written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.csv"
        with Writer(path, HEADER, delimiter=delimiter) as writer:
            for row in table:
                writer.write(row)
        format = detect(path)
        read = [row.cells for row in Reader(path, format)]

    assert (format.header, format.delimiter, format.guarded) == (HEADER, delimiter, True)
    assert read == table


@files
@given(rows)
def test_no_cell_of_the_file_is_a_formula(table: list[list[str]]) -> None:
    """What a spreadsheet reads begins with none of the characters that make a formula."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.csv"
        with Writer(path, HEADER) as writer:
            for row in table:
                writer.write(row)
        with path.open(encoding="utf-8-sig", newline="") as file:
            seen = [*csv.reader(file)]

    assert len(seen) == len(table) + 1
    assert not [cell for row in seen for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_a_file_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    """The file begins with UTF-8's mark, and its lines end with CR LF."""
    path = tmp_path / "users.csv"
    with Writer(path, ["a", "b"]) as writer:
        writer.write(["Zoë", "+49 170"])

    assert path.read_bytes() == "\ufeffa,b\r\nZoë,'+49 170\r\n".encode()


def test_an_apostrophe_of_somebody_else_stays(tmp_path: Path) -> None:
    """In a file that is not ours nothing is taken away."""
    path = tmp_path / "users.csv"
    path.write_bytes(b"username,note\nada,'=1\n")

    assert [row.cells for row in Reader(path, detect(path))] == [["ada", "'=1"]]


def test_going_on_after_a_length(tmp_path: Path) -> None:
    """What was written after the kept length is cut off, and what is written again follows it."""
    path = tmp_path / "users.csv"
    writer = Writer(path, HEADER)
    writer.write(["1", "ada", ""])
    kept = writer.sync()
    writer.write(["2", "bob", "half"])
    writer.close()

    with Writer(path, HEADER, length=kept) as again:
        again.write(["3", "cyd", ""])
        length = again.length

    assert [row.cells for row in Reader(path, detect(path))] == [["1", "ada", ""], ["3", "cyd", ""]]
    assert path.stat().st_size == length


def test_a_file_that_lost_its_end(tmp_path: Path) -> None:
    """A file that is shorter than what was kept is not written on."""
    path = tmp_path / "users.csv"
    path.write_bytes(b"short")

    with pytest.raises(StorageError, match=r"users\.csv has 5 bytes and had 100"):
        Writer(path, HEADER, length=100)


def test_a_length_of_nothing_begins_again(tmp_path: Path) -> None:
    """A run that was killed before it kept any length begins the file anew."""
    path = tmp_path / "users.csv"
    path.write_bytes(b"half a hea")

    Writer(path, HEADER, length=0).close()

    assert path.read_bytes() == "\ufeffheadway.id,username,note\r\n".encode()
