"""What a file is that is no CSV, by its first bytes, and what to do with it."""

from __future__ import annotations

from typing import Final

__all__ = ["other_kind"]

_SAVE: Final = "open it and save it as CSV (UTF-8)"
_UNPACK: Final = "unpack it first"
_TEXT: Final = "export the users as CSV"

_KINDS: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office document", _SAVE),
    (b"%PDF-", "a PDF document", _TEXT),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", _TEXT),
    (b"\xff\xd8\xff", "a JPEG picture", _TEXT),
    (b"GIF8", "a GIF picture", _TEXT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"SQLite format 3\x00", "an SQLite database", _TEXT),
    (b"PAR1", "a Parquet file", _TEXT),
    (b"\x7fELF", "a program", _TEXT),
    (b"{\\rtf", "a rich-text document", _SAVE),
)

_IN_ZIP: Final = (
    (b"xl/", "an Excel workbook", _SAVE),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet", _SAVE),
    (b"Index/", "a Numbers document", _SAVE),
    (b"word/", "a Word document", _TEXT),
    (b"ppt/", "a PowerPoint document", _TEXT),
    (b"[Content_Types].xml", "an Office document, probably an Excel workbook", _SAVE),
)

_MARKUP: Final = (
    ((b"<!doctype html", b"<html"), "an HTML page", "download the file itself, not the page that shows it"),
    ((b"<?xml", b"<"), "an XML document", _TEXT),
    ((b"{", b'["', b"[{"), "a JSON document", _TEXT),
)


def other_kind(head: bytes) -> str | None:
    """A sentence naming what the file is and what to do; None where it may well be a CSV file."""
    found = _binary(head) or _markup(head)
    return f"This is {found[0]}, not a CSV file; {found[1]}." if found else None


def _binary(head: bytes) -> tuple[str, str] | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next(((kind, advice) for mark, kind, advice in _IN_ZIP if mark in head), ("a ZIP archive", _UNPACK))
    return next(((kind, advice) for mark, kind, advice in _KINDS if head.startswith(mark)), None)


def _markup(head: bytes) -> tuple[str, str] | None:
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    return next(((kind, advice) for marks, kind, advice in _MARKUP if begin.startswith(marks)), None)
