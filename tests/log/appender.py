"""A process that appends until it is killed, and prints each event once it was told of it: channel, position, number.

Run by `test_kill`: python -m tests.log.appender FOLDER LIFE FIRST
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from headway.clock import SystemClock
from headway.limits import Retention
from headway.log.sqlite import SqliteLog
from tests.log.harness import draft


async def main(folder: Path, life: str, first: int) -> None:
    """Four callers, each with appends of its own size, into two channels that keep their last two thousand events."""
    log = await SqliteLog.open(folder, SystemClock(), retention=Retention(events=2_000), new_epoch=lambda: life)
    fresh = itertools.count(first)

    async def caller(size: int) -> None:
        while True:
            batch = [next(fresh) for _ in range(size)]
            appended = await log.append(f"run-{size % 2}", [draft(i, "a" if i % 3 else None) for i in batch])
            for event, number in zip(appended.events, batch, strict=True):
                print(event.channel, event.position, number, flush=True)

    await asyncio.gather(*(caller(size) for size in (1, 2, 5, 10)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
