"""What one connection may do to a server, tried with real sockets: while it is attacked others are served, and when it
is over nothing is left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect

from headway.server.door import Door
from headway.server.fastpath import DETACH
from headway.server.guarded import _PIPELINED
from headway.testing.readers import Ended
from headway.testing.waiting import wait_until
from headway.transports.requests import answer, answer_error, read_body
from tests.server.harness import GET, Client, Running, code_of, limits, running

Scope = Any  # Any: ASGI's own shapes
Receive = Any
Send = Any


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers every request at once, read or not; accepts every WebSocket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    else:
        await answer(send, 200, scope["path"].encode())


class Held:
    """Answers `/held` when it is told to, everything else at once."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if scope["path"] == "/held":
            await self.go.wait()
        await answer(send, 200, scope["path"].encode())


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers `/large` with more than sockets hold."""
    await answer(send, 200, b"x" * 16_000_000 if scope["path"] == "/large" else b"")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body."""
    await answer(send, 200, await read_body(scope, receive, 1_000_000))


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged; that a test's loop was slow is not the server's business."""
    return [record.getMessage() for record in caplog.records if record.name != "asyncio"]


# The head.


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: %s\r\n" % (n, b"a" * 1_000) for n in range(50)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 2_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + b"X: a\r\n" * 2_000 + b"\r\n",
    ],
    ids=["address", "one header", "fifty headers", "2,000 headers", "of a WebSocket"],
)
async def test_a_head_too_large_is_refused(head: bytes) -> None:
    """431, whatever it is made of; the connection ends."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(head)

        refused = await client.last()
        assert (refused.status, code_of(refused)) == (431, "headers_too_large")
        await server.serves()
        await server.empty()
        assert server.ended["headers"] == 1


async def test_a_head_of_many_pieces_is_bounded_too() -> None:
    """The bound is that of the whole, not of a segment."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for number in range(40):
            client.say(b"X%d: %s\r\n" % (number, b"a" * 1_000))
            await client.wire.writer.drain()
            await asyncio.sleep(0)
        client.say(b"\r\n")

        assert (await client.last()).status == 431


async def test_a_head_of_two_pieces_is_bounded_by_both() -> None:
    """Neither piece is too large, and both together are: the first counts, though the request began in it."""
    async with running(hello) as server, await Client.open(server.address) as client:
        for piece in (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"a" * 20_000, b"a" * 20_000 + b"\r\n\r\n"):
            client.say(piece)
            await client.wire.writer.drain()
            for _ in range(20):  # turns of the loop in which the server reads the first before the second is there
                await asyncio.sleep(0)

        assert (await client.last()).status == 431


@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\nX"])
async def test_an_endless_head_is_refused_before_it_is_whole(begin: bytes) -> None:
    """Ten megabytes that never come to an end are not gathered."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(begin)
        await client.pour(b"a" * 10_000, 1_000)

        assert b" 431 " in (await client.rest()).partition(b"\r\n")[0]
        await server.serves()
        await client.wire.abort()
        await server.empty()


async def test_heads_of_the_largest_size_are_served() -> None:
    """The bounds are those of one request, not of what follows on the same connection."""
    most = limits()
    async with running(hello) as server, await Client.open(server.address) as client:
        for _ in range(5):
            client.say(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * (most.headers - 1) + b"\r\n")
            assert (await client.answer()).status == 200
            client.say(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (most.header_bytes - 20) + b"\r\n\r\n")
            assert (await client.answer()).status == 200


async def test_a_small_head_behind_a_large_body_is_small() -> None:
    """Bytes of a body in the same segment are no headers."""
    body = b"x" * 200_000
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + body
    async with running(echo) as server, await Client.open(server.address) as client:
        for _ in range(3):
            client.say(post + GET[:10])
            assert (await client.answer()).body == body
            client.say(GET[10:])
            assert (await client.answer()).status == 200


