"""A PingOne of a few lines on a real socket, that answers as each test says, and a client whose time is the test's."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from headway.pingone.client import PingOne
from headway.pingone.limiter import Limiters
from headway.pingone.regions import Addresses
from headway.pingone.retries import Patience
from headway.pingone.token import Credential
from headway.pingone.wire import Timeouts
from headway.testing.clock import FakeClock

ENVIRONMENT = "11111111-2222-4333-8444-555555555555"
WORKER = "99999999-2222-4333-8444-555555555555"
CLIENT = "client-1"
SECRET = "s3cret.~of-the_worker"
ID = "5f1c2a34-7a5e-4c1b-9d52-0a1b2c3d4e5f"
OTHER = "6a1c2a34-7a5e-4c1b-9d52-0a1b2c3d4e5f"
POPULATION = "7b1c2a34-7a5e-4c1b-9d52-0a1b2c3d4e5f"
USERS = f"/v1/environments/{ENVIRONMENT}/users"

Body = dict[str, Any]
"""JSON. Any: of a shape some tests get wrong on purpose."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = web.StreamResponse | Handler


def answer(status: int, body: object = None, **headers: str) -> web.Response:
    """An answer, JSON unless it is text. The underscores of a header's name are hyphens."""
    told = {"correlation-id": f"c-{status}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if isinstance(body, str):
        return web.Response(status=status, text=body, headers=told)
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json", headers=told)


def user(username: str = "ada", id: str = ID, created: float = 0.0, **more: Any) -> Body:
    """A user as PingOne shows it. Any: JSON."""
    time = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": id, "username": username, "createdAt": time, "population": {"id": POPULATION}, **more}


def found(*users: Body, next: str | None = None, **more: object) -> Body:
    """A page of users."""
    links = {} if next is None else {"next": {"href": next}}
    return {"_links": links, "_embedded": {"users": list(users)}, "size": len(users), **more}


def refusal(code: str, *details: Body, message: str = "no") -> Body:
    """The body of a refusal."""
    return {"id": "e-1", "code": code, "message": message, "details": list(details)}


def taken(target: str = "username", existing: str | None = None) -> web.Response:
    """The name is somebody's already."""
    inner = {} if existing is None else {"innerError": {"existingId": existing}}
    detail = {"code": "UNIQUENESS_VIOLATION", "target": target, "message": "is unique", **inner}
    return answer(400, refusal("INVALID_DATA", detail))


def again(response: web.Response) -> web.Response:
    """The same answer: one object cannot be sent twice."""
    return web.Response(status=response.status, body=response.body, headers=response.headers.copy())


async def dropped(request: web.Request) -> web.StreamResponse:
    """The request arrives, and instead of an answer the connection ends."""
    await request.read()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def broken_off(request: web.Request) -> web.StreamResponse:
    """Half of the announced answer, then the connection ends."""
    response = web.StreamResponse(status=201, headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"id": "')
    assert request.transport is not None
    request.transport.close()
    return response


@dataclass
class Server:
    """Answers each address with what stands for it in `answers`: in order, the last one again and again."""

    clock: FakeClock
    port: int = 0
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Method and path with query, in the order of arrival."""
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    ahead: float | None = 0.0
    """Seconds by which its clock is ahead of ours; None: it does not say what time it is."""

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def on(self, asked: str, *answers: Answer) -> None:
        """Answer so."""
        self.answers[asked] = list(answers)

    def count(self, start: str) -> int:
        """Requests that began so."""
        return sum(asked.startswith(start) for asked in self.asked)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Whatever is asked."""
        self.bodies.append(await request.read())
        self.requests.append(request)
        self.asked.append(f"{request.method} {request.raw_path}")
        answers = self.answers.get(f"{request.method} {request.path}")
        if not answers:
            return self._dated(answer(404, refusal("NOT_FOUND")))
        chosen = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(chosen, web.Response):
            return self._dated(again(chosen))
        assert not isinstance(chosen, web.StreamResponse)
        given = await chosen(request)
        return given if given.prepared else self._dated(given)

    def _dated(self, response: web.StreamResponse) -> web.StreamResponse:
        if "Date" not in response.headers:
            now = datetime.fromtimestamp(self.clock.now() + (self.ahead or 0.0), UTC)
            response.headers["Date"] = "none" if self.ahead is None else now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return response


@dataclass
class Stage:
    """A server, and the client that asks it."""

    server: Server
    clock: FakeClock
    limiters: Limiters
    slept: list[float]
    pingone: PingOne

    @property
    def addresses(self) -> Addresses:
        """Where the server is."""
        return Addresses(f"{self.server.base}/v1", self.server.base)


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    """The server on a free port."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def stage(
    *, rate: float = 100_000, patience: Patience | None = None, timeouts: Timeouts | None = None, life: float = 3600
) -> AsyncIterator[Stage]:
    """Both, with a token to be had. Whoever sleeps lets the clock advance, and is not kept waiting."""
    clock = FakeClock()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)
        await asyncio.sleep(0)

    async with serving(Server(clock)) as server:
        server.on(f"POST /{WORKER}/as/token", answer(200, {"access_token": "tok-1", "expires_in": life}))
        limiters = Limiters(clock, sleep)
        addresses = Addresses(f"{server.base}/v1", server.base)
        async with PingOne(
            Credential(WORKER, CLIENT, SECRET),
            addresses,
            ENVIRONMENT,
            limiters,
            rate=rate,
            patience=patience or Patience(settling=0),
            timeouts=timeouts or Timeouts(),
            clock=clock,
            random=lambda: 0.5,
            sleep=sleep,
        ) as pingone:
            yield Stage(server, clock, limiters, slept, pingone)
