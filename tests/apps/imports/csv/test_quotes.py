"""Where a quote opened that never closed."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv.dialects import Format, reader_of
from headway.apps.imports.csv.quotes import opening


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('a,b,"c', (0, 3)),
        ('"a""b', (0, 1)),
        ('"a"" ",b,"c\nd', (0, 3)),
        ('"a\nb\nc",d,"e', (2, 3)),
        ('a"b,c', None),
        ('"a",b', None),
        ('"a"b"c,d', None),
    ],
)
def test_the_quote_that_is_open(text: str, found: tuple[int, int] | None) -> None:
    """The line and column of the quote that is open at the end; quotes inside a cell open nothing."""
    assert opening(text.splitlines(keepends=True), Format()) == found


@given(st.text('a,"\n \\', max_size=30), st.booleans(), st.sampled_from([None, "\\"]))
def test_it_agrees_with_the_reader(text: str, spaced: bool, escape: str | None) -> None:
    """It finds an open quote exactly where the standard library's reader misses the end of one."""
    format = Format(spaced=spaced, escape=escape)
    record = _first_record(text, format)
    strict = csv.reader(record, delimiter=",", quotechar='"', escapechar=escape, skipinitialspace=spaced)
    ended = len([*reader_of([*record, "z\n"], format)]) > len([*strict]) or not record

    assert (opening(record, format) is None) == ended or _ends_escaped(record, escape)


def _first_record(text: str, format: Format) -> list[str]:
    lines = text.splitlines(keepends=True)
    reader = reader_of(lines, format)
    next(reader, None)
    record = lines[: reader.line_num]
    return record if not record or record[-1].endswith("\n") else [*record[:-1], f"{record[-1]}\n"]


def _ends_escaped(record: list[str], escape: str | None) -> bool:
    """An escaped line break goes on in the next line, without a quote."""
    return escape is not None and f"{escape}\n" in "".join(record)
