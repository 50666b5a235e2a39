"""The job `import-users`: opens what a run needs, has its rows dealt with, and ends it whatever happens.

    open ─▶ where users go (may ask) ─▶ rounds of rows ─▶ `completion` and report
                  ▲                       │ a pause, a stop: nothing is under way, then it holds still
                  └── after a crash: the journal says what is done, the rest goes on

The law:
1. What is published is published once in all attempts; what is counted comes from the journal, not from a checkpoint.
2. At every end the counts and what was not attempted add up to the total.
3. A server that stops says nothing of an end: the run goes on elsewhere, or here after the restart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from headway.apps.imports.engine.books import Books, Ledger, Memory
from headway.apps.imports.engine.dispatching import Dispatcher, Handle
from headway.apps.imports.engine.dry import DryRun, known_users
from headway.apps.imports.engine.ending import Ending, settle_doubts
from headway.apps.imports.engine.feeding import Feed
from headway.apps.imports.engine.holding import Holding
from headway.apps.imports.engine.importing import Importer
from headway.apps.imports.engine.interface import ROWS_AT_A_TIME, Bench, Opened, Options
from headway.apps.imports.engine.journal import Journal
from headway.apps.imports.engine.live import Live
from headway.apps.imports.engine.machine import boot_id
from headway.apps.imports.engine.policies import Policy
from headway.apps.imports.engine.populations import Places, settle
from headway.apps.imports.engine.stopping import Stop, Stopped, stop, stop_of_storage, why
from headway.apps.imports.engine.telling import Facts
from headway.errors import StorageError
from headway.pingone.errors import PingOneError
from headway.tasks.interface import Lost
from headway.tasks.jobs import Jobs
from headway.tasks.model import Status
from headway.tasks.task import Cancelled
from headway.tasks.work import Work

__all__ = ["JOB", "Attempt", "Run", "register"]

JOB: Final = "import-users"
_AT_ONCE: Final = 8
"""Runs at a time. They share the limiter of their target, so more of them are not faster."""
_PARALLEL: Final = 20
"""Rows at a time: PingOne's highest rate, at a fifth of a second for each answer."""
_MOST_PARALLEL: Final = 100
"""Connections of one client."""

Json = dict[str, Any]
"""Any: JSON values."""


def register(jobs: Jobs, bench: Bench) -> None:
    """Have the job run."""

    @jobs.job(JOB, title="Import users", concurrency=_AT_ONCE)
    async def import_users(work: Work, run: Options) -> Json:
        """Import the users of a file."""
        return await Run(work, run, bench).go()


class Run:
    """One attempt of one run."""

    def __init__(self, work: Work, options: Options, bench: Bench) -> None:
        self._work = work
        self._options = options
        self._bench = bench
        kept = work.checkpoint
        self._facts = Facts(
            total=int(work.total or 0),
            dry_run=options.dry_run,
            began=kept.get("began") or work.clock.now(),
            seconds=kept.get("seconds", 0.0),
            throttled=kept.get("throttled", 0),
            throttled_seconds=kept.get("throttled_seconds", 0.0),
            retries=kept.get("retries", 0),
        )
        self._ending = Ending(work, self._facts, bench)
        self._begun = False

    async def go(self) -> Json:
        """Run until the end. Returns the report."""
        try:
            async with self._bench.open(self._work.task, self._options) as opened, self._books(opened) as books:
                self._begun = True
                return await Attempt(self._work, self._options, self._bench, opened, books, self._facts).go()
        except (Cancelled, Lost):
            raise
        except Exception as error:
            if not self._begun:  # else it was told where the books were open
                await self._ending.tell_failed(None, why(error))
            raise

    @asynccontextmanager
    async def _books(self, opened: Opened) -> AsyncIterator[Books]:
        ledger: Ledger = Memory()
        if not self._options.dry_run:
            ledger = await asyncio.to_thread(Journal, opened.folder / "journal", opened.rejects.length)
        try:
            await asyncio.to_thread(opened.rejects.cut, ledger.standing.rejects)
            self._facts.total = opened.rows.total
            self._work.update(total=opened.rows.total)
            yield Books(ledger, opened.rejects, self._work)
        finally:
            ledger.close()


