"""Where tasks are kept: one SQLite database, which several processes may share.

The law:
1. One thread does everything; what waits is done in one transaction, so a hundred callers share one sync of the disk.
   Each call is all or nothing; one that fails does not fail its neighbours.
2. What is to be announced is stored in the transaction of the change it belongs to, and deleted once it is published.
3. Ownership is a fence: a change on behalf of an owner looks at the record in the same transaction. So a lease only
   decides how soon somebody else may take over; that two never work on one task at once does not hang on any clock.

Not here: statements (`tables`), states and what they allow (`model`), what is announced (`wire`).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from headway.errors import Closed, HeadwayError, StorageError
from headway.tasks.tables import SCHEMA, Tables

__all__ = ["Store"]

_LOG: Final = logging.getLogger("headway.tasks")

_BUSY_SECONDS: Final = 10.0
"""How long to wait for another process that writes: the longest transaction there is, several times."""
_GROUP: Final = 500
"""Calls of one transaction: some 20 ms of work, which bounds how long the next ones wait."""
_VERSION: Final = 1

Answer = TypeVar("Answer")


class Store:
    """Tasks in SQLite. Every method is called on the event loop."""

    def __init__(self, path: Path | None, loop: asyncio.AbstractEventLoop, *, durable: bool = True) -> None:
        """`None`: in memory. Raises `StorageError`."""
        self._loop = loop
        try:
            self._connection = _connect(path, durable=durable)
        except (sqlite3.Error, OSError) as error:
            raise _failure("opened", error) from error
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._closed = False
        self.calls = self.commits = self.failures = 0
        # A daemon: a program that ends without closing must end; what it was told is stored.
        self._thread = Thread(target=self._run, name="headway-tasks", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Tables], Answer]) -> Answer:
        """Run `work` in a transaction of its own. Raises what it raises, `StorageError` and `Closed`.

        Cancelling gives up the answer, not the deed.
        """
        if self._closed:
            raise Closed("the task store is closed")
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.put(_Call(work, future))
        return await future

    async def close(self) -> None:
        """Finish what was accepted, then close. Idempotent."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def statistics(self) -> dict[str, int]:
        """What was done since it was opened."""
        return {"calls": self.calls, "commits": self.commits, "failures": self.failures}

    # The thread.

    def _run(self) -> None:
        last = False
        while not last:
            calls, last = self._taken()
            if calls:
                outcomes = self._transact(calls)
                self._tell(list(zip(calls, outcomes, strict=True)))
        self._connection.close()

    def _taken(self) -> tuple[list[_Call], bool]:
        """What waits, at least one call; and whether that was the last."""
        calls: list[_Call] = []
        try:
            while len(calls) < _GROUP:
                call = self._queue.get(block=not calls)
                if call is None:
                    return calls, True
                calls.append(call)
        except Empty:
            pass
        return calls, False

    def _transact(self, calls: Sequence[_Call]) -> list[_Outcome]:
        tables = Tables(self._connection)
        outcomes: list[_Outcome] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for call in calls:
                outcomes.append(self._attempt(call, tables))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.failures += 1
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return [_Outcome(None, _failure("written", error)) for _ in calls]
        self.commits += 1
        self.calls += len(calls)
        return outcomes

    def _attempt(self, call: _Call, tables: Tables) -> _Outcome:
        self._connection.execute("SAVEPOINT call")
        try:
            value = call.work(tables)
        except sqlite3.OperationalError:
            raise  # the disk, or another process: it is the same for all of them
        except HeadwayError as error:
            self._connection.execute("ROLLBACK TO call")
            return _Outcome(None, error)
        except Exception as error:  # one caller's mistake must not fail the others
            _LOG.exception("! a change of a task failed")
            self._connection.execute("ROLLBACK TO call")
            return _Outcome(None, _failure("changed", error) if isinstance(error, sqlite3.Error) else error)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("RELEASE call")
        return _Outcome(value, None)

    def _tell(self, outcomes: Sequence[tuple[_Call, _Outcome]]) -> None:
        def settle() -> None:
            for call, outcome in outcomes:
                if call.future.done():
                    continue
                if outcome.error is not None:
                    call.future.set_exception(outcome.error)
                else:
                    call.future.set_result(outcome.value)

        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(settle)
            except RuntimeError:  # the loop was closed in this moment: nobody waits any more
                return


class _Call:
    __slots__ = ("future", "work")

    def __init__(self, work: Callable[[Tables], Any], future: asyncio.Future[Any]) -> None:  # Any: each call its own
        self.work = work
        self.future = future


class _Outcome:
    __slots__ = ("error", "value")

    def __init__(self, value: Any, error: Exception | None) -> None:  # Any: each call its own
        self.value = value
        self.error = error


def _connect(path: Path | None, *, durable: bool) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        ":memory:" if path is None else path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise StorageError(f"{path} was written by a newer Headway; this one reads version {_VERSION} at most")
        connection.executescript(SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:  # whatever it was, nothing stays open
        connection.close()
        raise
    return connection


def _failure(verb: str, error: Exception) -> StorageError:
    return StorageError(f"the tasks cannot be {verb} now: {error}")
