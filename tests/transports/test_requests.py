"""Reading ASGI requests and writing answers, against scopes as servers make them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import msgspec
import pytest

from headway.codes import Code
from headway.errors import HeadwayError, PeerError
from headway.transports.requests import (
    Receive,
    answer,
    answer_error,
    bearer,
    header,
    path_of,
    query_list,
    query_of,
    read_body,
)

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
    assert (sent.headers.get(b"connection") == b"close") == (code is Code.TOO_LARGE)
