"""Reading ASGI requests and writing answers, against scopes as servers make them."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import msgspec
import pytest

from headway.codes import Code
from headway.errors import HeadwayError, PeerError
from headway.limits import Limits
from headway.testing.readers import Ended, fetch
from headway.transports.requests import (
    Receive,
    Scope,
    Send,
    answer,
    answer_error,
    bearer,
    client_of,
    header,
    path_of,
    query_list,
    query_of,
    read_body,
    secure,
)
from tests.server.harness import Client, code_of, running

Message = MutableMapping[str, Any]  # Any: ASGI's own shapes


def scope(path: str = "/", *, raw: bytes | None = None, root: str = "", query: bytes = b"", **headers: str) -> Message:
    """An HTTP scope."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"path": path, "raw_path": raw, "root_path": root, "query_string": query, "headers": named}


def receiving(*messages: Message) -> Receive:
    """A client that sends these and then has left."""
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0) if left else {"type": "http.disconnect"}

    return receive


def body(part: bytes, more: bool = False) -> Message:
    """A part of a body."""
    return {"type": "http.request", "body": part, "more_body": more}


@pytest.mark.parametrize(
    ("request_scope", "path"),
    [
        (scope("/a"), "/a"),
        (scope("/a b"), "/a%20b"),
        (scope("/a/b", raw=b"/a%2Fb"), "/a%2Fb"),
        (scope("/live/a", raw=b"/live/a", root="/live"), "/a"),
        (scope("/live", raw=b"/live", root="/live"), ""),
        (scope("/my live/a", raw=b"/my%20live/a", root="/my live"), "/a"),
        (scope("/a", raw=b"/a", root="/live"), "/a"),
    ],
)
def test_the_path_is_the_one_below_the_mount_and_stays_encoded(request_scope: Message, path: str) -> None:
    """An encoded slash is no slash, also where a server gives no raw path or leaves the mount's prefix out."""
    assert path_of(request_scope) == path


def test_queries_are_decoded() -> None:
    """Of a repeated parameter the last counts, except where all are asked for; empty ones are there."""
    request = scope(query=b"a=1&a=2&b=&c=%C3%BC+x")

    assert query_of(request) == {"a": "2", "b": "", "c": "ü x"}
    assert query_list(request, "a") == ["1", "2"]


def test_headers_are_found_by_their_lower_case_name() -> None:
    """The first of a name counts; an absent one is None."""
    assert header(scope(accept="a"), b"accept") == "a"
    assert header(scope(), b"accept") is None


@pytest.mark.parametrize(
    ("request_scope", "token"),
    [
        (scope(authorization="Bearer abc"), "abc"),
        (scope(authorization="bearer  abc "), "abc"),
        (scope(authorization="Basic abc"), None),
        (scope(query=b"token=abc"), "abc"),
        (scope(query=b"token=abc", authorization="Bearer xyz"), "xyz"),
        (scope(), None),
    ],
)
def test_a_token_is_found_in_the_header_or_the_query(request_scope: Message, token: str | None) -> None:
    """The header goes first: what stands in a URL can be somebody else's link."""
    assert bearer(request_scope, query_of(request_scope)) == token


async def test_a_body_is_read_whole() -> None:
    """Its parts are joined, and the bound itself still fits."""
    assert await read_body(scope(), receiving(body(b"ab", True), body(b"cd")), 4) == b"abcd"


@pytest.mark.parametrize("declaring", [scope(), scope(content_length="5"), scope(content_length="nonsense")])
async def test_a_body_too_large_is_refused_before_it_is_read(declaring: Message) -> None:
    """As soon as its length says so, or else its parts."""
    with pytest.raises(PeerError) as refusal:
        await read_body(declaring, receiving(body(b"abc", True), body(b"de")), 4)

    assert (refusal.value.code, refusal.value.details) == (Code.TOO_LARGE, {"limit": 4})


async def test_a_body_that_breaks_off_is_no_body() -> None:
    """A client that leaves in the middle has published nothing."""
    with pytest.raises(PeerError, match="left"):
        await read_body(scope(), receiving(body(b"ab", True)), 4)


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip", "deflate"])
async def test_a_compressed_body_is_refused(encoding: str) -> None:
    """Before a byte of it is read: a kilobyte can be a bomb of a megabyte."""
    with pytest.raises(PeerError, match="Content-Encoding") as refusal:
        await read_body(scope(content_encoding=encoding), receiving(), 1_000_000)

    assert refusal.value.code is Code.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
async def test_a_body_may_say_that_it_is_not_compressed(encoding: str) -> None:
    """Some clients do."""
    assert await read_body(scope(content_encoding=encoding), receiving(body(b"ab")), 4) == b"ab"


async def test_a_body_that_does_not_come_is_given_up() -> None:
    """With `timeout`, however many small pieces did come: by any server, fast or not."""

    async def drip() -> Message:
        await asyncio.sleep(0)
        return body(b"x", True)

    async def nothing() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    for receive, limits in ((nothing, Limits(body_seconds=0.01)), (drip, Limits(body_seconds=0.01, body_rate=10**9))):
        with pytest.raises(PeerError, match="too slowly") as refusal:
            await read_body(scope(), receive, 10**12, limits=limits)
        assert refusal.value.code is Code.TIMEOUT


