"""One connection: what counts as an answer, what is bounded, and when it is used again."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from headway.pingone.connection import Bounds, Broken, Connection, Heard

BOUNDS = Bounds(success=1000, other=100)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Line:
    """A connection, and its other end."""

    connection: Connection
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def told(self, *pieces: bytes, end: bool = False) -> Heard:
        """What is heard where these are said, each by itself."""
        waiter = self.connection.ask(b"GET / HTTP/1.1\r\n\r\n")
        await self.reader.readuntil(b"\r\n\r\n")
        for piece in pieces[:-1]:
            self.connection.data_received(piece)
        self.writer.write(pieces[-1])
        if end:
            self.writer.close()
        return await waiter


@asynccontextmanager
async def connected() -> AsyncIterator[Line]:
    """Over a real socket."""
    streams: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    ended = asyncio.Event()
    server = await asyncio.start_server(lambda *both: streams.set_result(both), "127.0.0.1", 0)
    async with server:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(BOUNDS, lambda _: ended.set()), *server.sockets[0].getsockname()[:2]
        )
        reader, writer = await streams
        try:
            yield Line(connection, reader, writer, ended)
        finally:
            connection.abort()
            await ended.wait()
            writer.transport.abort()


async def test_an_answer_is_used_again_after() -> None:
    """Status, headers in lower case, of repeated ones the first, and the body; then the next request."""
    async with connected() as line:
        first = await line.told(b"HTTP/1.1 201 Created\r\nDate: x\r\ndate: y\r\nContent-Length: 3\r\n\r\nabc")
        second = await line.told(OK)

    assert first == Heard(201, {b"date": b"x", b"content-length": b"3"}, b"abc")
    assert second == Heard(200, {b"content-length": b"2"}, b"ok")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncorrelation-id: c-1\r\nContent-Length: 11\r\n\r\n{\"id\": \"a\"}",
        b"HTTP/1.1 200 OK\r\ncorrelation-id: c-1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4;a=b\r\n{\"id\r\n7\r\n\": \"a\"}\r\n0\r\ndate: trailer\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\ncorrelation-id: hint\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ncorrelation-id: c-1\r\nContent-Length: 11\r\n\r\n{\"id\": \"a\"}",
    ],
)  # fmt: skip
async def test_however_it_is_cut(answer: bytes) -> None:
    """An answer is the same in however many pieces it comes; interim answers and trailers are passed over."""
    async with connected() as line:
        for at in range(len(answer)):
            heard = await line.told(*filter(None, (answer[:at], answer[at:])))
            assert (heard.status, heard.headers[b"correlation-id"], heard.content) == (200, b"c-1", b'{"id": "a"}')
            assert b"date" not in heard.headers
        heard = await line.told(*(answer[at : at + 1] for at in range(len(answer))))

        assert heard.content == b'{"id": "a"}'
        assert line.connection.ready


async def test_an_answer_without_a_body() -> None:
    """204 has none, and the connection goes on."""
    async with connected() as line:
        heard = await line.told(b"HTTP/1.1 204 No Content\r\n\r\n")

        assert (heard.status, heard.content) == (204, b"")
        assert (await line.told(OK)).content == b"ok"


async def test_an_answer_without_a_length() -> None:
    """It ends with its connection."""
    async with connected() as line:
        heard = await line.told(b"HTTP/1.1 200 OK\r\n\r\nok", end=True)
        await line.ended.wait()

        assert heard.content == b"ok"
        assert not line.connection.ready


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nConnection: close", b"HTTP/1.0 200 OK", b"HTTP/1.0 200 OK\r\nX: keep-alive"]
)
async def test_the_last_answer(head: bytes) -> None:
    """Where the other end says that it will close, nothing more is asked."""
    async with connected() as line:
        heard = await line.told(head + b"\r\nContent-Length: 2\r\n\r\nok")
        await line.ended.wait()

        assert heard.content == b"ok"
        assert not line.connection.ready


@pytest.mark.parametrize("behind", [OK, b"x", b"HTTP/1.1 500 No\r\n"])
async def test_what_comes_behind_an_answer(behind: bytes) -> None:
    """It is nobody's: the answer counts, and the connection ends, or the next request would get what is not its own."""
    async with connected() as line:
        heard = await line.told(OK + behind)
        await line.ended.wait()

        assert heard == Heard(200, {b"content-length": b"2"}, b"ok")
        assert not line.connection.ready


