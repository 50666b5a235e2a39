"""The HTTP interface beside the streams: publish, a channel's description, health, the document. And the table that
finds a route.

Paths are matched percent-encoded, so that a channel name may hold a slash (`%2F`) or look like a route.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from headway.access.identity import Identity
from headway.codes import Code
from headway.errors import HeadwayError, InvalidChannel, PeerError
from headway.events import Draft
from headway.protocols.stream import drafts_of
from headway.sessions.sessions import Sessions
from headway.transports import eventsource, polling
from headway.transports.requests import Receive, Scope, Send, answer, header, query_list, read_body

__all__ = ["Request", "find", "publish"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a route is given."""

    sessions: Sessions
    identity: Identity
    channel: str
    scope: Scope
    receive: Receive
    send: Send


Route = Callable[[Request], Awaitable[None]]


async def publish(request: Request) -> None:
    """`POST /api/channels/{channel}/events`: one event, an array, or a line each. 201, or 200 where the idempotency key
    was known."""
    sessions = request.sessions
    body = await read_body(request.scope, request.receive, sessions.limits.body_bytes)
    drafts = _drafts(body, header(request.scope, b"content-type") or "", sessions.limits.event_bytes)
    key = header(request.scope, b"idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise PeerError("an idempotency key has 1 to 255 characters", details={"field": "Idempotency-Key"})
    appended = await sessions.publish(request.identity, request.channel, drafts, idempotency_key=key)
    last = appended.events[-1]
    fields = {
        "channel": last.channel,
        "offset": last.offset,
        "position": str(last.position),
        "count": len(appended.events),
    }
    fields["replayed"] = appended.replayed
    await answer(request.send, 200 if appended.replayed else 201, msgspec.json.encode(fields))


async def describe(request: Request) -> None:
    """`GET /api/channels/{channel}`."""
    fields = await request.sessions.describe(request.identity, request.channel)
    await answer(request.send, 200, msgspec.json.encode(fields), [(b"cache-control", b"no-store")])


async def poll(request: Request) -> None:
    """`GET /api/channels/{channel}/events`."""
    await polling.serve(
        request.sessions, request.identity, request.channel, request.scope, request.receive, request.send
    )


async def stream(request: Request) -> None:
    """`GET /api/channels/{channel}/stream`."""
    await eventsource.serve(
        request.sessions, request.identity, [request.channel], request.scope, request.receive, request.send
    )


async def stream_several(request: Request) -> None:
    """`GET /api/stream?channel=a&channel=b`."""
    channels = query_list(request.scope, "channel")
    await eventsource.serve(request.sessions, request.identity, channels, request.scope, request.receive, request.send)


async def progress(request: Request) -> None:
    """`GET /api/import/progress/{sessionId}`: a stream for who accepts one, otherwise the newest event as JSON."""
    wants_stream = "text/event-stream" in (header(request.scope, b"accept") or "")
    serve = eventsource.serve_plain if wants_stream else polling.serve_latest
    await serve(request.sessions, request.identity, request.channel, request.scope, request.receive, request.send)


_CHANNEL: Final = "(?P<channel>[^/]+(?:/[^/]+)*)"
_ROUTES: Final[list[tuple[re.Pattern[str], dict[str, Route]]]] = [
    (re.compile(rf"/api/channels/{_CHANNEL}/events"), {"GET": poll, "HEAD": poll, "POST": publish}),
    (re.compile(rf"/api/channels/{_CHANNEL}/stream"), {"GET": stream}),
    (re.compile(rf"/api/channels/{_CHANNEL}"), {"GET": describe}),
    (re.compile(r"/api/stream"), {"GET": stream_several}),
    (re.compile(rf"/api/import/progress/{_CHANNEL}"), {"GET": progress}),
]


def find(method: str, path: str) -> tuple[Route, str] | None:
    """The route and the channel it names; None where no route has this path. Raises `HeadwayError` on a wrong method or
    name."""
    for pattern, methods in _ROUTES:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(methods)
            raise HeadwayError(
                f"{path} takes {allowed}, not {method}", code=Code.METHOD, details={"allow": list(methods)}
            )
        return route, _channel(match.groupdict().get("channel", ""))
    return None


def _channel(encoded: str) -> str:
    try:
        return unquote(encoded, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidChannel("the channel name in the path is not UTF-8") from error


def _drafts(body: bytes, content_type: str, event_bytes: int) -> tuple[Draft, ...]:
    """The events of a body. Lines where it says so; otherwise JSON, whatever it calls itself: `curl -d` calls it a
    form."""
    if not body.strip():
        raise PeerError('the body is empty; publish {"type": …, "data": {…}}', code=Code.BAD_JSON)
    if "ndjson" in content_type or "jsonl" in content_type or "json-seq" in content_type:
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        return drafts_of([_decoded(line, f"line {number}: ") for number, line in lines], event_bytes=event_bytes)
    return drafts_of(_decoded(body, ""), event_bytes=event_bytes)


def _decoded(text: bytes, where: str) -> Any:  # Any: JSON
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise PeerError(f"{where}the body is not JSON: {error}", code=Code.BAD_JSON) from error
