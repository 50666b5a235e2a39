"""Runs that change or delete users row by row: as the import's, with another way to deal with a row and other words.

    a row is refused before anybody is asked        failed
    its user is not there                           as the run says: failed, skipped, or created
    its user is changed, or deleted                 updated, or deleted
    nothing is to be done                           skipped

Everything else, the journal, the pauses, the stops, the end, is the engine's. A change is in the journal before it
leaves: done twice it comes to the same, and is counted once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.dispatching import Course, Handle
from headway.apps.imports.engine.ending import Ending
from headway.apps.imports.engine.interface import Bench, Client, Opened, Options, Row
from headway.apps.imports.engine.job import Attempt, Run
from headway.apps.imports.engine.journal import Doubt, Standing
from headway.apps.imports.engine.live import Live
from headway.apps.imports.engine.populations import Places, settle
from headway.apps.imports.engine.stopping import Stop, Stopped, fault, stop, why
from headway.apps.imports.engine.telling import Facts, completion, counts, progress, report
from headway.errors import HeadwayError
from headway.pingone.errors import PingOneError
from headway.tasks.interface import Lost
from headway.tasks.task import Cancelled
from headway.tasks.work import Work

__all__ = ["Change", "Kind", "change_rows"]

logger = logging.getLogger("headway.imports")

Json = dict[str, Any]
"""Any: JSON values."""

Change = Callable[[Row, Course, Doubt | None], Awaitable[None]]
"""Deals with one good row. `PingOneError` is what becomes of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of run it is."""

    verb: str
    """What it is doing."""
    updated: str
    """What is counted under "updated" by the engine."""
    change: Callable[[Client, Books, Options], Change]
    """How a row is dealt with."""
    places: bool = False
    """Whether rows may say where users go."""

    def counts(self, standing: Standing) -> dict[str, int]:
        """Rows by what became of them, in this run's words."""
        return self.named(counts(standing))

    def named(self, counted: Mapping[str, int]) -> dict[str, int]:
        """The same of counts that the engine made."""
        return {self.updated if name == "updated" else name: number for name, number in counted.items()}


async def _nothing() -> None:
    """Nothing comes before the rows."""


async def change_rows(
    work: Work, options: Options, bench: Bench, kind: Kind, before: Callable[[], Awaitable[None]] = _nothing
) -> Json:
    """Run until the end, `before` the rows this. Returns the report."""
    return await _ChangingRun(work, options, bench, kind, before).go()


class _ChangingRun(Run):
    """One attempt of one run."""

    def __init__(
        self, work: Work, options: Options, bench: Bench, kind: Kind, before: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(work, options, bench)
        self._kind = kind
        self._before = before
        self._ending = _ChangingEnding(work, self._facts, bench, kind)

    async def go(self) -> Json:
        try:
            await self._before()
            async with self._bench.open(self._work.task, self._options) as opened, self._books(opened) as books:
                self._begun = True
                work, options, bench = self._work, self._options, self._bench
                return await _ChangingAttempt(work, options, bench, opened, books, self._facts, self._kind).go()
        except Lost:
            raise
        except Cancelled:
            if not self._begun:
                await self._ending.tell(Standing(), "cancelled")
            raise
        except Exception as error:
            if not self._begun:  # else it was told where the books were open
                await self._ending.tell_failed(None, why(error))
            raise


class _ChangingAttempt(Attempt):
    """The same, with everything open."""

    def __init__(
        self, work: Work, options: Options, bench: Bench, opened: Opened, books: Books, facts: Facts, kind: Kind
    ) -> None:
        super().__init__(work, options, bench, opened, books, facts)
        self._kind = kind
        self._live = _ChangingLive(work, facts, books, opened.client, kind)
        self._ending = _ChangingEnding(work, facts, bench, kind)

    async def _prepare(self) -> tuple[Places, Handle]:
        client, rows = self._opened.client, self._opened.rows
        environment = await client.environment()
        self._facts.environment = {"id": environment.id, "name": environment.name, "type": environment.type}
        places = Places()
        if self._kind.places:

            async def values() -> list[str]:
                return await asyncio.to_thread(lambda: list(rows.populations()))

            places = await settle(client, self._options, rows.population_column, values, self._holding.ask)
            if self._options.population is None:
                # Nobody chose one, so nobody is moved: the default is where users are made, not where they belong.
                places = replace(places, chosen=None, name="")
        self._facts.places = places
        if not self._options.dry_run:
            await self._live.checkpoint()
        return places, _Row(client, self._books, self._kind.change(client, self._books, self._options)).row


class _Row:
    """What every row has in common."""

    def __init__(self, client: Client, books: Books, change: Change) -> None:
        self._client = client
        self._books = books
        self._change = change

    async def row(self, row: Row, course: Course) -> None:
        """Deal with one row. Raises `Stopped`, `StorageError`. Cancelling leaves it in doubt where `course` says so."""
        books = self._books
        if row.faults:
            books.failed(row, row.faults[0])
            return
        doubt, succeeded = books.standing.doubts.get(row.number), books.succeeded
        try:
            await self._change(row, course, doubt)
        except PingOneError as error:
            stopping = stop(error, others_succeed=books.succeeded > succeeded)
            if stopping is None:
                books.failed(row, fault(error))
                return
            if doubt is None and not error.uncertain and not course.changing:
                books.ledger.freed(row.number)
            raise Stopped(stopping) from error
        except asyncio.CancelledError:
            if doubt is None and not course.open:
                books.ledger.freed(row.number)
            raise


class _ChangingLive(Live):
    """Tells in the words of the run."""

    def __init__(self, work: Work, facts: Facts, books: Books, client: Client, kind: Kind) -> None:
        super().__init__(work, facts, books, client)
        self._kind = kind

    def count(self) -> None:
        counted = self._kind.counts(self._books.standing)
        self._work.update(done=sum(counted.values()), counts={name: n for name, n in counted.items() if n})

    async def tell(self, status: str) -> None:
        self.count()
        told = _progress(
            self._books.standing,
            self._facts,
            status,
            self._kind,
            user=self._books.latest,
            throttled=self._client.limiter.state().retry_in,
        )
        if told == self._told:
            return
        try:
            await self._work.publish("progress", told, key="progress")
        except HeadwayError as error:
            logger.warning("! the progress of run %s cannot be told now: %s", self._work.task, error)
        else:
            self._told = told


class _ChangingEnding(Ending):
    """Ends in the words of the run."""

    def __init__(self, work: Work, facts: Facts, bench: Bench, kind: Kind) -> None:
        super().__init__(work, facts, bench)
        self._kind = kind

    async def tell(self, standing: Standing, status: str, found: Stop | None = None) -> Json:
        facts, kind = self._facts, self._kind
        made = report(standing, facts, status, self._work.clock.now())
        made["counts"] = kind.named(made["counts"])
        if found is not None:
            made["stopped"] = {"code": found.code, "message": found.message}
        last = _progress(standing, facts, status, kind)
        await self._work.publish("progress", last, key="progress", once="last")
        told = completion(standing, facts, success=status == "completed")
        await self._work.publish("completion", kind.named(told), once="end")
        await self._bench.ended(self._work.task, made)
        return made


def _progress(
    standing: Standing, facts: Facts, status: str, kind: Kind, *, user: str = "", throttled: float = 0.0
) -> Json:
    told = progress(standing, facts.total, status, user=user, throttled=throttled, dry=facts.dry_run)
    told["message"] = told["message"].replace("Importing:", f"{kind.verb}:", 1)
    told["counts"] = kind.named(told["counts"])
    return told
