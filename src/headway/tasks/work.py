"""What the function of a job is given: its task's handle, and a checkpoint from which it goes on after a crash.

    async def copy(work: Work, rows: list[str]) -> None:
        for number in range(work.checkpoint.get("next", 0), len(rows)):
            await work.apoint()                          # pauses and ends here
            await target.put(rows[number], key=work.key(number))
            work.advance(outcome="created")
            work.checkpoint["next"] = number + 1
            await work.save(every=1.0)

The law of a checkpoint: what `save` stores, the checkpoint and the numbers of that moment, is what the next attempt
begins with, together. Between two saves the same steps may be tried again after a crash; `key` names a step alike in
every attempt, so that a target that knows keys does it once. Where the target is a database, write the effect and the
step's number in one transaction there, and look at it first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from headway.errors import InvalidEvent, UsageError
from headway.events import Draft
from headway.tasks.interface import Beginning
from headway.tasks.model import Failure, Happening, Progress
from headway.tasks.pump import Desk
from headway.tasks.records import Record
from headway.tasks.task import Task

__all__ = ["Save", "Tell", "ThreadWork", "Work"]

_BYTES: Final = 1_000_000
"""A checkpoint says where the work is; it is written again and again, and is no place for the work's results."""

Save = Callable[[Any, Progress], Awaitable[None]]
"""Store a checkpoint and the numbers that belong to it. Any: JSON values."""

Tell = Callable[[str, Draft, str | None], Awaitable[None]]
"""Publish an event of the work's own to a channel, under an idempotency key."""


class Work(Task):
    """The task of a job, for a coroutine."""

    def __init__(self, desk: Desk, record: Record, save: Save, tell: Tell) -> None:
        saved = record.saved
        super().__init__(
            desk, record.state.name, saved.total, initial=saved.done, unit=saved.unit, channel=record.state.channel
        )
        self.update(counts=saved.counts)
        self.task = record.state.id
        self.attempt = record.state.attempt
        """1 for the first; one more for each after a failure or a crash."""
        self.checkpoint: dict[str, Any] = dict(record.checkpoint or {})  # Any: JSON values
        """What the last `save` stored, and what the next will."""
        self._save = save
        self._tell = tell
        self._saved = desk.clock.monotonic()

    def key(self, step: object) -> str:
        """A name for a step that is the same in every attempt and of no other task: an idempotency key."""
        return f"{self.task}/{step}"

    async def save(self, *, every: float = 0.0) -> None:
        """Store the checkpoint and the numbers. With `every`, not if that was done less than so many seconds ago.

        Raises `Lost` where somebody else has the task now, `UsageError` for what is no JSON.
        """
        taken = self._taken(every)
        if taken is not None:
            await self._save(*taken)

    async def publish(
        self,
        type: str,
        data: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        key: str | None = None,
        channel: str | None = None,
        once: object = None,
    ) -> None:
        """Publish an event of its own: to its channel, or to another. It is stored when this returns. `once` names the
        step it belongs to: an event of the same step is not published again, in whichever attempt.

        Raises what publishing raises, `Overloaded` and `StorageError` most of all: then trying again can help."""
        await self._tell(*self._told_event(type, data, key, channel, once))

    def elapsed(self, now: float) -> float:
        """Seconds of running, pauses left out."""
        return 0.0 if self._meter is None else self._meter.elapsed(now)

    async def give_back(self, end: Happening | None, error: Failure | None, result: Any) -> None:  # Any: JSON
        """Say how this turn ended, and wait until that was taken. None: say nothing."""
        if end is None:
            return
        if self.gate.held and end in (Happening.RETRYING, Happening.COMPLETED):
            self._happen(Happening.RESUMED)  # the table knows no other way from a pause to these
            self.gate.held = False
        if self._end is None:
            self._result = result
        self._finish(end, error)
        if self._pump is not None:
            await asyncio.shield(asyncio.wrap_future(self._pump.ended))

    def beginning(self) -> Beginning:
        """What it began with was told when it was queued. Since then it may have gone a step: the first report says."""
        beginning = super().beginning()
        self._told = ()
        return beginning

    async def leave(self) -> None:
        """Say nothing more. Idempotent."""
        await self._desk.close(0.0)

    def _told_event(
        self,
        type: str,
        data: Mapping[str, Any] | None,  # Any: JSON values
        key: str | None,
        channel: str | None,
        once: object,
    ) -> tuple[str, Draft, str | None]:
        step = None if once is None else f"{self.key(once)}/{type}"
        return channel or self.channel or f"task:{self.task}", Draft.of(type, data, key), step

    def _taken(self, every: float) -> tuple[Any, Progress] | None:  # Any: JSON values
        now = self._desk.clock.monotonic()
        if every and now - self._saved < every:
            return None
        if not isinstance(self.checkpoint, dict):
            raise UsageError(f"a checkpoint is a dict of JSON values, not {type(self.checkpoint).__name__}")
        try:
            # A copy of this moment: the work may go on while it is stored.
            copy = Draft.of("checkpoint", {"checkpoint": self.checkpoint}, limit=_BYTES)
        except InvalidEvent as error:
            raise UsageError(f"the checkpoint cannot be stored: {error.message}") from error
        self._saved = now
        return msgspec.json.decode(copy.json)["checkpoint"], self._progress(now)


class ThreadWork(Work):
    """The task of a job, for a function that runs in a thread: `save` and `point` wait."""

    def __init__(self, desk: Desk, record: Record, save: Save, tell: Tell, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(desk, record, save, tell)
        self._own_loop = loop

    def save(self, *, every: float = 0.0) -> None:  # type: ignore[override]  # a function cannot await
        """Store the checkpoint and the numbers; as `Work.save`."""
        taken = self._taken(every)
        if taken is not None:
            self._run(*taken)

    def publish(  # type: ignore[override]  # as above
        self,
        type: str,
        data: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        key: str | None = None,
        channel: str | None = None,
        once: object = None,
    ) -> None:
        """Publish an event of its own; as `Work.publish`."""

        async def tell() -> None:
            await self._tell(*self._told_event(type, data, key, channel, once))

        asyncio.run_coroutine_threadsafe(tell(), self._own_loop).result()

    def _run(self, checkpoint: Any, progress: Progress) -> None:  # Any: JSON values
        async def save() -> None:
            await self._save(checkpoint, progress)

        asyncio.run_coroutine_threadsafe(save(), self._own_loop).result()
