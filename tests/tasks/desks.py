"""What the tests of reporting share: a real service over a log in memory, a way to it that fails when told, and time
that passes when told.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from headway.client import Unreachable
from headway.codes import Code
from headway.errors import HeadwayError
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.memory import MemoryLog
from headway.positions import BEGINNING
from headway.tasks.interface import Beginning, Outlet, Owned, Report
from headway.tasks.model import State, Status
from headway.tasks.pump import Desk
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until

__all__ = ["Office", "Steps", "Way", "away", "office"]

Fields = dict[str, Any]
"""An event as JSON. Any: JSON values."""


class Way:
    """An `Outlet` on the way to another one. What arrived is kept."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.barred: HeadwayError | None = None
        """What is raised instead of passing anything on."""
        self.answers_to_lose = 0
        """How many of the next reports arrive, but are answered by an error."""
        self.forgotten: set[str] = set()
        """Tasks of which nothing is known any more."""
        self.begun: list[Beginning] = []
        self.reports: list[Report] = []
        """Every one that arrived, repetitions too."""
        self.tries = 0
        """How often anything was tried."""

    async def begin(self, beginning: Beginning, *, idempotency_key: str | None = None) -> Owned:
        """See `Outlet`."""
        self._pass()
        self.begun.append(beginning)
        return await self._service.begin(beginning, idempotency_key=idempotency_key)

    async def report(self, id: str, owner: str, report: Report) -> Status | None:
        """See `Outlet`."""
        self._pass()
        if id in self.forgotten:
            raise HeadwayError(f"there is no task {id!r}", code=Code.NOT_FOUND)
        self.reports.append(report)
        answer = await self._service.report(id, owner, report)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise away()
        return answer

    def _pass(self) -> None:
        self.tries += 1
        if self.barred is not None:
            raise self.barred


class Steps:
    """Time for pumps: `Waiting`, and the clock that goes with it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._waiting: dict[asyncio.Event, float] = {}
        self.waits: list[float] = []
        """For how long each wait was meant to be."""

    async def __call__(self, woken: asyncio.Event, seconds: float) -> None:
        """Wait until woken, or until so much time was let pass."""
        self.waits.append(seconds)
        due = self.clock.monotonic() + seconds
        self._waiting[woken] = due
        try:
            while not woken.is_set() and self.clock.monotonic() < due - 1e-9:  # noqa: ASYNC110 — a clock tells nobody
                await asyncio.sleep(0)
        finally:
            del self._waiting[woken]

    async def all_wait(self, pumps: int = 1) -> None:
        """Every pump has done what there was to do, and waits for what is not yet due."""
        now = self.clock.monotonic
        await wait_until(
            lambda: (
                len(self._waiting) == pumps
                and all(due > now() and not woken.is_set() for woken, due in self._waiting.items())
            )
        )

    async def let_pass(self, seconds: float, pumps: int = 1) -> None:
        """Let time pass, in steps no longer than a report takes."""
        steps = max(1, round(seconds / 0.1))
        for _ in range(steps):
            await self.all_wait(pumps)
            self.clock.advance(seconds / steps)
        await self.all_wait(pumps)


class Office:
    """A desk, and everything behind it."""

    def __init__(self, service: Service, log: MemoryLog, steps: Steps) -> None:
        self.service = service
        self.log = log
        self.steps = steps
        self.clock = steps.clock
        self.way = Way(service)
        numbers = itertools.count()

        async def opened() -> Outlet:
            return self.way

        self.open_outlet: Callable[[], Awaitable[Outlet]] = opened
        self.desk = Desk(
            lambda: self.open_outlet(),
            asyncio.get_running_loop,
            self.clock,
            new_id=lambda: f"key{next(numbers)}",
            random=lambda: 1.0,
            near=True,
            patience=10.0,
            waiting=steps,
        )

    async def nothing_left(self) -> None:
        """Every pump has come to its end."""
        await wait_until(lambda: not self.desk._pumps)

    async def state(self, id: str | None) -> State:
        """A task as the service has it."""
        assert id is not None
        return await self.service.get(id)

    async def events(self, channel: str | None) -> list[Fields]:
        """Everything in a channel."""
        assert channel is not None
        page = await self.log.read(channel, BEGINNING, limit=100_000, max_bytes=100_000_000)
        return [{"type": event.type, **event.data} for event in page.events]


@asynccontextmanager
async def office() -> AsyncIterator[Office]:
    """An office until the block ends."""
    clock = FakeClock()
    epochs = map("epoch{}".format, itertools.count())
    log = MemoryLog(clock, retention=Retention(), new_epoch=lambda: next(epochs))
    hub = Hub(log, Limits(), clock=clock)
    store = Store(None, asyncio.get_running_loop())
    ids = map("id{}".format, itertools.count())
    service = Service(store, hub.publish, clock, lambda: next(ids))
    await service.start()
    made = Office(service, log, Steps(clock))
    try:
        yield made
    finally:
        await made.desk.close(0.0)
        await store.close()
        await hub.close()
        await log.close()


def away() -> HeadwayError:
    """What a server that is not there comes as."""
    return Unreachable("connection refused")
