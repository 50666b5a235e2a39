"""A process that changes tasks until it is killed, or as often as it is told. Run by `test_store`:

python -m tests.tasks.writer count FILE TASK TIMES   add one to a task's number so many times, each in a transaction
python -m tests.tasks.writer live FOLDER             begin, report, pause, end tasks, and print what was answered
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from headway.clock import SystemClock
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.sqlite import SqliteLog
from headway.tasks.interface import Beginning, Item, Report
from headway.tasks.model import Action, Happening, Progress
from headway.tasks.records import Change
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.tasks.tables import Tables


async def count(file: Path, id: str, times: int) -> None:
    """Each step reads and writes within one transaction: a step that is lost would show."""
    store = Store(file, asyncio.get_running_loop())

    def step(tables: Tables) -> None:
        record = tables.get(id)
        assert record is not None
        tables.put(Change(replace(record, number=record.number + 1)))

    for _ in range(times):
        await store.do(step)
    await store.close()


async def live(folder: Path) -> None:
    """Four callers, each with one task after another."""
    log = await SqliteLog.open(folder, SystemClock(), retention=Retention(), new_epoch=lambda: secrets.token_hex(6))
    clock = SystemClock()
    hub = Hub(log, Limits(), clock=clock)
    store = Store(folder / "tasks.db", asyncio.get_running_loop())
    service = Service(store, hub.publish, clock, lambda: secrets.token_hex(12))
    await service.start()

    async def keep() -> None:
        while True:
            await service.keep()
            await asyncio.sleep(0)

    async def caller(number: int) -> None:
        for _ in itertools.count():
            owned = await service.begin(Beginning("Work", honours=frozenset(Action)))
            print("begun", owned.id, owned.channel, flush=True)
            reports = itertools.count(1)
            for step in range(1, 4):
                items = [Item(f"{step}", "created")]
                await service.report(
                    owned.id,
                    owned.owner,
                    Report(next(reports), Progress(step, 5, counts={"created": step}), items=items),
                )
                print("item", owned.id, step, flush=True)
            await service.request(owned.id, Action.PAUSE, "ada")
            for happening in (Happening.PAUSED, Happening.RESUMED):
                await service.report(
                    owned.id, owned.owner, Report(next(reports), Progress(3, 5, counts={"created": 3}), happening)
                )
            if number:  # one of them leaves all of its tasks behind
                await service.report(
                    owned.id, owned.owner, Report(next(reports), Progress(5, 5), Happening.COMPLETED, result=[number])
                )
                print("ended", owned.id, flush=True)

    async with asyncio.TaskGroup() as group:
        group.create_task(keep())
        for number in range(4):
            group.create_task(caller(number))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["count", file, id, times]:
            asyncio.run(count(Path(file), id, int(times)))
        case ["live", folder]:
            asyncio.run(live(Path(folder)))
