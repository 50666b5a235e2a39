"""Runs: tasks that read or write a target, and what is remembered of each.

A run's id is its task's. What it counts and how it stands is the task's to say; its options, its question, why it
stopped and its report are kept here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from headway.access.identity import Identity
from headway.apps.imports import confirming
from headway.apps.imports import records as tables
from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.guards import OWN
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.rejects import ROW_COLUMN
from headway.apps.imports.csv.veils import HIDDEN
from headway.apps.imports.engine.interface import Choice, Options
from headway.apps.imports.files import Files
from headway.apps.imports.meaning import fitting, sound
from headway.apps.imports.records import RUNS
from headway.apps.imports.selecting import selection_of
from headway.apps.imports.targets import Targets
from headway.apps.imports.workbench import Workbench
from headway.apps.interface import Tasks
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, UsageError
from headway.records.records import Records
from headway.tasks.model import Action, State, Status

__all__ = ["JOBS", "Begun", "Run", "Runs", "counts_of", "pieces"]

JOBS: Final[Mapping[str, str]] = {
    "import": "import-users",
    "export": "export-users",
    "modify": "modify-users",
    "delete": "delete-users",
}
"""The job of each kind of run."""
_TITLES: Final[Mapping[str, str]] = {
    "import": "Import {}",
    "export": "Export users",
    "modify": "Modify users from {}",
    "delete": "Delete users",
}
_OUTCOMES: Final = ("created", "updated", "skipped", "failed")
_OTHERS: Final = ("deleted", "exported")
"""What only some kinds of runs count."""
_CHUNK: Final = 64 * 1024
_LOOKED_AT: Final = 100
"""Runs among which a dry run is looked for: it was a moment ago."""
_SCANNED: Final = 5
"""Pages looked through for a reader who may see few of many."""


class Begun(msgspec.Struct):
    """A run that was begun."""

    run: str
    task: str
    sessionId: str  # the seeds' own name
    channel: str
    total: int | None


class Run(msgspec.Struct, kw_only=True):
    """A run as it is shown."""

    number: int
    id: str
    kind: str
    name: str
    status: str
    channel: str
    options: dict[str, Any]  # Any: JSON
    file_name: str | None
    target: dict[str, Any]
    dry_run: bool
    total: int | float | None
    counts: dict[str, int]
    started_at: float | None
    ended_at: float | None
    created_at: float
    by: str | None
    question: dict[str, Any] | None
    stopped: dict[str, Any] | None
    report: dict[str, Any] | None
    rejects: bool
    result: bool


class Runs:
    """All of them."""

    def __init__(self, records: Records, tasks: Tasks, targets: Targets, files: Files, workbench: Workbench) -> None:
        self._records = records
        self._tasks = tasks
        self._targets = targets
        self._files = files
        self._workbench = workbench

    async def begin(self, options: Options, *, by: str | None, key: str | None = None) -> Begun:
        """Have it run. With a known key, the run of then. Raises `HeadwayError`."""
        total, file_name = await self._check(options)
        job = JOBS.get(options.kind)
        if job is None:
            raise UsageError(f"a run is one of {', '.join(JOBS)}", details={"field": "kind"})
        name = options.name or _TITLES[options.kind].format(file_name)
        state = await self._tasks.submit(
            job,
            {"run": msgspec.to_builtins(options)},
            name=f"{name} (dry run)" if options.dry_run else name,
            idempotency_key=None if key is None else f"imports/{by}/{key}",
            by=by,
        )
        target = await self._targets.get(options.target)
        about = {
            "file_name": file_name,
            "total": total,
            "target": {"id": target.id, "name": target.name, "environment_type": target.environment_type},
        }
        await self._workbench.note(state.id, options, about)
        return Begun(state.id, state.id, state.channel, state.channel, total)

    async def again(self, id: str, *, by: str | None) -> Begun:
        """The same once more. Raises `HeadwayError` where its file is gone."""
        row = await self._row(id)
        return await self.begin(msgspec.convert(row["options"], Options), by=by)

    async def get(self, id: str, reader: Identity) -> Run:
        """One of them. Raises `HeadwayError`; what may not be read is not there."""
        return await self._shown(await self._row(id), reader)

    async def find(
        self, reader: Identity, *, kind: str | None, status: str | None, before: int | None, limit: int
    ) -> tuple[list[Run], int | None]:
        """Runs that may be read, the newest first, and where the next page begins."""
        found: list[Run] = []
        for _ in range(_SCANNED):
            cursor = before
            rows = await self._records.read(lambda connection: tables.runs(connection, kind, cursor, limit))  # noqa: B023
            for row in rows:
                before = row["number"]
                try:
                    shown = await self._shown(row, reader)
                except HeadwayError:
                    continue
                if status is None or shown.status == status:
                    found.append(shown)
                if len(found) == limit:
                    return found, before
            if len(rows) < limit:
                return found, None
        return found, before

    async def answer(self, id: str, answer: Choice | str, *, by: str | None) -> None:
        """Answer its question, and have it go on. Raises `HeadwayError`."""
        await self._workbench.answer(id, answer)
        await self._tasks.request(id, Action.RESUME, by)

    async def failures(self, id: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:  # Any: JSON
        """Rows that failed, in the order in which they did."""
        file = await self.rejects(id)
        if await asyncio.to_thread(_only_header, file):
            return [], None
        mapping: Mapping[str, str | None] = (await self._row(id))["options"].get("mapping", {})
        username = next((column for column, path in mapping.items() if path == "username"), "username")

        def read() -> tuple[list[dict[str, Any]], int | None]:  # Any: JSON
            return _failures(file, username, after, limit)

        return await asyncio.to_thread(read)

    async def rejects(self, id: str) -> Path:
        """The file of rows that failed."""
        return self._made(id, "rejects.csv", "no row of this run has failed")

    async def result(self, id: str) -> Path:
        """What an export wrote."""
        row = await self._row(id)
        name = f"result.{row['options'].get('format', 'csv')}"
        return self._made(id, name, "this run has no result yet")

    async def idle(self, ids: list[str]) -> None:
        """Raise `Conflict` where one of these goes on."""
        for id in ids:
            try:
                state = await self._tasks.get(id)
            except HeadwayError:  # forgotten, so ended
                continue
            if not state.status.terminal:
                raise Conflict(f"the run {state.name!r} goes on with it; cancel that first", details={"run": id})

    def _made(self, id: str, name: str, otherwise: str) -> Path:
        file = self._workbench.folder(id) / name
        # The id came over the wire: it names a folder only if it is one of ours.
        if not id.isalnum() or not file.is_file():
            raise HeadwayError(otherwise, code=Code.NOT_FOUND)
        return file

    async def _check(self, options: Options) -> tuple[int | None, str | None]:
        await self._targets.get(options.target)
        sound(options)
        selection = selection_of(options.filter)
        if options.kind in ("import", "modify") and options.file is None:
            raise UsageError(f"{options.kind}: a file is needed; upload one first", details={"field": "file"})
        if options.kind == "delete" and (options.file is None) == selection.everybody:
            raise UsageError("delete: say whom, by a file or by a filter", details={"field": "filter"})
        upload = None if options.file is None else await self._files.get(options.file)
        if upload is not None and options.kind != "export":
            await self._files.format(upload.id)
            fitting(options.mapping, upload.header)
        if options.kind in confirming.TOUCHING and not options.dry_run:
            await confirming.check(options, await self._counted(options), self._files.path)
        return (None, None) if upload is None else (upload.rows, upload.name)

    async def _counted(self, options: Options) -> list[confirming.Counted]:
        """The dry runs of this kind that have ended, the newest first."""
        rows = await self._records.read(lambda connection: tables.runs(connection, options.kind, None, _LOOKED_AT))
        found: list[confirming.Counted] = []
        for row in rows:
            if row["options"].get("dry_run") and row["report"] and row["report"].get("status") == "completed":
                found.append((row["id"], msgspec.convert(row["options"], Options), row["report"]["counts"]))
        return found

    async def _row(self, id: str) -> RowMapping:
        row = await self._records.read(lambda connection: tables.find(connection, RUNS, id))
        if row is None:
            raise HeadwayError(f"there is no run {id!r}", code=Code.NOT_FOUND)
        return row

    async def _shown(self, row: RowMapping, reader: Identity) -> Run:
        state = await self._state(row["id"])
        channel = state.channel if state is not None else f"task:{row['id']}"
        if not reader.may_read(channel):
            raise HeadwayError(f"there is no run {row['id']!r}", code=Code.NOT_FOUND)
        about, report = row["about"], row["report"]
        folder = self._workbench.folder(row["id"])
        counts = counts_of(state, report, about.get("total"))
        return Run(
            number=row["number"],
            id=row["id"],
            kind=row["kind"],
            name=state.name if state is not None else about.get("file_name") or row["kind"],
            status=str(state.status if state is not None else Status.COMPLETED),
            channel=channel,
            options=row["options"],
            file_name=about.get("file_name"),
            target=about.get("target") or {"id": row["target"]},
            dry_run=bool(row["options"].get("dry_run")),
            total=about.get("total") if state is None or state.progress.total is None else state.progress.total,
            counts=counts,
            started_at=None if state is None else state.started_at,
            ended_at=None if state is None else state.ended_at,
            created_at=row["created_at"],
            by=None if state is None else state.by,
            question=row["question"],
            stopped=row["stopped"],
            report=report,
            rejects=bool(counts["failed"]) and (folder / "rejects.csv").is_file(),
            result=any(folder.glob("result.*")),
        )

    async def _state(self, id: str) -> State | None:
        try:
            return await self._tasks.get(id)
        except HeadwayError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            return None  # forgotten with its events; what is kept here stays


def counts_of(
    state: State | None,
    report: Mapping[str, Any] | None,  # Any: JSON
    known: int | None,
) -> dict[str, int]:
    """How many had which outcome; together with those that were not attempted they are the total: the task's, or the
    one that was `known` before it began."""
    if state is None or (state.status.terminal and report is not None):
        # The report's: where nobody was at work on a run at its end, the task knows less than the journal.
        kept = (report or {}).get("counts") or {}
        others = {name: int(kept[name]) for name in _OTHERS if kept.get(name)}
        return {name: int(kept.get(name, 0)) for name in (*_OUTCOMES, "not_attempted")} | others
    counts = {name: state.progress.counts.get(name, 0) for name in _OUTCOMES}
    counts |= {name: state.progress.counts[name] for name in _OTHERS if state.progress.counts.get(name)}
    total = known if state.progress.total is None else state.progress.total
    left = 0 if total is None else max(0, int(total) - sum(counts.values()))
    return {**counts, "not_attempted": left}


def _only_header(file: Path) -> bool:
    """Whether nothing was rejected yet, or ever: headings, and no row."""
    with file.open("rb") as opened:
        opened.readline()
        return not opened.read(1)


def _failures(
    file: Path, username: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:  # Any: JSON
    """A page of a rejects file, by number of its line."""
    format = detect(file, least_columns=1)
    found: list[dict[str, Any]] = []  # Any: JSON
    for row in Reader(file, format):
        if row.number <= after:
            continue
        if len(found) == limit:
            return found, after + limit
        found.append(_failure(dict(zip(format.header, row.cells, strict=False)), username))
    return found, None


def _failure(cells: Mapping[str, str], username: str) -> dict[str, Any]:  # Any: JSON
    told = {name: cells.get(f"{OWN}{name}", "") for name in ("code", "field", "message")}
    number = cells.get(ROW_COLUMN, "")
    return {
        "row": int(number) if number.isdecimal() else 0,
        "username": "" if cells.get(username) == HIDDEN else cells.get(username, ""),
        **told,
        "correlation_id": cells.get(f"{OWN}correlation", ""),
    }


async def pieces(file: Path) -> AsyncIterator[bytes]:
    """A file, piece by piece."""
    opened = await asyncio.to_thread(file.open, "rb")
    try:
        while piece := await asyncio.to_thread(opened.read, _CHUNK):
            yield piece
    finally:
        opened.close()
