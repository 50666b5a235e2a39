"""What arrived over one connection, and when; and how the connection ended. Nothing is thrown away: an examination
hears a handful of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from headway.client.doctor.observed import Failed, Kind, Stage, Trouble
from headway.client.transports.interface import Fields
from headway.clock import Clock

__all__ = ["Arrival", "Inbox"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message, and when it came."""

    at: float
    message: Fields


class Inbox:
    """What one connection says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._arrivals: list[Arrival] = []
        self._trouble: Trouble | None = None
        self._changed = asyncio.Event()

    def put(self, message: Fields) -> None:
        """A message has come."""
        self._arrivals.append(Arrival(self._clock.monotonic(), message))
        self._change()

    def end(self, trouble: Trouble) -> None:
        """Nothing comes any more. The first reason counts."""
        self._trouble = self._trouble or trouble
        self._change()

    def find(self, wanted: Callable[[Fields], bool]) -> list[Arrival]:
        """What has come of this kind."""
        return [arrival for arrival in self._arrivals if wanted(arrival.message)]

    async def await_one(self, wanted: Callable[[Fields], bool], within: float, stage: Stage) -> Arrival:
        """Wait for the first of this kind. Raises `Failed`."""
        try:
            async with asyncio.timeout(within):
                while True:
                    found = self.find(wanted)
                    if found:
                        return found[0]
                    if self._trouble is not None:
                        raise Failed(replace(self._trouble, stage=stage))
                    await self._changed.wait()
        except TimeoutError:
            raise Failed(Trouble(Kind.SILENT, stage, "no answer in time", after=within)) from None

    async def quiet(self, seconds: float) -> None:
        """Let time pass, unless the connection ends. Raises `Failed`."""
        try:
            async with asyncio.timeout(seconds):
                while self._trouble is None:
                    await self._changed.wait()
        except TimeoutError:
            return
        assert self._trouble is not None  # or the loop had not ended
        raise Failed(replace(self._trouble, stage=Stage.HOLD))

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
