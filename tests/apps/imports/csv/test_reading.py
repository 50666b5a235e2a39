"""Rows as a stream, from any place in a file."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv import lines
from headway.apps.imports.csv.bounds import Bounds
from headway.apps.imports.csv.dialects import Format, Place
from headway.apps.imports.csv.problems import COLUMNS, ENCODING, NUL, SIZE_LIMIT_EXCEEDED, UNCLOSED_QUOTE, Refused
from headway.apps.imports.csv.reading import Reader, Row
from tests.apps.imports.csv.files import HEADER, reader, resumed, spelled

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "gb18030")
SMALL = Bounds(record_bytes=64, field_characters=20)

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
nasty = st.text("a,\"' ;\n\r\tä\\=", max_size=8)
rows = st.lists(st.lists(cells | nasty, min_size=3, max_size=3).filter(any), min_size=1, max_size=12)
formats = st.builds(
    Format,
    encoding=st.sampled_from(("utf-8", "utf-16-le", "utf-16-be", "gb18030")),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    header=st.just(HEADER),
)


@given(rows, formats, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 40), st.booleans())
def test_what_was_written_is_read(
    table: list[list[str]], format: Format, newline: str, block: int, every: bool
) -> None:
    """Whatever the cells, the encoding, the newlines and the blocks, the rows that were written are read."""
    data = spelled(table, format, newline, every=every)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", 2 * block)  # so that blocks end everywhere
        read = [*Reader(io.BytesIO(data), format)]

    assert [row.cells for row in read] == table
    assert [row.problem for row in read] == [None] * len(table)
    assert [row.number for row in read] == [*range(1, len(table) + 1)]
    assert read[-1].end == len(data)


broken = st.lists(st.sampled_from([*b'\x00\xd8\xdc\xff\n\r\x81,"0']), max_size=40).map(bytes)
"""Halves of characters and of line breaks."""


@given(broken | st.text('a,"\n\r ä\0', max_size=200).map(str.encode), st.sampled_from(ENCODINGS))
def test_a_reader_that_starts_at_a_row_reads_what_follows(data: bytes, encoding: str) -> None:
    """From any row of any file, broken ones too, a reader yields exactly the rows that straight reading yields."""
    straight = reader(data, bounds=SMALL, encoding=encoding)
    read = [*straight]

    for index, row in enumerate(read):
        assert resumed(straight, row) == read[index:]
        assert [*Reader(straight._source, straight.format, row.after, SMALL)] == read[index + 1 :]


@given(st.text('ab,"\n\r\\ ', max_size=300), st.sampled_from(ENCODINGS), st.integers(1, 20))
def test_blocks_make_no_difference(text: str, encoding: str, block: int) -> None:
    """How the file is cut into blocks changes no row, no place and no problem."""
    straight = reader(text.encode(encoding), bounds=SMALL, encoding=encoding)
    read = [*straight]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", 2 * block)

        assert [*straight] == read


@given(st.lists(st.sampled_from(["a,b,c\n", '"x\ny",b,c\r\n', "\n", ",,\n", "a\n"]), max_size=20))
def test_places_lead_back_to_the_bytes(parts: list[str]) -> None:
    """A row's bytes begin where it says, and its line is the one an editor shows."""
    data = "".join(parts).encode()

    for row in reader(data):
        raw = data[row.offset : row.end]
        assert raw.decode().startswith(("a,b,c", '"x', "a"))
        assert row.line == data[: row.offset].count(b"\n") + 1
        assert row.lines == raw.count(b"\n")


def test_blank_lines_are_no_rows() -> None:
    """Blank lines, lines of spaces and rows of empty cells are skipped, and not counted."""
    read = [*reader(b"\n  \na,b,c\n,,\n\r\nd,e,f")]

    assert [(row.number, row.line, row.cells) for row in read] == [(1, 3, ["a", "b", "c"]), (2, 6, ["d", "e", "f"])]


def test_a_short_row_is_named() -> None:
    """A row with too few columns says which one it is, how many it has, and of how many."""
    header = [f"column {number}" for number in range(50)]
    data = spelled([["x"] * 50] * 16 + [["x"] * 3, ["y"] * 50], Format())

    read = [*reader(data, header)]

    assert read[16].problem is not None
    assert read[16].problem.code == COLUMNS
    assert read[16].problem.message == "Row 17 has 3 columns instead of 50 (line 17)."
    assert read[17].problem is None


def test_a_long_row_is_named() -> None:
    """A row with too many columns is one, unless what is too much is empty."""
    read = [*reader(b"a,b,c,d\na,b,c,,\n")]

    assert [row.problem and row.problem.message for row in read] == [
        "Row 1 has 4 columns instead of 3 (line 1).",
        None,
    ]
    assert read[1].cells == ["a", "b", "c"]


