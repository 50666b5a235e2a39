"""The HTTP interface of people who run a server: figures, what passes, the audit trail, health.

GET /metrics                   Prometheus text or OpenMetrics        operator
GET /api/metrics               the seeds' JSON fields, and more      operator
GET /api/debug/messages        the last messages, without content    admin
GET /api/debug/connections     who is connected, and how far         admin
GET /api/audit                 who did what                          admin
GET /api/health                whether it can do its work            everybody; details: operator
GET /api/health/live, /ready   for orchestrators and balancers       everybody
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.server import health
from headway.server.request import Request
from headway.transports.requests import answer, header, query_of

__all__ = ["connections", "healthy", "live", "messages", "metrics", "ready", "summary", "trail"]

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
