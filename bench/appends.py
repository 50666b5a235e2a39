"""Durable appends a second of the SQLite log alone, with nobody watching.

Usage: ``python -m bench.appends TASKS BATCH SECONDS``; prints one JSON object. An append counts when it returned: its
events are committed with the log's default durability.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.places import BUILD
from headway.clock import SystemClock
from headway.events import Draft
from headway.log.sqlite import SqliteLog

_CHANNEL: Final = "bench"


async def _append(log: SqliteLog, batch: int, until: float) -> int:
    drafts = [Draft.of("tick", {"pad": "x" * 160, "seq": "@seq:000000000000"}) for _ in range(batch)]
    appended = 0
    while time.monotonic() < until:
        await log.append(_CHANNEL, drafts)
        appended += batch
    return appended


async def _measure(folder: Path, tasks: int, batch: int, seconds: float) -> dict[str, float]:
    log = await SqliteLog.open(folder, SystemClock(), new_epoch=lambda: secrets.token_hex(4))
    try:
        start = time.monotonic()
        counts = await asyncio.gather(*(_append(log, batch, start + seconds) for _ in range(tasks)))
        elapsed = time.monotonic() - start
    finally:
        await log.close()
    return {"events": sum(counts), "elapsed_s": elapsed, "events_per_s": sum(counts) / elapsed}


def main() -> None:
    """Measure in a folder of its own, and print."""
    tasks, batch, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        print(json.dumps(asyncio.run(_measure(Path(folder), tasks, batch, seconds))))


if __name__ == "__main__":
    main()
