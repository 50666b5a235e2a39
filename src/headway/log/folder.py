"""The data folder of a SQLite log: which files it has, and that one process uses it at a time.

    events.sqlite3 (-wal, -shm)   the database        events.witness   how far the log had told
    lock                          held with `flock` while a process uses the folder; the kernel lets go when it ends

Not here: what stands in the files.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from headway.errors import StorageError

__all__ = ["Claim", "Folder"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A data folder."""

    path: Path

    @property
    def database(self) -> Path:
        """The database; SQLite puts its own files beside it."""
        return self.path / "events.sqlite3"

    @property
    def witness(self) -> Path:
        """The witness file."""
        return self.path / "events.witness"

    def sizes(self) -> dict[str, int]:
        """Bytes of the database and of what is not moved into it yet."""
        wal = self.database.with_name(self.database.name + "-wal")
        return {"database_bytes": _size(self.database), "wal_bytes": _size(wal)}

    def claim(self) -> Claim:
        """Make the folder if there is none, and keep other processes out. Raises `StorageError`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"the data folder {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            raise StorageError(f"the data folder {self.path} is used by another Headway") from error
        return Claim(file)

    def set_aside(self, stamp: str) -> Path:
        """Move the database out of the way, under a name with the stamp in it. Raises `OSError`."""
        aside, number = self.database.with_name(f"{self.database.name}.damaged-{stamp}"), 1
        while aside.exists():
            number += 1
            aside = aside.with_name(f"{self.database.name}.damaged-{stamp}-{number}")
        self.database.rename(aside)
        for suffix in ("-wal", "-shm"):
            part = self.database.with_name(self.database.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to use a folder."""

    file: int

    def release(self) -> None:
        """Let others use it. Once."""
        os.close(self.file)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
