"""What a run has tried and what came of it: a file that is only ever appended to, and the state it adds up to.

    file     8 bytes "HWRUN 1\\n", then records of 20 bytes, little-endian
    record   kind u8 · outcome u8 · code u16 · row u32 · value u64 · CRC-32 of these 16 bytes

    TRYING    the request for a row is about to leave      value: when, in microseconds since 1970 by PingOne's clock
    CHANGING  the user of a row was there, and is about to be changed
    FREED     nothing was done for a row: it is as if it had never been tried
    OUTCOME   what became of a row, and by which code      value: length of the rejects file
    CODE      eight bytes more of the text of a code       row: 0 begins it anew

The law:
1. The file is mapped into memory, and a record is a copy into it: no call of the system, which would have a busy loop
   wait for every other thread, twice a row. `kill -9` keeps what was written. A power cut may take the end, as far
   back as the last `sync`. Behind the last record there are zeros; they, and what is torn, are cut at the opening.
2. Rejects are written before the outcome that counts them. An outcome whose rejects are not in their file (a power cut
   took them) is cut, too, with all that follows it.
3. Memory is one byte for each row, and a little for each row in doubt, of which there are as many as requests at once.
4. One process has it open; another one is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from headway.errors import StorageError

__all__ = ["Doubt", "Journal", "Kind", "Outcome", "Standing"]

_HEAD: Final = b"HWRUN 1\n"
_BODY: Final = struct.Struct("<BBHIQ")
_RECORD: Final = struct.Struct("<BBHIQI")
_BLOCK: Final = _RECORD.size * 50_000
"""Bytes replayed at a time: a megabyte."""
_ROOM: Final = 1024 * 1024
"""Bytes that the file grows by: 52,000 records. They are written as zeros first, so that a disk that is full is an
error then, and not a signal when the map is written."""
_PIECE: Final = 8
_CODES: Final = 0xFFFF
_CODE_CHARACTERS: Final = 64
"""PingOne's longest is half of it."""


class Kind(IntEnum):
    """What a record says."""

    TRYING = 1
    CHANGING = 2
    FREED = 3
    OUTCOME = 4
    CODE = 5


class Outcome(IntEnum):
    """What became of a row. The names are those of the counts."""

    CREATED = 1
    UPDATED = 2
    SKIPPED = 3
    FAILED = 4


class Doubt(NamedTuple):
    """A row that was tried, of which nobody knows what came of it. A tuple, since every row is one for a moment."""

    since: float
    """When it was first tried, in seconds since 1970, by PingOne's clock."""
    changing: bool = False
    """Whether its user was there already, and was being changed."""


@dataclass(slots=True)
class Standing:
    """What the records add up to."""

    done: bytearray = field(default_factory=bytearray)
    """The outcome of each row by its number; 0: none yet."""
    counts: list[int] = field(default_factory=lambda: [0] * (len(Outcome) + 1))
    """By outcome."""
    codes: Counter[str] = field(default_factory=Counter)
    """How many rows ended with which code."""
    doubts: dict[int, Doubt] = field(default_factory=dict)
    rejects: int = 0
    """Length of the rejects file."""
    last: int = 0
    """The highest row that was ever tried."""
    latest: float = 0.0
    """When the last one was tried, by PingOne's clock."""

    def has(self, row: int) -> bool:
        """Whether a row is done with."""
        return row < len(self.done) and self.done[row] != 0

    def first_and_last(self) -> tuple[int, int] | None:
        """The lowest and the highest row that is done with."""
        last = len(self.done.rstrip(b"\0")) - 1
        return None if last < 0 else (len(self.done) - len(self.done.lstrip(b"\0")), last)

    def note_try(self, row: int, at: float, *, changing: bool) -> None:
        """A row is tried. What was tried before stays in doubt since then."""
        before = self.doubts.get(row)
        if before is not None:
            self.doubts[row] = Doubt(before.since, changing or before.changing)
        else:
            self.doubts[row] = Doubt(at, changing)
        if row > self.last:
            self.last = row
        self.latest = at

    def note_outcome(self, row: int, outcome: Outcome, code: str, rejects: int) -> None:
        """A row is done with. Told twice, it counts once."""
        if row >= len(self.done):
            # In steps: a million rows are not to be a million copies.
            self.done.extend(bytes(max(4096, row + 1 - len(self.done))))
        self.doubts.pop(row, None)
        self.rejects = rejects
        if row > self.last:
            self.last = row
        if self.done[row]:
            return
        self.done[row] = outcome
        self.counts[outcome] += 1
        if code:
            self.codes[code] += 1


