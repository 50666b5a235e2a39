"""What the tests of the server's protocols share: a uvicorn with an application, and clients without manners."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import msgspec
import uvicorn

from headway.limits import Limits
from headway.server.door import Door
from headway.server.fastpath import FastHttp, FastWebSocket
from headway.testing.readers import Answer, fetch
from headway.testing.readers.http import Wire
from headway.testing.serving import Address, listener
from headway.testing.waiting import wait_until

__all__ = ["GET", "App", "Client", "Running", "code_of", "limits", "running"]

App = Callable[[Any, Any, Any], Awaitable[None]]  # Any: ASGI's own shapes
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class _Server(uvicorn.Server):
    """uvicorn's own server, which leaves the signals of this process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:  # Any: as in uvicorn
        yield


@dataclass
class Running:
    """A uvicorn with the fast protocols and somebody's application."""

    server: uvicorn.Server
    address: Address
    door: Door

    @property
    def connections(self) -> int:
        """Connections that uvicorn believes to hold."""
        return len(self.server.server_state.connections)

    @property
    def seated(self) -> int:
        """Connections that have a seat."""
        seated: int = self.door.statistics()["seated"]
        return seated

    @property
    def refused(self) -> dict[str, int]:
        """How many were refused, by the limit they hit."""
        refused: dict[str, int] = self.door.statistics()["refused"]
        return refused

    @property
    def ended(self) -> dict[str, int]:
        """How many were ended, by the rule they broke."""
        ended: dict[str, int] = self.door.statistics()["ended"]
        return ended

    async def serves(self) -> None:
        """Somebody else is served."""
        assert (await fetch(self.address, "GET", "/")).status == 200

    async def empty(self) -> None:
        """Every connection is gone, and its seat is free."""
        await wait_until(lambda: self.seated == 0 and self.connections == 0)


def limits(**changed: Any) -> Limits:  # Any: fields of Limits
    """No bound on addresses, unless it is asked for: all clients of a test have the same."""
    return Limits(**({"address_connections": 0, "address_rate": 0.0} | changed))


@contextlib.asynccontextmanager
async def running(
    app: App,
    door: Door | None = None,
    *,
    send_buffer: int | None = None,
    **config: Any,  # Any: uvicorn's own options
) -> AsyncIterator[Running]:
    """Serve an application until the block ends; afterwards nothing of any connection is left."""
    door = door or Door(limits())
    sock = listener(send_buffer=send_buffer)
    http: Any = partial(FastHttp, door=door)  # Any: uvicorn calls it as it would the class
    config = {"log_config": None, "log_level": "warning", "lifespan": "off", "access_log": False} | config
    server = _Server(uvicorn.Config(app, http=http, ws=FastWebSocket, **config))
    serving = asyncio.create_task(server.serve([sock]))
    await wait_until(lambda: server.started)
    try:
        yield Running(server, Address(sock.getsockname()[1]), door)
    finally:
        server.should_exit = True
        await serving
    assert door.statistics()["seated"] == 0


@dataclass
class Client:
    """A TCP connection on which anything can be said."""

    wire: Wire
    _gone: bool = field(default=False)

    @classmethod
    async def open(cls, address: Address, receive_buffer: int | None = None) -> Self:
        return cls(await Wire.open(address, receive_buffer))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.wire.abort()

    def say(self, data: bytes) -> None:
        """Send something; whether it arrives is another matter."""
        self.wire.writer.write(data)

    async def pour(self, piece: bytes, most: int = 2_000) -> None:
        """Send the same again and again, until the server ends the connection."""
        try:
            for _ in range(most):
                self.say(piece)
                await self.wire.writer.drain()
                await asyncio.sleep(0)
        except OSError:
            return

    async def answer(self) -> Answer:
        """The next answer."""
        status, headers = await self.wire.head()
        return Answer(status, headers, b"".join([piece async for piece in self.wire.body(headers)]))

    async def rest(self) -> bytes:
        """Everything until the end, whichever it is."""
        data = b""
        try:
            while piece := await self.wire.reader.read(65_536):
                data += piece
        except OSError:
            return data
        return data

    async def last(self) -> Answer:
        """The one answer after which the server ends the connection."""
        answer = await self.answer()
        assert answer.headers["connection"] == "close"
        assert await self.rest() == b""
        await self.wire.abort()
        return answer


def code_of(answer: Answer) -> str:
    """The code of an error, in the one shape all errors have."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    error = msgspec.json.decode(answer.body)["error"]
    assert set(error) == {"code", "message", "details"}
    code: str = error["code"]
    return code