class Attempt:
    """The same, with everything open."""

    def __init__(self, work: Work, options: Options, bench: Bench, opened: Opened, books: Books, facts: Facts) -> None:
        self._work = work
        self._options = options
        self._bench = bench
        self._opened = opened
        self._books = books
        self._facts = facts
        self._policy = Policy(options.policy)
        self._live = Live(work, facts, books, opened.client)
        self._holding = Holding(work, options, bench)
        self._ending = Ending(work, facts, bench)
        self._feed: Feed | None = None

    async def go(self) -> Json:
        """Run until the end, and tell of it. Returns the report."""
        self._live.count()
        try:
            await self._all()
        except (Cancelled, asyncio.CancelledError):
            if await self._ended_by_somebody():
                await self._finish("cancelled")
            raise
        except Lost:
            raise
        except Exception as error:
            await self._finish("failed", why(error))
            raise
        finally:
            if self._feed is not None:
                await self._feed.close()
        return await self._finish("completed")

    async def _all(self) -> None:
        places, handle = await self._prepared()
        chunks = self._opened.rows.chunks(ROWS_AT_A_TIME)
        self._feed = feed = Feed(chunks, self._books.standing.has, places.place)
        parallel = min(max(1, self._options.parallel or _PARALLEL), _MOST_PARALLEL)
        dispatcher = Dispatcher(feed, handle, self._work.gate, parallel)
        while not dispatcher.ended:
            await self._work.apoint()
            try:
                await self._live.during(dispatcher.round, dispatcher.halt)
            except Stopped as stopped:
                await self._stop(stopped.stop)
            except StorageError as error:
                await self._stop(stop_of_storage(error))
            else:
                if self._work.gate.shut:
                    await self._live.save()
                    await self._live.tell("paused")

    async def _prepared(self) -> tuple[Places, Handle]:
        """Everything before the first row. What PingOne refuses here stops the run as a row's refusal would."""
        while True:
            await self._work.apoint()
            try:
                return await self._prepare()
            except PingOneError as error:
                found = stop(error, others_succeed=False)
                if found is None:
                    raise
                await self._stop(found)

    async def _prepare(self) -> tuple[Places, Handle]:
        client, rows, books = self._opened.client, self._opened.rows, self._books
        environment = await client.environment()
        self._facts.environment = {"id": environment.id, "name": environment.name, "type": environment.type}

        async def values() -> list[str]:
            return await asyncio.to_thread(lambda: list(rows.populations()))

        places = await settle(client, self._options, rows.population_column, values, self._holding.ask)
        self._facts.places = places
        if self._options.population is None:
            # Nobody chose: who is new goes where PingOne puts them, and who is there stays.
            places = replace(places, chosen=None)
        if self._options.dry_run:
            known = await known_users(client, rows.total, self._work)
            return places, DryRun(client, books, self._policy, known).row
        boot = await asyncio.to_thread(boot_id)
        untraced = bool(books.standing.last) and self._work.checkpoint.get("boot") != boot
        self._work.checkpoint["boot"] = boot
        await self._live.checkpoint()
        return places, Importer(client, books, self._policy, untraced=untraced).row

    async def _stop(self, found: Stop) -> None:
        if self._options.on_stop == "pause":
            await self._live.tell("paused")
        await self._holding.stop(found)

    async def _ended_by_somebody(self) -> bool:
        """Whether it was cancelled, rather than that the server stops."""
        state = await self._bench.tasks.get(self._work.task)
        return Status.CANCELLED in (state.wanted, state.status)

    async def _finish(self, status: str, found: Stop | None = None) -> Json:
        """Have everything add up, and tell how it ended."""
        with contextlib.suppress(StorageError):  # told below, from what is in memory
            await settle_doubts(self._books, self._feed)
            await asyncio.to_thread(self._books.sync)
        self._live.count()
        self._live.measure()
        if found is not None:
            await self._ending.tell_failed(self._books.standing, found)
            return {}
        return await self._ending.tell(self._books.standing, status)