class Journal:
    """The journal of one run. For one thread, but for `sync`, which another may do."""

    def __init__(self, path: Path, rejects: int) -> None:
        """Open or begin it; `rejects` is how long the rejects file is. Raises `StorageError`. It reads what there is:
        for a long one that takes a second, so not on the event loop."""
        self.standing = Standing()
        self._path = path
        self._codes: dict[str, int] = {}
        self._map: mmap.mmap | None = None
        self._room = 0
        """As far as the map goes."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"the journal of the run cannot be opened: {error.strerror}") from error
        try:
            self._own()
            self._length = self._replay(rejects)
        except BaseException:  # whatever it was, a journal that is not taken leaves no file open
            os.close(self._file)
            raise

    def trying(self, row: int, at: float, *, changing: bool = False) -> None:
        """A request for this row is about to leave. Raises `StorageError`."""
        kind = Kind.CHANGING if changing else Kind.TRYING
        self._write(_record(kind, 0, 0, row, max(0, int(at * 1_000_000))))
        self.standing.note_try(row, at, changing=changing)

    def freed(self, row: int) -> None:
        """It turned out that nothing was done for this row. Raises `StorageError`."""
        if row in self.standing.doubts:
            self._write(_record(Kind.FREED, 0, 0, row, 0))
            del self.standing.doubts[row]

    def outcome(self, row: int, outcome: Outcome, code: str = "", rejects: int | None = None) -> None:
        """This row is done with. `rejects` is how long the rejects file is with it. Raises `StorageError`."""
        length = self.standing.rejects if rejects is None else rejects
        number = 0
        if code:
            code = code[:_CODE_CHARACTERS]
            number, told = self._number(code)
            if told:
                self._write(told)
                self._codes[code] = number
        self._write(_record(Kind.OUTCOME, outcome, number, row, length))
        self.standing.note_outcome(row, outcome, code, length)

    def sync(self) -> None:
        """Have it outlive a power cut. From any thread. Raises `StorageError`."""
        try:
            os.fsync(self._file)  # the map's pages are the file's own, on every system with one page cache
        except OSError as error:
            raise StorageError(f"the journal of the run cannot be stored: {error.strerror}") from error

    def close(self) -> None:
        """Let go of it. Idempotent."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._file >= 0:
            with contextlib.suppress(OSError):  # zeros are cut at the next opening, too
                os.ftruncate(self._file, self._length)
            os.close(self._file)
            self._file = -1

    def _own(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageError("another process still works at this run; try again when it has ended") from error

    def _write(self, record: bytes) -> None:
        end = self._length + len(record)
        if self._map is None or end > self._room:
            self._map = self._grown(end)
        self._map[self._length : end] = record
        self._length = end

    def _grown(self, least: int) -> mmap.mmap:
        """The map with room for so much."""
        room = (least // _ROOM + 1) * _ROOM
        try:
            written = os.pwrite(self._file, bytes(room - self._length), self._length)
            if written < room - self._length:
                raise StorageError("the journal of the run cannot be written: the disk is full")
            if self._map is not None:
                self._map.close()
                self._map = None
            grown = mmap.mmap(self._file, room)
        except OSError as error:
            raise StorageError(f"the journal of the run cannot be written: {error.strerror}") from error
        self._room = room
        return grown

    def _number(self, code: str) -> tuple[int, bytes]:
        """The number of a code, and what to write for it first. Beyond what numbers there are, none."""
        known = self._codes.get(code)
        if known is not None:
            return known, b""
        number = len(self._codes) + 1
        text = code.encode()
        if not code or number > _CODES:
            return 0, b""
        pieces = [text[at : at + _PIECE].ljust(_PIECE, b"\0") for at in range(0, len(text), _PIECE)]
        return number, b"".join(
            _record(Kind.CODE, 0, number, at, int.from_bytes(piece, "little")) for at, piece in enumerate(pieces)
        )

    # Replaying.

    def _replay(self, rejects: int) -> int:
        """Take in what there is, and cut the rest. Returns the length."""
        try:
            head = os.read(self._file, len(_HEAD))
            if head != _HEAD:
                if head and not _HEAD.startswith(head):
                    raise StorageError(f"{self._path.name} is no journal of a run, or one of another version")
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, _HEAD, 0)
            length = len(_HEAD) + self._take(rejects)
            os.ftruncate(self._file, length)
        except OSError as error:
            raise StorageError(f"the journal of the run cannot be read: {error.strerror}") from error
        return length

    def _take(self, rejects: int) -> int:
        taken, names, standing = 0, _Names(), self.standing
        for kind, outcome, code, row, value in self._records():
            if kind == Kind.OUTCOME:
                if value > rejects:
                    break
                standing.note_outcome(row, Outcome(outcome), names.of(code), value)
            elif kind == Kind.FREED:
                standing.doubts.pop(row, None)
            elif kind == Kind.CODE:
                names.add(code, row, value)
            else:
                standing.note_try(row, value / 1_000_000, changing=kind == Kind.CHANGING)
            taken += _RECORD.size
        self._codes = names.numbers()
        return taken

    def _records(self) -> Iterator[tuple[int, int, int, int, int]]:
        at = len(_HEAD)
        while block := os.pread(self._file, _BLOCK, at):
            at += len(block)
            whole = memoryview(block)[: len(block) - len(block) % _RECORD.size]
            for place, record in enumerate(_RECORD.iter_unpack(whole)):
                start = place * _RECORD.size
                if crc32(whole[start : start + _BODY.size]) != record[5]:
                    return
                yield record[:5]
            if len(whole) < len(block):
                return


class _Names:
    """Codes by their numbers, put together from their pieces."""

    def __init__(self) -> None:
        self._bytes: dict[int, bytes] = {}
        self._texts: dict[int, str] = {0: ""}

    def add(self, number: int, piece: int, value: int) -> None:
        before = self._bytes.get(number, b"") if piece else b""
        self._bytes[number] = before + value.to_bytes(_PIECE, "little")
        self._texts[number] = self._bytes[number].rstrip(b"\0").decode(errors="replace")

    def of(self, number: int) -> str:
        return self._texts.get(number, "")

    def numbers(self) -> dict[str, int]:
        return {text: number for number, text in self._texts.items() if number}


def _record(kind: int, outcome: int, code: int, row: int, value: int) -> bytes:
    return _RECORD.pack(kind, outcome, code, row, value, crc32(_BODY.pack(kind, outcome, code, row, value)))
