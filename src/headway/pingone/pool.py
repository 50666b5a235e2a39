"""The connections to one PingOne: kept open, bounded in number, and each answer bounded in time.

The law:
1. Never more requests under way than there may be connections; who comes later waits, in order.
2. The last connection that was used is used next, and none that has been idle for long: its other end may be about to
   close it.
3. One timer watches all answers: they have the same time, so the first to leave is the first that is late.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections import deque
from typing import Final, NamedTuple

from aiohappyeyeballs import start_connection

from headway.pingone.connection import Bounds, Connection, Heard

__all__ = ["Origin", "Pool"]

_IDLE_SECONDS: Final = 15.0
"""Load balancers close what has been idle for 60 and more."""
_OTHER_FAMILY_SECONDS: Final = 0.25
"""Before IPv4 is tried beside IPv6, or the other way round (RFC 8305)."""


class Origin(NamedTuple):
    """Where a connection goes."""

    tls: bool
    host: str
    port: int


class Pool:
    """The connections. In one event loop; `close` in the end."""

    def __init__(
        self,
        connections: int,
        connect: float,
        answer: float,
        bounds: Bounds,
        *,
        idle: float = _IDLE_SECONDS,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """So many at a time; seconds for connecting, TLS included, and for an answer once its request has left. Whose
        certificates are believed: those this machine believes, or as `trust` says."""
        self._loop = asyncio.get_running_loop()
        self._turns = asyncio.Semaphore(connections)
        self._connect_seconds = connect
        self._answer_seconds = answer
        self._bounds = bounds
        self._idle_seconds = idle
        self._trust = trust
        self._closed = False
        self._all: set[Connection] = set()
        self._gone: asyncio.Future[None] | None = None
        """Set while somebody waits for all to have ended."""
        self._idle: dict[Origin, deque[tuple[float, Connection]]] = {}
        """The last ones used at the end; since when."""
        self._busy: dict[Connection, float] = {}
        """Until when. The first to leave stand first."""
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, origin: Origin, request: bytes) -> Heard:
        """Send a request and wait for its answer. Raises what connecting raises (`OSError`, of which TLS's errors are
        some, `TimeoutError`, `ValueError` for a host that is none), before it is sent; after that, `Broken`."""
        async with self._turns:
            connection = self._ready(origin) or await self._connected(origin)
            waiter = connection.ask(request)
            self._busy[connection] = until = self._loop.time() + self._answer_seconds
            if self._timer is None:
                self._timer = self._loop.call_at(until, self._look)
            try:
                return await waiter
            finally:
                del self._busy[connection]
                if connection.ready:
                    self._idle[origin].append((self._loop.time(), connection))
                else:
                    connection.abort()

    async def close(self) -> None:
        """Close all. Idempotent."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._all:
            self._gone = self._loop.create_future()
            for connection in [*self._all]:
                connection.fail("the connection ends")
            await self._gone

    def _ready(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        if not idle:
            return None
        long = self._loop.time() - self._idle_seconds
        while idle and idle[0][0] < long:
            idle.popleft()[1].abort()
        while idle:
            connection = idle.pop()[1]
            if connection.ready:
                return connection
        return None

    async def _connected(self, origin: Origin) -> Connection:
        async with asyncio.timeout(self._connect_seconds):
            addresses = await self._loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            one = await start_connection(addresses, happy_eyeballs_delay=_OTHER_FAMILY_SECONDS, loop=self._loop)
            _, connection = await self._loop.create_connection(
                lambda: Connection(self._bounds, self._lost),
                sock=one,
                ssl=(self._trust or _trust()) if origin.tls else None,
                server_hostname=origin.host if origin.tls else None,
            )
        if self._closed:
            connection.abort()
            raise ConnectionAbortedError("the connections were closed meanwhile")
        self._all.add(connection)
        self._idle.setdefault(origin, deque())
        return connection

    def _lost(self, connection: Connection) -> None:
        self._all.discard(connection)
        if self._gone is not None and not self._all and not self._gone.done():
            self._gone.set_result(None)

    def _look(self) -> None:
        """Give up what is late, and look again when the next one is."""
        self._timer = None
        now = self._loop.time()
        for connection, until in list(self._busy.items()):
            if until > now:
                self._timer = self._loop.call_at(until, self._look)
                return
            connection.fail("the answer takes too long")


@functools.cache
def _trust() -> ssl.SSLContext:
    """Reading the certificates of this machine takes some milliseconds: once."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
