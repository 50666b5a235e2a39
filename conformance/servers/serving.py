"""One ASGI application on one port, as Headway serves it, until the process is told to stop."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import uvicorn

from headway.protocols.engineio import Profile
from headway.server.fastpath import FastHttp, FastWebSocket

__all__ = ["PROFILE", "run"]

PROFILE: Final = Profile(ping_interval=0.3, ping_timeout=0.2, max_payload=1_000_000)
"""The terms the Engine.IO and Socket.IO suites are written for."""


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
