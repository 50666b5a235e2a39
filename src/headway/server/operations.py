"""The HTTP interface of people who run a server: figures, what passes, the audit trail, health.

GET /metrics                   Prometheus text or OpenMetrics        operator
GET /api/metrics               the seeds' JSON fields, and more      operator
GET /api/debug/messages        the last messages, without content    admin
GET /api/debug/connections     who is connected, and how far         admin
POST /api/debug/connections/{connection}/end                         admin
GET /api/settings              what it runs with                     admin
GET /api/audit                 who did what                          admin
GET /api/health                whether it can do its work            everybody; details: operator
GET /api/health/live, /ready   for orchestrators and balancers       everybody
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.codes import Code
from headway.errors import HeadwayError
from headway.limits import Limits
from headway.server import health
from headway.server.audit import Action
from headway.server.request import Request
from headway.transports.requests import answer, client_of, header, query_of

__all__ = ["connections", "end", "healthy", "live", "messages", "metrics", "ready", "settings", "summary", "trail"]

_NO_STORE: Final = [(b"cache-control", b"no-store")]


async def metrics(request: Request) -> None:
    """`GET /metrics`."""
    body, content_type = request.parts.watch.metrics.text(header(request.scope, b"accept"))
    await answer(request.send, 200, body, _NO_STORE, content_type)


async def summary(request: Request) -> None:
    """`GET /api/metrics`."""
    await _answer(request, request.parts.watch.metrics.summary())


async def messages(request: Request) -> None:
    """`GET /api/debug/messages`."""
    await _answer(request, request.parts.watch.messages(query_of(request.scope)))


async def connections(request: Request) -> None:
    """`GET /api/debug/connections`."""
    await _answer(request, request.parts.watch.connections(query_of(request.scope)))


async def end(request: Request) -> None:
    """`POST /api/debug/connections/{connection}/end`: its reader comes back, and misses nothing."""
    number = request.subject
    known = number.isascii() and number.isdigit() and len(number) <= 15
    transport = request.parts.watch.dismiss(int(number)) if known else None
    if transport is None:
        raise HeadwayError(f"there is no connection {number!r}; it may have ended by itself", code=Code.NOT_FOUND)
    request.parts.watch.note(
        Action.ENDED,
        user=request.identity.user,
        target=f"connection {number}",
        address=client_of(request.scope),
        transport=transport,
    )
    await _answer(request, {"id": int(number), "transport": transport})


async def settings(request: Request) -> None:
    """`GET /api/settings`. Inside another program there are none: that program chose."""
    chosen = request.parts.chosen()
    limits, usual = request.parts.sessions.limits, Limits()
    in_force = [
        {"name": field.name, "value": getattr(limits, field.name), "default": getattr(usual, field.name)}
        for field in fields(limits)
    ]
    await _answer(request, {"settings": chosen, "limits": in_force, "embedded": not chosen})


async def trail(request: Request) -> None:
    """`GET /api/audit`."""
    await _answer(request, await request.parts.watch.trail(query_of(request.scope), request.receive))


async def live(request: Request) -> None:
    """`GET /api/health/live`."""
    status, body = health.alive()
    await _answer(request, body, status)


async def ready(request: Request) -> None:
    """`GET /api/health/ready`."""
    status, body = await request.parts.watch.ready()
    await _answer(request, body, status)


async def healthy(request: Request) -> None:
    """`GET /api/health`: in detail for operators."""
    status, body = await request.parts.watch.health(detailed=request.identity.may(Role.OPERATOR))
    await _answer(request, body, status)


async def _answer(request: Request, body: dict[str, Any], status: int = 200) -> None:  # Any: JSON
    await answer(request.send, status, msgspec.json.encode(body), _NO_STORE)
