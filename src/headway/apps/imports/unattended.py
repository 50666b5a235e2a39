"""Runs that ended with nobody at work on them: cancelled while they were queued, or paused when a server died.

Whoever works on a run tells its end before the task ends. So a task that has ended without a report was ended by the
table of states alone, and its end is told here, once: from its journal, which knows more than the task where a server
was killed, or from the numbers that the task was left with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from headway.apps.imports import records as tables
from headway.apps.imports.engine.journal import Journal
from headway.apps.imports.engine.telling import counts
from headway.apps.imports.records import RUNS
from headway.apps.imports.runs import counts_of
from headway.apps.interface import Context
from headway.codes import Code
from headway.errors import HeadwayError, StorageError
from headway.tasks.model import State, Status

__all__ = ["tell_ends"]

logger = logging.getLogger("headway.imports")

_AT_ONCE: Final = 50


async def tell_ends(context: Context, folder: Callable[[str], Path]) -> None:
    """Tell the end of every run that nobody told it of; `folder` is a run's own. Raises `StorageError`."""
    for row in await context.records.read(_open):
        try:
            state = await context.tasks.get(row["id"])
        except HeadwayError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            continue
        if state.status.terminal:
            await _tell(context, row, state, folder(row["id"]))


def _journaled(folder: Path, total: int | None, kind: str) -> dict[str, int] | None:
    """What the journal of a run adds up to; None where there is none, or it cannot be read. Rows that were under way
    have failed: nobody knows what came of them."""
    path, rejects = folder / "journal", folder / "rejects.csv"
    if total is None or not path.is_file():
        return None
    try:
        journal = Journal(path, rejects.stat().st_size if rejects.is_file() else 0)
    except StorageError as error:
        logger.warning("! the journal of run %s cannot be read: %s", folder.name, error)
        return None
    journal.close()
    found = counts(journal.standing)
    found["failed"] += len(journal.standing.doubts)
    left = max(0, total - sum(found.values()))
    if kind == "delete":  # whoever is deleted is a change to the journal
        found["deleted"], found["updated"] = found["updated"], 0
    return {**found, "not_attempted": left}


def _open(connection: Connection) -> list[RowMapping]:
    wanted = select(RUNS).where(RUNS.c.report.is_(None)).order_by(RUNS.c.number.desc()).limit(_AT_ONCE)
    return list(connection.execute(wanted).mappings())


async def _tell(context: Context, row: RowMapping, state: State, folder: Path) -> None:
    known = row["about"].get("total")
    total = known if state.progress.total is None else int(state.progress.total)
    journaled = await asyncio.to_thread(_journaled, folder, total, row["kind"])
    found = counts_of(state, None, known) if journaled is None else journaled
    dry = bool(row["options"].get("dry_run"))
    completion: dict[str, Any] = {  # Any: JSON
        "success": state.status is Status.COMPLETED,
        "total": total,
        **{name: count for name, count in found.items() if name != "not_attempted"},
        "notAttempted": found["not_attempted"],
        "durationMs": round(state.progress.elapsed * 1000),
        "environmentId": None,
        "populationId": None,
        "dryRun": dry,
        "rejects": found["failed"],
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
        "counts": found,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "seconds": state.progress.elapsed,
    }
    if state.error is not None:
        report["stopped"] = {"code": state.error.code, "message": state.error.message}
    await context.records.write(lambda connection: tables.change(connection, RUNS, row["id"], {"report": report}))
