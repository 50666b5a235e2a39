"""The sandbox's only door: sockets on loopback, the time, the delays, and connections that are cut.

    async with Sandbox(seed=7, faults=Faults(errors=3, dropped=1)) as sandbox:
        sandbox.api, sandbox.auth, sandbox.credentials, sandbox.environment

Everything is decided in `service`. Of what comes in nothing is logged: it holds passwords and secrets.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from headway.clock import Clock, SystemClock
from headway.sandbox.access import Application, Credentials
from headway.sandbox.calls import Call, Reply, media_of
from headway.sandbox.control import PREFIX, control, state_of, usernames_of
from headway.sandbox.errors import Document, Refusal, forbidden, malformed, too_large
from headway.sandbox.faults import Faults
from headway.sandbox.options import Options
from headway.sandbox.service import Moment, Service

__all__ = ["HOST", "Sandbox"]

HOST: Final = "127.0.0.1"
"""Never anything else: whoever has the seed has the secrets."""
_BODY_BYTES: Final = 1024 * 1024
"""Sixty profiles; a user has one."""
_SHUTDOWN_SECONDS: Final = 1.0
"""For calls that are being written; a delayed one is cut."""
_HEADERS: Final = {
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
    "pragma": "no-cache",
    "expires": "0",
    "via": "1.1 sandbox.cloudfront.net (CloudFront)",
}
"""As recorded, on every answer."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

_log: Final = logging.getLogger(__name__)


class Sandbox:
    """A PingOne on a port of this machine, from entering the block to leaving it: `Sandbox(options)`, or
    `Sandbox(seed=7, rate=50)` with fields of `Options`.

    Its state is in memory: it lasts as long as the sandbox does, and a sandbox of the same seed has the same ids.
    """

    def __init__(
        self, options: Options | None = None, *, port: int = 0, clock: Clock | None = None, **given: Any
    ) -> None:  # Any: fields of `Options`, which checks them
        self.options = replace(options or Options(), **given)
        self._port = port
        self._clock = clock or SystemClock()
        self._service = Service(self.options, self._moment())
        self._runner: web.ServerRunner | None = None
        self._delays: set[asyncio.Future[None]] = set()

    @property
    def auth(self) -> str:
        """Where tokens are given: the base of `/{environment}/as/token`."""
        return self._service.origin

    @property
    def api(self) -> str:
        """The base of `/environments/{environment}`."""
        return f"{self._service.origin}/v1"

    @property
    def environment(self) -> str:
        """Id of the environment of type SANDBOX, in which the applications live."""
        return next(iter(self._service.tenant.environments))

    @property
    def production(self) -> str:
        """Id of the environment of type PRODUCTION."""
        return list(self._service.tenant.environments)[1]

    @property
    def applications(self) -> tuple[Application, ...]:
        """Who may come in: the first does everything, the second has its secret in the body, the third only reads."""
        return self._service.tenant.applications

    @property
    def credentials(self) -> Credentials:
        """Those of the first application."""
        return self.credentials_of(self.applications[0])

    def credentials_of(self, application: Application) -> Credentials:
        """Those of an application."""
        return Credentials(application.environment, application.client_id, application.secret, application.method.value)

    @property
    def waiting(self) -> int:
        """Calls that wait out their delay."""
        return len(self._delays)

    def state(self) -> Document:
        """What `/__sandbox/state` says."""
        return state_of(self._service)

    def usernames(self, environment: str) -> dict[str, dict[str, int]]:
        """What `/__sandbox/usernames` says of an environment."""
        return usernames_of(self._service.tenant.environments[environment])

    def set_faults(self, faults: Faults) -> None:
        """From now on these faults and no others."""
        self._service.set_faults(faults, self._moment())

    def reset(self) -> None:
        """As on the first day."""
        self._service.reset(self._moment())

    async def __aenter__(self) -> Sandbox:
        """Begin to listen. Raises `OSError` where the port is taken."""
        server = web.Server(self._handle, logger=_silent(), access_log=None, auto_decompress=False)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except BaseException:  # also a cancellation: nothing may stay open
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        self._service.origin = f"http://{HOST}:{self._port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and close every connection."""
        for delay in self._delays:
            if not delay.done():
                delay.set_exception(ConnectionAbortedError("the sandbox was left"))
        if self._runner is not None:
            await self._runner.cleanup()

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        at_side_door = request.path.startswith(PREFIX)
        try:
            reply = await (self._controlled(request) if at_side_door else self._answered(request))
        except Refusal as refusal:
            reply = self._service.refused(Call(request.method, ""), refusal)
        except ConnectionError:  # the client went away while it spoke, or the sandbox was left
            reply = Reply(0, cut=True)
        except Exception as error:  # whatever it is, the next call is answered
            # The class alone: the text of an error can hold what was sent.
            _log.error("a call failed with %s", type(error).__name__)
            message = "An unexpected error occurred. Try again later."
            reply = self._service.refused(Call(request.method, ""), Refusal(500, "UNEXPECTED_ERROR", message))
        if reply.cut and request.transport is not None:
            request.transport.close()
        return _response(reply, shared=not at_side_door)

    async def _answered(self, request: web.BaseRequest) -> Reply:
        fate = self._service.dice.throw()
        # Before the delay: who goes away in the meantime has asked all the same, as on a slow day of PingOne's.
        call = await _call(request)
        if fate.delay:
            await self._delayed(fate.delay)
        return self._service.answer(call, fate, self._moment())

    async def _delayed(self, seconds: float) -> None:
        """Wait. Raises `ConnectionError` where the sandbox is left meanwhile: a call whose client went away is waited
        for by nobody else."""
        loop = asyncio.get_running_loop()
        delay: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _end, delay)
        self._delays.add(delay)
        try:
            await delay
        finally:
            timer.cancel()
            self._delays.discard(delay)

    async def _controlled(self, request: web.BaseRequest) -> Reply:
        # Not for pages that somebody has open: they say where they come from, or call this machine by another name.
        if "Origin" in request.headers or not _is_loopback(request.headers.get("Host", "")):
            raise forbidden()
        return control(self._service, await _call(request), self._moment())


def _end(delay: asyncio.Future[None]) -> None:
    if not delay.done():
        delay.set_result(None)


async def _call(request: web.BaseRequest) -> Call:
    """The call of a request. Raises `Refusal` where its body is too large or breaks off."""
    headers = request.headers
    try:
        body = await request.read() if request.body_exists else b""
    except web.HTTPRequestEntityTooLarge:
        raise too_large(_BODY_BYTES) from None
    except (web.RequestPayloadError, ValueError):
        raise malformed("The request body cannot be read.") from None
    return Call(
        request.method,
        _legible(request.path),
        {_legible(name): _legible(value) for name, value in request.query.items()} if request.query_string else {},
        headers.get("Authorization", ""),
        _legible(media_of(headers.get("Content-Type", ""))),
        body,
    )


def _legible(text: str) -> str:
    """Bytes that were no UTF-8 as question marks: parts of it are shown in errors."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _response(reply: Reply, *, shared: bool) -> web.Response:
    headers = {**_HEADERS, **reply.headers}
    if reply.body:
        headers["Content-Type"] = reply.media
    if shared:
        headers["access-control-allow-origin"] = "*"
    return web.Response(status=reply.status or 500, body=reply.body, headers=headers)


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False


def _silent() -> logging.Logger:
    """For aiohttp, whose messages about a request hold parts of it."""
    logger = logging.Logger("headway.sandbox.http")  # one that nobody configures, and so nobody hears
    logger.disabled = True
    return logger
