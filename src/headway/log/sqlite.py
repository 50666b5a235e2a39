"""The durable log: SQLite in a data folder that one process uses.

    append                           one thread, one commit for all that wait: database, witness, listener, callers
    read, head, snapshot, channels   two more threads, each with a connection of its own, one consistent statement

The event loop is never blocked. With `durable` every commit is synced before anybody is told of it: a `kill -9` and a
power cut lose nothing. Without it a commit survives a `kill -9`, and a power cut may take the last seconds, which the
next start notices. Not here: statements (`writer`, `reader`), tables (`schema`), which life of the log this is
(`opening`, `witness`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Self, TypeVar

import msgspec

from headway.clock import Clock
from headway.errors import Closed
from headway.events import Draft
from headway.limits import Retention
from headway.log.committer import Committer
from headway.log.folder import Claim, Folder
from headway.log.interface import Appended, Listener, Page, Snapshot
from headway.log.opening import open_database
from headway.log.reader import Life, Reader
from headway.log.statements import failure
from headway.log.transaction import Request
from headway.log.writer import Writer
from headway.positions import Position

__all__ = ["SqliteLog"]

_READERS: Final = 2
"""Threads that read. One that reads a long page does not hold up the other; more would only wait for the
interpreter."""

Answer = TypeVar("Answer")


class SqliteLog:
    """The log of one process and its data folder. See `interface.Log` for what each call promises."""

    def __init__(self, parts: _Parts, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        """Use `SqliteLog.open`."""
        self._parts = parts
        self._loop = loop
        self._committer = Committer(parts.writer, clock, loop)
        self._closing: asyncio.Future[None] | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        retention: Retention = Retention(),  # noqa: B008 - a frozen value
        retention_for: Callable[[str], Retention] | None = None,
        durable: bool = True,
        new_epoch: Callable[[], str],
    ) -> Self:
        """Open the log in a data folder, which is made if there is none. `close` it in the end.

        `retention_for` names the retention of each channel in place of the one `retention`; it is called in another
        thread, and so is the clock. `new_epoch` returns 1 to 32 random characters of a-z and 0-9. Raises `StorageError`
        if the folder cannot be used, is used by another process, or was written by a newer Headway. Cancelling it opens
        nothing.
        """
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(_READERS, thread_name_prefix="headway-log-reader")
        retained = retention_for or (lambda channel: retention)
        opening = loop.run_in_executor(
            pool, lambda: _Parts(Folder(path), pool, clock, retained, new_epoch, durable=durable)
        )
        try:
            return cls(await asyncio.shield(opening), clock, loop)
        except asyncio.CancelledError:
            opening.add_done_callback(_abandon)
            raise
        finally:
            if not opening.done() or opening.cancelled() or opening.exception() is not None:
                pool.shutdown(wait=False)

    async def append(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> Appended:
        """Store all drafts or none. Raises `Overloaded` if too much waits for the disk already."""
        self._open()
        if not drafts:
            return Appended(())
        size = sum([len(draft.json) for draft in drafts])
        return await self._committer.append(Request(channel, tuple(drafts), idempotency_key, size))

    async def read(self, channel: str, after: Position, *, limit: int = 1_000, max_bytes: int = 524_288) -> Page:
        """The events after a position; at least one if there is one."""
        return await self._ask(lambda reader: reader.page(channel, after, limit, max_bytes))

    async def head(self, channel: str) -> Position:
        """The channel's newest position."""
        return await self._ask(lambda reader: reader.head(channel))

    async def snapshot(self, channel: str, keys: Collection[str] | None = None) -> Snapshot:
        """The latest event of each key, or of the named keys, and the head."""
        return await self._ask(lambda reader: reader.snapshot(channel, keys))

    async def channels(self, after: str = "", limit: int = 100) -> list[tuple[str, Position]]:
        """Channels that hold or held events, by name, with their heads."""
        return await self._ask(lambda reader: reader.channels(after, limit))

    async def trim(self, channel: str, through: int) -> None:
        """Forget the channel's events up to and including an offset. Cancelling it does not stop it."""
        self._open()
        await self._committer.call(lambda: self._parts.writer.trim(channel, through))

    async def check(self) -> None:
        """Raise `StorageError` if an append would fail now."""
        self._open()
        await self._committer.call(self._parts.writer.check)

    def listen(self, listener: Listener) -> None:
        """Have every commit told to the listener."""
        self._committer.listener = listener

    def statistics(self) -> dict[str, Any]:  # Any: numbers and short strings for people
        """What waits, and what was done since the log was opened."""
        committer, writer = self._committer, self._parts.writer
        return {
            "kind": "sqlite",
            "epoch": self._parts.epoch,
            "durable": self._parts.durable,
            "waiting": committer.waiting,
            "waiting_drafts": committer.waiting_drafts,
            "waiting_bytes": committer.waiting_bytes,
            "refused": committer.refused,
            "channels": writer.channels,
            "commits": writer.commits,
            "syncs": writer.syncs,
            "commit_seconds": committer.seconds,
            "commit_events": committer.sizes,
            "appended": writer.appended,
            "appended_bytes": writer.appended_bytes,
            "replayed": writer.replayed,
            "forgotten": writer.forgotten,
            "failures": writer.failures,
            "read_failures": self._parts.read_failures,
            **self._parts.folder.sizes(),
        }

    async def close(self) -> None:
        """Finish what was accepted, then close. Idempotent. Cancelling it does not stop it."""
        if self._closing is None:
            self._closing = self._committer.call(self._parts.close, last=True)
        await asyncio.shield(self._closing)
        self._committer.join()

    def _open(self) -> None:
        if self._closing is not None:
            raise Closed("the log is closed")

    async def _ask(self, question: Callable[[Reader], Answer]) -> Answer:
        self._open()
        return await self._loop.run_in_executor(self._parts.pool, self._parts.answer, question)


