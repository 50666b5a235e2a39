"""The table of the HTTP interface: path, method, who may, and what answers.

Paths are matched percent-encoded, so that a channel name may hold a slash (`%2F`) or look like a route. Who may is
asked before anything else is looked at, so that a refusal says nothing about what is there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from headway.access.identity import Role
from headway.codes import Code
from headway.errors import HeadwayError, InvalidChannel
from headway.server import channels, entrance, operations, people, tasks
from headway.server.request import Request

__all__ = ["ROUTES", "Found", "Route", "find"]

Handler = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One path."""

    template: str
    """As in the documentation: `{channel}` stands for anything that is not empty."""
    methods: Mapping[str, Handler]
    needs: Role | None = Role.VIEWER
    """The least role that may; None: everybody, known or not."""


ROUTES: Final = (
    Route("/api/channels/{channel}/events", {"GET": channels.poll, "HEAD": channels.poll, "POST": channels.publish}),
    Route("/api/channels/{channel}/stream", {"GET": channels.stream}),
    Route("/api/channels/{channel}", {"GET": channels.describe}),
    Route("/api/channels", {"GET": channels.browse}),
    Route("/api/stream", {"GET": channels.stream_several}),
    Route("/api/import/progress/{channel}", {"GET": channels.progress}),
    Route("/api/tasks", {"GET": tasks.find, "POST": tasks.begin}),
    Route("/api/tasks/{task}/history", {"GET": tasks.history}),
    Route("/api/tasks/{task}/report", {"POST": tasks.report}),
    Route("/api/tasks/{task}/pause", {"POST": tasks.pause}, needs=Role.OPERATOR),
    Route("/api/tasks/{task}/resume", {"POST": tasks.resume}, needs=Role.OPERATOR),
    Route("/api/tasks/{task}/cancel", {"POST": tasks.cancel}, needs=Role.OPERATOR),
    Route("/api/tasks/{task}", {"GET": tasks.show}),
    Route("/api/jobs", {"GET": tasks.jobs}, needs=Role.OPERATOR),
    Route("/api/sign-in", {"GET": entrance.ways, "POST": entrance.sign_in}, needs=None),
    Route("/api/sign-out", {"POST": entrance.sign_out}, needs=None),
    Route("/api/me", {"GET": entrance.me}),
    Route("/api/tickets", {"POST": entrance.ticket}),
    Route("/api/shares/{share}", {"DELETE": entrance.unshare}, needs=Role.ADMIN),
    Route("/api/shares", {"GET": entrance.shares, "POST": entrance.share}, needs=Role.ADMIN),
    Route("/api/revocations", {"POST": entrance.revoke}, needs=Role.ADMIN),
    Route("/api/users/{user}", {"PATCH": people.change, "DELETE": people.remove}, needs=Role.ADMIN),
    Route("/api/users", {"GET": people.find, "POST": people.add}, needs=Role.ADMIN),
    Route("/api/settings", {"GET": operations.settings}, needs=Role.ADMIN),
    Route("/metrics", {"GET": operations.metrics}, needs=Role.OPERATOR),
    Route("/api/metrics", {"GET": operations.summary}, needs=Role.OPERATOR),
    Route("/api/debug/messages", {"GET": operations.messages}, needs=Role.ADMIN),
    Route("/api/debug/connections/{connection}/end", {"POST": operations.end}, needs=Role.ADMIN),
    Route("/api/debug/connections", {"GET": operations.connections}, needs=Role.ADMIN),
    Route("/api/audit", {"GET": operations.trail}, needs=Role.ADMIN),
    Route("/api/health/live", {"GET": operations.live, "HEAD": operations.live}, needs=None),
    Route("/api/health/ready", {"GET": operations.ready, "HEAD": operations.ready}, needs=None),
    Route("/api/health", {"GET": operations.healthy, "HEAD": operations.healthy}, needs=None),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A route, and what the path names."""

    route: Route
    handler: Handler
    subject: str


def find(method: str, path: str) -> Found | None:
    """The route of a path; None where there is none. Raises `HeadwayError` on a wrong method or name."""
    for pattern, route in _PATTERNS:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        handler = route.methods.get(method)
        if handler is None:
            raise HeadwayError(
                f"{path} takes {', '.join(route.methods)}, not {method}",
                code=Code.METHOD,
                details={"allow": list(route.methods)},
            )
        return Found(route, handler, _decoded(match.groupdict().get("subject", "")))
    return None


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "(?P<subject>[^/]+(?:/[^/]+)*)", re.escape(template)))


_PATTERNS: Final = [(_pattern(route.template), route) for route in ROUTES]


def _decoded(encoded: str) -> str:
    try:
        return unquote(encoded, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidChannel("the channel name in the path is not UTF-8") from error
