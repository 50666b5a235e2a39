"""ASGI requests and answers, as much of them as the transports need: headers, query, bounded bodies, JSON, errors in
one shape.

{"error": {"code": "bad_channel", "message": "…", "details": {…}}}        with the status of the code
"""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Final

import msgspec

from headway.codes import Code
from headway.errors import HeadwayError, PeerError
from headway.limits import Limits

__all__ = [
    "Receive",
    "Scope",
    "Send",
    "answer",
    "answer_error",
    "bearer",
    "client_of",
    "error_answer",
    "header",
    "left",
    "name_of",
    "path_of",
    "query_list",
    "query_of",
    "read_body",
    "secure",
    "unless_left",
]

Scope = MutableMapping[str, Any]  # Any: ASGI's own shapes
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON: Final = b"application/json"
_LIMITS: Final = Limits()
_NAME: Final = 64
"""Longest name of a client: 128 random bits take some 25 characters, a UUID 36."""
_ENDING: Final = frozenset({Code.TIMEOUT, Code.TOO_LARGE, Code.HEADERS_TOO_LARGE})
"""With these the rest of the request is not read, so the connection cannot be used again."""


def path_of(scope: Scope) -> str:
    """The path below where the application is mounted, still percent-encoded, so that an encoded slash is no slash."""
    raw = scope.get("raw_path")
    path: str = raw.decode("latin-1") if raw else urllib.parse.quote(scope["path"])
    root: str = urllib.parse.quote(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(root) else path


def query_of(scope: Scope) -> dict[str, str]:
    """The query parameters; of repeated ones the last."""
    return dict(urllib.parse.parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def query_list(scope: Scope, name: str) -> list[str]:
    """All values of a repeated query parameter, in order."""
    pairs = urllib.parse.parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return [value for key, value in pairs if key == name]


def header(scope: Scope, name: bytes) -> str | None:
    """A request header by its lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def bearer(scope: Scope, query: dict[str, str]) -> str | None:
    """The token of a request: from the `Authorization` header, else `?token=` for clients that can set no header."""
    authorization = header(scope, b"authorization")
    if authorization is not None and authorization[:7].lower() == "bearer ":
        return authorization[7:].strip()
    return query.get("token")


def client_of(scope: Scope) -> str:
    """The address the request comes from; empty where a server gives none. Where proxies are trusted, the composition
    root has put the client's own address into the scope."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def name_of(scope: Scope) -> str | None:
    """The name the client gave itself in the query; None where it gave none, or one that no client of sense gives."""
    name = query_of(scope).get("client", "")
    return name if 0 < len(name) <= _NAME else None


def secure(scope: Scope) -> bool:
    """Whether the client speaks through TLS, as far as this server or a proxy it trusts can tell."""
    return scope.get("scheme") in ("https", "wss")


async def read_body(scope: Scope, receive: Receive, limit: int, *, limits: Limits = _LIMITS) -> bytes:
    """The whole body. Raises `PeerError`: with `too_large` as soon as it is known to be, with `timeout` when it comes
    slower than the limits allow, with `unsupported_media_type` when it is compressed, or when the client leaves in the
    middle."""
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    encoding = header(scope, b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        # A thousandth of the size is enough to send a body that inflates beyond every bound.
        raise PeerError(
            "a body is not compressed; send it without Content-Encoding",
            code=Code.UNSUPPORTED_MEDIA,
            details={"field": "Content-Encoding"},
        )
    detach = (scope.get("extensions") or {}).get("headway.detach")
    if detach is not None and detach.whole:
        return await _joined(receive, limit)  # as nearly always: there is nothing to wait for
    loop = asyncio.get_running_loop()
    begun, received = loop.time(), 0

    def keep_up(size: int) -> None:
        nonlocal received
        received = size
        deadline.reschedule(begun + limits.body_seconds + size / limits.body_rate)

    try:
        async with asyncio.timeout_at(begun + limits.body_seconds) as deadline:
            return await _joined(receive, limit, keep_up)
    except TimeoutError as error:
        raise PeerError(
            f"the body comes too slowly: {received} bytes in {loop.time() - begun:.0f} s",
            code=Code.TIMEOUT,
            details={"received": received},
        ) from error


async def _joined(receive: Receive, limit: int, arrived: Callable[[int], None] | None = None) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise PeerError("the client left before its request was whole")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if part:  # thousands of empty ones must not add up
            parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if arrived is not None:
            arrived(size)


async def unless_left(waiting: Coroutine[Any, Any, bool], receive: Receive) -> bool:  # Any: the loop's own
    """Wait for something on behalf of a client. Raises `PeerError` when the client leaves first: nobody waits for
    nobody."""
    wanted = asyncio.create_task(waiting)
    leaving = asyncio.create_task(left(receive))
    either: set[asyncio.Future[Any]] = {wanted, leaving}  # Any: an answer or nothing
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            raise PeerError("the client left before its answer")
        return wanted.result()
    finally:
        wanted.cancel()
        leaving.cancel()


async def left(receive: Receive) -> None:
    """Return when the client of a request has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(
    send: Send, status: int, body: bytes, headers: Headers | None = None, content_type: bytes = JSON
) -> None:
    """A whole answer."""
    head: Headers = [(b"content-length", b"%d" % len(body))]
    if body:
        head.append((b"content-type", content_type))
    await send({"type": "http.response.start", "status": status, "headers": head + (headers or [])})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def answer_error(send: Send, error: HeadwayError, headers: Headers | None = None) -> None:
    """An error in the one shape all errors have."""
    status, said, body = error_answer(error)
    await send({"type": "http.response.start", "status": status, "headers": said + (headers or [])})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def error_answer(error: HeadwayError) -> tuple[int, Headers, bytes]:
    """Status, headers and body of an error's answer."""
    fields: dict[str, Any] = {"code": error.code.spelling, "message": error.message, "details": error.details}
    body = msgspec.json.encode({"error": fields})
    headers: Headers = [(b"content-length", b"%d" % len(body)), (b"content-type", JSON)]
    headers.append((b"cache-control", b"no-store"))
    if error.code.retry:
        headers.append((b"retry-after", b"%d" % error.details.get("retry_after", 1)))
    if error.code is Code.METHOD:
        headers.append((b"allow", ", ".join(error.details.get("allow", [])).encode()))
    if error.code is Code.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.code in _ENDING:
        headers.append((b"connection", b"close"))
    return error.code.status, headers, body


def _too_large(limit: int) -> PeerError:
    return PeerError(f"the body is larger than {limit} bytes", code=Code.TOO_LARGE, details={"limit": limit})
