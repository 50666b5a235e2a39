"""What imports remember beside events: targets, files, mappings and runs. Tables, and statements as functions of a
connection; the revisions that make them are in `migrations/`.

A secret stands here only as `vault` made it. What a file holds is not here: it is a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

__all__ = [
    "FILES",
    "MAPPINGS",
    "RUNS",
    "TARGETS",
    "add",
    "all_of",
    "change",
    "find",
    "forgettable",
    "keep_mapping",
    "remove",
    "runs",
    "uses",
]

Values = Mapping[str, Any]  # Any: what a column takes
_DATA: Final = MetaData()

TARGETS: Final = Table(
    "imports_targets",
    _DATA,
    Column("id", String, primary_key=True),
    Column("name", String),
    Column("region", String),
    Column("environment", String),
    Column("worker_environment", String),
    Column("client_id", String),
    Column("secret", Text),
    Column("api", String),
    Column("auth", String),
    Column("rate", Float),
    Column("seen", JSON),
    Column("created_at", Float),
)
FILES: Final = Table(
    "imports_files",
    _DATA,
    Column("id", String, primary_key=True),
    Column("name", String),
    Column("bytes", BigInteger),
    Column("rows", BigInteger),
    Column("looked", JSON),
    Column("created_at", Float),
    Column("used_at", Float),
)
MAPPINGS: Final = Table(
    "imports_mappings",
    _DATA,
    Column("name", String, primary_key=True),
    Column("columns", JSON),
    Column("created_at", Float),
)
RUNS: Final = Table(
    "imports_runs",
    _DATA,
    Column("number", Integer, primary_key=True),
    Column("id", String),
    Column("kind", String),
    Column("target", String),
    Column("file", String),
    Column("options", JSON),
    Column("about", JSON),
    Column("question", JSON),
    Column("answers", JSON),
    Column("stopped", JSON),
    Column("report", JSON),
    Column("created_at", Float),
)


def add(connection: Connection, table: Table, values: Values) -> None:
    """One more; nothing where its id is known already."""
    if connection.execute(select(table.c.id).where(table.c.id == values["id"])).first() is None:
        connection.execute(insert(table).values(**values))


def find(connection: Connection, table: Table, id: str) -> RowMapping | None:
    """One by its id."""
    return connection.execute(select(table).where(table.c.id == id)).mappings().first()


def all_of(connection: Connection, table: Table) -> Sequence[RowMapping]:
    """All, the oldest first."""
    return connection.execute(select(table).order_by(table.c.created_at)).mappings().all()


def change(connection: Connection, table: Table, id: str, values: Values) -> None:
    """These columns of one."""
    if values:
        connection.execute(update(table).where(table.c.id == id).values(**values))


def remove(connection: Connection, table: Table, id: str) -> None:
    """One less."""
    connection.execute(delete(table).where(table.c.id == id))


def keep_mapping(connection: Connection, name: str, columns: Values | None, now: float) -> None:
    """Keep a mapping under a name, in place of what was there; or with None: no longer."""
    connection.execute(delete(MAPPINGS).where(MAPPINGS.c.name == name))
    if columns is not None:
        connection.execute(insert(MAPPINGS).values(name=name, columns=dict(columns), created_at=now))


def runs(connection: Connection, kind: str | None, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Runs, the newest first."""
    wanted = select(RUNS).order_by(RUNS.c.number.desc()).limit(limit)
    if kind is not None:
        wanted = wanted.where(RUNS.c.kind == kind)
    if before is not None:
        wanted = wanted.where(RUNS.c.number < before)
    return connection.execute(wanted).mappings().all()


def uses(connection: Connection, *, target: str | None = None, file: str | None = None) -> list[str]:
    """The ids of runs that use a target or a file."""
    chosen = RUNS.c.target == target if target is not None else RUNS.c.file == file
    return list(connection.execute(select(RUNS.c.id).where(chosen)).scalars())


def forgettable(connection: Connection, before: float) -> list[str]:
    """Files that nobody has used since."""
    return list(connection.execute(select(FILES.c.id).where(FILES.c.used_at < before)).scalars())
