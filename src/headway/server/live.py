"""`Headway`: the whole product as one ASGI application. Its parts are joined in `running.py`.

    live = Headway()                      in memory; `Headway(data="folder")` durable
    app.mount("/live", live)              inside somebody's FastAPI or Starlette application
    await live.publish("run:7", "progress", {"percent": 40}, key="progress")

Mounted, it starts with its first use; `async with live:` (or its ASGI lifespan) starts and stops it in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from headway.access.origins import allowed
from headway.access.proxies import Proxies
from headway.apps.interface import App
from headway.clock import Clock, SystemClock
from headway.codes import Code
from headway.errors import Closed, HeadwayError, UsageError
from headway.events import Draft, channel_name
from headway.limits import Limits, Retention
from headway.log.interface import Log
from headway.log.memory import MemoryLog
from headway.log.sqlite import SqliteLog
from headway.positions import Position
from headway.server import asyncapi, crossorigin, openapi, pages, routes
from headway.server.forwarding import as_sent
from headway.server.hosting import Hosting
from headway.server.hosts import Hosts
from headway.server.protection import protecting
from headway.server.request import Request
from headway.server.running import KEPT, Running
from headway.server.security import Security
from headway.tasks.bridge import bridge
from headway.tasks.interface import Outlet
from headway.tasks.jobs import Jobs
from headway.tasks.model import Action, State
from headway.tasks.pump import Desk
from headway.tasks.store import Store
from headway.tasks.tally import Number
from headway.tasks.task import Task
from headway.transports import websocket
from headway.transports.requests import (
    Receive,
    Scope,
    Send,
    answer,
    answer_error,
    header,
    path_of,
)
from headway.version import VERSION

__all__ = ["Headway"]

logger = logging.getLogger("headway")

_EPOCH_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_GOODBYE_SECONDS: Final = 2.0
"""For the last goodbye to be written and answered. Cutting in the same moment would lose it."""


class Headway:
    """Events in, every reader told. An ASGI application."""

    def __init__(
        self,
        data: str | Path | None = None,
        *,
        secret: str | None = None,
        origins: Sequence[str] = (),
        retention: Retention | None = None,
        limits: Limits | None = None,
        durable: bool = True,
        recovery: bool = True,
        security: Security | None = None,
        jobs: Jobs | None = None,
        run_jobs: bool = True,
        apps: Sequence[App] = (),
        database: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`apps` are the applications it hosts, such as `headway.apps.imports.Imports()`; their records are in
        `database`, a URL, or else beside the log."""
        # Embedded, the addresses we see may all be that of the application's own proxy.
        self.limits = limits or Limits(address_connections=0, address_rate=0.0)
        self.clock: Clock = clock or SystemClock()
        self._data = Path(data) if data is not None else None
        self._retention = retention or Retention()
        self._durable = durable
        self._recovery = recovery
        self._security = security or Security(secret=secret, origins=origins)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in self._security.origins)
        self._hosts = Hosts(self._security.hosts)
        self._proxies = Proxies(self._security.trusted_proxies)
        self._run_jobs = run_jobs
        self.jobs = Jobs() if jobs is None else jobs
        """What it can run: `@live.jobs.job(…)` adds to it, before the start."""
        for app in apps:
            self.jobs.include(app.jobs)
        self._hosting = Hosting(apps, self.limits)
        self._database = database
        self._starting = asyncio.Lock()
        self._log: Log | None = None
        self._running: Running | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop it was started on, or is to be started on; no other can use it."""
        self._desk = Desk(
            self._open_tasks,
            self._task_loop,
            self.clock,
            new_id=lambda: secrets.token_urlsafe(18),
            random=random.random,
            near=True,
            name="this Headway",
        )
        self.refused: Callable[[], Mapping[str, int]] = dict
        """Whom the door of a server let not in, by which limit: set by the server before the start."""
        self.chosen: Callable[[], list[dict[str, Any]]] = list  # Any: JSON
        """The settings it was made from, where it was: set by who made it, before the start."""

    # For programs.

    async def publish(
        self,
        channel: str,
        type: str,
        data: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        idempotency_key: str | None = None,
    ) -> Position:
        """Publish one event; it is stored, and readers are being told, when this returns.

        Raises `InvalidEvent`, `InvalidChannel`, `StorageError`, `Overloaded`. Cancelling gives up the answer, not the
        event.
        """
        positions = await self.publish_all(
            channel, [Draft.of(type, data, key, limit=self.limits.event_bytes)], idempotency_key=idempotency_key
        )
        return positions[-1]

    async def publish_all(
        self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None
    ) -> list[Position]:
        """Publish several events as one step: all of them, with neighbouring offsets, or none."""
        running = (await self.start()).running
        appended = await running.hub.publish(channel_name(channel), drafts, idempotency_key=idempotency_key)
        return [event.position for event in appended.events]

    def task(
        self,
        name: str,
        total: Number | None = None,
        *,
        initial: Number = 0,
        unit: str | None = None,
        channel: str | None = None,
        honours: Iterable[Action] = Action,
    ) -> Task:
        """A task that this program runs and reports, for `with` and `async with`. From any thread; a program without a
        loop needs none: this Headway then runs in a thread of its own, and is closed at the end of the program.

        `initial` is what was done before; `honours` are the actions that will be followed. Raises `UsageError`.
        """
        return Task(self._desk, name, total, initial=initial, unit=unit, channel=channel, honours=honours)

    async def submit(
        self,
        job: str,
        arguments: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        name: str | None = None,
        priority: int | None = None,
        at: float | None = None,
        idempotency_key: str | None = None,
    ) -> State:
        """Have a job run, now or at a moment (seconds since 1970); the task that will do it. With a known key, the task
        of then. Raises `UsageError`, `StorageError`."""
        running = (await self.start()).running
        return await running.runner.submit(
            job, arguments, name=name, priority=priority, at=at, idempotency_key=idempotency_key
        )

    # Life.

    async def start(self) -> Headway:
        """Open the log and be ready. Called by itself at the first use; idempotent. Raises `StorageError`, `Closed`."""
        if self._running is None or self._closed:
            async with self._starting:
                if self._closed:
                    raise Closed("this Headway is closed")
                if self._running is None:
                    await self._start()
        return self

    async def drain(self, window: float | None = None) -> None:
        """Tell every connection to come back, spread over a window, and give them the time to hear it.

        Who is still there afterwards reads nothing: `cut` it. New polls are answered at once from here on.
        """
        if self._running is not None:
            self._running.hub.release()
            window = self.limits.drain_seconds if window is None else window
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(window + _GOODBYE_SECONDS):
                    await self._running.registry.drain(window)
                    await self._running.registry.empty()

    def cut(self) -> None:
        """End whatever connection is still open, without another word."""
        if self._running is not None:
            for connection in self._running.registry.connections():
                connection.cut()

    async def close(self) -> None:
        """Stop telling, finish what was accepted, close the log. Idempotent."""
        await self._desk.close()
        self._closed = True
        if self._running is not None:
            await self._running.close()
        if self._log is not None:
            await self._log.close()

    async def __aenter__(self) -> Headway:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.drain(0.0)
        await self.close()

    async def _open_tasks(self) -> Outlet:
        return (await self.start()).running.tasks

    def _task_loop(self) -> asyncio.AbstractEventLoop:
        """Where tasks are reported: on the loop it runs on, or else on this thread's, or else on the bridge's."""
        if self._loop is None:
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:
                ours = bridge()
                ours.before_end(self._finish)
                self._loop = ours.loop
        return self._loop

    async def _finish(self) -> None:
        """The program ends."""
        await self._desk.finish()
        await self.close()

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise UsageError("this Headway belongs to another loop; start it before other threads report tasks")
        self._loop = loop
        self._log = await self._open_log()
        try:
            store = await self._open_store()
        except BaseException:  # whatever it was, a server that does not start leaves nothing open
            await self._log.close()
            self._log = None
            raise
        running = Running(
            self._log,
            self.limits,
            self.clock,
            self._security,
            recovery=self._recovery,
            store=store,
            jobs=self.jobs,
            run_jobs=self._run_jobs,
            # As long as its events are.
            kept=self._retention.seconds,
            hosting=self._hosting,
            refused=self.refused,
            chosen=self.chosen,
        )
        try:
            await running.start(self._data, self._database, durable=self._durable)
        except BaseException:  # whatever it was, a server that does not start leaves nothing open
            await running.close()
            await self._log.close()
            self._log = None
            raise
        self._running = running

    async def _open_store(self) -> Store:
        loop = asyncio.get_running_loop()
        path = None if self._data is None else self._data / "tasks.db"
        return await loop.run_in_executor(None, lambda: Store(path, loop, durable=self._durable))

    async def _open_log(self) -> Log:
        if self._data is None:
            return MemoryLog(self.clock, retention=self._retention, new_epoch=_new_epoch, retention_for=self._kept)
        return await SqliteLog.open(
            self._data,
            self.clock,
            retention=self._retention,
            durable=self._durable,
            new_epoch=_new_epoch,
            retention_for=self._kept,
        )

    def _kept(self, channel: str) -> Retention:
        return KEPT.get(channel, self._retention)

    @property
    def running(self) -> Running:
        if self._running is None:
            raise Closed("this Headway has not been started")
        return self._running

    # The ASGI application.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "websocket":
                await self._websocket(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope, send = as_sent(scope, self._proxies), protecting(scope, send)
        try:
            await self.start()
            send = self.running.answers.counting(path_of(scope), send)
            self._check_names(scope)
            send = crossorigin.telling(scope, send, self._origins)
            if crossorigin.is_preflight(scope):
                await crossorigin.answer_preflight(send)
                return
            await self._route(scope, receive, send)
        except HeadwayError as error:
            await answer_error(send, error)
        except Exception:  # the mistake is ours: it is logged whole, and the client learns no more than that
            logger.exception("! %s %s failed", scope["method"], path_of(scope))
            await answer_error(send, HeadwayError("the server made a mistake", code=Code.INTERNAL))

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = path_of(scope), scope["method"]
        running = self.running
        if path.startswith("/socket.io"):
            await running.socketio.serve_http(running.identification.identify, scope, receive, send)
            return
        found = routes.find(method, path)
        if found is not None:
            identity = await running.identification.entitled(scope, found.route.needs)
            await found.handler(Request(running.parts, identity, found.subject, scope, receive, send))
            return
        hosted = running.hosting.find(method, path)
        if hosted is not None:
            identity = await running.identification.entitled(scope, hosted.route.needs)
            await running.hosting.serve(hosted, identity, self.limits, scope, receive, send)
            return
        match path:
            case "/openapi.json" | "/api/openapi.json":
                await answer(send, 200, msgspec.json.encode(openapi.document(VERSION, running.hosting.routes)))
            case "/asyncapi.json" | "/api/asyncapi.json":
                await answer(send, 200, msgspec.json.encode(asyncapi.document(VERSION)))
            case _:
                page = pages.find(method, path)
                if page is None:
                    raise HeadwayError(f"there is nothing at {path}", code=Code.NOT_FOUND)
                await pages.serve(page, scope, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope, send = as_sent(scope, self._proxies), protecting(scope, send)
        try:
            await self.start()
            send = self.running.answers.counting(path_of(scope), send)
            self._check_names(scope)
            await self._connect(path_of(scope), scope, receive, send)
        except HeadwayError as error:
            await _refuse(scope, receive, send, error)

    async def _connect(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        running = self.running
        identify = running.identification.identify
        if path.startswith("/socket.io"):
            await running.socketio.serve_websocket(identify, scope, receive, send)
        elif path in ("", "/", "/ws") or path.startswith("/ws/"):
            await websocket.serve(running.sessions, await identify(scope), scope, receive, send)
        else:
            raise HeadwayError(f"there is no WebSocket at {path}", code=Code.NOT_FOUND)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except HeadwayError as error:
                    await send({"type": "lifespan.startup.failed", "message": error.message})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.drain(0.0)
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _check_names(self, scope: Scope) -> None:
        """By which name the server is called, and from a page of which origin."""
        refusals = self.running.watch.figures.refusals
        try:
            self._hosts.check(scope)
        except HeadwayError:
            refusals.add("host")
            raise
        if not allowed(header(scope, b"origin"), header(scope, b"host"), self._origins):
            refusals.add("origin")
            raise HeadwayError("this origin is not allowed; see the setting 'origins'", code=Code.FORBIDDEN)


async def _refuse(scope: Scope, receive: Receive, send: Send, error: HeadwayError) -> None:
    """Answer a handshake with an HTTP error where the server can, otherwise with a plain refusal."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": error.message[:120]})
        return
    body = msgspec.json.encode(
        {"error": {"code": error.code.spelling, "message": error.message, "details": error.details}}
    )
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": error.code.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


def _new_epoch() -> str:
    return "".join(secrets.choice(_EPOCH_LETTERS) for _ in range(12))
