"""How a file is spelled, or why it is none."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv.bounds import Bounds
from headway.apps.imports.csv.detecting import DELIMITERS, detect
from headway.apps.imports.csv.dialects import Format, Place
from headway.apps.imports.csv.problems import Refused
from headway.apps.imports.csv.reading import Reader

HEADER = "username,email,name.given\n"

NAMES = {
    "cp1252": ["Müller", "Gonçalves", "Ångström", "Françoise", "Núñez", "Jürgen", "Désirée", "Søren"],
    "cp1250": ["Wałęsa", "Dvořák", "Łukasz", "Žižka", "Kovács", "Őrség", "Święty", "Grzegrzółka"],
    "cp1251": ["Иванов", "Смирнова", "Кузнецов", "Попова", "Владимир", "Екатерина", "Дмитрий", "Наталья"],
    "cp932": ["佐藤太郎", "鈴木一郎", "高橋花子", "田中さくら", "渡辺", "伊藤", "山本", "中村"],
}


def found(data: bytes, **known: str) -> Format:
    """What a file of these bytes is."""
    return detect(io.BytesIO(data), **known)  # type: ignore[arg-type]  # the names of detect's own options


def refused(data: bytes, **known: str) -> Refused:
    """Why a file of these bytes is none."""
    with pytest.raises(Refused) as caught:
        found(data, **known)
    return caught.value


def cells(data: bytes) -> list[list[str]]:
    """The rows of a file of these bytes."""
    return [row.cells for row in Reader(io.BytesIO(data), found(data))]


def test_a_plain_file() -> None:
    """UTF-8 with commas is known by its header, and its first row by the byte where it begins."""
    data = (HEADER + "ada,ada@example.com,Ada\n").encode()

    assert found(data) == Format(header=("username", "email", "name.given"), body=Place(len(HEADER), 1, 2))


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimiters_newlines_and_marks(delimiter: str, newline: str, encoding: str) -> None:
    """Every delimiter, newline and Unicode encoding is recognised, with its mark and without, quoted lines too."""
    rows = [["username", "note"], ["ada", f'"a{newline}b{delimiter} c"'], ["bob", "Zoë"]]
    data = newline.join(delimiter.join(row) for row in rows).encode(encoding)

    assert found(data).header == ("username", "note")
    assert cells(data) == [["ada", f"a{newline}b{delimiter} c"], ["bob", "Zoë"]]


def test_commas_inside_cells_do_not_win() -> None:
    """A semicolon file whose cells hold more commas than it has semicolons is one of semicolons."""
    data = b"Login;Full Name;Remarks\nada;Lovelace, Ada;a, b, c, d\nbob;Builder, Bob;e, f, g, h\n"

    assert found(data).delimiter == ";"


@pytest.mark.parametrize("encoding", list(NAMES))
def test_older_encodings_are_guessed(encoding: str) -> None:
    """Names of several languages in encodings that spreadsheets still write are read right, and marked as a guess."""
    names = NAMES[encoding]
    text = HEADER + "".join(f"user{number},u{number}@example.com,{name}\n" for number, name in enumerate(names * 3))
    data = text.encode(encoding)

    assert found(data).guessed
    assert [row[2] for row in cells(data)] == names * 3


def test_one_umlaut_is_western() -> None:
    """A single byte that is no UTF-8 is taken for Windows' Western encoding, wherever it is in the file."""
    data = (HEADER + "ada,a@example.com,Ada\n" * 100_000 + "bob,b@example.com,Müller\n").encode("cp1252")

    assert found(data).encoding == "cp1252"


def test_a_broken_byte_in_utf8_is_still_utf8() -> None:
    """One bad row in a file of UTF-8 makes it no other encoding: that row has the problem."""
    data = (HEADER + "ada,a@example.com,Zoë\n" * 10).encode() + b"bob,b@example.com,M\xfcller\n"

    assert found(data).encoding == "utf-8"


def test_somebody_knows_better() -> None:
    """An encoding and a delimiter that were chosen are taken."""
    data = "username|a;b|c;d\nada|М|;\n".encode("koi8_r")

    format = found(data, encoding="KOI8-R", delimiter="|")

    assert (format.encoding, format.delimiter, format.guessed) == ("koi8-r", "|", False)


def test_the_wrong_encoding_is_told_with_its_place() -> None:
    """Who insists on UTF-8 is told the byte, its offset and its line."""
    error = refused((HEADER + "ada,a@example.com,M").encode() + b"\xfcller\n", encoding="utf-8")

    assert error.reason == "encoding"
    assert str(error) == "Line 2: Byte 0xFC at offset 45 is no UTF-8; save the file as UTF-8."


@pytest.mark.parametrize("name", ["utf-7", "nonsense", "rot13", "cp037", "utf-32", "\0", "zlib"])
def test_encodings_that_are_none(name: str) -> None:
    """What is no encoding of text with ASCII's line breaks is refused by its name."""
    assert refused(HEADER.encode(), encoding=name).reason == "encoding"


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n  \n", b"\xff\xfe", b",,,\n,,,\n", b"\xff\xfe\n\x00"])
def test_empty_files(data: bytes) -> None:
    """A file with nothing in it is called empty."""
    assert str(refused(data)) == "The file is empty."


