"""A run while it goes on: tells how far it is, keeps what a later attempt begins with, and measures.

Numbers go to the task and, as `progress`, to its channel, four times a second. Once a second everything so far is made
to outlive a power cut: rejects, journal, checkpoint, in this order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from headway.apps.imports.engine.books import Books
from headway.apps.imports.engine.interface import Client
from headway.apps.imports.engine.telling import Facts, counts, progress
from headway.errors import HeadwayError
from headway.tasks.interface import Lost
from headway.tasks.work import Work

__all__ = ["Live"]

logger = logging.getLogger("headway.imports")

_TICK_SECONDS: Final = 0.25
_SAVE_SECONDS: Final = 1.0


class Live:
    """Tells, keeps and measures."""

    def __init__(self, work: Work, facts: Facts, books: Books, client: Client) -> None:
        self._work = work
        self._facts = facts
        self._books = books
        self._client = client
        self._told: dict[str, Any] = {}  # Any: JSON values
        self._seconds = facts.seconds
        self._retries = facts.retries
        self._throttled = facts.throttled - client.limiter.state().throttled

    def count(self) -> None:
        """Have the task show the numbers of this moment."""
        counted = counts(self._books.standing)
        self._work.update(done=sum(counted.values()), counts={name: n for name, n in counted.items() if n})

    def measure(self) -> None:
        """Bring the facts up to this moment."""
        facts = self._facts
        facts.seconds = self._seconds + self._work.elapsed(self._work.clock.monotonic())
        facts.retries = self._retries + self._client.retries
        facts.throttled = self._throttled + self._client.limiter.state().throttled

    async def tell(self, status: str) -> None:
        """Publish how far it is, if that is news. Where nothing can be stored it is left for the next time."""
        self.count()
        facts = self._facts
        told = progress(
            self._books.standing,
            facts.total,
            status,
            user=self._books.latest,
            throttled=self._client.limiter.state().retry_in,
            dry=facts.dry_run,
        )
        if told != self._told:
            try:
                await self._work.publish("progress", told, key="progress")
            except HeadwayError as error:
                logger.warning("! the progress of run %s cannot be told now: %s", self._work.task, error)
            else:
                self._told = told

    async def save(self) -> None:
        """Keep everything so far. Raises `Lost`; what else fails may succeed the next time."""
        try:
            await asyncio.to_thread(self._books.sync)
            await self.checkpoint()
        except Lost:
            raise
        except HeadwayError as error:  # the journal has it all the same
            logger.warning("! run %s cannot be saved now: %s", self._work.task, error)

    async def checkpoint(self) -> None:
        """Keep what a later attempt begins with. Raises `Lost`, `StorageError`."""
        self.measure()
        facts = self._facts
        self._work.checkpoint.update(
            began=facts.began,
            seconds=facts.seconds,
            throttled=facts.throttled,
            throttled_seconds=facts.throttled_seconds,
            retries=facts.retries,
        )
        await self._work.save()

    async def during(self, work: Callable[[], Any], halt: Callable[[], None]) -> None:  # Any: an awaitable
        """Do some work, and tell and keep meanwhile. `halt` ends it where the run belongs to somebody else now."""
        ticking = asyncio.create_task(self._tick(halt), name="import progress")
        try:
            await work()
        finally:
            ticking.cancel()
            await asyncio.wait([ticking])
            self.count()
        if not ticking.cancelled() and (error := ticking.exception()) is not None:
            raise error

    async def _tick(self, halt: Callable[[], None]) -> None:
        clock = self._work.clock
        saved = clock.monotonic()
        try:
            while True:
                await asyncio.sleep(_TICK_SECONDS)
                if self._client.limiter.state().retry_in > 0:
                    self._facts.throttled_seconds += _TICK_SECONDS
                await self.tell("running")
                if clock.monotonic() - saved >= _SAVE_SECONDS:
                    await self.save()
                    saved = clock.monotonic()
        except Exception:  # told by who waits for it; nobody would see how far the run is
            halt()
            raise
