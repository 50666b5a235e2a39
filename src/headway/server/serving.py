"""Running a server: uvicorn with the fast protocols, and a shutdown that ends.

uvicorn alone waits at SIGTERM for streams that never end. Here every connection is first told to come back, spread over
a window; what is left after the bound is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

import uvicorn

from headway.access.proxies import Proxies
from headway.errors import UsageError
from headway.limits import Limits, Retention
from headway.server.applications import applications
from headway.server.chosen import chosen
from headway.server.door import Door
from headway.server.fastpath import FastHttp, FastWebSocket
from headway.server.hosts import local
from headway.server.live import Headway
from headway.server.modules import load_jobs
from headway.server.security import Security
from headway.server.settings import Settings

__all__ = ["Beside", "Server", "configure", "limits_from", "live_from", "run", "security_from"]

logger = logging.getLogger("headway.server")

_SWITCH_SECONDS: Final = 0.0005
"""A tenth of Python's default, with which a durable append took 12 to 1,750 ms under a busy loop; with this, 10."""

_COLLECTIONS: Final = (25_000, 20, 20)
"""Python looks for garbage after 700 new objects: a message that is a megabyte of `[],` then takes 1.1 s to decode, all
but a thirtieth of it spent looking in vain. Reference cycles are rare here."""

_SPARE_FILES: Final = 320
"""Files the process needs beside connections with a seat: the log's, the loop's, and those of connections that are just
being told that there is none."""


Beside = Callable[["Server"], contextlib.AbstractAsyncContextManager[object]]
"""What goes on beside a server that listens."""


class Server(uvicorn.Server):
    """A uvicorn server of one Headway, whose shutdown drains first."""

    def __init__(
        self,
        config: uvicorn.Config,
        live: Headway,
        on_started: Callable[[], None] | None = None,
        beside: Beside | None = None,
    ) -> None:
        """`beside` is entered once it listens, and left before anybody is told to go."""
        super().__init__(config)
        self._live = live
        self._on_started = on_started
        self._beside = beside
        self._stack = contextlib.AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; then tell whoever wants to know."""
        await super().startup(sockets)
        if not self.started:
            return
        if self._on_started is not None:
            self._on_started()
        if self._beside is not None:
            await self._stack.enter_async_context(self._beside(self))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections, tell the open ones to come back, then end."""
        for server in self.servers:
            server.close()
        await self._stack.aclose()
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
    """A Headway as the settings say. Imports the modules of its jobs. Raises `UsageError` where that cannot be done, or
    where it would be unsafe."""
    security = security_from(settings)
    if security.open and not settings.insecure and not local(settings.host):
        raise UsageError(
            f"{settings.host or 'every address'} can be reached from other machines, and without tokens everybody "
            "there could read and write everything. Set HEADWAY_SECRET (or --secret-file) or HEADWAY_JWKS, "
            "listen on 127.0.0.1, or say --insecure."
        )
    live = Headway(
        settings.data,
        security=security,
        limits=limits_from(settings),
        retention=Retention(settings.keep_events, settings.keep_seconds, settings.keep_bytes),
        durable=settings.durable,
        recovery=settings.recovery,
        jobs=load_jobs(settings.jobs),
        run_jobs=settings.run_jobs,
        apps=applications(settings),
        database=None if settings.database is None else settings.database.get_secret_value(),
    )
    live.chosen = lambda: chosen(settings)
    return live


def security_from(settings: Settings) -> Security:
    """How the settings guard a server. Raises `UsageError` for a trusted proxy that is no address."""
    Proxies(settings.trusted_proxies)
    secret, previous = settings.secret, settings.secret_previous
    # Whoever gave names wants them checked. An open server on loopback has to: see `hosts.py`.
    checked = bool(settings.hosts) or _private(settings)
    return Security(
        secret=secret.get_secret_value() if secret is not None else None,
        secret_previous=previous.get_secret_value() if previous is not None else None,
        jwks=settings.jwks,
        audience=settings.audience,
        issuer=settings.issuer,
        # Signing in makes a token, which wants a secret to sign it with.
        users=settings.users_file if secret is not None else None,
        origins=settings.origins,
        hosts=settings.hosts if checked else None,
        trusted_proxies=settings.trusted_proxies,
    )


def limits_from(settings: Settings) -> Limits:
    """The limits in force. On an open server that only this machine reaches, an address means nobody in particular, and
    benchmarks and tools connect by the thousand: there it has no bound but the one that was chosen."""
    limits = settings.limits_in_force()
    if not _private(settings):
        return limits
    given = settings.limits
    return replace(
        limits,
        address_connections=limits.address_connections if "address_connections" in given else 0,
        address_rate=limits.address_rate if "address_rate" in given else 0.0,
    )


def _private(settings: Settings) -> bool:
    """Whether the server is open to whoever reaches it, and only this machine does."""
    return settings.open and not settings.insecure and local(settings.host)


def configure(
    app: Any,  # Any: an ASGI application
    settings: Settings,
    limits: Limits,
    *,
    fast: bool = True,
    door: Door | None = None,
    **more: Any,  # Any: uvicorn's own options
) -> uvicorn.Config:
    """uvicorn as Headway wants it; `fast=False` leaves its own protocols in place, and nobody at the door."""
    door = door or Door(limits, Proxies(settings.trusted_proxies))
    # uvicorn calls it as it would the class.
    http = cast(type[asyncio.Protocol], functools.partial(FastHttp, door=door))
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=http if fast else "httptools",
        ws=FastWebSocket if fast else "websockets-sansio",
        ws_max_size=limits.message_bytes,
        ws_per_message_deflate=settings.deflate,
        ws_ping_interval=limits.heartbeat_seconds,
        log_config=None,
        log_level="warning",  # and neither of these may say more: a request line may hold a token
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn believes whoever is on this machine; `forwarding.py` believes whom it is told to
        timeout_keep_alive=75,  # longer than the 60 s of most proxies, so that not we end what they are about to use
        timeout_graceful_shutdown=2,  # everybody was told already: what is left reads nothing
        backlog=4096,  # a restart brings all readers back within the drain window
        **more,
    )


def run(
    settings: Settings,
    on_started: Callable[[Server], None] | None = None,
    *,
    live: Headway | None = None,
    beside: Beside | None = None,
) -> None:
    """Serve until told to stop: `live`, or a Headway as the settings say. Raises `UsageError`, `StorageError`."""
    # While the loop is busy, the thread of the log waits this long for its turn after each call into SQLite.
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.set_threshold(*_COLLECTIONS)
    live = live or live_from(settings)

    files = _raise_open_files(live.limits.connections + _SPARE_FILES)
    most = max(1, files - _SPARE_FILES) if files is not None else None
    door = Door(live.limits, Proxies(settings.trusted_proxies), most=most)
    live.refused = lambda: door.refused

    async def serve() -> None:
        await live.start()
        # What is there now stays: no collection need look at it again.
        gc.freeze()
        config = configure(live, settings, live.limits, door=door)
        server = Server(config, live, lambda: on_started(server) if on_started else None, beside)
        await server.serve()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve())


def _raise_open_files(wanted: int) -> int | None:
    """Allow this process as many open files as it may need and have; how many that is, where the system says."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such bound
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        # macOS names a hard limit that it then refuses.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