async def test_endless_trailers_are_refused() -> None:
    """What comes behind the last chunk is as bounded as a head, and tells the application nothing."""
    seen: list[list[bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, 1_000_000)
        seen.append([name for name, _ in scope["headers"]])
        await answer(send, 200, body)

    begin = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
    async with running(app) as server:
        async with await Client.open(server.address) as client:
            client.say(begin + b"Authorization: Bearer forged\r\n\r\n")
            assert (await client.answer()).body == b"ok"
        for endless in (b"X: " + b"a" * 10_000, b"X: a\r\n" * 2_000):
            async with await Client.open(server.address) as client:
                client.say(begin)
                await client.pour(endless, 1_000)
                assert b" 431 " in (await client.rest()).partition(b"\r\n")[0]
        await server.empty()
        assert seen == [[b"host", b"transfer-encoding"]]


async def test_a_head_that_never_ends_is_given_up() -> None:
    """A hundred connections that drip a byte now and then are told so and ended, while others are served; one that
    never says anything is ended without a word."""
    door = Door(limits(header_seconds=1.0))
    async with running(hello, door) as server:
        dripping = []
        for _ in range(100):
            client = await Client.open(server.address)
            client.say(b"GET / HTTP/1.1\r\nX: ")
            dripping.append(client)
        silent = await Client.open(server.address)
        await server.serves()

        refused = [await client.last() for client in dripping]
        assert {(said.status, code_of(said)) for said in refused} == {(408, "timeout")}
        assert await silent.rest() == b""
        await server.empty()
        assert server.ended["header_seconds"] == 101
        await silent.wire.abort()


async def test_a_drip_does_not_put_the_end_off() -> None:
    """The time is that of the whole head: each byte does not begin it anew. Nor do empty lines between requests."""
    door = Door(limits(header_seconds=0.3))
    async with (
        running(hello, door, timeout_keep_alive=0.3) as server,
        await Client.open(server.address) as head,
        await Client.open(server.address) as between,
    ):

        async def drip(client: Client, byte: bytes) -> None:
            await client.pour(byte, 1_000_000)

        head.say(b"GET / HTTP/1.1\r\nX: ")
        between.say(GET)
        await between.answer()
        dripping = [asyncio.create_task(drip(head, b"a")), asyncio.create_task(drip(between, b"\r\n"))]

        assert b" 408 " in (await head.rest()).partition(b"\r\n")[0]
        assert await between.rest() == b""
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)


