"""What the tests of access share: a guarded server whose clock stands still, those who sign in there, and every way to
show a token on every transport."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import msgspec

from headway.access import passwords
from headway.access.identity import Role
from headway.limits import Limits
from headway.server.live import Headway
from headway.server.security import Security
from headway.server.users import Users
from headway.testing.clock import FakeClock
from headway.testing.readers import (
    Answer,
    Ended,
    EventSourceReader,
    Fields,
    PollingReader,
    Reader,
    SocketIoReader,
    WebSocketReader,
    fetch,
)
from headway.testing.serving import Address, Kind, serving
from headway.testing.waiting import wait_until

SECRET = "a secret of at least thirty-two bytes"
CHANNEL = "run:7"
PASSWORD = "correct horse battery"
COOKIE = "headway_session"
LIMITS = replace(Limits(), address_connections=0, address_rate=0.0)
"""A test is one address, and opens a connection for each request."""

TRANSPORTS: dict[str, Callable[..., Reader]] = {
    "polling": PollingReader,
    "eventsource": EventSourceReader,
    "websocket": WebSocketReader,
    "socketio-polling": functools.partial(SocketIoReader, polling=True),
    "socketio": SocketIoReader,
}
HOLDING = [name for name in TRANSPORTS if name != "polling"]
"""Transports on which a reader stays."""


PEOPLE: dict[str, tuple[Role, list[str], list[str]]] = {
    "ann": (Role.VIEWER, ["run:*"], ["run:7"]),
    "oli": (Role.OPERATOR, ["*"], []),
    "root": (Role.ADMIN, ["*"], ["*"]),
}
"""Who signs in: the role, what may be read, what may be published to."""


def _entry(role: Role, channels: list[str], publish: list[str]) -> dict[str, Any]:  # Any: JSON
    return {"password": password_hash(), "role": role, "channels": channels, "publish": publish}


@functools.cache
def password_hash() -> str:
    """The hash of everybody's password: made once, for it takes its time."""
    return passwords.hashed(PASSWORD)


