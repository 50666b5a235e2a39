"""The HTTP interface of channels beside the streams: publish, describe, poll."""

from __future__ import annotations

from typing import Any

import msgspec

from headway.codes import Code
from headway.errors import PeerError
from headway.events import Draft
from headway.protocols.stream import drafts_of
from headway.server.request import Request
from headway.transports import eventsource, polling
from headway.transports.requests import answer, client_of, header, query_list, read_body

__all__ = ["describe", "poll", "progress", "publish", "stream", "stream_several"]


async def publish(request: Request) -> None:
    """`POST /api/channels/{channel}/events`: one event, an array, or a line each. 201, or 200 where the idempotency key
    was known."""
    sessions = request.parts.sessions
    body = await read_body(request.scope, request.receive, sessions.limits.body_bytes)
    drafts = _drafts(body, header(request.scope, b"content-type") or "", sessions.limits.event_bytes)
    sessions.figures.of("http").received(len(body), messages=len(drafts))
    key = header(request.scope, b"idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise PeerError("an idempotency key has 1 to 255 characters", details={"field": "Idempotency-Key"})
    appended = await sessions.publish(
        request.identity, request.subject, drafts, idempotency_key=key, address=client_of(request.scope)
    )
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
    wants_stream = "text/event-stream" in (header(request.scope, b"accept") or "")
    serve = eventsource.serve_plain if wants_stream else polling.serve_latest
    await serve(request.parts.sessions, request.identity, request.subject, request.scope, request.receive, request.send)


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
