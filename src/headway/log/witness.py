"""The witness: a small file beside the database that remembers how far the log had told.

A database restored from somewhere, or one whose last commits were lost, looks sound. Going on with it would give new
events the offsets of events that somebody saw. So after each commit, and before anybody is told of it, the number of
the commit is stored here. It is not synced: it has to outlive the process, which the page cache does, and not the
machine, for which the database itself is synced. Where the database is not (`durable=False`) a log that was not closed
before the machine started again counts as torn.

    record = "HWW1" flags(1) pad(3) sequence(8) epoch(8) boot(8) crc32(4)      little-endian, 36 bytes

`epoch` and `boot` are digests of the log's epoch and of the identity the kernel gives to one start of the machine.
It is written with one `pwrite` into a block that exists: a mapped page would kill the process where a full disk cannot
take it.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final
from zlib import crc32

__all__ = ["Record", "Witness", "recall", "torn"]

_BODY: Final = struct.Struct("<4sB3xQ8s8s")
_SUM: Final = struct.Struct("<I")
_MAGIC: Final = b"HWW1"
_RELAXED: Final = 1
_CLOSED: Final = 2
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Record:
    """What the witness says of the last run."""

    sequence: int
    epoch: bytes
    boot: bytes
    relaxed: bool
    closed: bool


def recall(path: Path) -> Record | None:
    """Return what the witness says, or None if it is missing or damaged."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    body, checksum = stored[: _BODY.size], stored[_BODY.size :]
    if len(stored) != _BODY.size + _SUM.size or _SUM.pack(crc32(body)) != checksum:
        return None
    magic, flags, sequence, epoch, boot = _BODY.unpack(body)
    if magic != _MAGIC:
        return None
    return Record(sequence, epoch, boot, bool(flags & _RELAXED), bool(flags & _CLOSED))


def torn(said: Record | None, epoch: str, sequence: int) -> str | None:
    """Say why a database that holds commits cannot be the one that was told of, or None if it can."""
    if said is None:
        return "the witness file is missing or damaged"
    if said.epoch != _digest(epoch):
        return "the witness file belongs to another life of the log"
    if said.sequence > sequence:
        return f"the last {said.sequence - sequence} commits are missing"
    if said.relaxed and not said.closed and said.boot != _boot():
        return "the machine stopped while the log was not written through to the disk"
    return None


class Witness:
    """The open file. Belongs to the thread that commits."""

    def __init__(self, path: Path, epoch: str, sequence: int, *, durable: bool) -> None:
        """Begin a record, synced: from here on only the number in it changes. Raises `OSError`."""
        self._epoch, self._boot = _digest(epoch), _boot()
        self._flags = 0 if durable else _RELAXED
        self._sequence = sequence
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(self._file, _BODY.size + _SUM.size)
            self.store(sequence)
            os.fsync(self._file)
        except OSError:
            os.close(self._file)
            raise

    def store(self, sequence: int) -> None:
        """Remember that this commit is about to be told. Raises `OSError`."""
        self._sequence = sequence
        self._write(self._flags)

    def close(self) -> None:
        """Remember that the log was closed, and close the file. Raises `OSError`."""
        try:
            self._write(self._flags | _CLOSED)
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def _write(self, flags: int) -> None:
        body = _BODY.pack(_MAGIC, flags, self._sequence, self._epoch, self._boot)
        os.pwrite(self._file, body + _SUM.pack(crc32(body)), 0)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def _boot() -> bytes:
    """Tell one start of the machine from another; where the kernel does not, every start of the process counts as
    one."""
    try:
        return _digest(_BOOT.read_text())
    except OSError:
        return os.urandom(8)
