"""The applications of one server: their routes, what they are given, their lives.

An application sees requests and answers of its own kind (`apps.interface`); this module alone knows both sides. A path
is matched after those of the server itself, percent-encoded, each name in braces one piece of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, unquote

import msgspec

from headway.access.identity import Identity
from headway.apps.interface import Answer, App, Context, Request, Route
from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError, PeerError
from headway.limits import Limits
from headway.records.records import Records, sqlite_url
from headway.server.audit import Action as Audited
from headway.server.masking import Mask
from headway.server.metrics import Metrics
from headway.server.watching import Watch
from headway.tasks.embedded import Runner
from headway.tasks.interface import Announce
from headway.tasks.model import Action, State
from headway.tasks.records import Entry, Filters
from headway.tasks.service import Page, Service
from headway.transports.requests import Receive, Scope, Send, client_of, path_of, read_body

__all__ = ["Found", "Hosting"]

Shape = TypeVar("Shape")

_NO_STORE: Final = "no-store"
_SLOWEST: Final = 60.0
"""Seconds for the next piece of a body that comes piece by piece: who sends nothing for that long has left."""


@dataclass(frozen=True, slots=True)
class Found:
    """An application's route, and what the path names."""

    route: Route
    parameters: Mapping[str, str]


class Hosting:
    """The applications of one server."""

    def __init__(self, apps: Sequence[App], limits: Limits) -> None:
        """Raises `UsageError` where two of them are one."""
        self._apps = apps
        self._limits = limits
        self._patterns = [(_pattern(route.template), route) for app in apps for route in app.routes]
        self._stack = contextlib.AsyncExitStack()

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [app.name for app in self._apps]

    @property
    def routes(self) -> list[Route]:
        """Every operation of all of them."""
        return [route for _, route in self._patterns]

    def find(self, method: str, path: str) -> Found | None:
        """The route of a path; None where there is none. Raises `HeadwayError` on a wrong method or name."""
        wanted = "GET" if method == "HEAD" else method
        others: list[str] = []
        for pattern, route in self._patterns:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if route.method == wanted:
                return Found(route, _decoded(match.groupdict()))
            others.append(route.method)
        if not others:
            return None
        taken = list(dict.fromkeys(others))
        raise HeadwayError(f"{path} takes {', '.join(taken)}, not {method}", code=Code.METHOD, details={"allow": taken})

    async def start(
        self,
        data: Path | None,
        database: str | None,
        *,
        durable: bool,
        announce: Announce,
        tasks: Service,
        runner: Runner,
        clock: Clock,
        watch: Watch,
        mask: Mask,
    ) -> None:
        """Give each what it needs, and start it. Raises `HeadwayError`."""
        if not self._apps:
            return
        folder = data or Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-")))
        records = Records(database or sqlite_url(folder / "records.db"), durable=durable)
        self._stack.push_async_callback(records.close)

        def note(what: str, *, user: str | None, target: str | None = None, address: str | None = None) -> None:
            watch.note(Audited.DID, user=user, target=target, address=address, what=what)

        for app in self._apps:
            own = folder / app.name
            await asyncio.to_thread(own.mkdir, 0o700, True, True)
            context = Context(
                own,
                records,
                announce,
                _Tasks(tasks, runner),
                clock,
                lambda: secrets.token_urlsafe(18),
                secrets.SystemRandom().random,
                note,
                mask.add,
            )
            self._stack.push_async_callback(app.close)
            await app.start(context)

    async def close(self) -> None:
        """End all of them, the last one first. Idempotent."""
        await self._stack.aclose()

    def measured(self, metrics: Metrics) -> None:
        """Have monitoring see their figures."""
        for app in self._apps:
            metrics.add_figures(app.figures)

    async def serve(
        self, found: Found, identity: Identity, limits: Limits, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Have the application answer. Raises `HeadwayError`."""
        if identity.only is not None and found.route.needs is not None:
            raise HeadwayError("a share link leads to one channel, and nowhere else", code=Code.FORBIDDEN)
        request = Request(
            scope["method"],
            path_of(scope),
            found.parameters,
            parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            identity,
            client_of(scope),
            _Body(scope, receive, limits),
        )
        answer = await found.route.handler(request)
        await _send(answer, send, bare=scope["method"] == "HEAD")


class _Tasks:
    """Tasks, as applications see them."""

    def __init__(self, service: Service, runner: Runner) -> None:
        self.submit = runner.submit
        self._service = service

    async def get(self, id: str) -> State:
        return await self._service.get(id)

    async def find(self, filters: Filters) -> Page:
        return await self._service.find(filters)

    async def history(self, id: str) -> list[Entry]:
        return await self._service.history(id)

    async def request(self, id: str, action: Action, by: str | None = None) -> State:
        return await self._service.request(id, action, by)


class _Body:
    """The body of one request."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self._scope = scope
        self._receive = receive
        self._limits = limits

    async def read(self, limit: int | None = None) -> bytes:
        return await read_body(self._scope, self._receive, limit or self._limits.body_bytes, limits=self._limits)

    async def json(self, shape: type[Shape]) -> Shape:
        body = await self.read()
        if body.count(b"[") + body.count(b"{") > self._limits.containers:
            raise PeerError(f"a body has at most {self._limits.containers} lists and objects", code=Code.TOO_LARGE)
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.ValidationError as error:
            raise PeerError(str(error)) from error
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise PeerError(f"the body is not JSON: {error}", code=Code.BAD_JSON) from error

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        size = 0
        while True:
            try:
                async with asyncio.timeout(_SLOWEST):
                    message = await self._receive()
            except TimeoutError as error:
                raise PeerError("the body comes too slowly", code=Code.TIMEOUT, details={"received": size}) from error
            if message["type"] == "http.disconnect":
                raise PeerError("the client left before its request was whole")
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise PeerError(f"the body is larger than {limit} bytes", code=Code.TOO_LARGE, details={"limit": limit})
            if part:
                yield part
            if not message.get("more_body", False):
                return


async def _send(answer: Answer, send: Send, *, bare: bool) -> None:
    headers = {"cache-control": _NO_STORE, **answer.headers}
    whole = isinstance(answer.body, bytes)
    if isinstance(answer.body, bytes):
        headers["content-length"] = str(len(answer.body))
    if answer.body or not whole:
        headers["content-type"] = answer.type
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    if isinstance(answer.body, bytes):
        await send({"type": "http.response.body", "body": b"" if bare else answer.body, "more_body": False})
        return
    pieces = answer.body
    if not bare:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))


def _decoded(named: Mapping[str, Any]) -> dict[str, str]:  # Any: text
    try:
        return {name: unquote(value, errors="strict") for name, value in named.items()}
    except UnicodeDecodeError as error:
        raise PeerError("a name in the path is not UTF-8") from error
