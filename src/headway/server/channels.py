"""The HTTP interface of channels beside the streams: publish, describe, poll."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headway.codes import Code
from headway.errors import PeerError
from headway.events import Draft
from headway.limits import Limits
from headway.protocols.stream import drafts_of
from headway.server.request import Request
from headway.transports import eventsource, polling
from headway.transports.requests import answer, client_of, header, query_list, query_of, read_body

__all__ = ["browse", "describe", "poll", "progress", "publish", "stream", "stream_several"]

_MOST_BROWSED: Final = 1_000
"""Channels of one answer: some hundred kilobytes."""
_TOOLS_WORDS: Final = frozenset({"progress", "completion", "error"})
"""The events that the web import tools know."""
_OF_TASKS: Final = "task_"


async def publish(request: Request) -> None:
    """`POST /api/channels/{channel}/events`: one event, an array, or a line each. 201, or 200 where the idempotency key
    was known."""
    sessions, limits = request.parts.sessions, request.parts.sessions.limits
    # Before anything is read: who may not publish costs no more than the refusal.
    sessions.publishable(request.identity, request.subject)
    body = await read_body(request.scope, request.receive, limits.body_bytes, limits=limits)
    sessions.pace.request(request.identity.user, len(body))
    drafts = _drafts(body, header(request.scope, b"content-type") or "", limits)
    sessions.figures.of("http").received(len(body), messages=len(drafts))
    key = header(request.scope, b"idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise PeerError("an idempotency key has 1 to 255 characters", details={"field": "Idempotency-Key"})
    address = client_of(request.scope)
    appended = await sessions.publish(request.identity, request.subject, drafts, idempotency_key=key, address=address)
    last = appended.events[-1]
    fields = {
        "channel": last.channel,
        "offset": last.offset,
        "position": str(last.position),
        "count": len(appended.events),
    }
    fields["replayed"] = appended.replayed
    await answer(request.send, 200 if appended.replayed else 201, msgspec.json.encode(fields))


async def browse(request: Request) -> None:
    """`GET /api/channels`: names, heads and readers of what may be read."""
    query = query_of(request.scope)
    given = query.get("limit", "100")
    if not given.isdecimal() or not 1 <= int(given[:9]) <= _MOST_BROWSED:
        raise PeerError(f"limit is a number from 1 to {_MOST_BROWSED}", details={"field": "limit"})
    sessions = request.parts.sessions
    page = await sessions.browse(request.identity, query.get("after", ""), query.get("name", "").lower(), int(given))
    fields = {"channels": page.channels, "next": page.next}
    await answer(request.send, 200, msgspec.json.encode(fields), [(b"cache-control", b"no-store")])


async def describe(request: Request) -> None:
    """`GET /api/channels/{channel}`."""
    fields = await request.parts.sessions.describe(request.identity, request.subject)
    await answer(request.send, 200, msgspec.json.encode(fields), [(b"cache-control", b"no-store")])


async def poll(request: Request) -> None:
    """`GET /api/channels/{channel}/events`."""
    await polling.serve(
        request.parts.sessions, request.identity, request.subject, request.scope, request.receive, request.send
    )


async def stream(request: Request) -> None:
    """`GET /api/channels/{channel}/stream`."""
    await eventsource.serve(
        request.parts.sessions, request.identity, [request.subject], request.scope, request.receive, request.send
    )


async def stream_several(request: Request) -> None:
    """`GET /api/stream?channel=a&channel=b`."""
    channels = query_list(request.scope, "channel")
    await eventsource.serve(
        request.parts.sessions, request.identity, channels, request.scope, request.receive, request.send
    )


async def progress(request: Request) -> None:
    """`GET /api/import/progress/{sessionId}`: a stream for who accepts one, otherwise the newest event as JSON."""
    parts = (request.parts.sessions, request.identity, request.subject, request.scope, request.receive, request.send)
    if "text/event-stream" in (header(request.scope, b"accept") or ""):
        await eventsource.serve_plain(*parts)
    else:
        await polling.serve_latest(*parts, rank=_rank)


def _rank(type: str) -> int:
    """How much a poller wants an event: who asks for one object only must not be shown, in place of how far an import
    is, what its task says of itself beside it."""
    if type in _TOOLS_WORDS:
        return 2
    return 0 if type.startswith(_OF_TASKS) else 1


def _drafts(body: bytes, content_type: str, limits: Limits) -> tuple[Draft, ...]:
    """The events of a body. Lines where it says so; otherwise JSON, whatever it calls itself: `curl -d` calls it a
    form. How many there are is asked before any of them is looked at."""
    if not body.strip():
        raise PeerError('the body is empty; publish {"type": …, "data": {…}}', code=Code.BAD_JSON)
    if body.count(b"[") + body.count(b"{") > limits.containers:
        raise PeerError(
            f"a body has at most {limits.containers} lists and objects; publish less at once",
            code=Code.TOO_LARGE,
            details={"limit": limits.containers},
        )
    if "ndjson" in content_type or "jsonl" in content_type or "json-seq" in content_type:
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        _few(len(lines), limits)
        items: object = [_decoded(line, f"line {number}: ") for number, line in lines]
    elif body.lstrip()[:1] == b"[":
        raw = _decoded(body, "", list[msgspec.Raw])
        _few(len(raw), limits)
        items = [_decoded(bytes(item), f"event {index}: ") for index, item in enumerate(raw)]
    else:
        items = _decoded(body, "")
    return drafts_of(items, event_bytes=limits.event_bytes)


def _few(count: int, limits: Limits) -> None:
    if count > limits.publish_events:
        raise PeerError(
            f"one publish takes at most {limits.publish_events} events, not {count}",
            code=Code.TOO_LARGE,
            details={"limit": limits.publish_events},
        )


def _decoded(text: bytes, where: str, kind: Any = Any) -> Any:  # Any: JSON
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise PeerError(f"{where}the body is not JSON: {error}", code=Code.BAD_JSON) from error
