"""Uploaded files: streamed to the application's folder, looked at, kept as long as somebody may need them.

    files/<id>.csv      as it came, readable by this user alone

A file that cannot be read as a CSV of users is refused with a sentence, and is not kept. One that was used by no run
for a week is removed: it may hold passwords.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
from sqlalchemy import RowMapping

from headway.apps.imports import records as tables
from headway.apps.imports.csv.building import Builder
from headway.apps.imports.csv.checking import Checker
from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.dialects import Format
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import Mapping as Columns
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.preview import preview
from headway.apps.imports.csv.problems import Refused
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.schema import STANDARD, Schema
from headway.apps.imports.csv.validating import Validator
from headway.apps.imports.csv.veils import secret_columns, veiled
from headway.apps.imports.records import FILES
from headway.clock import Clock
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, StorageError
from headway.records.records import Records

__all__ = ["FILE_BYTES", "Files", "Upload"]

FILE_BYTES: Final = 1024 * 1024 * 1024
"""The most a file may have; `csv.bounds` says why."""
_KEPT_SECONDS: Final = 7 * 86_400.0
_SAMPLE: Final = 20
_NOTES: Final = 10
"""Columns that a sentence is about; which are mapped is seen in the mapping."""
_CHUNK: Final = 1024 * 1024
"""Bytes that are written at a time."""


class Upload(msgspec.Struct, kw_only=True):
    """A file as it is shown."""

    id: str
    name: str
    bytes: int
    rows: int
    format: dict[str, Any]  # Any: JSON
    header: list[str]
    mapping: list[dict[str, Any]]
    fill: dict[str, float]
    sample: list[dict[str, Any]]
    notes: list[str]
    created_at: float
    expires_at: float


class Files:
    """All of them."""

    def __init__(self, folder: Path, records: Records, clock: Clock, new_id: Callable[[], str]) -> None:
        self._folder = folder
        self._records = records
        self._clock = clock
        self._new_id = new_id

    async def start(self) -> None:
        """Make the folder, and throw away what was only half uploaded."""
        await asyncio.to_thread(self._folder.mkdir, 0o700, True, True)
        await asyncio.to_thread(_clear, self._folder)

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator[_Incoming]:
        """A file that is being uploaded; gone afterwards unless it was kept by `take`."""
        incoming = _Incoming(self._folder / f"{self._new_id()}.part")
        try:
            yield incoming
        finally:
            await asyncio.to_thread(incoming.discard)

    async def take(self, incoming: _Incoming, name: str) -> Upload:
        """Keep what was uploaded. Raises `Refused` where it is no CSV file of users."""
        await incoming.flush()
        looked = await asyncio.to_thread(_look, incoming.path)
        id, now = self._new_id(), self._clock.now()
        values = {
            "id": id,
            "name": name,
            "bytes": incoming.size,
            "rows": looked.pop("rows"),
            "looked": looked,
            "created_at": now,
            "used_at": now,
        }
        await asyncio.to_thread(os.rename, incoming.path, self.path(id))
        await self._records.write(lambda connection: tables.add(connection, FILES, values))
        return await self.get(id)

    def path(self, id: str) -> Path:
        """Where it is. The id is one of ours."""
        return self._folder / f"{id}.csv"

    async def get(self, id: str) -> Upload:
        """One of them. Raises `HeadwayError`."""
        return _shown(await self._row(id))

    async def format(self, id: str) -> tuple[Format, int]:
        """How it is spelled, and how many rows it has. Raises `HeadwayError`, also where it is not what it was."""
        row = await self._row(id)
        if await asyncio.to_thread(_bytes, self.path(id)) != row["bytes"]:
            message = (
                f"the file {row['name']!r} is gone from the server's folder, or was changed there; upload it again"
            )
            raise HeadwayError(message, code=Code.NOT_FOUND, details={"field": "file"})
        return Format.of(row["looked"]["format"]), row["rows"]

    async def used(self, id: str) -> None:
        """It is needed for longer now."""
        now = self._clock.now()
        await self._records.write(lambda connection: tables.change(connection, FILES, id, {"used_at": now}))

    async def remove(self, id: str, *, busy: Callable[[list[str]], Any]) -> None:
        """One less; `busy` raises where one of these runs still goes on. Any: awaitable."""
        await self._row(id)
        await busy(await self._records.read(lambda connection: tables.uses(connection, file=id)))
        await self._records.write(lambda connection: tables.remove(connection, FILES, id))
        await asyncio.to_thread(self.path(id).unlink, True)

    async def sweep(self, *, busy: Callable[[list[str]], Any]) -> None:
        """Remove what nobody has used for a week."""
        before = self._clock.now() - _KEPT_SECONDS
        for id in await self._records.read(lambda connection: tables.forgettable(connection, before)):
            with contextlib.suppress(Conflict):  # a run goes on with it
                await self.remove(id, busy=busy)

    async def preview(
        self, id: str, mapping: Mapping[str, str | None], schema: Schema, populations: Mapping[str, str]
    ) -> Mapping[str, Any]:  # Any: JSON
        """The first rows as they would arrive. Raises `Refused`."""
        format, _ = await self.format(id)

        def look() -> Mapping[str, Any]:  # Any: JSON
            builder = Builder(Columns(tuple(mapping.items())), format.header, schema, populations=populations)
            seen = preview(Reader(self.path(id), format), Checker(builder, Validator(schema), Usernames()), _SAMPLE)
            rows = [
                {
                    "row": row.row,
                    "line": row.line,
                    "username": row.values.get("username"),
                    "body": row.values,
                    "problems": [asdict(problem) for problem in row.problems],
                }
                for row in seen.rows
            ]
            return {"rows": rows, "problems": seen.codes, "looked_at": seen.looked_at}

        return await asyncio.to_thread(look)

    async def _row(self, id: str) -> RowMapping:
        row = await self._records.read(lambda connection: tables.find(connection, FILES, id))
        if row is None:
            raise HeadwayError(
                f"there is no file {id!r}; a file is removed when nobody used it for a week", code=Code.NOT_FOUND
            )
        return row


class _Incoming:
    """A file that is being uploaded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._waiting: list[bytes] = []
        self._held = 0
        self._file: BinaryIO = _create(path)

    async def write(self, piece: bytes) -> None:
        """A sink for its bytes."""
        self.size += len(piece)
        self._held += len(piece)
        self._waiting.append(piece)
        if self._held >= _CHUNK:
            await self._spill()

    async def flush(self) -> None:
        """Have all of it in the file. Raises `StorageError`."""
        await self._spill()

    def discard(self) -> None:
        """Close it, and remove what was not kept."""
        with contextlib.suppress(OSError):  # it has told whoever writes already, and tries what is left once more
            self._file.close()
        self.path.unlink(missing_ok=True)

    async def _spill(self) -> None:
        waiting, self._waiting, self._held = self._waiting, [], 0
        try:
            await asyncio.to_thread(self._written, waiting)
        except OSError as error:
            raise StorageError(
                f"the file cannot be kept: {error.strerror}; make room for the data folder and upload it again"
            ) from error

    def _written(self, pieces: list[bytes]) -> None:
        self._file.writelines(pieces)
        self._file.flush()


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _bytes(path: Path) -> int | None:
    """How long it is; None where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _clear(folder: Path) -> None:
    for left in folder.glob("*.part"):
        left.unlink(missing_ok=True)


def _look(path: Path) -> dict[str, Any]:  # Any: JSON
    """What there is to say of a file before anybody says what its columns are. Raises `Refused`."""
    format = detect(path)
    proposal = propose(format.header)
    notes = [note.message for note in proposal.notes[:_NOTES]]
    if len(proposal.notes) > _NOTES:
        notes.append(f"{len(proposal.notes) - _NOTES:,} more columns are not mapped.")
    if format.guessed:
        notes.append(f"The encoding is a guess: {format.encoding}. Look at names with accents in the preview.")
    reader = Reader(path, format)
    seen = _seen(reader, proposal.mapping)
    return {
        "rows": sum(1 for _ in reader),
        "format": format.spelled(),
        "header": list(format.header),
        "mapping": _columns(format.header, proposal.mapping, {note.name: note.suggestions for note in proposal.notes}),
        "notes": notes,
        **seen,
    }


def _seen(reader: Reader, mapping: Columns) -> dict[str, Any]:  # Any: JSON
    try:
        checker = Checker(Builder(mapping, reader.format.header), Validator(STANDARD), Usernames())
    except Refused:  # no column looks like a username: whoever maps the columns says which is
        first = reader.format.header[0]
        checker = Checker(
            Builder(Columns(((first, "username"),)), reader.format.header), Validator(STANDARD), Usernames()
        )
    looked = preview(reader, checker, _SAMPLE)
    return {
        "fill": {column.name: round(column.filled, 4) for column in looked.columns},
        "sample": list(_sample(reader, secret_columns(reader.format.header))),
    }


def _sample(reader: Reader, hidden: frozenset[int]) -> Iterable[dict[str, Any]]:  # Any: JSON
    for row in reader:
        if row.number > _SAMPLE:
            return
        cells = veiled(row, len(reader.format.header), hidden)
        yield {"row": row.number, "cells": [cell[:200] for cell in cells[:200]]}


def _columns(
    header: Iterable[str], mapping: Columns, suggestions: Mapping[str, tuple[str, ...]]
) -> list[dict[str, Any]]:  # Any: JSON
    mapped = dict(mapping.columns)
    return [
        {"column": name, "attribute": mapped.get(name), "why": list(suggestions.get(name, ()))}
        for name in header
        if name
    ]


def _shown(row: RowMapping) -> Upload:
    looked = row["looked"]
    return Upload(
        id=row["id"],
        name=row["name"],
        bytes=row["bytes"],
        rows=row["rows"],
        format=looked["format"],
        header=looked["header"],
        mapping=looked["mapping"],
        fill=looked["fill"],
        sample=looked["sample"],
        notes=looked["notes"],
        created_at=row["created_at"],
        expires_at=row["used_at"] + _KEPT_SECONDS,
    )