async def test_a_connection_that_is_used_has_all_the_time_between_requests() -> None:
    """The clock of a head stands still while there is none."""
    door = Door(limits(header_seconds=0.05))
    held = Held()
    async with running(held, door) as server, await Client.open(server.address) as client:
        client.say(GET)
        await client.answer()
        ticks = asyncio.get_running_loop().time() + 0.2
        await wait_until(lambda: asyncio.get_running_loop().time() > ticks)
        client.say(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        ticks += 0.2
        await wait_until(lambda: asyncio.get_running_loop().time() > ticks)
        held.go.set()

        assert (await client.answer()).body == b"/held"


# What can be read in two ways.

AMBIGUOUS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a list of lengths": b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": b"Content-Length: +4\r\n\r\nabcd",
    "a length beyond numbers": b"Content-Length: 99999999999999999999999\r\n\r\nabcd",
    "a folded line": b"X: a\r\n b\r\n\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a bare line feed": b"X: a\nY: b\r\n\r\n",
    "a bare carriage return": b"X: a\rY: b\r\n\r\n",
    "NUL in a value": b"X: a\x00b\r\n\r\n",
    "NUL in a name": b"X\x00: a\r\n\r\n",
    "a space before the colon": b"Content-Length : 4\r\n\r\nabcd",
    "a coding that is none": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked is not the last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a coding under chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size with 0x": b"Transfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
    "a chunk with line feeds": b"Transfer-Encoding: chunked\r\n\r\n4\nabcd\n0\n\n",
    "a chunk of more than it says": b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
    "a second host": b"Host: b\r\n\r\n",
    "a length in the trailers": b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_can_be_read_in_two_ways_is_refused(rest: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A small 400, and whatever was to be smuggled in behind it is not read."""
    held = Held()
    async with running(held) as server, await Client.open(server.address) as client:
        client.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + rest + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")

        refused = await client.last()
        assert (refused.status, code_of(refused)) == (400, "bad_message")
        await server.empty()
        assert "/smuggled" not in held.asked
        assert not said(caplog)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"DRINK / HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["TLS", "HTTP/2", "no host", "HTTP/9.9", "chunks in HTTP/1.0", "space", "UTF-8", "NUL", "CONNECT", "DRINK"],
)
async def test_what_is_no_http_is_refused(nonsense: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A small 400, and no line in the log: it would be a way to fill it."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(nonsense)

        refused = await client.last()
        assert (refused.status, code_of(refused)) == (400, "bad_message")
        await server.serves()
        await server.empty()
        assert not said(caplog)
        assert server.ended["malformed"] == 1


async def test_an_upgrade_to_something_else_is_served_as_if_it_were_not_there() -> None:
    """And ends the connection: what follows might be in the other language."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + GET)

        assert (await client.last()).body == b"/a"


async def test_an_old_client_is_served() -> None:
    """HTTP/1.0 knows no host."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(b"GET /a HTTP/1.0\r\n\r\n")

        assert (await client.last()).body == b"/a"


@pytest.mark.parametrize(
    "headers",
    [
        b"Sec-WebSocket-Key: nonsense\r\nSec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n",
        b"",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX: " + b"a" * 9_000 + b"\r\n",
    ],
    ids=["key", "version", "no key", "a long line"],
)
async def test_a_broken_handshake_is_answered(headers: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """And gives its seat back; no answer is without what every answer says."""
    begin = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(begin + headers + b"\r\n")

        refused = await client.answer()
        assert 400 <= refused.status < 500
        assert refused.headers["x-content-type-options"] == "nosniff"
        await client.wire.abort()
        await server.empty()
        assert not said(caplog)


async def test_no_log_holds_a_token(caplog: pytest.LogCaptureFixture) -> None:
    """Not at the lowest level either: uvicorn and `websockets` would write the request line."""
    caplog.set_level(0)
    async with running(hello) as server:
        async with connect(server.address.ws("/ws?token=SECRET"), proxy=None):
            pass
        async with await Client.open(server.address) as client:
            client.say(b"GET /?token=SECRET HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer SECRET\r\n\r\n")
            await client.answer()
            client.say(b"GET /?token=SECRET HTTP/1.1\r\nHost : a\r\n\r\n")
            await client.answer()
        await server.empty()

    ours = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert not [record for record in ours if "SECRET" in record.getMessage()]


# Requests that do not wait.


async def test_requests_that_do_not_wait_are_answered_in_order() -> None:
    """As many as may wait."""
    async with running(hello) as server, await Client.open(server.address) as client:
        client.say(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(_PIPELINED)))

        for number in range(_PIPELINED):
            assert (await client.answer()).body == b"/%d" % number


async def test_no_more_requests_wait_than_a_few() -> None:
    """Ten thousand on one connection while the first is answered: those that may wait are answered, the last of them
    says that the connection ends, and the others have not been heard."""
    held = Held()
    async with running(held) as server, await Client.open(server.address) as client:
        client.say(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" + GET * 10_000)
        await wait_until(lambda: server.ended["pipelined"] == 1)
        await server.serves()
        held.asked.remove("/")
        held.go.set()

        answers = [await client.answer() for _ in range(_PIPELINED)]
        answers.append(await client.last())
        assert len(answers) == len(held.asked)
        assert answers[-1].headers["connection"] == "close"
        await server.empty()


async def test_nonsense_behind_a_request_does_not_harm_its_answer() -> None:
    """The answers under way come whole and in order; then the connection ends."""
    held = Held()
    async with running(held) as server, await Client.open(server.address) as client:
        client.say(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"nonsense\r\n\r\n" + GET)
        await wait_until(lambda: server.ended["malformed"] == 1)
        held.go.set()

        assert (await client.answer()).body == b"/held"
        assert (await client.last()).body == b"/"
        await server.empty()
        assert held.asked == ["/held", "/"]


async def test_a_broken_body_behind_a_request_does_not_harm_its_answer() -> None:
    """The request with the broken body is never begun."""
    held = Held()
    broken = b"POST /broken HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
    async with running(held) as server, await Client.open(server.address) as client:
        client.say(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" + broken)
        await wait_until(lambda: server.ended["malformed"] == 1)
        held.go.set()

        assert (await client.answer()).body == b"/held"
        with pytest.raises(Ended):
            await client.answer()
        await client.wire.abort()
        await server.empty()
        assert held.asked == ["/held"]


# Bodies.


async def test_a_refused_client_reads_why() -> None:
    """It still sends when it is refused: the answer arrives all the same, and what it sends is passed over."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await read_body(scope, receive, 10)
        except Exception as error:
            await answer_error(send, error)  # type: ignore[arg-type]  # it is a HeadwayError, or the test fails

    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
    async with running(app) as server:
        async with await Client.open(server.address) as client:
            client.say(post)
            sending = asyncio.create_task(client.pour(b"x" * 10_000, 10_000))
            refused = await client.last()
            assert (refused.status, code_of_app(refused.body)) == (413, b"too_large")
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await server.empty()


def code_of_app(body: bytes) -> bytes:
    """The code in an error's body."""
    return body.split(b'"')[5]


async def test_a_body_nobody_reads_is_not_waited_for() -> None:
    """An answer before the request was whole ends the connection: an endless body holds nothing."""
    async with running(hello, timeout_keep_alive=75) as server, await Client.open(server.address) as client:
        client.say(b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await client.answer()).body == b"/a"
        await client.pour(b"5\r\nhello\r\n", 1_000_000)

        await client.wire.abort()
        await server.empty()


async def test_a_body_with_a_get_is_harmless() -> None:
    """It is no next request."""
    held = Held()
    async with running(held) as server, await Client.open(server.address) as client:
        inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        client.say(b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner + GET)

        assert [(await client.answer()).body for _ in range(2)] == [b"/a", b"/"]
        assert held.asked == ["/a", "/"]


async def test_a_broken_body_tells_the_application_that_the_client_left() -> None:
    """And the client that it is refused."""
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            told.append(message["type"])
        told.append(message["type"])

    async with running(app) as server, await Client.open(server.address) as client:
        client.say(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await wait_until(lambda: told == ["http.request"])
        client.say(b"nonsense\r\n")

        assert (await client.last()).status == 400
        await wait_until(lambda: told[-1] == "http.disconnect")
        await server.empty()


# Answers.


@pytest.mark.parametrize("headers", [b"", b"Connection: close\r\n"], ids=["keep-alive", "close"])
async def test_an_answer_nobody_reads_is_given_up(headers: bytes) -> None:
    """Its memory and its seat come back; others are served meanwhile."""
    door = Door(limits(unread_seconds=0.2))
    async with running(large, door, send_buffer=8_192) as server:
        clients = [await Client.open(server.address, receive_buffer=4_096) for _ in range(20)]
        for client in clients:
            client.wire.transport.pause_reading()
            client.say(b"GET /large HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n")
        await server.serves()

        await server.empty()
        assert server.ended["unread_seconds"] == 20
        for client in clients:
            await client.wire.abort()


async def test_an_answer_that_is_read_slowly_comes_whole() -> None:
    """Slowly is not never."""
    door = Door(limits(unread_seconds=0.1))
    async with (
        running(large, door, send_buffer=8_192) as server,
        await Client.open(server.address, receive_buffer=65_536) as client,
    ):
        client.say(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await client.answer()).body == b"x" * 16_000_000
        await server.empty()
        assert server.ended["unread_seconds"] == 0


# Seats.


async def test_an_upgraded_connection_keeps_its_seat() -> None:
    """Until it is really gone, be it uvicorn's or somebody's who took it over."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/taken":
            await receive()
            await send({"type": "websocket.accept"})
            scope["extensions"][DETACH](Owner())
        else:
            await hello(scope, receive, send)

    async with running(app) as server:
        async with (
            connect(server.address.ws("/taken"), proxy=None, close_timeout=0),
            connect(server.address.ws("/"), proxy=None),
        ):
            await wait_until(lambda: server.connections == 1)
            assert server.seated == 2
        await server.empty()


class Owner(asyncio.Protocol):
    """Takes a connection over, and does nothing with it."""

    on_lost: Any  # Any: set by whoever lets go

    def connection_lost(self, exc: Exception | None) -> None:
        self.on_lost()


async def test_the_connection_beyond_the_bound_is_told_so() -> None:
    """429 with a time to come back; those that hold a seat are served on, and when one leaves there is room."""
    door = Door(limits(address_connections=5))
    async with running(hello, door) as server:
        seated = [await Client.open(server.address) for _ in range(5)]
        for client in seated:
            client.say(GET)
            assert (await client.answer()).status == 200

        for _ in range(20):
            async with await Client.open(server.address) as client:
                client.say(GET)
                refused = await client.last()
                assert (refused.status, code_of(refused)) == (429, "too_many")
                assert refused.headers["retry-after"] == "1"
        for client in seated:
            client.say(GET)
            assert (await client.answer()).status == 200
        assert (server.seated, server.refused["address_connections"]) == (5, 20)

        await seated.pop().wire.abort()
        await wait_until(lambda: server.seated == 4)
        await server.serves()
        for client in seated:
            await client.wire.abort()
        await server.empty()


async def test_a_flood_of_new_connections_is_held_up() -> None:
    """Two hundred at once: as many as the burst are served, the others are refused or cut, and an address that came
    before is served all the while."""
    door = Door(limits(address_connections=1_000, address_rate=0.001, address_burst=20))
    async with running(hello, door) as server, await Client.open(server.address) as before:

        async def come() -> int:
            try:
                async with await Client.open(server.address) as client:
                    client.say(GET)
                    return (await client.answer()).status
            except (OSError, Ended):
                return 0

        coming = [asyncio.create_task(come()) for _ in range(200)]
        for _ in range(50):
            before.say(GET)
            assert (await before.answer()).status == 200
        statuses = await asyncio.gather(*coming)

        assert statuses.count(200) == 19
        assert set(statuses) <= {200, 429, 0}
        assert server.refused["address_rate"] == 181


async def test_beyond_the_total_it_is_the_servers_fault() -> None:
    """503, whoever asks."""
    door = Door(limits(connections=1))
    async with (
        running(hello, door) as server,
        await Client.open(server.address) as one,
        await Client.open(server.address) as two,
    ):
        refused = await two.last()
        assert (refused.status, code_of(refused)) == (503, "overloaded")
        one.say(GET)
        assert (await one.answer()).status == 200
        assert server.refused["connections"] == 1


async def test_a_server_that_stops_waits_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Not for those who are being refused, drip, or read nothing."""
    door = Door(limits(address_connections=2))
    async with running(large, door, timeout_graceful_shutdown=1) as server:
        clients = [await Client.open(server.address) for _ in range(4)]
        clients[0].say(b"GET / HTTP/1.1\r\nX: ")
        clients[1].say(b"nonsense\r\n\r\n")
        await wait_until(lambda: server.refused["address_connections"] == 2 and server.ended["malformed"] == 1)
    for client in clients:
        await client.wire.abort()
    assert not said(caplog)


def test_the_harness_counts(  # the tests above would pass in vain if it did not
) -> None:
    """Nobody is at a door that nobody passed."""
    server = Running.__new__(Running)
    server.door = Door(limits())

    assert (server.seated, server.refused["connections"], server.ended["malformed"]) == (0, 0, 0)
