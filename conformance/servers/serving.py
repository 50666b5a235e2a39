"""One ASGI application on one port, as Headway serves it, until the process is told to stop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvicorn

from headway.access.identity import Identity, Unauthorized
from headway.clock import SystemClock
from headway.figures import Figures
from headway.limits import Limits
from headway.protocols.engineio import Profile
from headway.server.fastpath import FastHttp, FastWebSocket
from headway.transports.connections import Socket
from headway.transports.engineio import Host, Link, Talker
from headway.transports.requests import Receive, Scope, Send

__all__ = ["PROFILE", "Plain", "hosted", "run"]

PROFILE: Final = Profile(ping_interval=0.3, ping_timeout=0.2, max_payload=1_000_000)
"""The terms the Engine.IO and Socket.IO suites are written for."""


class Plain:
    """The part of a talker that an application without broadcasts leaves empty."""

    def __init__(self) -> None:
        self.life = Figures().begin("socketio", "", now=0.0, monotonic=0.0)

    def wake(self) -> None:
        """It has nothing of its own to say."""

    def upgraded(self, socket: Socket) -> None:
        """It makes no difference."""

    async def room(self) -> None:
        """There is always room."""

    def ended(self) -> None:
        """It keeps nothing."""


async def _anybody(scope: Scope) -> None:
    """The suites show no token."""


def hosted(
    talker: Callable[[Link, Identity | Unauthorized | None, Scope], Talker],
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Engine.IO in the suites' profile, as an ASGI application."""
    host = Host(PROFILE, Limits(), SystemClock(), lambda: secrets.token_urlsafe(15), talker)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await host.serve_websocket(_anybody, scope, receive, send)
        else:
            await host.serve_http(_anybody, scope, receive, send)

    return application


def run(application: Any, port: int, *, largest: int = 1_000_000) -> None:  # Any: an ASGI application
    """Serve on loopback. `localhost` may mean either address, so both are listened to where there are both."""
    config = uvicorn.Config(
        application,
        host="localhost",
        port=port,
        http=FastHttp,
        ws=FastWebSocket,
        ws_max_size=largest,
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    asyncio.run(uvicorn.Server(config).serve())
