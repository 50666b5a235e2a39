"""One request, one answer, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from yarl import URL

from headway.pingone.errors import PingOneError, Verdict
from headway.pingone.servertime import ServerTime
from headway.pingone.wire import TIMEOUTS, Answer, Timeouts, Wire
from headway.testing.clock import FakeClock
from tests.apps.monitor.checks.targets import Authority, connected
from tests.pingone.harness import Server, answer, broken_off, dropped, serving

SHORT = Timeouts(answer=0.2)


@contextlib.asynccontextmanager
async def opened(answer_bytes: int = 1000, timeouts: Timeouts = TIMEOUTS) -> AsyncIterator[tuple[Server, Wire]]:
    """A server, and connections to it."""
    clock = FakeClock()
    async with serving(Server(clock)) as server:
        wire = Wire(ServerTime(clock), timeouts, 10, answer_bytes)
        wire.open()
        try:
            yield server, wire
        finally:
            await wire.close()


async def ask(server: Server, wire: Wire) -> Answer:
    """One request."""
    return await wire.ask("GET", URL(f"{server.base}/x"), None, {}, "job-1")


async def failure(server: Server, wire: Wire) -> PingOneError:
    """Of one request."""
    with pytest.raises(PingOneError) as failed:
        await ask(server, wire)
    assert failed.value.refusal.transaction_id == "job-1"
    return failed.value


async def test_an_answer() -> None:
    """Status, body, correlation id and the wait come back, whatever the status is."""
    async with opened() as (server, wire):
        server.on("GET /x", answer(429, {"a": 1}, Retry_After="12"))
        got = await ask(server, wire)

    assert (got.status, got.content, got.correlation_id, got.wait) == (429, b'{"a": 1}', "c-429", 12)


async def test_a_date_to_wait_for_is_seen_from_their_clock() -> None:
    """`Retry-After` as a date is told from the `Date` beside it: our clock may be hours off."""
    async with opened() as (server, wire):
        date, until = "Tue, 14 Nov 2023 10:00:00 GMT", "Tue, 14 Nov 2023 10:00:07 GMT"
        server.on("GET /x", answer(429, {}, Retry_After=until, Date=date))
        got = await ask(server, wire)

    assert got.wait == 7


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("announced", [False, True])
async def test_a_huge_answer(zipped: bool, announced: bool) -> None:
    """A body is read up to the bound, announced or not, packed or not; what succeeded may have been done."""
    body = gzip.compress(b"x" * 1_000_000) if zipped else b"x" * 1_000_000

    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"} if zipped else {})
        if announced:
            response.content_length = len(body)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(body)
        return response

    # More than it has packed, less than unpacked.
    async with opened(answer_bytes=5000) as (server, wire):
        server.on("GET /x", huge)
        error = await failure(server, wire)

    assert "larger than 5000 bytes" in str(error)
    assert error.uncertain


async def test_a_huge_refusal() -> None:
    """Of a refusal that is too large the status is enough."""
    async with opened() as (server, wire):
        server.on("GET /x", answer(400, "x" * 1_000_000))
        got = await ask(server, wire)

    assert (got.status, got.content) == (400, b"")


async def test_redirects_are_not_followed() -> None:
    """Nothing goes where an answer points."""
    async with opened() as (server, wire):
        server.on("GET /x", answer(302, {}, Location=f"{server.base}/y"))
        got = await ask(server, wire)

        assert got.status == 302
        assert server.asked == ["GET /x"]


async def test_cookies_are_not_kept() -> None:
    """Nothing of one answer goes into the next request."""
    async with opened() as (server, wire):
        server.on("GET /x", answer(200, {}, Set_Cookie="a=b"))
        # By name: a jar takes no cookie from a bare address.
        url = URL(f"http://localhost:{server.port}/x")
        await wire.ask("GET", url, None, {})
        await wire.ask("GET", url, None, {})

        assert "Cookie" not in server.requests[1].headers


async def test_connections_are_used_again() -> None:
    """Two requests after each other share a connection."""
    ports = []

    async def note(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return answer(200, {})

    async with opened() as (server, wire):
        server.on("GET /x", note)
        await ask(server, wire)
        await ask(server, wire)

    assert len(set(ports)) == 1


async def test_nobody_there() -> None:
    """A connection that cannot be made: nothing arrived, and trying again may help."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        async with opened() as (server, wire):
            server.port, there = port, server.port
            error = await failure(server, wire)
            server.port = there

    assert (error.verdict, error.uncertain, error.status) == (Verdict.RETRY, False, 0)


