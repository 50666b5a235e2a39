"""What a run is given, and what it asks of whoever starts it. Narrow: a test hands in a sandbox and a folder.

The law:
1. `Rows.chunks` yields every row of the file in order and alike each time; it is called in a thread.
2. A `Rejects` file is written before the journal says that the row failed, and cut to what the journal says when a run
   goes on.
3. Nothing that a `Bench` is told holds a password.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec

from headway.pingone.exchange import Trail
from headway.pingone.records import Created, Environment, Page, Population, User
from headway.tasks.model import Action, State

__all__ = [
    "Bench",
    "Body",
    "Choice",
    "Client",
    "Fault",
    "Opened",
    "Options",
    "Question",
    "Rejects",
    "Row",
    "Rows",
    "Tasks",
]

Body = dict[str, Any]
"""A user as PingOne takes it. Any: JSON, with attributes of the customer's own."""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A population: by id, or by name; `create` one of this name where there is none."""

    id: str | None = None
    name: str | None = None
    create: bool = False


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of a run, as on the wire."""

    kind: Literal["import", "export", "modify", "delete"] = "import"
    target: str
    file: str | None = None
    mapping: dict[str, str | None] = {}
    policy: Literal["skip", "update", "fail"] = "skip"
    create_missing: bool = False
    population: Choice | None = None
    population_from: Literal["ask", "file", "choice"] = "ask"
    unknown_population: Literal["ask", "choice", "fail"] = "ask"
    dry_run: bool = False
    confirm: int | None = None
    on_stop: Literal["pause", "fail"] = "pause"
    force_change: bool = False
    parallel: int | None = None
    filter: dict[str, Any] | None = None  # Any: as the export reads it
    format: Literal["csv", "json"] = "csv"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row failed, as its rejects row and its event have it."""

    code: str
    field: str
    message: str
    correlation_id: str = ""


@dataclass(slots=True)
class Row:
    """One row, read and judged, before anybody was asked about it. Not frozen: there are millions."""

    number: int
    """From 1; the header and blank lines do not count."""
    username: str
    body: Body = field(repr=False)
    """Without a population: that is chosen here."""
    faults: Sequence[Fault] = ()
    """What is wrong with it before anybody is asked."""
    population: str = ""
    """The cell of the population column: an id or a name."""
    source: Any = field(default=None, repr=False)  # Any: what the rejects writer wants of its own reader


class Rows(Protocol):
    """The rows of one file."""

    @property
    def total(self) -> int:
        """How many there are."""
        ...

    @property
    def population_column(self) -> str | None:
        """The column that says where users go, if one is mapped to that."""
        ...

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """All rows, so many at a time. Raises `HeadwayError` where the file cannot be read on."""
        ...

    def populations(self) -> Iterable[str]:
        """What the population column says, each value once and no more than some thousands of them."""
        ...


class Rejects(Protocol):
    """The file of rows that failed."""

    @property
    def length(self) -> int:
        """Bytes, everything written included; before the first `cut`, those that an earlier attempt left."""
        ...

    def cut(self, length: int) -> None:
        """Forget what was written behind this. Called once before anything is written; 0: begin the file."""
        ...

    def write(self, row: Row, fault: Fault) -> None:
        """One row that failed; it outlives this process when this returns."""
        ...

    def sync(self) -> None:
        """Have it outlive a power cut."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


class Throttle(Protocol):
    """What a limiter shows."""

    @property
    def retry_in(self) -> float: ...

    @property
    def throttled(self) -> int: ...


class Limiter(Protocol):
    """What holds requests back."""

    def state(self) -> Throttle: ...


class Client(Protocol):
    """As much of `headway.pingone` as a run uses."""

    @property
    def limiter(self) -> Limiter: ...

    @property
    def retries(self) -> int: ...

    def now(self) -> float: ...

    async def import_user(
        self, body: Mapping[str, Any], *, not_before: float | None = None, trail: Trail | None = None
    ) -> Created: ...

    async def user_named(self, username: str) -> User | None: ...

    async def user(self, id: str, *, fresh: bool = False) -> User: ...

    async def patch_user(self, id: str, changes: Mapping[str, Any], *, fresh: bool = False) -> User: ...

    async def set_enabled(self, id: str, enabled: bool, *, fresh: bool = False) -> None: ...

    async def move_user(self, id: str, population_id: str, *, fresh: bool = False) -> None: ...

    async def populations(self) -> tuple[Population, ...]: ...

    async def create_population(self, name: str, description: str = "") -> Created: ...

    async def environment(self) -> Environment: ...

    def user_pages(self, filter: str | None = None, *, limit: int = 200) -> AsyncIterator[Page[User]]: ...


class Tasks(Protocol):
    """As much of the server's tasks as a run uses of its own."""

    async def get(self, id: str) -> State: ...

    async def request(self, id: str, action: Action, by: str | None = None) -> State: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that a run has open; closed by who opened it."""

    client: Client
    rows: Rows
    rejects: Rejects
    folder: Path
    """The run's own."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a run cannot decide by itself. It holds still until somebody answers."""

    kind: str
    """The type of its event."""
    data: Mapping[str, Any]  # Any: JSON values


class Bench(Protocol):
    """What a run stands on."""

    @property
    def tasks(self) -> Tasks:
        """The server's."""
        ...

    def open(self, run: str, options: Options) -> AbstractAsyncContextManager[Opened]:
        """Open the target's client, the file and the folder. Raises `HeadwayError` saying what is missing."""
        ...

    async def ask(self, run: str, question: Question) -> None:
        """Keep an open question, for whoever looks."""
        ...

    async def answered(self, run: str, kind: str) -> Choice | str | None:
        """The answer to a question of this kind: `file`, `choice`, a population, or None while there is none."""
        ...

    async def stopped(self, run: str, code: str, message: str) -> None:
        """Keep why a run stopped. With an empty code: it goes on."""
        ...

    async def ended(self, run: str, report: Mapping[str, Any]) -> None:
        """Keep the report. Any: JSON values. Called again with the same one after a crash in that moment."""
        ...


ROWS_AT_A_TIME: Final = 200
"""Rows that are read in one go: some milliseconds of work, and the thread is left alone for longer than it takes to
hand them over."""
