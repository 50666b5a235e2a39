"""How an application stands on Headway: what it adds, and what it is given.

    class Imports:                                          Context ─▶ publish, tasks, records, folder, clock, …
        name = "imports"
        routes = (Route("POST", "/api/import", self.begin, needs=Role.OPERATOR, summary="Begin an import"), …)
        jobs = Jobs()                                       what its runs are: they survive what it does not

        async def start(self, context: Context) -> None: …
        async def close(self) -> None: …

The law:
1. Routes and jobs are there before the start; nothing is asked of them before it.
2. What an application tells people is an event on a channel, and what takes long is a job. It holds no state that
   people watch anywhere else.
3. A handler returns an `Answer` or raises a `HeadwayError`; it never sees a socket.
4. Whoever may not, does not reach the handler (`needs`); who may read a channel is asked of the identity.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from headway.access.identity import Identity, Role
from headway.clock import Clock
from headway.events import Draft
from headway.records.records import Records
from headway.tasks.interface import Announce
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, State
from headway.tasks.records import Entry, Filters
from headway.tasks.service import Page

__all__ = ["Answer", "App", "Body", "Context", "Figure", "Handler", "Request", "Route", "Tasks", "json_answer"]

Shape = TypeVar("Shape")
Json = Any  # any JSON value


class Body(Protocol):
    """The body of a request, of bounded size and pace."""

    async def read(self, limit: int | None = None) -> bytes:
        """All of it. Raises `PeerError` where it is larger than `limit`, or than the server takes by default."""
        ...

    async def json(self, shape: type[Shape]) -> Shape:
        """All of it, checked. Raises `PeerError`."""
        ...

    def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """Piece by piece, as it comes, for what is too large to hold. Raises `PeerError`."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an application."""

    method: str
    path: str
    parameters: Mapping[str, str]
    """What the path names, decoded."""
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    """By their lower-case names."""
    identity: Identity
    address: str
    """Where it comes from, for the audit trail."""
    body: Body

    def first(self, name: str) -> str | None:
        """A query parameter; of repeated ones the first."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a whole body, or one that comes in pieces."""

    body: bytes | AsyncIterator[bytes] = b""
    status: int = 200
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Nothing is cached unless `cache-control` says so."""


def json_answer(value: Json, status: int = 200) -> Answer:
    """An answer in JSON. Structs, dates and data classes are taken as msgspec takes them."""
    return Answer(msgspec.json.encode(value), status)


Handler = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation over HTTP."""

    method: str
    template: str
    """`/api/monitor/applications/{application}`; each name in braces stands for one piece of the path."""
    handler: Handler
    needs: Role | None = Role.VIEWER
    """The least role that may; None: everybody, known or not."""
    summary: str = ""
    """One sentence for the documentation."""
    body: type | None = None
    """The shape of a JSON body, for the documentation; the handler checks it."""
    takes: str | None = None
    """The media type of a body that is not JSON."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters, each with a sentence."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number for monitoring, as Prometheus has them."""

    name: str
    help: str
    kind: str
    """gauge or counter."""
    samples: Sequence[tuple[Mapping[str, str], float]]
    """Labels and value."""


class Tasks(Protocol):
    """Tasks, as an application sees them."""

    async def submit(
        self,
        job: str,
        arguments: Mapping[str, Json] | None = None,
        *,
        name: str | None = None,
        channel: str | None = None,
        priority: int | None = None,
        at: float | None = None,
        idempotency_key: str | None = None,
        by: str | None = None,
    ) -> State:
        """Have a job run. With a known key, the task of then. Raises `UsageError`."""
        ...

    async def get(self, id: str) -> State:
        """One task. Raises `NotFound`."""
        ...

    async def find(self, filters: Filters) -> Page:
        """Tasks, newest first."""
        ...

    async def history(self, id: str) -> list[Entry]:
        """What happened to one."""
        ...

    async def request(self, id: str, action: Action, by: str | None = None) -> State:
        """Ask for a pause, a resumption or the end. Raises `IllegalTransition`."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What an application is given at its start."""

    folder: Path
    """Its own, which only this user can read."""
    records: Records
    publish: Announce
    tasks: Tasks
    clock: Clock
    new_id: Callable[[], str]
    """Ids that nobody can guess."""
    random: Callable[[], float]
    note: Callable[..., None]
    """`note(what, user=…, target=…, address=…)`: an entry of the audit trail."""
    secret: Callable[[str], None]
    """Have a text masked wherever this server logs or shows something."""

    async def tell(
        self,
        channel: str,
        type: str,
        data: Mapping[str, Json] | None = None,
        *,
        key: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Publish one event."""
        await self.publish(channel, [Draft.of(type, data, key)], idempotency_key=idempotency_key)


class App(Protocol):
    """An application."""

    @property
    def name(self) -> str:
        """A word: its folder, its revisions and its setting are called by it."""
        ...

    @property
    def routes(self) -> Sequence[Route]:
        """What it answers."""
        ...

    @property
    def jobs(self) -> Jobs:
        """What it has run."""
        ...

    async def start(self, context: Context) -> None:
        """Be ready. Raises `HeadwayError`."""
        ...

    async def close(self) -> None:
        """Leave nothing running. Idempotent."""
        ...

    def figures(self) -> Iterable[Figure]:
        """What monitoring is told of it."""
        ...
