"""A catalogue that a worker rebuilds, in a process of its own, which is killed in the middle: `kill -9`. Its task is
interrupted, and goes on with the next worker from the checkpoint of the first one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Final

from headway.demo.stage import Stage
from headway.server.running import new_task_id
from headway.tasks.embedded import Runner
from headway.tasks.jobs import Jobs
from headway.tasks.model import State, Status
from headway.tasks.work import Work

__all__ = ["JOBS", "SHOWS", "play", "prepare"]

SHOWS: Final = "a worker that is killed"

JOBS: Final = Jobs()
"""What the worker can run, and this server cannot."""

_JOB: Final = "rebuild-catalogue"
_PRODUCTS: Final = 160
_STEP_SECONDS: Final = 0.25
_BEFORE: Final = 6
"""Products before the worker is killed."""
_AWAY_SECONDS: Final = 6.0
"""Without a worker, after everybody could see that it is gone."""


@JOBS.job(_JOB, title="Rebuild the product catalogue")
async def rebuild(work: Work) -> dict[str, int]:
    """Product by product, from the checkpoint on."""
    work.unit = "products"
    work.update(total=_PRODUCTS)
    first = work.checkpoint.get("next", 0)
    if work.attempt > 1:
        work.log(f"the worker before this one died; attempt {work.attempt} goes on with product {first + 1}")
    for number in range(first, _PRODUCTS):
        await work.apoint()
        await asyncio.sleep(_STEP_SECONDS)
        work.advance(outcome="rebuilt", current=f"product {number + 1}")
        work.checkpoint["next"] = number + 1
        await work.save()
    return {"rebuilt": _PRODUCTS, "attempts": work.attempt}


def prepare(stage: Stage) -> None:
    """The server gets no job: it would run it itself."""


async def play(stage: Stage) -> None:
    """Have a worker begin, kill it, have another one go on, and rest."""
    live = stage.live
    # Never started: it queues, and the worker takes.
    runner = Runner(live.running.tasks, JOBS, live.clock, new_task_id, stage.random.random)
    task = await runner.submit(_JOB)
    async with _killed_worker(stage):
        await stage.until(task.id, lambda state: state.progress.done >= _BEFORE)
    await stage.until(task.id, _left)
    await stage.pause(_AWAY_SECONDS)
    async with _killed_worker(stage):
        await stage.ended(task.id)
    await stage.pause(25)


def _left(state: State) -> bool:
    """Whether everybody can see that nobody works on it."""
    return state.status in (Status.INTERRUPTED, Status.PAUSED)


@contextlib.asynccontextmanager
async def _killed_worker(stage: Stage) -> AsyncIterator[None]:
    """A worker that is killed when the block ends. It never lives longer than this process."""
    inherited = {name: value for name, value in os.environ.items() if name != "HEADWAY_TOKEN"}
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headway.demo.worker",
        str(stage.folder),
        stage.url,
        env=inherited | ({"HEADWAY_TOKEN": stage.token} if stage.token is not None else {}),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the demo, which then ends its worker
    )
    try:
        yield
    finally:
        if worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        await worker.communicate()
