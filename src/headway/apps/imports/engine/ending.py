"""How a run ends, told once, whatever way it came to it: `completion`, the report, and rows that are in doubt.

A row is in doubt when its request was out, and no answer came, before the run was cancelled or failed. It has failed
then, so that everything adds up; the rejects file has it, and importing that tells what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final

from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.feeding import Feed
from headway.apps.imports.engine.importing import in_doubt
from headway.apps.imports.engine.interface import Bench
from headway.apps.imports.engine.journal import Standing
from headway.apps.imports.engine.stopping import Stop
from headway.apps.imports.engine.telling import NAMES, Facts, completion, progress, report, stop_told
from headway.errors import HeadwayError
from headway.tasks.work import Work

__all__ = ["Ending", "settle_doubts"]

logger = logging.getLogger("headway.imports")

_SEARCH_SECONDS: Final = 2.0
"""For reading on to rows that an earlier attempt left in doubt, where the run ends before it came to them: of the ten
that a cancelled job has. What is not found is counted all the same, and only its row is missing in the rejects."""


async def settle_doubts(books: Books, feed: Feed | None) -> None:
    """Have no row in doubt. Nobody works on rows any more."""
    doubts = books.standing.doubts
    with contextlib.suppress(TimeoutError, HeadwayError):
        async with asyncio.timeout(_SEARCH_SECONDS):
            while feed is not None and doubts and await feed.refill():
                row = feed.take()
                if row is not None and row.number in doubts:
                    books.failed(row, in_doubt())
    for number in list(doubts):
        books.lost(number, in_doubt())


class Ending:
    """Ends one run."""

    def __init__(self, work: Work, facts: Facts, bench: Bench) -> None:
        self._work = work
        self._facts = facts
        self._bench = bench

    async def tell(self, standing: Standing, status: str, found: Stop | None = None) -> dict[str, Any]:  # Any: JSON
        """Tell how it ended, and keep the report, which is returned."""
        facts = self._facts
        made = report(standing, facts, status, self._work.clock.now())
        if found is not None:
            made["stopped"] = {"code": found.code, "message": found.message}
        last = progress(standing, facts.total, status, dry=facts.dry_run)
        await self._work.publish("progress", last, key="progress", once="last")
        await self._work.publish("completion", completion(standing, facts, success=status == "completed"), once="end")
        await self._bench.ended(self._work.task, made)
        return made

    async def tell_failed(self, standing: Standing | None, found: Stop) -> None:
        """The same of a run that failed. What keeps it from being told must not hide why it failed."""
        try:
            await self._work.publish("error", stop_told(found), once="failed")
            await self._bench.stopped(self._work.task, found.code, found.message)
            await self.tell(standing or self._remembered(), "failed", found)
        except HeadwayError as error:
            logger.warning("! the end of run %s cannot be told: %s", self._work.task, error)

    def _remembered(self) -> Standing:
        """What earlier attempts had done, where their journal could not be opened."""
        counted = self._work.counts
        return Standing(counts=[0, *(counted.get(name, 0) for name in NAMES.values())])
