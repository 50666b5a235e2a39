"""What runs stand on: the target's client, the rows of their file, the file of rejects, and what is kept of them.

    runs/<run>/         the run's own folder: its journal, rejects.csv, result.csv

A rejects file shows no password. Where a row of one is imported again, the password comes from the file that was
uploaded first, as long as that is kept and the target is the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping

from headway.apps.imports import records as tables
from headway.apps.imports.confirming import TOUCHING
from headway.apps.imports.csv.building import Builder, Defaults, body
from headway.apps.imports.csv.checking import Checked, Checker
from headway.apps.imports.csv.dialects import Format
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import Mapping as Columns
from headway.apps.imports.csv.problems import REQUIRED_VALUE, Problem, Refused
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.reading import Row as Line
from headway.apps.imports.csv.rejects import Rejects
from headway.apps.imports.csv.schema import Schema
from headway.apps.imports.csv.validating import Validator
from headway.apps.imports.csv.veils import veiled
from headway.apps.imports.deleting import CHOSEN, CHOSEN_FORMAT
from headway.apps.imports.engine.interface import Choice, Fault, Opened, Options, Question, Row, Tasks
from headway.apps.imports.files import Files
from headway.apps.imports.passwords import MASKED, Passwords
from headway.apps.imports.records import RUNS
from headway.apps.imports.targets import Targets
from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError, StorageError, UsageError
from headway.pingone.client import PingOne
from headway.records.records import Records

__all__ = ["Workbench", "schema_of"]

logger = logging.getLogger("headway.imports")

_POPULATION: Final = "population"
_DIFFERENT: Final = 5_000
"""Values of a population column that are looked at: an environment has some hundreds."""


class Workbench:
    """Implements `Bench`."""

    tasks: Tasks

    def equip(self, folder: Path, records: Records, targets: Targets, files: Files, tasks: Tasks, clock: Clock) -> None:
        """Put everything on it. Jobs know it before the server starts, and use it afterwards."""
        self.tasks = tasks
        self._folder = folder
        self._records = records
        self._targets = targets
        self._files = files
        self._clock = clock

    def folder(self, run: str) -> Path:
        """A run's own. The id is one of ours."""
        return self._folder / run

    @asynccontextmanager
    async def reach(self, run: str, options: Options) -> AsyncIterator[tuple[PingOne, Path]]:
        """Open what a run without rows needs: the target's client, and its folder. Raises `HeadwayError`."""
        folder = self.folder(run)
        await asyncio.to_thread(folder.mkdir, 0o700, True, True)
        await self.note(run, options)
        async with self._targets.client(options.target, run) as client:
            yield client, folder

    @asynccontextmanager
    async def open(self, run: str, options: Options) -> AsyncIterator[Opened]:
        """Open what the run needs. Raises `HeadwayError` saying what is missing."""
        async with self.reach(run, options) as (client, folder):
            path, format, total, options = await self._source(options, folder)
            schema = await schema_of(client)
            if options.kind in TOUCHING:
                schema = schema.partial()
            passwords = await self._passwords(options, format)
            rows = _Rows(path, format, total, options, schema, passwords)
            rejects = await asyncio.to_thread(_Rejects, folder / "rejects.csv", run, rows)
            try:
                yield Opened(client, rows, rejects, folder)
            finally:
                await asyncio.to_thread(rejects.close)

    async def note(self, run: str, options: Options, about: Mapping[str, Any] | None = None) -> None:  # Any: JSON
        """Know of a run. What is known already stays as it is."""
        values = {
            "id": run,
            "kind": options.kind,
            "target": options.target,
            "file": options.file,
            "options": msgspec.to_builtins(options),
            "about": dict(about or {}),
            "answers": {},
            "created_at": self._clock.now(),
        }

        def work(connection: Connection) -> None:
            tables.add(connection, RUNS, values)
            known = tables.find(connection, RUNS, run)
            if about and known is not None and not known["about"]:
                # The run was quicker than who began it, and knew less.
                tables.change(connection, RUNS, run, {"about": dict(about)})

        await self._records.write(work)

    async def ask(self, run: str, question: Question) -> None:
        """Keep an open question."""
        asked = {"kind": question.kind, **question.data}
        await self._set(run, question=asked)

    async def answered(self, run: str, kind: str) -> Choice | str | None:
        """What somebody answered; None while nobody did."""
        answer = (await self._row(run))["answers"].get(kind)
        return msgspec.convert(answer, Choice) if isinstance(answer, dict) else answer

    async def answer(self, run: str, answer: Choice | str) -> str:
        """Answer the open question; its kind. Raises `HeadwayError` where none is open."""
        told = msgspec.to_builtins(answer)

        def work(connection: Connection) -> str:
            row = _present(tables.find(connection, RUNS, run), run)
            if row["question"] is None:
                raise HeadwayError("the run has no open question", code=Code.CONFLICT)
            kind: str = row["question"]["kind"]
            answers = {**row["answers"], kind: told}
            tables.change(connection, RUNS, run, {"question": None, "answers": answers})
            return kind

        return await self._records.write(work)

    async def stopped(self, run: str, code: str, message: str) -> None:
        """Keep why it stopped; with an empty code: it goes on."""
        await self._set(run, stopped={"code": code, "message": message} if code else None)

    async def ended(self, run: str, report: Mapping[str, Any]) -> None:  # Any: JSON
        """Keep the report."""
        await self._set(run, report=dict(report), question=None)

    async def _source(self, options: Options, folder: Path) -> tuple[Path, Format, int, Options]:
        """The file of the run, and how it is read: the one that was uploaded, or what a filter found."""
        if options.file is not None:
            format, total = await self._files.format(options.file)
            await self._files.used(options.file)
            return self._files.path(options.file), format, total, options
        chosen = folder / CHOSEN
        if options.kind != "delete" or not await asyncio.to_thread(chosen.is_file):
            raise UsageError("the run needs a file", details={"field": "file"})

        total = await asyncio.to_thread(lambda: sum(1 for _ in Reader(chosen, CHOSEN_FORMAT)))
        return chosen, CHOSEN_FORMAT, total, msgspec.structs.replace(options, mapping={"username": "username"})

    async def _passwords(self, options: Options, format: Format) -> Passwords | None:
        """Where passwords come from that a rejects file does not show; None where it is no such file."""
        if not Passwords.wanted(format) or options.file is None:
            return None
        found = Passwords(self._earlier, options.target)
        await found.load(self._files.path(options.file), format, options.mapping)
        return found

    async def _earlier(self, run: str) -> tuple[Options, Path, Format] | None:
        """What an earlier run read; None where that is gone."""
        row = await self._records.read(lambda connection: tables.find(connection, RUNS, run))
        if row is None or row["file"] is None:
            return None
        try:
            format, _ = await self._files.format(row["file"])
        except HeadwayError:
            return None
        return msgspec.convert(row["options"], Options), self._files.path(row["file"]), format

    async def _row(self, run: str) -> RowMapping:
        return _present(await self._records.read(lambda connection: tables.find(connection, RUNS, run)), run)

    async def _set(self, run: str, **values: Any) -> None:  # Any: JSON
        await self._records.write(lambda connection: tables.change(connection, RUNS, run, values))


