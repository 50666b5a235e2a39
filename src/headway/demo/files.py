"""Scans that are processed, as a page of the WebSocket guide watches it: it follows the channel `processing`.

processing_progress {progress, eta, current_file}    progress is of 100, eta a text; key "progress"
processing_complete {files, pages}
processing_error    {error}                          now and then
"""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "Unreadable", "play", "prepare"]

SHOWS: Final = "files being processed"

_CHANNEL: Final = "processing"
_FILES: Final = 36
_SECONDS: Final = 0.8
"""A file takes that long."""
_DAMAGED: Final = 0.25
"""In this part of the rounds a file is."""


class Unreadable(Exception):
    """A file cannot be read."""


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("process-scans", title="Read the scanned contracts")
    async def process(work: Work, damaged: bool = False) -> dict[str, int]:
        work.unit = "files"
        pages = 0
        async for number in work.track(range(_FILES), outcome="read", total=_FILES):
            file = f"contract-{2101 + number}.pdf"
            work.update(current=file)
            told = {"progress": round(100 * number / _FILES), "eta": _text(_FILES - number), "current_file": file}
            await stage.live.publish(_CHANNEL, "processing_progress", told, key="progress")
            await stage.pause(_SECONDS)
            if damaged and number == _FILES // 2:
                error = f"{file} ends in the middle of page 3; send it again"
                await stage.live.publish(_CHANNEL, "processing_error", {"error": error})
                raise Unreadable(error)
            pages += stage.random.randint(2, 14)
        last = {"progress": 100, "eta": _text(0), "current_file": ""}
        await stage.live.publish(_CHANNEL, "processing_progress", last, key="progress")
        await stage.live.publish(_CHANNEL, "processing_complete", {"files": _FILES, "pages": pages})
        return {"files": _FILES, "pages": pages}


async def play(stage: Stage) -> None:
    """Process, and rest."""
    task = await stage.live.submit("process-scans", {"damaged": stage.random.random() < _DAMAGED})
    await stage.ended(task.id)
    await stage.pause(15)


def _text(files: int) -> str:
    """How long so many files will take, for people."""
    return f"{round(files * _SECONDS)} s"