async def test_a_name_nobody_has() -> None:
    """A host name that is not found, too."""
    async with opened() as (_, wire):
        with pytest.raises(PingOneError, match="host name is not found") as failed:
            await wire.ask("GET", URL("http://nobody.invalid/x"), None, {})

    assert not failed.value.uncertain


async def test_dropped_after_it_arrived() -> None:
    """A connection that ends without an answer, or within it: it may have been done."""
    async with opened() as (server, wire):
        server.on("POST /x", dropped, broken_off)
        for reason in ("the connection ends", "the answer breaks off"):
            with pytest.raises(PingOneError, match=reason) as failed:
                await wire.ask("POST", URL(f"{server.base}/x"), b"{}", {})

            assert failed.value.uncertain
            assert failed.value.verdict is Verdict.RETRY


async def test_not_http() -> None:
    """What is no HTTP is a failure, and is not quoted."""

    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hunter2\r\n\r\n")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with opened() as (_, wire), other:
        with pytest.raises(PingOneError) as failed:
            await wire.ask("POST", URL(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/"), b"", {})

    assert failed.value.verdict is Verdict.RETRY
    assert "hunter2" not in str(failed.value)


async def test_tls_that_is_none() -> None:
    """A server without TLS at an https address: nothing arrived."""
    async with opened() as (server, wire):
        with pytest.raises(PingOneError, match=r"TLS|no connection") as failed:
            await wire.ask("GET", URL(f"https://127.0.0.1:{server.port}/x"), None, {})

    assert not failed.value.uncertain


async def test_silence() -> None:
    """An answer that does not come in time may be on its way."""
    forever = asyncio.Event()

    async def wait(_request: web.Request) -> web.StreamResponse:
        await forever.wait()
        return answer(200, {})

    async with opened(timeouts=SHORT) as (server, wire):
        server.on("GET /x", wait)
        error = await failure(server, wire)
        forever.set()

    assert "takes too long" in str(error)
    assert error.uncertain


async def test_a_break_where_none_belongs() -> None:
    """A header or an address that would be two is a mistake of ours, and nothing leaves."""
    async with opened() as (server, wire):
        for url, headers in (
            (f"{server.base}/x", {"A": "b\r\nC: d"}),
            (f"{server.base}/x", {"A": "b\nC: d"}),
            (f"{server.base}/x", {"A": "b\rC: d"}),
            (f"{server.base}/x", {"A": "€"}),
            (f"{server.base}/x HTTP/1.1\r\nC: d", {}),
            ("ftp://127.0.0.1/x", {}),
            ("/x", {}),
        ):
            with pytest.raises(PingOneError, match="the address is none") as failed:
                await wire.ask("GET", URL(url, encoded=True), None, headers)

            assert failed.value.verdict is Verdict.OUR_BUG
            assert not failed.value.uncertain
        assert server.asked == []


async def test_what_is_said() -> None:
    """Every request says who asks and what it takes, and how long its body is, also where there is none."""
    async with opened() as (server, wire):
        server.on("POST /x", answer(200, {}))
        await wire.ask("POST", URL(f"{server.base}/x?a=b%20c"), None, {"Content-Type": "application/json"})
        await ask(server, wire)

    posted, got = (dict(request.headers) for request in server.requests)
    assert posted == {
        "Host": f"127.0.0.1:{server.port}",
        "User-Agent": "headway",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        "Content-Length": "0",
    }
    assert server.requests[0].raw_path == "/x?a=b%20c"
    assert "Content-Length" not in got
    assert server.bodies[0] == b""


async def test_a_certificate_nobody_trusts() -> None:
    """It will not be trusted the next time either: stop, and nothing has left."""

    async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with opened() as (_, wire), connected(never, Authority().server("localhost")) as port:
        with pytest.raises(PingOneError, match="certificate is not trusted") as failed:
            await wire.ask("GET", URL(f"https://localhost:{port}/x"), None, {})

    assert (failed.value.verdict, failed.value.uncertain) == (Verdict.STOP, False)
