"""A server with jobs that end as they are told, for commands that look at them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headway.limits import Retention
from headway.server.live import Headway
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, State, Status
from headway.tasks.work import Work
from headway.testing.serving import serving
from headway.testing.waiting import wait_until

__all__ = ["Workshop", "workshop"]


class Workshop:
    """A server whose jobs do nothing for long, unless they are held."""

    def __init__(self, live: Headway, url: str) -> None:
        self.live = live
        self.url = url

    async def submit(self, job: str, **arguments: object) -> str:
        """Have a job run; the task's id."""
        return (await self.live.submit(job, arguments)).id

    async def reached(self, id: str, status: Status) -> State:
        """Wait until a task is in this state."""

        async def there() -> bool:
            return (await self.live.running.tasks.get(id)).status is status

        await wait_until(there)
        return await self.live.running.tasks.get(id)

    async def ask(self, id: str, action: Action) -> None:
        """Ask for something."""
        await self.live.running.tasks.request(id, action, "ann")

    async def ended(self, how: Status) -> str:
        """A task that has ended like this."""
        id = await self.submit({Status.COMPLETED: "copy", Status.FAILED: "fail", Status.CANCELLED: "hold"}[how])
        if how is Status.CANCELLED:
            await self.reached(id, Status.RUNNING)
            await self.ask(id, Action.CANCEL)
        await self.reached(id, how)
        return id


@asynccontextmanager
async def workshop(retention: Retention | None = None) -> AsyncIterator[Workshop]:
    """It runs."""
    jobs = Jobs()

    @jobs.job("copy", title="Copy rows")
    async def copy(work: Work, rows: int = 3, label: str = "", tags: list[str] | None = None) -> dict[str, object]:
        for row in range(rows):
            work.item(f"row {row}", "copied")
            work.advance()
        work.update(total=rows)
        return {"label": label, "tags": tags}

    @jobs.job("fail")
    async def fail(work: Work) -> None:
        raise ValueError("row 17: no email")

    @jobs.job("hold")
    async def hold(work: Work) -> None:
        while True:
            await work.apoint()
            await asyncio.sleep(0.01)  # work that goes on until somebody ends it

    live = Headway(jobs=jobs, retention=retention)
    async with serving(live) as address:
        yield Workshop(live, address.http(""))
