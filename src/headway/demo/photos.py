"""A move of photos that somebody pauses, and lets go on later."""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.model import Action
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a pause"

_PHOTOS: Final = 240
_PAUSED_AT: Final = 18


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("move-photos", title="Move the photos to the new storage")
    async def move(work: Work) -> dict[str, int]:
        work.unit = "photos"
        async for number in work.track(range(1, _PHOTOS + 1), outcome="moved"):
            work.update(current=f"IMG_{number + 4000}.jpg")
            await stage.pause(0.2)
        return {"moved": _PHOTOS}


async def play(stage: Stage) -> None:
    """Move, pause, go on, and rest."""
    task = await stage.live.submit("move-photos")
    await stage.until(task.id, lambda state: state.progress.done >= _PAUSED_AT)
    await stage.ask(task.id, Action.PAUSE, "ada")
    await stage.pause(25)
    await stage.ask(task.id, Action.RESUME, "ada")
    await stage.ended(task.id)
    await stage.pause(15)
