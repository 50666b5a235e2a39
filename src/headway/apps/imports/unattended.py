"""Runs that ended with nobody at work on them: cancelled while they were queued, or paused when a server died.

Whoever works on a run tells its end before the task ends. So a task that has ended without a report was ended by the
table of states alone, and its end is told here, once, from the numbers that the task was left with.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from headway.apps.imports import records as tables
from headway.apps.imports.records import RUNS
from headway.apps.imports.runs import counts_of
from headway.apps.interface import Context
from headway.codes import Code
from headway.errors import HeadwayError
from headway.tasks.model import State, Status

__all__ = ["tell_ends"]

_AT_ONCE: Final = 50


async def tell_ends(context: Context) -> None:
    """Tell the end of every run that nobody told it of. Raises `StorageError`."""
    for row in await context.records.read(_open):
        try:
            state = await context.tasks.get(row["id"])
        except HeadwayError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            continue
        if state.status.terminal:
            await _tell(context, row, state)


def _open(connection: Connection) -> list[RowMapping]:
    wanted = select(RUNS).where(RUNS.c.report.is_(None)).order_by(RUNS.c.number.desc()).limit(_AT_ONCE)
    return list(connection.execute(wanted).mappings())


async def _tell(context: Context, row: RowMapping, state: State) -> None:
    known = row["about"].get("total")
    counts = counts_of(state, None, known)
    total = known if state.progress.total is None else int(state.progress.total)
    dry = bool(row["options"].get("dry_run"))
    completion: dict[str, Any] = {  # Any: JSON
        "success": state.status is Status.COMPLETED,
        "total": total,
        **{name: count for name, count in counts.items() if name != "not_attempted"},
        "notAttempted": counts["not_attempted"],
        "durationMs": round(state.progress.elapsed * 1000),
        "environmentId": None,
        "populationId": None,
        "dryRun": dry,
        "rejects": counts["failed"],
    }
    # The key is that of whoever works on a run: told by both, it is told once.
    key = f"{row['id']}/end/completion"
    try:
        await context.tell(state.channel, "completion", completion, idempotency_key=key)
    except HeadwayError as error:
        if error.code is not Code.IDEMPOTENCY:
            raise
    report = {
        "status": str(state.status),
        "dry_run": dry,
        "total": total,
        "counts": counts,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "seconds": state.progress.elapsed,
    }
    if state.error is not None:
        report["stopped"] = {"code": state.error.code, "message": state.error.message}
    await context.records.write(lambda connection: tables.change(connection, RUNS, row["id"], {"report": report}))
