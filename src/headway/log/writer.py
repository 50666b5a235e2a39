"""Writing the SQLite log: one connection, used by one thread. Every change goes through here.

The law of a commit:
1. Everything that waits is stored in one transaction; each channel's events get the offsets after its head.
2. After the commit the witness learns its number; only then are the results returned, to be told.
3. If anything fails the transaction is rolled back, what was remembered of the channels is forgotten and the connection
   is made anew before the next commit. Nothing of a failed commit is ever told.

Not here: threads, futures, the event loop (`committer`); what a transaction does (`transaction`).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from headway.clock import Clock
from headway.errors import HeadwayError
from headway.events import Event
from headway.limits import Retention
from headway.log.folder import Folder
from headway.log.interface import Appended
from headway.log.opening import Opened
from headway.log.statements import connect, failure
from headway.log.transaction import Channels, Request, Transaction
from headway.log.witness import Witness

__all__ = ["Committed", "Writer"]

_LOG: Final = logging.getLogger("headway.log")


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of the requests of a commit, each in its place, and the events to tell."""

    outcomes: list[Appended | HeadwayError]
    events: list[Event]


class Writer:
    """The writing half of a log that was opened. Not safe for use by two threads at once."""

    def __init__(
        self, folder: Folder, opened: Opened, clock: Clock, retention_for: Callable[[str], Retention], *, durable: bool
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._durable = durable
        self._connection: sqlite3.Connection | None = opened.connection
        self._witness: Witness = opened.witness
        self._sequence, self._next_id = _counters(opened.connection)
        self._channels = Channels(opened.lives[-1].epoch, retention_for)
        self._swept: int | None = None
        self.commits = self.syncs = self.appended = self.appended_bytes = self.replayed = 0
        self.failures = self.forgotten = 0

    # -- storing -------------------------------------------------------------------------------------------------------

    def store(self, requests: Sequence[Request]) -> Committed:
        """Store the requests in one commit. Raises nothing: the outcome of one that was not stored is its error."""
        try:
            with self._transaction() as transaction:
                outcomes, events = transaction.append(requests)
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError, MemoryError) as error:
            if len(requests) == 1 or _storage_failed(error):
                return Committed([failure("written", error) for _ in requests], [])
        except Exception as error:  # whatever one request holds must not fail the others, nor end the thread
            if len(requests) == 1:
                _LOG.exception("! an append to %r failed", requests[0].channel)
                return Committed([failure("written", error)], [])
        else:
            self._count(requests, outcomes, events)
            return Committed(outcomes, events)
        return self._store_each(requests)

    def _count(
        self, requests: Sequence[Request], outcomes: Sequence[Appended | HeadwayError], events: Sequence[Event]
    ) -> None:
        self.appended += len(events)
        for request, outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Appended):
                if outcome.replayed:
                    self.replayed += 1
                else:
                    self.appended_bytes += request.bytes

    def _store_each(self, requests: Sequence[Request]) -> Committed:
        alone = [self.store([request]) for request in requests]
        return Committed([one.outcomes[0] for one in alone], [event for one in alone for event in one.events])

    def trim(self, channel: str, through: int) -> None:
        """Forget a channel's events through an offset. Raises `StorageError`."""
        with self._reporting(), self._transaction() as transaction:
            transaction.trim(channel, through)

    def check(self) -> None:
        """Write something. Raises `StorageError`."""
        with self._reporting(), self._transaction() as transaction:
            transaction.connection.execute("INSERT OR REPLACE INTO checks VALUES (1, ?)", (self._now(),))

    @property
    def channels(self) -> int:
        """How many channels have been given an id."""
        return self._next_id - 1

    # -- sweeping ------------------------------------------------------------------------------------------------------

    @property
    def sweeping(self) -> bool:
        """Whether a sweep is under way and `sweep` should be called again."""
        return self._swept is not None

    def sweep(self) -> None:
        """Begin a sweep for what is too old, or go one step on with the one under way. Raises nothing."""
        after, self._swept = self._swept or 0, None
        try:
            with self._transaction() as transaction:
                self._swept = transaction.sweep(after)
        except Exception as error:  # what could not be forgotten now is looked at again by the next sweep
            _LOG.warning("! forgetting old events failed: %s", error)

    def close(self) -> None:
        """Close the database and the witness. Raises nothing."""
        try:
            if self._connection is not None:
                self._connection.close()
            self._witness.close()
        except (sqlite3.Error, OSError) as error:
            _LOG.warning("! closing the log: %s", error)
        self._connection = None

    # -- transactions --------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """Begin, hand out, commit, remember; or undo all of it."""
        try:
            if self._connection is None:
                self._connection = connect(self._folder.database, durable=self._durable)
                self._sequence, self._next_id = _counters(self._connection)
            self._connection.execute("BEGIN IMMEDIATE")
            transaction = Transaction(self._connection, self._now(), self._sequence + 1, self._next_id, self._channels)
            yield transaction
            transaction.finish()
            self._connection.execute("COMMIT")
        except BaseException:  # whatever it was, the connection may be in the middle of it
            self._forget_connection()
            raise
        self._committed(transaction)

    def _committed(self, transaction: Transaction) -> None:
        self._next_id = transaction.next_id
        self.forgotten += transaction.forgotten
        self._channels.remember(transaction)
        if not transaction.appended:
            return
        self.commits += 1
        self.syncs += self._durable
        self._sequence = transaction.sequence
        try:
            self._witness.store(transaction.sequence)
        except OSError as error:  # the events are safe; only a torn log would not be noticed
            _LOG.warning("! the witness file of the log cannot be written: %s", error)

    def _forget_connection(self) -> None:
        self.failures += 1
        self._channels.forget()
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.rollback()
            connection.close()
        except sqlite3.Error as error:
            _LOG.info("= rolling back said: %s", error)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, MemoryError) as error:
            raise failure("written", error) from error

    def _now(self) -> int:
        return int(self._clock.now() * 1000)


def _counters(connection: sqlite3.Connection) -> tuple[int, int]:
    """The number of the last commit and the next free id of a channel."""
    sequence, id = connection.execute(
        "SELECT coalesce(max(sequence), 0), coalesce(max(id), 0) + 1 FROM channels"
    ).fetchone()
    return sequence, id


def _storage_failed(error: BaseException) -> bool:
    """Whether trying again with less would fail as well."""
    return isinstance(error, OSError | MemoryError) or type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError)
