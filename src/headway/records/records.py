"""One database, spoken to by threads of its own, so that the loop never waits for a disk.

    found = await records.read(lambda connection: connection.execute(select(applications)).all())
    await records.write(lambda connection: connection.execute(insert(applications).values(…)))

The law:
1. What a function does is one transaction: all of it is stored when `write` returns, or none of it.
2. With SQLite one thread writes, whoever asks, so no two wait for each other's lock; reads go on beside it (WAL).
3. A function runs in a thread: it touches its connection and its arguments, and nothing of the loop's.
4. Each user of a database has tables and revisions of its own, and upgrades them before its first use.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from headway.errors import Closed, StorageError, UsageError

__all__ = ["Records", "sqlite_url"]

Answer = TypeVar("Answer")

_READERS: Final = 4
"""Threads that read at once. A page of the dashboard asks for two or three things."""
_BUSY_SECONDS: Final = 10.0
"""For which SQLite waits for another process that writes, such as a backup."""
_SCRIPTS: Final = Path(__file__).parent / "scripts"


def sqlite_url(file: Path) -> str:
    """The address of a database in a file."""
    return f"sqlite:///{file}"


class Records:
    """One database."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        """`durable`: what was written survives a power cut; false: only a killed process. Raises `UsageError`."""
        try:
            address = make_url(url)
            self._engine = create_engine(address, **_options(address.get_backend_name()))
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            # The sentence must not show the address, which may hold a password.
            raise UsageError(
                f"records cannot be kept there: {type(error).__name__}; give a URL as SQLAlchemy "
                "has it, such as postgresql+psycopg://user@host/headway"
            ) from None
        self._sqlite = address.get_backend_name() == "sqlite"
        if self._sqlite:
            event.listen(self._engine, "connect", lambda raw, _: _prepare(raw, durable=durable))
            event.listen(self._engine, "begin", _begin)
        self._writers = ThreadPoolExecutor(1 if self._sqlite else _READERS, "records-write")
        self._readers = ThreadPoolExecutor(_READERS, "records-read")
        self._closed = False

    async def write(self, work: Callable[[Connection], Answer]) -> Answer:
        """Do something in one transaction. Raises `StorageError`, and whatever `work` raises: then nothing is
        stored. Cancelling gives up the answer, not the deed."""
        return await self._in(self._writers, lambda: self._transaction(work, write=True))

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        """Look at one state of everything. Raises `StorageError`."""
        return await self._in(self._readers, lambda: self._transaction(work, write=False))

    async def upgrade(self, name: str, revisions: Path) -> None:
        """Bring the tables of one user of this database up to its newest revision. Raises `StorageError`."""

        def upgrade() -> None:
            with self._engine.connect() as connection:
                command.upgrade(_alembic(connection, name, revisions), "head")
                connection.commit()

        await self._in(self._writers, lambda: _told(upgrade))

    async def close(self) -> None:
        """Finish what was asked for, and let go of the database. Idempotent."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        for threads in (self._writers, self._readers):
            await loop.run_in_executor(None, threads.shutdown)
        self._engine.dispose()

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], Answer]) -> Answer:
        if self._closed:
            raise Closed("the records are closed")
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(threads, work))

    def _transaction(self, work: Callable[[Connection], Answer], *, write: bool) -> Answer:
        def transact() -> Answer:
            with _connection(self._engine, write=write) as connection, connection.begin():
                return work(connection)

        return _told(transact)


def _options(backend: str) -> dict[str, Any]:  # Any: what `create_engine` takes
    if backend == "sqlite":
        return {"connect_args": {"timeout": _BUSY_SECONDS, "check_same_thread": False}}
    return {"pool_pre_ping": True, "pool_size": 2 * _READERS}


def _connection(engine: Engine, *, write: bool) -> Connection:
    return engine.connect().execution_options(writes=write)


def _prepare(raw: Any, *, durable: bool) -> None:  # Any: a connection of the standard library's sqlite3
    raw.isolation_level = None  # transactions begin where we say so: see `_begin`
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'NORMAL'}",
        "foreign_keys=ON",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Whoever will write takes the lock at once: one that reads first and writes then could not wait for it."""
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _told(work: Callable[[], Answer]) -> Answer:
    """Do it, and say what went wrong with the database in a sentence without statements and values in it."""
    try:
        return work()
    except OperationalError as error:
        raise StorageError(f"the records cannot be read or written now: {error.orig}") from error
    except DBAPIError as error:
        raise StorageError(f"the records do not take this: {error.orig}") from error
    except SQLAlchemyError as error:
        raise StorageError(f"the records cannot be used: {type(error).__name__}") from error


def _alembic(connection: Connection, name: str, revisions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(revisions))
    config.attributes["connection"] = connection
    # One for each: who is not there today must not keep the others from being upgraded.
    config.attributes["version_table"] = f"revision_of_{name}"
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return config
