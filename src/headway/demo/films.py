"""An upload that stands still for a while, because the storage does not answer, and then goes on."""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "an upload that stalls"

_FILMS: Final = 40
_STALLS_AT: Final = 6
_SILENT_SECONDS: Final = 35


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("upload-films", title="Upload the product films")
    async def upload(work: Work) -> dict[str, int]:
        work.unit = "films"
        async for number in work.track(range(1, _FILMS + 1), outcome="uploaded"):
            work.update(current=f"film-{number:03}.mp4")
            await stage.pause(0.3 if number < _STALLS_AT else stage.random.uniform(0.5, 1.2))
            if number == _STALLS_AT:
                await _unanswered(work)
        return {"uploaded": _FILMS}

    async def _unanswered(work: Work) -> None:
        work.log("the storage does not answer", "warning")
        await stage.labour(work, _SILENT_SECONDS)
        work.log("the storage answers again")


async def play(stage: Stage) -> None:
    """Upload, and rest."""
    task = await stage.live.submit("upload-films")
    await stage.ended(task.id)
    await stage.pause(20)
