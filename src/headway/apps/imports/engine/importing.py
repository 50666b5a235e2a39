"""One row against PingOne, and what becomes of it.

    wrong before anybody is asked                       failed
    created                                             created
    the username is taken, by us before a crash         created: `pingone.creation` has the rule
    the username is taken                               as the policy says
    refused                                             failed, or the run stops: see `stopping`

A row that was tried in an attempt that was killed is asked for with the moment of that try. So are, where the machine
went down, the rows that may have been tried without a trace: those right behind the last one that left one (an
assumption: more than `_UNTRACED` do not leave within the second between two `sync`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.dispatching import Course
from headway.apps.imports.engine.interface import Client, Fault, Row
from headway.apps.imports.engine.journal import Doubt, Outcome
from headway.apps.imports.engine.policies import (
    EXISTS,
    UNCHANGED,
    Policy,
    apply,
    changes,
    existing_id,
    is_there,
    look_up,
)
from headway.apps.imports.engine.stopping import Stopped, fault, stop
from headway.pingone.errors import PingOneError
from headway.pingone.exchange import Trail

__all__ = ["IN_DOUBT", "Importer", "in_doubt"]

_UNTRACED: Final = 2_000
"""Rows. PingOne takes a hundred a second."""
IN_DOUBT: Final = "IN_DOUBT"


class Importer:
    """Imports rows. As many at a time as are asked for."""

    def __init__(self, client: Client, books: Books, policy: Policy, *, untraced: bool = False) -> None:
        """`untraced`: the machine went down since the last attempt."""
        self._client = client
        self._books = books
        self._policy = policy
        standing = books.standing
        self._untraced = range(standing.last + 1, standing.last + 1 + _UNTRACED) if untraced else range(0)
        self._since = standing.latest

    async def row(self, row: Row, course: Course) -> None:
        """Deal with one row. Raises `Stopped`, `StorageError`. Cancelling leaves it in doubt where `course` says so."""
        if row.faults:
            self._books.failed(row, row.faults[0])
            return
        books = self._books
        doubt = books.standing.doubts.get(row.number)
        succeeded = books.succeeded
        try:
            await (
                self._update(row, course) if doubt is not None and doubt.changing else self._create(row, course, doubt)
            )
        except PingOneError as error:
            stopping = stop(error, others_succeed=books.succeeded > succeeded)
            if stopping is None:
                self._failed(row, error)
                return
            if doubt is None and not error.uncertain and not course.changing:
                books.ledger.freed(row.number)
            raise Stopped(stopping) from error
        except asyncio.CancelledError:
            if doubt is None and not course.open:
                books.ledger.freed(row.number)  # its request was not out, or was answered for sure
            raise

    async def _create(self, row: Row, course: Course, doubt: Doubt | None) -> None:
        trail = course.trail = Trail(leaving=partial(self._leaving, row.number))
        try:
            await self._client.import_user(row.body, not_before=self._not_before(row.number, doubt), trail=trail)
        except PingOneError as error:
            if not is_there(error):
                raise
            await self._existing(row, course, error)
        else:
            self._books.succeeded += 1
            self._books.done(row, Outcome.CREATED)

    async def _existing(self, row: Row, course: Course, error: PingOneError) -> None:
        self._books.succeeded += 1
        match self._policy:
            case Policy.SKIP:
                self._books.done(row, Outcome.SKIPPED, EXISTS)
            case Policy.FAIL:
                self._failed(row, error)
            case Policy.UPDATE:
                await self._update(row, course, error)

    async def _update(self, row: Row, course: Course, taken: PingOneError | None = None) -> None:
        """Have the user be as the row says. A row whose user was being changed when the process was killed is updated,
        also where nothing is left to be changed."""
        before = self._books.standing.doubts.get(row.number)
        user = await look_up(self._client, row.username, None if taken is None else existing_id(taken))
        if user is None:
            where = " (or the search of PingOne does not show it yet)"
            message = f"The username is taken by a user that this credential cannot see{where}"
            self._books.failed(
                row, Fault("NOT_VISIBLE", "username", message, "" if taken is None else taken.correlation_id)
            )
            return
        found = changes(row.body, user)
        if found:
            course.changing = True
            self._books.ledger.trying(row.number, self._client.now(), changing=True)
            await apply(self._client, user.id, found)
            course.changing = False
        self._books.succeeded += 1
        if found or (before is not None and before.changing):
            self._books.done(row, Outcome.UPDATED)
        else:
            self._books.done(row, Outcome.SKIPPED, UNCHANGED)

    def _leaving(self, number: int) -> None:
        if number not in self._books.standing.doubts:
            self._books.ledger.trying(number, self._client.now())

    def _not_before(self, number: int, doubt: Doubt | None) -> float | None:
        if doubt is not None:
            return doubt.since
        return self._since if number in self._untraced else None

    def _failed(self, row: Row, error: PingOneError) -> None:
        found = fault(error)
        if error.uncertain:
            message = f"{found.message}. It may have been done all the same: look for the user before trying again"
            found = Fault(found.code, found.field, message, found.correlation_id)
        self._books.failed(row, found)


def in_doubt() -> Fault:
    """Why a row failed that was under way when the run was ended."""
    return Fault(
        IN_DOUBT,
        "",
        "The run was ended while PingOne had not answered; the user may be there. Import this row again to be sure",
    )
