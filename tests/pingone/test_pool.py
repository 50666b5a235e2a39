"""Connections: kept, bounded, watched, and closed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from headway.pingone.connection import Bounds, Broken
from headway.pingone.pool import Origin, Pool
from headway.testing.waiting import wait_until
from tests.apps.monitor.checks.targets import Authority, connected

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASK = b"GET / HTTP/1.1\r\n\r\n"
BOUNDS = Bounds(1000, 100)


@dataclass
class Other:
    """The other end: answers whenever it is let."""

    port: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    open: int = 0
    asked: int = 0

    @property
    def origin(self) -> Origin:
        """Where it is."""
        return Origin(False, "127.0.0.1", self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open += 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                await self.free.wait()
                writer.write(OK)
        finally:
            self.open -= 1


@asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[Other]:
    """The other end, which answers at once until it is told not to."""
    other = Other()
    other.free.set()
    async with connected(other.serve, context) as other.port:
        yield other


@asynccontextmanager
async def pooled(
    connections: int = 10, answer: float = 10.0, idle: float = 15.0, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Pool]:
    """A pool that is closed in the end."""
    pool = Pool(connections, 10.0, answer, BOUNDS, idle=idle, trust=trust)
    try:
        yield pool
    finally:
        await pool.close()


async def test_one_after_the_other() -> None:
    """Requests one after the other take one connection."""
    async with serving() as other, pooled() as pool:
        for _ in range(5):
            assert (await pool.ask(other.origin, ASK)).content == b"ok"

        assert other.connections == 1


async def test_never_more_at_a_time() -> None:
    """There are as many connections as there may be, and who comes later waits for one."""
    async with serving() as other, pooled(connections=3) as pool:
        other.free.clear()
        asking = [asyncio.create_task(pool.ask(other.origin, ASK)) for _ in range(10)]
        await wait_until(lambda: other.asked == 3)
        other.free.set()
        await asyncio.gather(*asking)

        assert (other.connections, other.asked) == (3, 10)


async def test_idle_for_long() -> None:
    """What has been idle for long is closed, and not asked any more."""
    async with serving() as other, pooled(idle=-1.0) as pool:
        await pool.ask(other.origin, ASK)
        await pool.ask(other.origin, ASK)

        assert other.connections == 2
        await wait_until(lambda: other.open == 1)


async def test_closed_by_the_other_end() -> None:
    """A connection that was closed while it was idle is not asked."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        closed.set()

    closed = asyncio.Event()
    async with connected(once) as port, pooled() as pool:
        origin = Origin(False, "127.0.0.1", port)
        for _ in range(3):
            closed.clear()
            assert (await pool.ask(origin, ASK)).content == b"ok"
            await closed.wait()
            await wait_until(lambda: not pool._all)


async def test_too_late() -> None:
    """An answer that takes too long is given up, and those that left later have their own time."""
    async with serving() as other, pooled(answer=0.2) as pool:
        other.free.clear()
        first = asyncio.create_task(pool.ask(other.origin, ASK))
        await wait_until(lambda: other.asked == 1)
        with pytest.raises(Broken, match="takes too long"):
            await first
        second = asyncio.create_task(pool.ask(other.origin, ASK))
        await wait_until(lambda: other.asked == 2)
        other.free.set()

        assert (await second).content == b"ok"
        await wait_until(lambda: other.open == 1)


async def test_cancelled() -> None:
    """Who is cancelled takes the connection along, whose answer would be somebody else's, and gives back the turn."""
    async with serving() as other, pooled(connections=1) as pool:
        other.free.clear()
        asking = asyncio.create_task(pool.ask(other.origin, ASK))
        await wait_until(lambda: other.asked == 1)
        asking.cancel()
        await asyncio.wait([asking])
        other.free.set()

        assert (await pool.ask(other.origin, ASK)).content == b"ok"
        assert other.connections == 2
        await wait_until(lambda: other.open == 1)


async def test_closing() -> None:
    """Closing ends what is idle and what is under way, and nothing begins after it."""
    async with serving() as other, pooled() as pool:
        await pool.ask(other.origin, ASK)
        other.free.clear()
        asking = asyncio.create_task(pool.ask(other.origin, ASK))
        await wait_until(lambda: other.asked == 2)
        await pool.close()

        with pytest.raises(Broken, match="the connection ends"):
            await asking
        with pytest.raises(ConnectionAbortedError):
            await pool.ask(other.origin, ASK)
        other.free.set()
        await wait_until(lambda: other.open == 0)
        await pool.close()


async def test_tls() -> None:
    """Who shows a certificate that is believed is spoken to, and nobody else, whatever it is called."""
    authority = Authority()
    async with serving(authority.server("localhost")) as other:
        origin = Origin(True, "localhost", other.port)
        async with pooled(trust=ssl.create_default_context(cadata=authority.pem)) as pool:
            assert (await pool.ask(origin, ASK)).content == b"ok"
            with pytest.raises(ssl.SSLCertVerificationError):
                await pool.ask(Origin(True, "127.0.0.1", other.port), ASK)
        async with pooled() as pool:
            with pytest.raises(ssl.SSLCertVerificationError):
                await pool.ask(origin, ASK)

    assert other.asked == 1
