"""Physical lines of a file in batches, each with how many bytes it had. A line ends with LF, CR LF or CR.

A line keeps its end, so that line breaks inside quotes stay what they are. Bytes that are no characters are replaced by
U+FFFD and noted as a flaw of their line. What is held is one block and one unfinished line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from headway.apps.imports.csv.problems import ENCODING, NUL, Problem

__all__ = ["WIDE", "Batch", "Endless", "batches", "head", "line_end"]

WIDE: Final = frozenset({"utf-16-le", "utf-16-be"})
"""Encodings in which a line break is two bytes. In every other one that is read here it is one byte, and that byte is
never part of another character."""

_BLOCK: Final = 128 * 1024
"""Bytes of one read: a thousand rows, and nothing beside the interpreter itself."""

_LINES: Final = re.compile("[^\r\n]*(?:\r\n|\r|\n)")
_CERTAIN: Final = re.compile("[^\r\n]*(?:\r\n|\r(?=.)|\n)", re.DOTALL)
"""Lines that are complete, whatever follows: after a CR at the very end an LF may."""

_BREAK: Final = re.compile("[\r\n]")

_DAMAGED: Final = "The row has a NUL character; the file is damaged here."


class Endless(Exception):
    """A line is longer than a row may be."""


@dataclass(slots=True)
class Batch:
    """Lines that follow one another."""

    texts: list[str]
    sizes: list[int]
    flaws: dict[int, Problem] = field(default_factory=dict)
    """By index of the line."""


Split = Callable[[bytes, bool], tuple[list[bytes], bytes]]
"""Complete lines, and the rest; at the end of the file the rest is a line too."""


def batches(file: BinaryIO, encoding: str, offset: int, longest: int) -> Iterator[Batch]:
    """All lines from the byte `offset`, which begins one. Raises `Endless` at a line of more than `longest` bytes."""
    split = _split_wide(encoding) if encoding in WIDE else _split
    file.seek(offset)
    rest, last = b"", False
    while not last:
        block = file.read(_BLOCK)
        last = not block
        lines, rest = split(rest + block, last)
        if lines:
            yield _decode(lines, encoding, offset)
            offset += sum(map(len, lines))
        if len(rest) > longest:
            raise Endless


def head(file: BinaryIO, encoding: str, offset: int, most: int) -> tuple[list[str], list[int]]:
    """The lines of the first `most` bytes from `offset`, and the one that goes beyond; with their sizes."""
    texts: list[str] = []
    sizes: list[int] = []
    with suppress(Endless):
        for batch in batches(file, encoding, offset, most):
            for text, size in zip(batch.texts, batch.sizes, strict=True):
                texts.append(text)
                sizes.append(size)
                if (most := most - size) < 0:
                    return texts, sizes
    return texts, sizes


def line_end(file: BinaryIO, encoding: str, offset: int) -> int:
    """The byte after the line that begins at `offset`, however long that is."""
    form = encoding if encoding in WIDE else "latin-1"  # one character a byte: only the line break matters
    file.seek(offset)
    while block := file.read(_BLOCK):
        text = block.decode(form, "replace")  # two bytes for what is no character, too: offsets hold
        if found := _BREAK.search(text):
            offset += len(text[: found.end()].encode(form))
            file.seek(offset)
            follows = file.read(2 if encoding in WIDE else 1).decode(form, "replace")
            return offset + len("\n".encode(form)) if found[0] == "\r" and follows == "\n" else offset
        offset += len(block)
    return offset


def _split(data: bytes, last: bool) -> tuple[list[bytes], bytes]:
    lines = data.splitlines(keepends=True)  # of bytes: at LF, CR and CR LF only
    if last or not lines or lines[-1].endswith(b"\n"):
        return lines, b""
    return lines[:-1], lines[-1]


def _decode(lines: list[bytes], encoding: str, offset: int) -> Batch:
    sizes = [*map(len, lines)]
    try:
        texts = [*map(bytes.decode, lines)] if encoding == "utf-8" else [line.decode(encoding) for line in lines]
    except UnicodeDecodeError:
        return _decode_flawed(lines, encoding, offset)
    batch = Batch(texts, sizes)
    _note_nuls(batch, lines)
    return batch


def _decode_flawed(lines: list[bytes], encoding: str, offset: int) -> Batch:
    batch = Batch([], [])
    for index, line in enumerate(lines):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as error:
            text = line.decode(encoding, "replace")
            batch.flaws[index] = _undecodable(line[error.start], offset + error.start, encoding)
        batch.texts.append(text)
        batch.sizes.append(len(line))
        offset += len(line)
    _note_nuls(batch, lines)
    return batch


def _split_wide(encoding: str) -> Split:
    def split(data: bytes, last: bool) -> tuple[list[bytes], bytes]:
        # Half a character at the end belongs to the rest, whatever becomes of it here.
        text = data[: len(data) - len(data) % 2].decode(encoding, "surrogatepass")
        lines = [line.encode(encoding, "surrogatepass") for line in (_LINES if last else _CERTAIN).findall(text)]
        rest = data[sum(map(len, lines)) :]
        return ([*lines, rest], b"") if last and rest else (lines, rest)

    return split


def _note_nuls(batch: Batch, lines: list[bytes]) -> None:
    if b"\0" in b"".join(lines):  # once for all of them: it is rare, and a wide encoding is full of them
        for index, text in enumerate(batch.texts):
            if "\0" in text:
                batch.flaws.setdefault(index, Problem(NUL, "", _DAMAGED))


def _undecodable(byte: int, offset: int, encoding: str) -> Problem:
    message = f"Byte 0x{byte:02X} at offset {offset} is no {encoding.upper()}; save the file as UTF-8."
    return Problem(ENCODING, "", message)