class _Parts:
    """What an open log is made of. Built and closed outside the event loop."""

    def __init__(
        self,
        folder: Folder,
        pool: ThreadPoolExecutor,
        clock: Clock,
        retention_for: Callable[[str], Retention],
        new_epoch: Callable[[], str],
        *,
        durable: bool,
    ) -> None:
        self.folder = folder
        self.pool = pool
        self.durable = durable
        self.read_failures = 0
        self._readers: SimpleQueue[Reader] = SimpleQueue()
        with ExitStack() as undo:
            self._claim: Claim = folder.claim()
            undo.callback(self._claim.release)
            opened = open_database(folder, clock, new_epoch, durable=durable)
            self.epoch = opened.lives[-1].epoch
            self.writer = Writer(folder, opened, clock, retention_for, durable=durable)
            undo.callback(self.writer.close)
            self._open_readers(opened.lives)
            undo.pop_all()

    def _open_readers(self, lives: Sequence[Life]) -> None:
        try:
            for _ in range(_READERS):
                self._readers.put(Reader(self.folder.database, lives))
        except sqlite3.Error as error:
            raise failure("opened", error) from error

    def answer(self, question: Callable[[Reader], Answer]) -> Answer:
        """Ask a reader that is free. Raises `StorageError`."""
        # Never waits: there are as many readers as threads that call this.
        reader = self._readers.get()
        try:
            return question(reader)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            self.read_failures += 1
            _renew(reader)
            raise failure("read", error) from error
        finally:
            self._readers.put(reader)

    def close(self) -> None:
        """Wait for those who read, then close. The writer comes last: it moves what is in the WAL to the database."""
        self.pool.shutdown()
        for _ in range(_READERS):
            self._readers.get().close()
        self.writer.close()
        self._claim.release()


def _abandon(opening: asyncio.Future[_Parts]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _renew(reader: Reader) -> None:
    with suppress(sqlite3.Error):  # the next question fails on the closed connection, and tries again to open one
        reader.reopen()
