"""CSV files that no spreadsheet runs and that a crash leaves whole, row by row.

UTF-8 with a byte-order mark, CR LF, quotes where they are needed: what every spreadsheet opens by a click. Cells that
one would compute are guarded (`guards`); the way back is certain for files that have a column of ours, so an export
has one too.

A length that `sync` returned is on the disk. Whoever was killed opens the file again at the last length that it kept
beside its checkpoint: what had been written after that is cut off, and the same rows are written again.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from headway.apps.imports.csv.guards import guarded
from headway.errors import StorageError

__all__ = ["Writer"]

_MARK = "\ufeff".encode()


class Writer:
    """Rows into one file. Closing it makes it durable."""

    def __init__(self, path: Path, header: Sequence[str], *, delimiter: str = ",", length: int | None = None) -> None:
        """Begin the file, or with a `length` go on after so many bytes of it.

        Raises `StorageError` where the file is shorter than that, and `OSError`.
        """
        self._line = io.StringIO(newline="")
        self._csv = csv.writer(self._line, delimiter=delimiter)
        self._file = _begun(path) if length is None else _continued(path, length)
        self.length = length or 0
        """Bytes written so far."""
        if not self.length:
            self._put(_MARK)
            self.write(header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, cells: Iterable[str]) -> None:
        """One row."""
        self._csv.writerow([guarded(cell) for cell in cells])
        # A lone surrogate is in no file we read, and may come from a caller's text.
        self._put(self._line.getvalue().encode("utf-8", "replace"))
        self._line.seek(0)
        self._line.truncate()

    def flush(self) -> None:
        """Have what was written outlive this process."""
        self._file.flush()

    def sync(self) -> int:
        """Make what was written durable, and return its length."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self.length

    def close(self) -> None:
        """Make it durable and close. Idempotent."""
        if self._file.closed:
            return
        try:
            self.sync()
        except OSError:
            self.abandon()
            raise
        self._file.close()

    def abandon(self) -> None:
        """Close it without what is not in the file yet, after a write that failed. The file may have the beginning of
        that: its length is that of before."""
        self._file.raw.close()

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self.length += len(data)


def _begun(path: Path) -> io.BufferedWriter:
    return path.open("wb")


def _continued(path: Path, length: int) -> io.BufferedRandom:
    file = path.open("r+b")
    size = file.seek(0, io.SEEK_END)
    if size < length:
        file.close()
        raise StorageError(f"{path.name} has {size:,} bytes and had {length:,}: it was changed or lost its end.")
    file.truncate(length)
    file.seek(length)
    return file
