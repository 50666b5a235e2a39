"""How a file is spelled; or, in one sentence that says what and where, why it is no CSV file of users.

    empty, binary, too-large, encoding, nul, one-column, no-header, no-rows      the reasons of `Refused`

Nothing but the beginning is looked at (`Bounds.sample_bytes`), except for the encoding, of which the first other than
ASCII character may be anywhere. What a row further down does wrong is that row's problem (`reading`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final

from headway.apps.imports.csv.aliases import ALIASES, normalised
from headway.apps.imports.csv.bounds import Bounds
from headway.apps.imports.csv.dialects import Format, Place, reader_of
from headway.apps.imports.csv.encodings import encoding_named, encoding_of
from headway.apps.imports.csv.guards import own, unguarded
from headway.apps.imports.csv.kinds import other_kind
from headway.apps.imports.csv.lines import Endless, batches
from headway.apps.imports.csv.problems import Refused, shown
from headway.apps.imports.csv.reading import Reader, Row, Source, opened
from headway.apps.imports.csv.schema import READ_ONLY, STANDARD

__all__ = ["DELIMITERS", "detect"]

DELIMITERS: Final = (",", ";", "\t", "|")

_ROWS: Final = 200
"""Rows of the sample that are counted. The first twenty decide; more make sure of it."""

_KNOWN: Final = frozenset({*ALIASES, *(normalised(path) for path in (*STANDARD, *READ_ONLY))})
_DATA: Final = re.compile(
    r"\s*([+(]?\d[\d\s()./:+-]*|\S+@\S+\.\S+|true|false|yes|no|[0-9a-fA-F-]{36}|https?://\S*)\s*", re.I
)
"""What stands in cells, and in no header."""
_SEPARATOR: Final = re.compile("sep=(.)", re.IGNORECASE)
"""Excel's own first line, which says the delimiter."""
_DEFAULT: Final = Bounds()


def detect(
    source: Source,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    least_columns: int = 2,
    bounds: Bounds = _DEFAULT,
) -> Format:
    """How the file is spelled, unless somebody knows better. Raises `Refused`, and `OSError`."""
    with opened(source) as file:
        head = _head(file, bounds)
        spelled = encoding_named(encoding, head) if encoding else encoding_of(file, head)
        sample = _sample(file, spelled.name, spelled.mark, bounds, certain=encoding is not None)
        begin = Place(spelled.mark)
        if said := _SEPARATOR.fullmatch(sample.partition("\n")[0].rstrip("\r")):
            line = sample[: sample.index("\n") + 1] if "\n" in sample else sample
            begin = Place(spelled.mark + len(line.encode(spelled.name)), 1, 2)
            sample, delimiter = sample[len(line) :], delimiter or said[1]
        format = _dialect(Format(spelled.name, guessed=spelled.guessed, body=begin), sample, delimiter)
        return _with_header(file, format, least_columns, bounds)


def _head(file: BinaryIO, bounds: Bounds) -> bytes:
    size = file.seek(0, io.SEEK_END)
    if size > bounds.file_bytes:
        message = f"The file has {_size(size)}; {_size(bounds.file_bytes)} are the most. Split it, header included."
        raise Refused("too-large", message)
    file.seek(0)
    head = file.read(bounds.sample_bytes)
    if kind := other_kind(head):
        raise Refused("binary", kind, line=1, offset=0)
    return head


def _size(count: int) -> str:
    return (
        f"{count / 2**30:,.1f} GB"
        if count >= 2**29
        else f"{count / 2**20:,.1f} MB"
        if count >= 2**19
        else f"{count:,} bytes"
    )


def _sample(file: BinaryIO, encoding: str, mark: int, bounds: Bounds, *, certain: bool) -> str:
    """The first lines as text. What cannot be read is refused where somebody insists on the encoding."""
    texts: list[str] = []
    offset = mark
    with suppress(Endless):
        for batch in batches(file, encoding, mark, bounds.sample_bytes):
            for index, (text, length) in enumerate(zip(batch.texts, batch.sizes, strict=True)):
                texts.append(text)
                if "\0" in text or (certain and index in batch.flaws):
                    raise _damaged(text, batch.flaws[index].message, encoding, offset, len(texts))
                offset += length
            if offset - mark > bounds.sample_bytes:
                break
    if not texts and offset == mark and file.seek(0, io.SEEK_END) > bounds.sample_bytes:
        message = f"Line 1 is longer than {_size(bounds.sample_bytes)}: this is not a CSV file."
        raise Refused("binary", message, line=1, offset=0)
    sample = "".join(texts)
    if not sample.strip("".join(DELIMITERS) + " \r\n\t\"'"):
        raise Refused("empty", "The file is empty.", line=1, offset=0)
    return sample