def office(member: str) -> bytes:
    """A file as office programs write them."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "x" * 100)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (office("xl/workbook.xml"), "an Excel workbook"),
        (office("word/document.xml"), "a Word document"),
        (office("other"), "an Office document"),
        (b"PK\x03\x04" + b"\0" * 60, "a ZIP archive"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "an old Excel workbook"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
        (b"SQLite format 3\0" + b"\0" * 80, "an SQLite database"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><html>", "an HTML page"),
        (b'<?xml version="1.0"?><users/>', "an XML document"),
        (b'[{"username": "ada"}]', "a JSON document"),
    ],
)
def test_other_kinds_of_file_are_named(data: bytes, kind: str) -> None:
    """What is no CSV is named, with what to do instead."""
    error = refused(data)

    assert error.reason == "binary"
    assert str(error).startswith(f"This is {kind}")
    assert "; " in str(error)


def test_random_bytes_are_no_file() -> None:
    """NUL bytes are told with their line and offset."""
    error = refused(b"username,email\nada,a\0b\n")

    assert error.details == {"reason": "nul", "line": 2, "offset": 20}


def test_one_endless_line_is_no_file() -> None:
    """A large file without a line break is refused after its beginning was read."""
    error = refused(b"x" * 400_000)

    assert str(error) == "Line 1 is longer than 262,144 bytes: this is not a CSV file."


def test_a_file_without_a_header() -> None:
    """A first line that looks like a user is no header, and the sentence says what to write above it."""
    error = refused(b"ada,ada@example.com,Ada,Lovelace\nbob,bob@example.com,Bob,Builder\n")

    assert error.reason == "no-header"
    assert str(error).startswith("There is no header: line 1 looks like a user. Put a first line")
    assert "username,email" in str(error)


def test_a_file_of_one_column() -> None:
    """One column is refused with the line, unless it is enough."""
    data = b"username\nada\n"

    assert refused(data).reason == "one-column"
    assert detect(io.BytesIO(data), least_columns=1).header == ("username",)


def test_a_header_alone() -> None:
    """A header without rows is refused."""
    assert refused(b"username,email\n\n").reason == "no-rows"


def test_a_file_that_is_too_large() -> None:
    """A file beyond the bound is refused with both sizes before anything of it is read."""
    with pytest.raises(Refused, match=r"The file has 2\.0 MB; 1\.0 MB are the most\. Split it") as caught:
        detect(io.BytesIO(b"a" * 2**21), bounds=Bounds(file_bytes=2**20))

    assert caught.value.reason == "too-large"


def test_a_2_gb_file_is_refused_at_once(tmp_path: Path) -> None:
    """Two gigabytes are refused without reading them."""
    path = tmp_path / "users.csv"
    with path.open("wb") as file:
        file.truncate(2**31)

    with pytest.raises(Refused, match=r"The file has 2\.0 GB; 1\.0 GB are the most"):
        detect(path)


def test_blank_lines_and_names_above_the_rows() -> None:
    """Blank lines above the header are skipped, and empty names at its end are dropped."""
    data = b"\n\n username , email ,,\nada,a@example.com,,\n"

    assert found(data).header == ("username", "email")
    assert found(data).body == Place(len(data) - len(b"ada,a@example.com,,\n"), 1, 4)
    assert cells(data) == [["ada", "a@example.com"]]


def test_excels_own_first_line() -> None:
    """`sep=;` says the delimiter and is no header."""
    data = b"sep=;\r\nusername;a,b,c,d\r\nada;e,f,g,h\r\n"

    assert (found(data).header, found(data).body.line) == (("username", "a,b,c,d"), 3)
    assert cells(data) == [["ada", "e,f,g,h"]]


def test_quotes_of_other_kinds() -> None:
    """Apostrophes as quotes, backslashes before quotes and spaces before them are seen in the sample."""
    assert cells(b"'username','note'\n'ada','a,b'\n'bob','it''s'\n")[0] == ["ada", "a,b"]
    assert cells(b'username,note\nada,"a \\"b\\", c"\n') == [["ada", 'a "b", c']]
    assert cells(b'username, note\nada, "a, b"\n') == [["ada", "a, b"]]


def test_an_apostrophe_in_a_name_is_no_quote() -> None:
    """A name that begins with an apostrophe stays as it is."""
    assert cells(b"username,name\nada,'t Hooft\nbob,O'Brien\n") == [["ada", "'t Hooft"], ["bob", "O'Brien"]]


def test_our_own_files_are_not_guessed_at() -> None:
    """A file with a column of ours has double quotes and nothing else, whatever its cells look like."""
    format = found(b"headway.row,username,note\r\n1,'a','b'\r\n2,'c','d'\r\n3,e,\" \\, \"\"\r\n4,f, \"g\r\n")

    assert (format.quote, format.escape, format.spaced, format.guarded) == ('"', None, False, True)


def test_a_files_format_travels_as_json() -> None:
    """A format comes back from JSON as it was."""
    format = found(b"username;email\nada;a@example.com\n")

    assert Format.of(format.spelled()) == format


@given(st.binary(max_size=300))
def test_any_bytes_are_a_file_or_refused(data: bytes) -> None:
    """Whatever the bytes, there is a format whose rows can be read, or a sentence."""
    sentence = ""
    try:
        assert [*Reader(io.BytesIO(data), found(data))]
    except Refused as refusal:
        sentence = str(refusal)

    assert not sentence or sentence.endswith(".")