async def schema_of(client: PingOne) -> Schema:
    """The attributes of a target's users."""
    return Schema.of([msgspec.to_builtins(attribute) for attribute in await client.attributes()])


class _Rows:
    """The rows of one file. Implements `Rows`."""

    def __init__(
        self,
        path: Path,
        format: Format,
        total: int,
        options: Options,
        schema: Schema,
        passwords: Passwords | None,
    ) -> None:
        """Raises `Refused` where the mapping does not fit."""
        self.total = total
        self.format = format
        self._path = path
        self._schema = schema
        self._passwords = passwords
        self._columns = Columns(tuple(options.mapping.items()))
        self._force_change = options.force_change
        builder = self._builder()
        self.secret = builder.secret
        """Columns that are passwords, by their index."""
        self.hidden = builder.hidden
        """Columns that nobody may see."""
        self._mapped = builder.mapped
        if options.kind == "delete":
            # Whatever else a row says of its user is no reason not to delete it.
            told = options.mapping.items()
            self._columns = Columns(tuple((name, path if path == "username" else None) for name, path in told))
        mapped = {attribute: column for column, attribute in options.mapping.items() if attribute}
        self.population_column = mapped.get(_POPULATION)

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """All rows. Raises `HeadwayError` where the file cannot be read on."""
        checker = Checker(self._builder(), Validator(self._schema), Usernames(self.total))
        chunk: list[Row] = []
        for line in Reader(self._path, self.format):
            chunk.append(self._row(checker, line))
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def populations(self) -> Iterable[str]:
        """What the population column says, each value once."""
        if self.population_column is None:
            return []
        index = self.format.header.index(self.population_column)
        found: dict[str, None] = {}
        for line in Reader(self._path, self.format):
            cell = line.cells[index].strip() if index < len(line.cells) else ""
            if cell:
                found[cell] = None
            if len(found) > _DIFFERENT:
                raise Refused(
                    "mapping",
                    f"The column {self.population_column!r} has more than {_DIFFERENT:,} different values, and an "
                    "environment some hundreds of populations. Map another column, or none.",
                )
        return list(found)

    def _builder(self) -> Builder:
        return Builder(
            self._columns, self.format.header, self._schema, defaults=Defaults(force_change=self._force_change)
        )

    def _row(self, checker: Checker, line: Line) -> Row:
        checked, missing = self._checked(checker, line)
        values = dict(checked.values)
        population = str(values.pop(_POPULATION, "") or values.pop("population.id", "") or "")
        problems = checked.problems if missing is None else (*checked.problems, missing)
        faults = tuple(Fault(problem.code, problem.field, problem.message) for problem in problems)
        made = {} if faults else body(values)
        return Row(line.number, checked.username or "", made, faults, population, line)

    def _checked(self, checker: Checker, line: Line) -> tuple[Checked, Problem | None]:
        """The row, with its password where a rejects file left that out; and what is wrong where it is gone."""
        if self._passwords is None or line.problem is not None:
            return checker.check(line), None
        cells = list(line.cells)
        missing = None
        for index in self.secret:
            if cells[index] == MASKED:
                found = self._passwords.of(line)
                if found is None:
                    missing = Problem(
                        REQUIRED_VALUE,
                        "password",
                        "The rejects file does not show the password, and the "
                        "file it came from is gone; write it into the cell, or empty the cell.",
                    )
                cells[index] = found or ""
        for index, path in self._mapped.items():
            if cells[index] == MASKED and path != "password":
                message = (
                    f"The rejects file does not show {path} of this row, since a password may have been in its place; "
                    "write it into the cell."
                )
                missing = Problem(REQUIRED_VALUE, path, message)
        return checker.check(line._replace(cells=cells)), missing


