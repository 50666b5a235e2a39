"""Running a server: uvicorn with the fast protocols, and a shutdown that ends.

uvicorn alone waits at SIGTERM for streams that never end. Here every connection is first told to come back, spread over
a window; what is left after the bound is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import uvicorn

from headway.errors import UsageError
from headway.limits import Limits, Retention
from headway.server.fastpath import FastHttp, FastWebSocket
from headway.server.live import Headway
from headway.server.settings import Settings

__all__ = ["Server", "live_from", "run"]

logger = logging.getLogger("headway.server")

_SWITCH_SECONDS: Final = 0.0005
"""A tenth of Python's default, with which a durable append took 12 to 1,750 ms under a busy loop; with this, 10."""


class Server(uvicorn.Server):
    """A uvicorn server of one Headway, whose shutdown drains first."""

    def __init__(self, config: uvicorn.Config, live: Headway, on_started: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._live = live
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; then tell whoever wants to know."""
        await super().startup(sockets)
        if self._on_started is not None and self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections, tell the open ones to come back, then end."""
        for server in self.servers:
            server.close()
        # A drain that hangs must not keep the process from ending.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._live.limits.shutdown_seconds):
                await self._live.drain()
        self._live.cut()
        await super().shutdown(sockets)

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


def live_from(settings: Settings) -> Headway:
    """A Headway as the settings say. Raises `UsageError` where that would be unsafe."""
    if not settings.loopback and settings.secret is None and not settings.insecure:
        raise UsageError(
            f"{settings.host} can be reached from other machines, and without a secret everybody there could read and "
            "write everything. "
            "Set HEADWAY_SECRET (or --secret-file), listen on 127.0.0.1, or say --insecure."
        )
    return Headway(
        settings.data,
        secret=settings.secret.get_secret_value() if settings.secret is not None else None,
        origins=tuple(settings.origins),
        retention=Retention(settings.keep_events, settings.keep_seconds, settings.keep_bytes),
        durable=settings.durable,
        recovery=settings.recovery,
    )


def configure(
    app: Any,  # Any: an ASGI application
    settings: Settings,
    limits: Limits,
    *,
    fast: bool = True,
    **more: Any,  # Any: uvicorn's own options
) -> uvicorn.Config:
    """uvicorn as Headway wants it; `fast=False` leaves its own protocols in place."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=FastHttp if fast else "httptools",
        ws=FastWebSocket if fast else "websockets-sansio",
        ws_max_size=limits.message_bytes,
        ws_per_message_deflate=settings.deflate,
        ws_ping_interval=limits.heartbeat_seconds,
        log_config=None,
        access_log=False,  # a request line may hold a token
        server_header=False,
        timeout_keep_alive=75,  # longer than the 60 s of most proxies, so that not we end what they are about to use
        timeout_graceful_shutdown=2,  # everybody was told already: what is left reads nothing
        backlog=4096,  # a restart brings all readers back within the drain window
        **more,
    )


def run(settings: Settings, on_started: Callable[[Server], None] | None = None) -> None:
    """Serve until told to stop. Raises `UsageError`, `StorageError`."""
    # While the loop is busy, the thread of the log waits this long for its turn after each call into SQLite.
    sys.setswitchinterval(_SWITCH_SECONDS)
    live = live_from(settings)

    async def serve() -> None:
        await live.start()
        server = Server(
            configure(live, settings, live.limits), live, lambda: on_started(server) if on_started else None
        )
        await server.serve()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
