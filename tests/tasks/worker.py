"""A runner in a process of its own, over a file of tasks that others share. Run by `test_work`:

    python -m tests.tasks.worker FOLDER NAME LEASE

It runs until it is killed. `exclusive` proves by files that no task runs twice at a time and no pool beyond its slots;
`slow` prints each step that it has saved.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path

from headway.clock import SystemClock
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.memory import MemoryLog
from headway.tasks.embedded import Runner
from headway.tasks.jobs import Jobs
from headway.tasks.schedule import Every
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.tasks.work import ThreadWork, Work

SLOTS = 2
STEPS = 40

jobs = Jobs()


def say(*words: object) -> None:
    """Tell whoever started this."""
    print(*words, flush=True)


@jobs.job("exclusive", concurrency=SLOTS, pool="shared")
async def exclusive(work: Work, folder: str) -> None:
    """Hold a file that nobody else may hold, among no more of them than there are slots."""
    lock = Path(folder) / f"{work.task}.lock"
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        say("twice", work.task)
        raise
    for _ in range(3):
        await work.apoint()
        await asyncio.sleep(0.003)
        if sum(name.endswith(".lock") for name in os.listdir(folder)) > SLOTS:  # noqa: PTH208 — in a coroutine
            say("crowded", work.task)
    lock.unlink()
    say("ran", work.task)


@jobs.job("slow", concurrency=1)
async def slow(work: Work) -> int:
    """Save each step, and say so."""
    try:
        for number in range(work.checkpoint.get("next", 0), STEPS):
            await work.apoint()
            work.checkpoint["next"] = number + 1
            work.advance(outcome="created")
            await work.save()
            say("step", number)
            await asyncio.sleep(0.02)
    except BaseException as error:
        say("ended", type(error).__name__)
        raise
    return STEPS


@jobs.job("stuck")
def stuck(work: ThreadWork) -> None:
    """Reach no point, ever."""
    import threading

    say("stuck")
    threading.Event().wait()


@jobs.job("round", schedule=Every(1.0), concurrency=SLOTS)
async def come_round(work: Work) -> None:
    """Come round."""
    say("round", work.task)


async def main(folder: Path, name: str, lease: float) -> None:
    """Run until killed, or until there is something to read on stdin."""
    clock = SystemClock()
    log = MemoryLog(clock, retention=Retention(), new_epoch=lambda: secrets.token_hex(6))
    hub = Hub(log, Limits(), clock=clock)
    store = Store(folder / "tasks.db", asyncio.get_running_loop(), durable=False)
    service = Service(store, hub.publish, clock, lambda: secrets.token_hex(12))
    await service.start()
    runner = Runner(service, jobs, clock, lambda: secrets.token_hex(12), lambda: 0.5, name=name, lease=lease)
    await runner.start()
    say("ready")
    asked = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    while not asked.done():
        await service.keep()
        await asyncio.wait([asked], timeout=0.1)
    await runner.close()
    await service.close()
    await store.close()
    say("closed")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
