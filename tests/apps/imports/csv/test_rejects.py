"""The rows that failed, and their way back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.problems import Problem
from headway.apps.imports.csv.reading import Reader, Row
from headway.apps.imports.csv.rejects import COLUMNS, Rejects
from tests.apps.imports.csv.appender import row as written

HEADER = ("username", "email", "name.given")
BAD = Problem("INVALID_VALUE", "email", "email must be a well-formed email address")
WORSE = Problem("REQUIRED_VALUE", "username", "username is required and empty")

files = settings(deadline=None, max_examples=50)  # each syncs a file, which takes what a disk takes
nasty = st.text("=+-@'\t\r\n\",; aä", max_size=8)
originals = st.lists(st.lists(nasty, min_size=1, max_size=5).filter(any), min_size=1, max_size=8)


def failed(number: int, cells: list[str]) -> Row:
    """A row as a reader yields it."""
    return Row(number, number + 1, 0, cells, None, 0, 1)


def test_a_row_and_its_reasons(tmp_path: Path) -> None:
    """The reasons stand before the row, which is as it was; several share its line."""
    path = tmp_path / "rejects.csv"
    with Rejects(path, HEADER, run="run-1") as rejects:
        rejects.write(failed(17, ["", "=1", " Ada"]), [WORSE, BAD], "c0ffee")

    head, line = path.read_text("utf-8-sig").splitlines()
    assert head == ",".join((*COLUMNS, *HEADER))
    assert line == (
        "run-1,17,REQUIRED_VALUE; INVALID_VALUE,username; email,"
        "username is required and empty; email must be a well-formed email address,c0ffee,,'=1, Ada"
    )


@files
@given(originals, st.sampled_from([",", ";", "\t"]))
def test_importing_the_rejects_reads_the_rows_as_they_were(cells: list[list[str]], delimiter: str) -> None:
    """Read again, every row has the cells it had, too few and too many ones too, and our columns are ignored."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rejects.csv"
        with Rejects(path, HEADER, delimiter=delimiter) as rejects:
            for number, row in enumerate(cells, 1):
                rejects.write(failed(number, row), [BAD], "+1")
        format = detect(path)
        read = [*Reader(path, format)]

    ours = len(COLUMNS)
    expected = [_without_empty_end(row) for row in cells]
    assert [row.cells[ours:] for row in read] == expected
    assert [row.problem is None for row in read] == [len(row) == len(HEADER) for row in expected]
    assert propose(format.header).mapping.columns == (
        *((name, None) for name in COLUMNS),
        *((name, name) for name in HEADER),
    )


def _without_empty_end(cells: list[str]) -> list[str]:
    kept = [*cells]
    while len(kept) > len(HEADER) and not kept[-1]:
        kept.pop()
    return kept


def test_rejects_of_rejects_have_our_columns_once(tmp_path: Path) -> None:
    """A row that fails again has its new reason alone."""
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    with Rejects(first, HEADER) as rejects:
        rejects.write(failed(5, ["ada", "no", "+A"]), [BAD], "one")
    format = detect(first)
    with Rejects(second, format.header, run="run-2") as rejects:
        for row in Reader(first, format):
            rejects.write(row, [WORSE], "two")

    assert detect(second).header == (*COLUMNS, *HEADER)
    [again] = Reader(second, detect(second))
    assert again.cells == ["run-2", "1", WORSE.code, WORSE.field, WORSE.message, "two", "ada", "no", "+A"]


def test_a_spreadsheet_may_save_it_otherwise(tmp_path: Path) -> None:
    """Saved with semicolons in Windows' encoding and without the mark, the file is still known as ours."""
    path = tmp_path / "rejects.csv"
    with Rejects(path, HEADER, delimiter=";") as rejects:
        rejects.write(failed(1, ["zoë", "zoë@example.com", "+Zoë"]), [BAD])
    path.write_bytes(path.read_text("utf-8-sig").encode("cp1252"))

    [row] = Reader(path, detect(path))

    assert row.cells[-3:] == ["zoë", "zoë@example.com", "+Zoë"]


def test_columns_may_be_left_out(tmp_path: Path) -> None:
    """A column that is not to leave the machine is in no line of the file."""
    path = tmp_path / "rejects.csv"
    with Rejects(path, ("username", "password", "email"), without=["password"]) as rejects:
        rejects.write(failed(1, ["ada", "s3cret", "no"]), [BAD])

    assert "s3cret" not in path.read_text("utf-8-sig")
    assert detect(path).header == (*COLUMNS, "username", "email")


def test_what_was_flushed_outlives_the_process(tmp_path: Path) -> None:
    """After a flush the file on the disk has every byte that was written."""
    path = tmp_path / "rejects.csv"
    with Rejects(path, HEADER) as rejects:
        rejects.write(failed(1, ["ada", "no", "A"]), [BAD])
        rejects.flush()

        assert path.stat().st_size == rejects.length


@pytest.mark.slow
def test_a_killed_writer_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed at any moment and opened at the last length it told, the file has each row once, and whole."""
    path = tmp_path / "rejects.csv"
    command = [sys.executable, "-m", "tests.apps.imports.csv.appender", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(40)]
        process.kill()
        told += process.stdout.readlines()
    number, length = map(int, [line for line in told if line.endswith("\n")][-1].split())

    with Rejects(path, ("username", "note"), length=length) as rejects:
        for following in range(number + 1, number + 10):
            rejects.write(written(following), [BAD], f"id-{following}")

    rows = [*Reader(path, detect(path))]
    assert [int(row.cells[1]) for row in rows] == [*range(1, number + 10)]
    assert [row.cells[-2:] for row in rows] == [written(row.number).cells for row in rows]
