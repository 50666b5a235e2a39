"""A mailbox: nobody knows how much there is before the end is reached."""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a mailbox of unknown size"

_BATCHES: Final = (60, 110)


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("archive-mailbox", title="Archive the support mailbox")
    async def archive(work: Work) -> dict[str, int]:
        work.unit = "mails"
        for _ in range(stage.random.randint(*_BATCHES)):
            await work.apoint()
            await stage.pause(stage.random.uniform(0.3, 0.9))
            work.advance(stage.random.randint(1, 9), outcome="archived", current=f"ticket {_ticket(stage)}")
        return {"archived": int(work.done)}


async def play(stage: Stage) -> None:
    """Archive, and rest."""
    task = await stage.live.submit("archive-mailbox")
    await stage.ended(task.id)
    await stage.pause(30)


def _ticket(stage: Stage) -> int:
    return stage.random.randrange(20_000, 30_000)