@dataclass
class House:
    """A guarded server."""

    live: Headway
    address: Address
    clock: FakeClock
    users: Users

    def token(self, *, left: float = 3600.0, **claims: Any) -> str:  # Any: claims are JSON
        """Somebody's token from outside."""
        content = {"sub": "ada", "iat": self.clock.now(), "exp": self.clock.now() + left, **claims}
        return jwt.encode({name: value for name, value in content.items() if value is not None}, SECRET, "HS256")

    @property
    def origin(self) -> str:
        """The origin of its own pages."""
        return self.address.http("").removesuffix("/")

    async def get(self, path: str, token: str | None = None, **headers: str) -> Answer:
        """One GET."""
        return await fetch(self.address, "GET", path, headers={**bearer(token), **headers})

    async def post(
        self, path: str, body: object = None, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One POST of JSON."""
        sent = b"" if body is None else msgspec.json.encode(body)
        return await fetch(self.address, "POST", path, body=sent, headers={**bearer(token), **(headers or {})})

    async def sign_in(self, user: str = "ann", password: str = PASSWORD) -> str:
        """Sign in; the cookie's value."""
        answer = await self.post("/api/sign-in", {"user": user, "password": password})
        assert answer.status == 200, answer.body
        return cookie_of(answer)

    async def made(self, path: str, body: object, token: str) -> Any:  # Any: JSON
        """What the server made for who may ask for it."""
        answer = await self.post(path, body, token)
        assert answer.status == 200, answer.body
        return answer.json()

    async def ticket(self, token: str) -> str:
        """A ticket for who has this token."""
        return str((await self.made("/api/tickets", {}, token))["ticket"])

    async def share(self, channel: str = CHANNEL, **more: Any) -> str:  # Any: JSON
        """The token of a share link."""
        made = await self.made("/api/shares", {"channel": channel, **more}, self.token(role="admin"))
        return str(made["token"])

    async def shown(self, way: str, token: str) -> dict[str, Any]:  # Any: options of a reader
        """What a reader is told so that it shows this token in one of the ways."""
        match way:
            case "header":
                return {"headers": bearer(token)}
            case "query":
                return {"query": {"token": token}}
            case "ticket":
                return {"query": {"ticket": await self.ticket(token)}}
            case "cookie":
                # As a browser sends it: on a WebSocket and a POST with the origin of the page.
                return {"headers": {"Cookie": f"{COOKIE}={token}", "Origin": self.origin}}
        raise ValueError(way)

    def reader(self, transport: str, **options: Any) -> Reader:  # Any: each reader's own
        """A reader of the server."""
        return TRANSPORTS[transport](self.address, **options)

    def sweep(self, seconds: float) -> None:
        """Let time pass, and have the housekeeping look."""
        self.clock.advance(seconds)
        self.live.running.sessions.admission.sweep()


WAYS = ["header", "query", "ticket", "cookie"]


def bearer(token: str | None) -> dict[str, str]:
    """The header of a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def cookie_of(answer: Answer) -> str:
    """The value of the cookie that an answer sets."""
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == COOKIE
    return rest.partition(";")[0]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended."""

    code: str
    """Of the error that was said before; empty where none was."""
    close: int | None
    """The close code, or what the error says it would be."""
    message: str = ""


async def ending(reader: Reader) -> Ending:
    """Hear what a connection has to say to its end."""
    said: Fields = {}
    try:
        while True:
            message = await _next(reader)
            if message["type"] == "error" and "close" in message:
                said = message
    except Ended as over:
        return Ending(said.get("code", ""), said.get("close", over.code), said.get("message", ""))


async def endings(house: House, readers: Mapping[str, Reader]) -> dict[str, asyncio.Task[Ending]]:
    """What becomes of each reader, from now on. One that polls has its request waiting at the server: the error is its
    answer."""
    tasks = {name: asyncio.create_task(ending(reader)) for name, reader in readers.items()}
    links = house.live.running.socketio._host.links
    await wait_until(lambda: sum(link.engine.hanging for link in links()) == ("socketio-polling" in readers))
    return tasks


async def ended(tasks: Mapping[str, asyncio.Task[Ending]]) -> dict[str, Ending]:
    """How each of them ended."""
    return {name: await task for name, task in tasks.items()}


def assert_bad_token(ends: Mapping[str, Ending]) -> None:
    """Each connection ended because of its token, in its own way: a WebSocket by its close code, the others by an
    error before."""
    assert {name: (end.code, end.close) for name, end in ends.items()} == {
        name: ("", 4001) if name == "websocket" else ("bad_token", 4001) for name in ends
    }


async def _next(reader: Reader) -> Fields:
    if isinstance(reader, EventSourceReader):
        return await reader.frame()
    if isinstance(reader, WebSocketReader):
        return await reader.hear()
    assert isinstance(reader, SocketIoReader)  # a poller holds no connection
    return await reader.hear()


@contextlib.asynccontextmanager
async def guarded(
    folder: Path,
    *,
    kind: Kind = Kind.FAST,
    data: Path | None = None,
    clock: FakeClock | None = None,
    limits: Limits = LIMITS,
    **security: Any,  # Any: fields of Security
) -> AsyncIterator[House]:
    """A server with a secret and three who sign in: ann who watches, oli who operates, and root."""
    file = folder / "users.json"
    if not file.exists():
        # As `headway user` writes it, without its care for the disk.
        file.write_bytes(msgspec.json.encode({"users": {name: _entry(*rights) for name, rights in PEOPLE.items()}}))
    users = Users(file)
    clock = clock or FakeClock()
    guard = Security(**{"secret": SECRET, "users": file, **security})
    live = Headway(data, durable=False, limits=limits, security=guard, clock=clock)
    async with serving(live, kind) as address:
        yield House(live, address, clock, users)