async def test_what_comes_unasked() -> None:
    """What comes while nothing was asked ends the connection."""
    async with connected() as line:
        line.writer.write(OK)
        await line.ended.wait()

        assert not line.connection.ready


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "the connection ends"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "the connection ends"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "the answer breaks off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "the answer breaks off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n", "the answer breaks off"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: hunter2\r\nConnection: upgrade\r\n\r\n", "what comes back is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "what comes back is not HTTP"),
        (b"hunter2\r\n\r\n", "what comes back is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "what comes back is not HTTP"),
        (b"HTTP/1.1 103 x\r\n\r\n" * 5_000, "what comes back is not HTTP"),
    ],
)
async def test_no_answer(said: bytes, why: str) -> None:
    """Whatever comes that is no whole answer is one of three failures, which quote nothing."""
    async with connected() as line:
        with pytest.raises(Broken) as broken:
            await line.told(said, end=True)
        await line.ended.wait()

    assert str(broken.value) == why


def chunked(body: bytes, size: int = 1) -> bytes:
    """In chunks so large."""
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@pytest.mark.parametrize(("status", "most"), [(200, 1000), (400, 100)])
async def test_a_body_has_a_bound(status: int, most: int) -> None:
    """Up to it everything is there, beyond it nothing; a refusal has another one than a success."""
    for framed in (b"Content-Length: %d\r\n\r\n%b", b"Transfer-Encoding: chunked\r\n\r\n%b"):
        for size in (most, most + 1):
            body = b"x" * size
            told = framed % ((size, body) if b"%d" in framed else chunked(body))
            async with connected() as line:
                heard = await line.told(b"HTTP/1.1 %d x\r\n%b" % (status, told))

            assert heard.content == (body if size == most else None)


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        (b"gzip", gzip.compress),
        (b"GZIP ", gzip.compress),
        (b"deflate", zlib.compress),
    ],
)
async def test_a_packed_body(name: bytes, packed: Callable[[bytes], bytes]) -> None:
    """It is unpacked, and counted as what it is then: a small one cannot become a large one."""
    async with connected() as line:
        for size in (0, 1000):
            body = packed(b"x" * size)
            told = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b"
            heard = await line.told(told % (name, len(body), body))

            assert heard.content == b"x" * size
        body = packed(b"x" * 50_000_000)
        tracemalloc.start()
        try:
            heard = await line.told(told % (name, len(body), body))
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

        assert heard.content is None
        assert most < 5_000_000


async def test_a_body_that_is_not_packed_as_it_says() -> None:
    """What cannot be unpacked is missing: whoever reads the answer finds that it cannot be read."""
    async with connected() as line:
        heard = await line.told(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nhunter2")

    assert heard.content == b""


async def test_what_is_around_a_body_has_a_bound() -> None:
    """Neither trailers nor the frames of chunks go on for ever."""
    async with connected() as line:
        heard = await line.told(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 100_000)

        assert heard.content is None
        assert not line.connection.ready


async def test_a_cancelled_request() -> None:
    """Its answer is nobody's, and the connection is the canceller's to abort."""
    async with connected() as line:
        waiter = line.connection.ask(b"GET / HTTP/1.1\r\n\r\n")
        waiter.cancel()
        line.connection.data_received(OK[:20])
        assert not line.connection.ready
        line.connection.abort()
        await line.ended.wait()

        assert waiter.cancelled()
