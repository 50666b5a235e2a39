"""What the tests of jobs share: a service over a real log, and runners that run what is submitted.

    async with shop(jobs) as at:
        state = await at.ended(await at.submit("copy", rows=3))

The clock stands still until a test moves it; what a runner does once a second a test has it do by `keep`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from headway.clock import Clock
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.interface import Log
from headway.log.memory import MemoryLog
from headway.positions import BEGINNING
from headway.tasks.embedded import Runner
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, State, Status
from headway.tasks.records import Record
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until

__all__ = ["Fields", "Shop", "everything", "happenings", "shop"]

Fields = dict[str, Any]
"""An event as JSON. Any: JSON values."""

_ids = itertools.count()


class Shop:
    """One process: a service, and a runner for its jobs."""

    def __init__(self, store: Store, log: Log, hub: Hub, clock: Clock, jobs: Jobs, **options: Any) -> None:
        """Any: options of the runner."""
        self.store = store
        self.log = log
        self.hub = hub
        self.clock = clock
        self.jobs = jobs
        self.service = Service(store, hub.publish, clock, new_id)
        self.runner = Runner(self.service, jobs, clock, new_id, lambda: 1.0, **options)

    async def start(self) -> None:
        """As a server does it."""
        await self.service.start()
        await self.runner.start()

    async def submit(self, job: str, **arguments: Any) -> str:  # Any: JSON values
        """Have a job run. Returns the task's id."""
        return (await self.runner.submit(job, arguments)).id

    async def request(self, id: str, action: Action) -> State:
        """Ask for something."""
        return await self.service.request(id, action, "ada")

    async def state(self, id: str) -> State:
        """A task as it is now."""
        return await self.service.get(id)

    async def record(self, id: str) -> Record:
        """The same with what belongs to its running."""
        return await self.service.record(id)

    async def reached(self, id: str, *statuses: Status) -> State:
        """Wait until a task is in one of these states."""

        async def there() -> bool:
            return (await self.service.get(id)).status in statuses

        await wait_until(there)
        return await self.service.get(id)

    async def ended(self, id: str) -> State:
        """Wait until a task has ended and its turn is over."""
        state = await self.reached(id, Status.COMPLETED, Status.FAILED, Status.CANCELLED)
        await self.idle()
        return state

    async def idle(self) -> None:
        """Wait until nothing runs here."""
        await wait_until(lambda: self.runner.statistics()["running"] == 0)

    async def keep(self) -> None:
        """What is done once a second."""
        await self.runner.keep()
        await self.service.keep()

    def advance(self, seconds: float) -> None:
        """Let time pass, and have the runner look."""
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(seconds)
        self.service.on_ready()

    async def history(self, id: str) -> list[str]:
        """What happened to a task."""
        return [entry.what for entry in await self.service.history(id)]

    async def told(self, id: str) -> list[Fields]:
        """Everything a follower of a task was told."""
        return await everything(self.log, (await self.service.get(id)).channel)


async def everything(log: Log, channel: str) -> list[Fields]:
    """Every event of a channel."""
    events: list[Fields] = []
    after = BEGINNING
    while True:
        page = await log.read(channel, after)
        events += [{"type": event.type, **event.data} for event in page.events]
        after = page.reached
        if after.offset >= page.head:
            return events


def happenings(events: Iterable[Fields]) -> list[str]:
    """The milestones among events, without their `task_`; of a request what was asked for."""
    silent = {"task_progress", "task_item", "task_log"}
    return [
        f"{event['action']}_requested" if event["type"] == "task_requested" else event["type"].removeprefix("task_")
        for event in events
        if event["type"] not in silent
    ]


def new_id() -> str:
    """An id of this run."""
    return f"id{next(_ids)}"


@asynccontextmanager
async def shop(
    jobs: Jobs | None = None,
    *,
    clock: Clock | None = None,
    path: Path | None = None,
    started: bool = True,
    **options: Any,
) -> AsyncIterator[Shop]:
    """A shop until the block ends. `path` is that of its tasks, if they outlive it. Any: options of the runner."""
    chosen = clock or FakeClock()
    async with AsyncExitStack() as stack:
        log = MemoryLog(chosen, retention=Retention(), new_epoch=lambda: "epoch")
        hub = Hub(log, Limits(), clock=chosen)
        stack.push_async_callback(log.close)
        stack.push_async_callback(hub.close)
        store = Store(path, asyncio.get_running_loop(), durable=False)
        stack.push_async_callback(store.close)
        made = Shop(store, log, hub, chosen, Jobs() if jobs is None else jobs, **options)
        stack.push_async_callback(made.runner.close)
        if started:
            await made.start()
        yield made