def _damaged(text: str, message: str, encoding: str, offset: int, line: int) -> Refused:
    if "\0" not in text:
        return Refused("encoding", f"Line {line}: {message}", line=line, offset=offset)
    offset += len(text[: text.index("\0")].encode(encoding, "replace"))
    message = f"Line {line} has a NUL byte at offset {offset}: the file is binary or damaged."
    return Refused("nul", message, line=line, offset=offset)


def _dialect(format: Format, sample: str, delimiter: str | None) -> Format:
    candidates = (delimiter,) if delimiter else DELIMITERS
    lines = sample.splitlines(keepends=True)
    best = max((replace(format, delimiter=each) for each in candidates), key=lambda one: _fitness(one, lines))
    return _quoting(best, sample, lines)


def _fitness(format: Format, lines: Sequence[str]) -> tuple[int, bool, float, int]:
    """How much a delimiter looks like one: known names in the header, then columns, even ones, many."""
    rows = _rows(format, lines)
    if not rows:
        return 0, False, 0.0, 0
    header = rows[0]
    even = sum(len(row) == len(header) for row in rows) / len(rows)
    known = sum(normalised(cell) in _KNOWN for cell in header)
    return known, len(header) > 1, even if len(header) > 1 else 0.0, len(header)


def _rows(format: Format, lines: Sequence[str]) -> list[list[str]]:
    try:
        return [row for row in islice(reader_of(lines, format), _ROWS) if any(row)]
    except csv.Error:  # a quote that swallows the sample, or a line that is no text at all
        return []


def _quoting(format: Format, sample: str, lines: Sequence[str]) -> Format:
    """Apostrophes around every name, backslashes before quotes, spaces after delimiters: only where the sample shows
    it."""
    rows = _rows(format, lines)
    if rows and own(rows[0]):  # we write as the standard has it, and any of these may be in a cell
        return format
    delimiter = re.escape(format.delimiter)
    if format.delimiter != " " and re.search(f'{delimiter} +"', sample):
        format = replace(format, spaced=True)
    if re.search(rf'\\"(?!{delimiter}|[\r\n])', sample) and '""' not in sample:
        format = replace(format, escape="\\")
    apostrophes = '"' not in sample and rows and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in rows[0])
    return replace(format, quote="'") if apostrophes else format


def _with_header(file: BinaryIO, format: Format, least: int, bounds: Bounds) -> Format:
    first = next(iter(Reader(file, format, bounds=bounds)), None)
    if first is None:
        raise Refused("empty", "The file is empty.", line=1, offset=0)
    names = [name.strip() for name in first.cells]
    while names and not names[-1]:
        names.pop()
    if first.problem is not None:
        raise Refused("no-header", f"There is no header: {first.problem.message}", line=first.line, offset=first.offset)
    guard = own(names)
    header = tuple(unguarded(name) for name in names) if guard else tuple(names)
    _judge_header(header, first, least, bounds)
    format = replace(format, header=header, guarded=guard, body=Place(first.end, 1, first.line + first.lines))
    if next(iter(Reader(file, format, bounds=bounds)), None) is None:
        raise Refused("no-rows", f"The file has a header in line {first.line} and no rows.", line=first.line)
    return format


def _beginning(name: str) -> str:
    """Its first word, where it is a column's name: what else a line holds may be a password."""
    word = re.split(r"\W", name.strip(), maxsplit=1)[0]
    return f" ({shown(name)})" if name == word else f" (it begins with {shown(word)})" if _is_known(word) else ""


def _is_known(word: str) -> bool:
    return normalised(word) in _KNOWN


def _judge_header(header: Sequence[str], first: Row, least: int, bounds: Bounds) -> None:
    line, where = first.line, {"line": first.line, "offset": first.offset}
    if not any(normalised(name) in _KNOWN for name in header) and any(_DATA.fullmatch(name) for name in header):
        message = (
            f"There is no header: line {line} looks like a user. "
            "Put a first line with the columns' names above it, such as username,email,name.given,name.family."
        )
        raise Refused("no-header", message, **where)
    if len(header) < least:
        message = (
            f"Line {line} has only one column{_beginning(header[0])}. "
            "Columns are separated by a comma, a semicolon, a tab or a vertical bar."
        )
        raise Refused("one-column", message, **where)
    if len(header) > bounds.columns:
        raise Refused("columns", f"Line {line} has {len(header):,} columns; {bounds.columns:,} are the most.", **where)
