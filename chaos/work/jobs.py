"""Two jobs with effects that can be counted, by the two patterns for effects that happen once.

ledger    writes each step into a database of its own, which is the memory of what was done: a plain INSERT without
          any constraint, so that a step that is done twice stands there twice
orders    sends each step to a server that knows idempotency keys, and goes on from its checkpoint
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx2

from headway.tasks.jobs import Jobs
from headway.tasks.work import ThreadWork, Work

jobs = Jobs()


@jobs.job("ledger")
def ledger(work: ThreadWork, path: str, steps: int) -> dict[str, int]:
    """Write so many steps into the database at `path`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        target.execute("CREATE TABLE IF NOT EXISTS effects (step INTEGER)")
        (done,) = target.execute("SELECT count(*) FROM effects").fetchone()
        work.update(done=done, total=steps, counts={"written": done})
        for step in range(done, steps):
            work.point()
            target.execute("INSERT INTO effects VALUES (?)", (step,))
            work.advance(outcome="written")
            work.save(every=0.5)
        return {"written": steps}


@jobs.job("orders")
async def orders(work: Work, url: str, steps: int) -> dict[str, int]:
    """Send so many steps to the server at `url`."""
    work.update(total=steps)
    async with httpx2.AsyncClient(base_url=url, timeout=10.0) as target:
        for step in range(work.checkpoint.get("next", 0), steps):
            await work.apoint()
            answer = await target.post("/orders", headers={"Idempotency-Key": work.key(step)})
            answer.raise_for_status()
            work.advance(outcome="created")
            work.checkpoint["next"] = step + 1
            await work.save(every=0.2)
    return {"created": steps}
