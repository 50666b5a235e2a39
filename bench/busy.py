"""A server of which a page is told a thousand updates in a second: `python bench/busy.py PORT UPDATES PAGE`.

PAGE is `overview`: the progress of twenty tasks, in turns; or `task`: the progress of the first of them, with nine
lines of its log and one failed item among a hundred updates. The folder it is started in holds its durable log.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from headway import Headway
from headway.events import Draft
from headway.tasks.model import State
from headway.tasks.wire import progress_draft
from headway.testing.serving import serving
from headway.testing.waiting import wait_until

TASKS: Final = 20
TOTAL: Final = 10_000_000
TICK_SECONDS: Final = 0.01


async def main(port: int, updates: int, page: str) -> None:
    """Serve until the process is ended."""
    live = Headway(Path("data"))
    async with serving(live, port=port):
        states = [await _begun(live, f"Nightly import {number}") for number in range(TASKS)]
        sent = 0
        began = time.monotonic()
        while True:
            due = round((time.monotonic() - began) * updates)
            if page == "overview":
                await live.running.hub.publish("tasks", [_listed(states, number) for number in range(sent, due)])
            else:
                drafts = [_told(states[0], number) for number in range(sent, due)]
                await live.running.hub.publish(states[0].channel, drafts)
            sent = due
            await asyncio.sleep(TICK_SECONDS)


async def _begun(live: Headway, name: str) -> State:
    task = live.task(name, TOTAL, unit="rows")
    await task.__aenter__()
    task.advance(1, outcome="created", current="ada@example.org")
    await wait_until(lambda: task.id is not None)
    return await live.running.parts.tasks.get(str(task.id))


def _at(state: State, number: int) -> State:
    done = 1 + number % TOTAL
    counts = {"created": done - done // 50, "failed": done // 50}
    current = f"user-{number}@example.org"
    return dataclasses.replace(
        state, progress=dataclasses.replace(state.progress, done=done, counts=counts, current=current)
    )


def _listed(states: Sequence[State], number: int) -> Draft:
    return progress_draft(_at(states[number % TASKS], number * 10), lobby=True)


def _told(state: State, number: int) -> Draft:
    match number % 100:
        case 99:
            item = {"item": f"row {number}", "outcome": "failed", "message": "the population does not exist"}
            return Draft.of("task_item", {"task": state.id, **item, "code": "INVALID_DATA"})
        case rest if rest % 11 == 0:
            return Draft.of("task_log", {"task": state.id, "level": "info", "message": f"batch {number} written"})
        case _:
            return progress_draft(_at(state, number))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
