"""The job `modify-users`: changes the users that a file names, and no others.

    the user is there, something differs       changed: updated
    the user is there as the row says          skipped, UNCHANGED
    nobody has the username                    failed, NOT_THERE; with `create_missing` created as by an import

What a row leaves out stays. Passwords stay too: they cannot be compared, and nobody is to lose one by a column that was
left in a file. A user moves only where the row names a population, or one was chosen.
"""

from __future__ import annotations

from typing import Any, Final

from headway.apps.imports.changing import Change, Kind, change_rows
from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.dispatching import Course
from headway.apps.imports.engine.importing import Importer
from headway.apps.imports.engine.interface import Bench, Client, Fault, Options, Row
from headway.apps.imports.engine.journal import Doubt, Outcome
from headway.apps.imports.engine.policies import UNCHANGED, Policy, apply, changes
from headway.tasks.jobs import Jobs
from headway.tasks.work import Work

__all__ = ["JOB", "NOT_THERE", "register"]

JOB: Final = "modify-users"
NOT_THERE: Final = "NOT_THERE"
_AT_ONCE: Final = 8
"""Runs at a time, as many as imports."""


def register(jobs: Jobs, bench: Bench) -> None:
    """Have the job run."""

    @jobs.job(JOB, title="Modify users", concurrency=_AT_ONCE)
    async def modify_users(work: Work, run: Options) -> dict[str, Any]:  # Any: JSON
        """Change the users that a file names."""
        return await change_rows(work, run, bench, KIND)


def _modifying(client: Client, books: Books, options: Options) -> Change:
    importer = Importer(client, books, Policy.UPDATE)

    async def change(row: Row, course: Course, doubt: Doubt | None) -> None:
        user = await client.user_named(row.username)
        books.succeeded += 1
        if user is None:
            if not options.create_missing:
                books.failed(row, Fault(NOT_THERE, "username", "Nobody in the environment has this username"))
            elif options.dry_run:
                books.done(row, Outcome.CREATED)
            else:
                await importer.row(row, course)
            return
        found = changes(row.body, user)
        if found and not options.dry_run:
            course.changing = True
            books.ledger.trying(row.number, client.now(), changing=True)
            await apply(client, user.id, found)
            course.changing = False
        if found or (doubt is not None and doubt.changing):
            books.done(row, Outcome.UPDATED)
        elif doubt is not None:
            books.done(row, Outcome.CREATED)  # tried before a crash, and there now: it was this row's request
        else:
            books.done(row, Outcome.SKIPPED, UNCHANGED)

    return change


KIND: Final = Kind("Modifying", "updated", _modifying, places=True)
