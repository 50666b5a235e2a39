"""Looks that come within a moment of each other are stored together.

The law:
1. Who put something waits until it is stored, or gets the error that kept it from being.
2. One transaction after the other, in the order in which changes came.
3. A change that fails spoils no other: its batch is stored one by one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import Connection

from headway.apps.monitor.figures.recording import Change, Recorded, record
from headway.apps.monitor.figures.rollups import Keeping, due, read_marks, roll
from headway.apps.monitor.figures.windows import Marks
from headway.clock import Clock
from headway.codes import Code
from headway.errors import Closed, HeadwayError, StorageError
from headway.records.records import Records

__all__ = ["Gathering", "not_there"]

_TOGETHER: Final = 1_000
"""Changes in one transaction: some tens of milliseconds."""

logger = logging.getLogger("headway.monitor")

Put = tuple[Change, "asyncio.Future[Recorded]"]


def not_there(number: int) -> HeadwayError:
    """The error of an application that was removed."""
    return HeadwayError(f"there is no application number {number}", code=Code.NOT_FOUND)


class Gathering:
    """Changes on their way to the records."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        new_id: Callable[[], str],
        keeping: Keeping,
        seconds: float,
        stored: Callable[[Iterable[int]], None],
    ) -> None:
        """`stored` is told the applications of which something was."""
        self._records = records
        self._clock = clock
        self._new_id = new_id
        self._keeping = keeping
        self._seconds = seconds
        self._stored = stored
        self._waiting: list[Put] = []
        self._work: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    async def put(self, change: Change) -> Recorded:
        """Have it stored. Raises `HeadwayError` where the application is not there, `StorageError`, `Closed`."""
        if self._hurry.is_set():
            raise Closed("the figures are closed")
        answer: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._store())
        return await answer

    async def close(self) -> None:
        """Store what waits. Idempotent."""
        self._hurry.set()
        if self._work is not None:
            await asyncio.shield(self._work)

    async def roll(self) -> None:
        """Roll up what is over."""
        marks = await self._records.read(read_marks)
        while due(marks, self._clock.now()):
            marks = await self._roll()

    async def _roll(self) -> Marks:
        now = self._clock.now()
        return await self._records.write(lambda connection: roll(connection, now, self._keeping))

    async def _store(self) -> None:
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._hurry.wait()
            batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            await self._batch(batch)
            await self._roll_by_the_way()

    async def _batch(self, batch: list[Put]) -> None:
        changes, now = [change for change, _ in batch], self._clock.now()

        def store(connection: Connection) -> list[Recorded | None]:
            return record(connection, changes, self._new_id, now)

        try:
            recorded = await self._records.write(store)
        except Exception as error:  # whatever it is, it is told to those who wait
            await self._failed(batch, error)
            return
        self._stored({change.application for change in changes})
        for (change, answer), one in zip(batch, recorded, strict=True):
            if answer.done():
                continue
            if one is None:
                answer.set_exception(not_there(change.application))
            else:
                answer.set_result(one)

    async def _failed(self, batch: list[Put], error: Exception) -> None:
        # A disk that is full is so for all of them, and each try may have to wait for it.
        if len(batch) > 1 and not isinstance(error, StorageError):
            for one in batch:
                await self._batch([one])
            return
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(error)

    async def _roll_by_the_way(self) -> None:
        try:
            if due(await self._records.read(read_marks), self._clock.now()):
                await self._roll()
        except HeadwayError as error:
            logger.warning("hours cannot be rolled up now; it is tried again with the next look: %s", error)
