"""Opening the SQLite log: which life of the log this is.

    the database is                                  then
    ------------------------------------------------
    --------------------------------------------------------------------- new, or empty
    a first life begins not a database, or malformed                     it is moved aside and a first life begins
    written by a newer Headway                       refused behind the witness, or the witness cannot tell   a new life
    begins; positions within what was saved read on otherwise                                        the life goes on

A new life costs readers nothing that was not lost, so wherever it is not certain that nothing is missing, one begins.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from headway.clock import Clock
from headway.errors import StorageError
from headway.log.folder import Folder
from headway.log.reader import Life
from headway.log.schema import migrate
from headway.log.statements import connect, failure
from headway.log.witness import Witness, recall, torn

__all__ = ["Opened", "open_database"]

_LOG: Final = logging.getLogger("headway.log")

_LIVES: Final = 32
"""Lives that are remembered. A position of an older one gets a gap. Each costs a row for every channel of its time."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is ready, and the lives of its log, the present one last."""

    connection: sqlite3.Connection
    lives: tuple[Life, ...]
    witness: Witness


def open_database(folder: Folder, clock: Clock, new_epoch: Callable[[], str], *, durable: bool) -> Opened:
    """Open what the folder holds, or begin. The folder is claimed. Raises `StorageError`."""
    try:
        return _open(folder, clock, new_epoch, durable=durable)
    except sqlite3.DatabaseError as error:
        if not _damaged(error):
            raise failure("opened", error) from error
        _set_aside(folder, clock, error)
    except OSError as error:
        raise failure("opened", error) from error
    try:
        return _open(folder, clock, new_epoch, durable=durable)
    except (sqlite3.Error, OSError) as error:
        raise failure("opened", error) from error


def _open(folder: Folder, clock: Clock, new_epoch: Callable[[], str], *, durable: bool) -> Opened:
    connection = connect(folder.database, durable=durable)
    try:
        migrate(connection, str(folder.database))
        lives, sequence = _lives(connection)
        reason = _reason(folder, lives, sequence)
        if reason is not None:
            lives = _begin_life(
                connection, lives, Life(lives[-1].id + 1 if lives else 1, new_epoch()), int(clock.now() * 1000)
            )
        witness = Witness(folder.witness, lives[-1].epoch, sequence, durable=durable)
    except (sqlite3.Error, OSError, StorageError):
        connection.close()
        raise
    return Opened(connection, lives, witness)


def _lives(connection: sqlite3.Connection) -> tuple[tuple[Life, ...], int]:
    rows = connection.execute("SELECT id, epoch FROM lives ORDER BY id").fetchall()
    (sequence,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM channels").fetchone()
    return tuple(Life(*row) for row in rows), sequence


def _reason(folder: Folder, lives: tuple[Life, ...], sequence: int) -> str | None:
    """Why a new life begins, or None if the last one goes on."""
    said = recall(folder.witness)
    if not lives:
        if said is not None:
            _LOG.warning("! the log in %s is gone: a new one begins", folder.path)
        return "the log is new"
    reason = torn(said, lives[-1].epoch, sequence)
    if reason is not None:
        _LOG.warning("! the log in %s was torn: %s. A new epoch begins", folder.path, reason)
    return reason


def _begin_life(connection: sqlite3.Connection, lives: tuple[Life, ...], life: Life, now: int) -> tuple[Life, ...]:
    """Remember how far each channel was saved, and begin."""
    connection.execute("BEGIN IMMEDIATE")
    if lives:
        # Shares of still earlier lives stay: what a database knows of them it has saved itself.
        connection.execute("INSERT INTO inherited SELECT ?, id, head FROM channels", (lives[-1].id,))
    connection.execute("INSERT INTO lives VALUES (?, ?, ?)", (life.id, life.epoch, now))
    connection.execute("DELETE FROM lives WHERE id <= ?", (life.id - _LIVES,))
    connection.execute("DELETE FROM inherited WHERE life <= ?", (life.id - _LIVES,))
    connection.execute("COMMIT")
    # Out of the write-ahead log: if that is lost, it takes events with it, but not the knowledge of this life.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return (*lives, life)[-_LIVES:]


def _damaged(error: sqlite3.DatabaseError) -> bool:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _set_aside(folder: Folder, clock: Clock, error: sqlite3.DatabaseError) -> None:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(clock.now()))
    try:
        aside = folder.set_aside(stamp)
    except OSError as refused:
        raise failure("opened", refused) from refused
    _LOG.error("! the log in %s is damaged (%s). It was moved to %s; a new log begins", folder.path, error, aside.name)
