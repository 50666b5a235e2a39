"""Which characters a file's bytes are.

A byte-order mark decides. Without one: NUL bytes in every other place are UTF-16; what can be read as UTF-8 is UTF-8;
and only then is one of the older encodings guessed, from the lines that have other than ASCII characters, wherever in
the file the first of them stand. A guess is marked as one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from charset_normalizer import from_bytes

from headway.apps.imports.csv.lines import WIDE
from headway.apps.imports.csv.problems import Refused

__all__ = ["Encoding", "encoding_named", "encoding_of"]

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_BLOCK: Final = 1024 * 1024
_SAMPLE: Final = 32 * 1024
"""Bytes of other than ASCII lines to guess from: hundreds of names. More of them change no guess, and take seconds."""

_OLDER: Final = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    # Not Thai's cp874, in which every Chinese file can be read too.
    *("iso8859_2", "iso8859_5", "koi8_r", "mac_roman", "cp437", "cp850", "cp852", "cp866"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
"""What spreadsheets and directories on Windows, DOS and Macs still write. All of them have ASCII's line breaks."""

_WESTERN: Final = "cp1252"
"""What is taken where another Western encoding is as likely: by far the most of such files."""
_CLOSE: Final = 0.02
"""Difference of disorder, and of likeness to a language, within which two encodings count as equally likely: Polish
names are 0.03 likelier in their own."""

_WORD: Final = re.compile(rb"[^\s,;|\"'@]+")
"""What is looked at of a line: its names. Addresses and numbers would only thin them out."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, and how it is known."""

    name: str
    mark: int = 0
    """Bytes of the byte-order mark before the first character."""
    guessed: bool = False


def encoding_of(file: BinaryIO, head: bytes) -> Encoding:
    """What the file is written in. Raises `Refused` where it is nothing that can be read."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            if name == "utf-32":
                raise Refused("encoding", "The file is written in UTF-32; save it as UTF-8.")
            return Encoding(name, len(mark))
    if wide := _unmarked_wide(head):
        return Encoding(wide)
    sample = _foreign_lines(file)
    if _is_utf8(sample):
        return Encoding("utf-8")
    return Encoding(_guess(sample, file), guessed=True)


def encoding_named(name: str, head: bytes) -> Encoding:
    """The encoding somebody chose, if it can be one. Raises `Refused`."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        raise Refused("encoding", f"There is no encoding {name!r}.") from None
    if known in {"utf-8", "utf-8-sig", "ascii"}:
        return Encoding("utf-8", len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)
    if known == "utf-16":
        known = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    if known in WIDE:
        return Encoding(known, 2 if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else 0)
    if known.replace("-", "_") not in {codecs.lookup(older).name.replace("-", "_") for older in (*_OLDER, *_ALSO)}:
        raise Refused("encoding", f"Files in {name} cannot be read; save the file as UTF-8.")
    return Encoding(known)


_ALSO: Final = (
    "cp874",
    "latin-1",
    "iso8859_15",
    "iso8859_9",
    "iso8859_7",
    "koi8_u",
    "mac_latin2",
    "gbk",
    "euc_kr",
    "shift_jis",
)
"""Never guessed, since one of the others says the same; but somebody may know better."""


def _unmarked_wide(head: bytes) -> str | None:
    """UTF-16 without its mark, by where the NUL bytes of its ASCII characters are."""
    pairs = len(head) // 2
    even, odd = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if pairs and odd > pairs // 3 and even <= pairs // 50:
        return "utf-16-le"
    return "utf-16-be" if pairs and even > pairs // 3 and odd <= pairs // 50 else None


def _foreign_lines(file: BinaryIO) -> list[bytes]:
    """The first lines with other than ASCII characters, wherever they are: the rest of the file only passes by."""
    found: list[bytes] = []
    size = 0
    for block in _blocks(file):
        for line in block.splitlines(keepends=True):
            if not line.isascii():
                found.append(line)
                size += len(line)
        if size >= _SAMPLE:
            break
    return found


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Blocks with other than ASCII bytes, ending at line breaks where there are any."""
    file.seek(0)
    rest = b""
    while block := file.read(_BLOCK):
        whole, newline, after = (rest + block).rpartition(b"\n")
        rest = after if newline else b""
        whole = whole + newline if newline else after
        if not whole.isascii():
            yield whole
    if not rest.isascii():
        yield rest


def _is_utf8(lines: list[bytes]) -> bool:
    """Whether most lines are. What is not, in a file that is, is reported row by row."""
    broken = sum(not _reads(line, "utf-8") for line in lines)
    return 3 * broken <= len(lines)


def _reads(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _guess(lines: list[bytes], file: BinaryIO) -> str:
    words = b"\n".join(word for line in lines for word in _WORD.findall(line) if not word.isascii())
    matches = from_bytes(words[:_SAMPLE], cp_isolation=_OLDER, preemptive_behaviour=False)
    best = matches.best()
    if best is None:
        raise _unreadable(file)
    for match in matches:
        # Submatches are encodings in which the very same text comes out.
        western = _WESTERN in {match.encoding, *(same.encoding for same in match.submatch)}
        if western and match.chaos <= best.chaos + _CLOSE and match.coherence >= best.coherence - _CLOSE:
            return _WESTERN
    return best.encoding


def _unreadable(file: BinaryIO) -> Refused:
    """Where the first bytes are that are no UTF-8."""
    file.seek(0)
    offset = 0
    for line, raw in enumerate(iter(lambda: file.readline(_BLOCK), b""), 1):
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            offset += error.start
            message = (
                f"Byte 0x{raw[error.start]:02X} in line {line} (offset {offset}) is no UTF-8; save the file as UTF-8."
            )
            return Refused("encoding", message, line=line, offset=offset)
        offset += len(raw)
    return Refused("encoding", "The file's characters cannot be read; save it as UTF-8.")
