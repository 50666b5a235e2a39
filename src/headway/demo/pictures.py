"""A script of the kind that everybody has, in a thread: `with live.task(…)` around its loop is all it does for it."""

from __future__ import annotations

import asyncio
import threading
from typing import Final

from headway.demo.stage import Stage
from headway.tasks.task import Cancelled

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a plain script"

_PICTURES: Final = 90


def prepare(stage: Stage) -> None:
    """It has no job: nobody but itself runs it."""


async def play(stage: Stage) -> None:
    """Run the script, and rest."""
    over = threading.Event()
    script = asyncio.create_task(asyncio.to_thread(_script, stage, over))
    try:
        await asyncio.shield(script)
    finally:
        over.set()
        await script
    await stage.pause(20)


def _script(stage: Stage, over: threading.Event) -> None:
    names = [f"autumn-{number:03}.jpg" for number in range(_PICTURES)]
    try:
        with stage.live.task("Resize the autumn pictures", unit="pictures") as task:
            for name in task.track(names, outcome="resized"):
                task.update(current=name)
                if over.wait(stage.random.uniform(0.2, 0.7) * stage.pace):  # the work
                    raise Cancelled("the demo ends")
    except Cancelled:
        return