class _Rejects:
    """The file of rows that failed. Implements the engine's `Rejects`."""

    def __init__(self, path: Path, run: str, rows: _Rows) -> None:
        self._path = path
        self._run = run
        self._rows = rows
        self._file: Rejects | None = None
        self._whole: int | None = None
        """Bytes of whole rows, where a write failed and nothing is open."""

    @property
    def length(self) -> int:
        if self._file is not None:
            return self._file.length
        if self._whole is not None:
            return self._whole
        # What an earlier attempt left: the journal is held against it.
        return self._path.stat().st_size if self._path.exists() else 0

    def cut(self, length: int) -> None:
        self.close()
        format = self._rows.format
        try:
            self._file = Rejects(
                self._path, format.header, run=self._run, delimiter=format.delimiter, length=length or None
            )
        except OSError as error:
            raise _full(error) from error
        self._whole = None

    def write(self, row: Row, fault: Fault) -> None:
        if self._file is None:
            self.cut(self._whole or 0)
        assert self._file is not None  # just opened
        whole = self._file.length
        line: Line = row.source
        cells = veiled(line, len(self._rows.format.header), self._rows.hidden)
        faults = [Problem(each.code, each.field, each.message) for each in (row.faults or (fault,))]
        try:
            self._file.write(line._replace(cells=cells), faults, fault.correlation_id)
            self._file.flush()
        except OSError as error:
            # Half a row is no row: the next attempt goes on behind the last whole one.
            self._file.abandon()
            self._file, self._whole = None, whole
            raise _full(error) from error

    def sync(self) -> None:
        if self._file is not None:
            try:
                self._file.sync()
            except OSError as error:
                raise _full(error) from error

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError as error:  # every row was written before it was counted
                logger.warning("! the rejects of run %s cannot be made durable: %s", self._run, error.strerror)


def _full(error: OSError) -> StorageError:
    return StorageError(f"the rejects file of the run cannot be written: {error.strerror}")


def _present(row: RowMapping | None, run: str) -> RowMapping:
    if row is None:
        raise HeadwayError(f"there is no run {run!r}", code=Code.NOT_FOUND)
    return row
