"""The job `delete-users`: deletes the users that a file names, or those that a filter finds.

    deleted                            deleted
    nobody has the username            skipped, NOT_THERE: what was to be reached is there already

What a filter finds is written down first (`chosen.csv`, in the run's folder), so that a run which goes on after a crash
is about the same users. Their number has to be the one that was confirmed, or nobody is deleted.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, Protocol

from headway.apps.imports.changing import Change, Kind, change_rows
from headway.apps.imports.csv.dialects import Format, Place
from headway.apps.imports.csv.writing import Writer
from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.dispatching import Course
from headway.apps.imports.engine.holding import Holding
from headway.apps.imports.engine.interface import Bench, Client, Options, Row
from headway.apps.imports.engine.journal import Doubt, Outcome
from headway.apps.imports.engine.stopping import Stop, Stopped, stop
from headway.apps.imports.modifying import NOT_THERE
from headway.apps.imports.selecting import selection_of
from headway.pingone.client import PingOne
from headway.pingone.errors import PingOneError, Verdict
from headway.tasks.jobs import Jobs
from headway.tasks.work import Work

__all__ = ["CHOSEN", "CHOSEN_FORMAT", "JOB", "DeletingBench", "register"]

JOB: Final = "delete-users"
CHOSEN: Final = "chosen.csv"
"""The users that a filter found, in the run's folder."""
_COLUMNS: Final = ("username", "headway.id")
CHOSEN_FORMAT: Final = Format(
    guarded=True, header=_COLUMNS, body=Place(len("\ufeff".encode()) + len(",".join(_COLUMNS)) + len("\r\n"), 1, 2)
)
"""As `Writer` spells it."""
_AT_ONCE: Final = 8
"""Runs at a time, as many as imports."""


class DeletingBench(Bench, Protocol):
    """What it stands on, beside what every run does."""

    def reach(self, run: str, options: Options) -> AbstractAsyncContextManager[tuple[PingOne, Path]]:
        """The target's client, and the run's folder. Raises `HeadwayError`."""
        ...


def register(jobs: Jobs, bench: DeletingBench) -> None:
    """Have the job run."""

    @jobs.job(JOB, title="Delete users", concurrency=_AT_ONCE)
    async def delete_users(work: Work, run: Options) -> dict[str, Any]:  # Any: JSON
        """Delete the users that a file names, or those that a filter finds."""

        async def choose() -> None:
            if run.file is None:
                await _choose(work, run, bench)

        return await change_rows(work, run, bench, KIND, choose)


async def _choose(work: Work, options: Options, bench: DeletingBench) -> None:
    """Write down whom the filter finds, unless that was done. What PingOne refuses stops the run."""
    while True:
        await work.apoint()
        try:
            async with bench.reach(work.task, options) as (client, folder):
                if not (folder / CHOSEN).is_file():
                    await _write_down(work, options, client, folder)
                return
        except PingOneError as error:
            found = stop(error, others_succeed=False)
            if found is None:
                raise
            await Holding(work, options, bench).stop(found)


async def _write_down(work: Work, options: Options, client: PingOne, folder: Path) -> None:
    part, found = folder / f"{CHOSEN}.part", 0
    writer = await asyncio.to_thread(Writer, part, _COLUMNS)
    try:
        async for page in _pages(client, selection_of(options.filter).scim_filter):
            found += len(page)
            await asyncio.to_thread(_write, writer, page)
            await work.apoint()
    finally:
        await asyncio.to_thread(writer.close)
    if not options.dry_run and options.confirm != found:
        raise Stopped(
            Stop(
                "NOT_CONFIRMED",
                f"The filter finds {found:,} users now, and {options.confirm:,} were confirmed. Nobody was deleted; "
                "make another dry run",
            )
        )
    await asyncio.to_thread(os.replace, part, folder / CHOSEN)


async def _pages(client: PingOne, filter: str | None) -> AsyncIterator[list[tuple[str, str]]]:
    async for page in client.user_pages(filter):
        yield [(user.username, user.id) for user in page.entries]


def _write(writer: Writer, page: list[tuple[str, str]]) -> None:
    for cells in page:
        writer.write(cells)


def _deleting(client: Client, books: Books, options: Options) -> Change:
    async def change(row: Row, course: Course, doubt: Doubt | None) -> None:
        id = _id(row) if options.file is None else None
        if id is None:
            user = await client.user_named(row.username)
            id = None if user is None else user.id
            books.succeeded += 1
        if id is not None and not options.dry_run:
            id = id if await _delete(client, books, row, course, id) else None
        if id is not None or doubt is not None:
            books.done(row, Outcome.UPDATED)
        else:
            books.done(row, Outcome.SKIPPED, NOT_THERE)

    return change


async def _delete(client: Any, books: Books, row: Row, course: Course, id: str) -> bool:  # Any: the engine's needs less
    """Delete a user; whether there was one."""
    course.changing = True
    books.ledger.trying(row.number, client.now(), changing=True)
    try:
        await client.delete_user(id)
    except PingOneError as error:
        course.changing = error.uncertain
        if error.verdict is not Verdict.NOT_THERE:
            raise
        return False
    course.changing = False
    books.succeeded += 1
    return True


def _id(row: Row) -> str | None:
    cells = row.source.cells
    return cells[1] if len(cells) > 1 else None


KIND: Final = Kind("Deleting", "deleted", _deleting)