async def test_a_body_that_keeps_its_pace_has_the_time_it_needs() -> None:
    """What has come buys time for the rest."""
    pieces = [body(b"x" * 1_000, True) for _ in range(80)] + [body(b"")]

    async def steadily() -> Message:
        come = asyncio.Event()
        asyncio.get_running_loop().call_later(0.005, come.set)
        await come.wait()
        return pieces.pop(0)

    limits = Limits(body_seconds=0.3, body_rate=2_000)
    assert await read_body(scope(), steadily, 10**6, limits=limits) == b"x" * 80_000


async def test_empty_pieces_do_not_add_up() -> None:
    """A client that sends nothing a million times fills no memory."""
    parts = [body(b"a", True), *[body(b"", True)] * 1_000, body(b"b")]

    assert await read_body(scope(), receiving(*parts), 4) == b"ab"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"Content-Length: 100000000\r\n\r\n", 413, "too_large"),
        (b"Transfer-Encoding: chunked\r\n\r\n2710\r\n" + b"x" * 10_000 + b"\r\n", 413, "too_large"),
        (b"Content-Length: 100\r\nContent-Encoding: gzip\r\n\r\n", 415, "unsupported_media_type"),
        (b"Content-Length: 100\r\n\r\nslow", 408, "timeout"),
        (b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n", 408, "timeout"),
    ],
    ids=["too large", "chunks too large", "compressed", "slow", "promised"],
)
async def test_a_refused_body_ends_the_connection(sent: bytes, status: int, code: str) -> None:
    """Its rest is not read; the client reads why, and others are served meanwhile."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(send, 200, await read_body(scope, receive, 5_000, limits=Limits(body_seconds=0.3)))
        except HeadwayError as error:
            await answer_error(send, error, [(b"x-content-type-options", b"nosniff")])

    async with running(app) as server, await Client.open(server.address) as client:
        client.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + sent)
        assert (await fetch(server.address, "POST", "/", body=b"x" * 5_000)).status == 200

        refused = await client.answer()
        if refused.status == 100:
            refused = await client.answer()
        assert (refused.status, code_of(refused)) == (status, code)
        assert await client.rest() == b""
        await client.wire.abort()
        await server.empty()


def test_who_asks_and_how_is_in_the_scope() -> None:
    """As the server saw it; without an address there is none."""
    request = {**scope(), "client": ("203.0.113.9", 4711), "scheme": "https"}

    assert (client_of(request), secure(request)) == ("203.0.113.9", True)
    assert (client_of(scope()), secure(scope())) == ("", False)


class Sent:
    """What a server was given to send."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])


async def test_an_answer_has_its_length_and_type() -> None:
    """An empty one has no type."""
    full, empty = Sent(), Sent()

    await answer(full, 200, b"{}", [(b"etag", b"x")])
    await answer(empty, 304, b"")

    assert full.headers == {b"content-length": b"2", b"content-type": b"application/json", b"etag": b"x"}
    assert empty.headers == {b"content-length": b"0"}


@pytest.mark.parametrize("code", Code)
async def test_an_error_has_one_shape_and_its_own_status(code: Code) -> None:
    """Every error carries code, message and details; what may be tried again says when, what needs a token how."""
    sent = Sent()

    await answer_error(sent, HeadwayError("no", code=code, details={"field": "a"}))

    start, end = sent.messages
    assert start["status"] == code.status
    assert msgspec.json.decode(end["body"]) == {
        "error": {"code": code.spelling, "message": "no", "details": {"field": "a"}}
    }
    assert (b"retry-after" in sent.headers) == code.retry
    assert (b"www-authenticate" in sent.headers) == (code is Code.UNAUTHORIZED)
    unread = (Code.TOO_LARGE, Code.TIMEOUT, Code.HEADERS_TOO_LARGE)
    assert (sent.headers.get(b"connection") == b"close") == (code in unread)


async def test_an_error_may_say_when_to_come_back() -> None:
    """In whole seconds."""
    sent = Sent()

    await answer_error(sent, HeadwayError("no", code=Code.TOO_MANY, details={"retry_after": 7}))

    assert sent.headers[b"retry-after"] == b"7"


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "a\x00b"])
async def test_no_answer_can_be_split(value: str) -> None:
    """What a client said and the server repeats stands in a body, as JSON; whatever reached a header all the same
    would be no answer at all."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/header":
            await answer(send, 200, b"", [(b"x-echo", value.encode())])
        else:
            await answer_error(send, HeadwayError(value, details={"field": value}))

    async with running(app) as server:
        told = await fetch(server.address, "GET", "/")
        assert told.status == 500
        assert "set-cookie" not in told.headers
        assert not set(b"\r\n\x00") & set(told.body)
        with pytest.raises(Ended):
            await fetch(server.address, "GET", "/header")