def test_a_row_over_several_lines_suspects_a_quote() -> None:
    """A row of the wrong width that spans lines says where it begins and ends, and what may be the matter."""
    [row, _] = reader(b'a,"b\nc,d\n e",f,g\nh,i,j\n')

    assert row.problem is not None
    assert row.problem.message == "Row 1 has 4 columns instead of 3 (lines 1 to 3: is a quote not closed?)."


def test_a_long_field_is_named() -> None:
    """A cell of more than 10,000 characters is refused with its column and line; the next row is read."""
    data = spelled([["ada", "x" * 10_000, "y"], ["bob", "x" * 10_001, "y"], ["cyd", "", ""]], Format())

    read = [*reader(data)]

    assert [row.problem and row.problem.code for row in read] == [None, SIZE_LIMIT_EXCEEDED, None]
    assert read[1].problem is not None
    assert read[1].problem.message == "email has 10,001 characters in line 2; 10,000 are the most."


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_quote_that_never_closes_is_named(encoding: str) -> None:
    """The line and column where it opened are told, its line is the row, and the rows after it are read."""
    text = 'a,b,c\r\n"d","e","f\ng,h,i\n' + "j,k,l\n" * 20_000
    read = [*reader(text.encode(encoding), encoding=encoding)]

    assert read[1].problem is not None
    assert read[1].problem.code == UNCLOSED_QUOTE
    assert read[1].problem.message == "Row 2: the quote that opens in line 2, column 3 is never closed."
    assert [row.cells for row in read[2:4]] == [["g", "h", "i"], ["j", "k", "l"]]
    assert len(read) == 20_003


def test_a_quote_that_opens_later_in_its_row() -> None:
    """Where a row has quoted line breaks before it, the line of the open quote is told, not that of the row."""
    [row, *_] = reader(b'"a\nb\nc","d\ne\nf\n')

    assert row.problem is not None
    assert "opens in line 3, column 2" in row.problem.message


def test_an_endless_line_is_one_row() -> None:
    """A line without an end is skipped in bounded memory, whatever the size of the file."""
    data = b"a,b,c\n" + b"x" * 8_000_000 + b"\nd,e,f\n"
    source = reader(data)

    tracemalloc.start()
    try:
        read = [*source]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [row.cells for row in read] == [["a", "b", "c"], [], ["d", "e", "f"]]
    assert read[1].problem is not None
    assert read[1].problem.message == "Row 2 (line 2) is longer than 131,072 bytes."
    assert peak < 4_000_000


def test_a_runaway_quote_takes_no_memory() -> None:
    """What an open quote swallows is bounded, however much follows."""
    source = reader(b'a,b,"c\n' + b"d,e,f\n" * 2_000_000)

    tracemalloc.start()
    try:
        first = next(iter(source))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert first.problem is not None
    assert first.problem.code == UNCLOSED_QUOTE
    assert peak < 16_000_000


def test_too_many_rows_without_an_end_are_refused() -> None:
    """Where quotes obviously mean something else, the file is given up, with a place."""
    data = (b'a,b,"' + b"c" * 100 + b"\n") * 21

    with pytest.raises(Refused, match="More than 10 rows have no end") as refused:
        [*reader(data, bounds=Bounds(record_bytes=64, broken=10))]

    assert refused.value.details["line"] == 12


def test_bytes_of_another_encoding_are_named() -> None:
    """A row with bytes that are no UTF-8 says which byte and where, and can still be seen; others are not touched."""
    read = [*reader("a,b,ä\n".encode() + b"a,b,M\xfcller\n" + b"d,e,f\n")]

    assert read[1].problem is not None
    assert read[1].problem.code == ENCODING
    assert "0xFC at offset 12" in read[1].problem.message
    assert read[1].cells == ["a", "b", "M�ller"]
    assert [row.problem for row in (read[0], read[2])] == [None, None]


def test_nul_is_named() -> None:
    """A NUL in a row makes it that row's problem."""
    read = [*reader(b"a,b,c\na,\0,c\n")]

    assert [row.problem and row.problem.code for row in read] == [None, NUL]


def test_a_file_is_closed_when_nobody_reads_on(tmp_path: Path) -> None:
    """A reader that is left in the middle leaves no file open."""
    path = tmp_path / "users.csv"
    path.write_bytes(b"a,b,c\n" * 10)

    for row in Reader(path, Format(header=HEADER)):
        if row.number == 3:
            break

    assert row.after == Place(18, 4, 4)


def test_spaces_before_quotes() -> None:
    """Where delimiters are followed by spaces, quotes after them are quotes."""
    [row] = reader(b'a, "b, c", d\n', spaced=True)

    assert row.cells == ["a", "b, c", "d"]


def test_rows_know_their_place() -> None:
    """A row's place and the one after it are values that travel as JSON."""
    row = Row(7, 9, 120, ["a"], None, 150, 2)

    assert Place.of(row.place.spelled()) == Place(120, 7, 9)
    assert row.after == Place(150, 8, 11)
