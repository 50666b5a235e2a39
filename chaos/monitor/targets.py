"""The applications: real servers on loopback that answer, fail, hang, drip, loop, and show certificates.

They live in this process, which outlives the server that watches them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import dns.message
import dns.rdatatype
import dns.rrset
from aiohttp import web

from headway.testing.serving import listener
from tests.apps.monitor.checks.targets import Authority, answer, answering, connected, for_ever
from tests.browsers.site import serving as signing_in

__all__ = ["Targets", "targets"]

_SLOW_SECONDS: Final = 0.4
_DRIP_SECONDS: Final = 0.2
_PIECE: Final = b"x" * 65_536


@dataclass(slots=True)
class Targets:
    """Where they are, and what can be done to them."""

    http: str = ""
    closed: int = 0
    """A port where nobody listens."""
    tcp: int = 0
    dns: int = 0
    expiring: int = 0
    expired: int = 0
    itself: int = 0
    """A port whose certificate is signed by itself."""
    site: str = ""
    """Where one signs in."""
    broken: bool = False
    """Whether the shop fails."""
    asked: Counter[str] = field(default_factory=Counter)
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any of the applications over HTTP."""
        path = request.path
        self.asked[path] += 1
        match path.split("/")[1]:
            case "shop" if self.broken:
                return web.Response(status=503)
            case "broken":
                return web.Response(status=500)
            case "flapping":
                return web.Response(status=500 if self.asked[path] % 2 else 200)
            case "slow":
                await asyncio.sleep(_SLOW_SECONDS)
            case "hanging":
                await self.ending.wait()
            case "dripping" | "endless":
                return await self._piecemeal(request, slowly=path.startswith("/dripping"))
            case "loop":
                raise web.HTTPFound(f"/loop/{self.asked[path] % 2}" if path == "/loop" else "/loop")
            case "moved":
                raise web.HTTPFound("/ok")
            case "metadata":
                raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")
            case "down":
                return web.json_response({"status": "DOWN", "queue": 7})
        return web.json_response({"status": "UP", "queue": 7})

    async def _piecemeal(self, request: web.Request, *, slowly: bool) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(OSError):
            while not self.ending.is_set():
                await response.write(b"." if slowly else _PIECE)
                await asyncio.sleep(_DRIP_SECONDS if slowly else 0)
        return response


@contextlib.asynccontextmanager
async def targets(authority: Path) -> AsyncIterator[Targets]:
    """All of them. The file will hold the certificate of the authority that some are signed by."""
    signer = Authority()
    await asyncio.to_thread(authority.write_text, signer.pem)
    made = Targets()
    async with contextlib.AsyncExitStack() as stack:
        made.http = await _web(made, stack)
        for name, context in (
            ("expiring", signer.server("127.0.0.1", days=5)),
            ("expired", signer.server("127.0.0.1", days=-2)),
            ("itself", signer.server("127.0.0.1", itself=True)),
        ):
            target = await stack.enter_async_context(answering(answer(), context))
            setattr(made, name, target.port)
        made.tcp = await stack.enter_async_context(connected(_silent))
        made.dns = await _names(stack)
        made.site = stack.enter_context(signing_in()).url
        with contextlib.closing(listener()) as probe:
            made.closed = probe.getsockname()[1]
        stack.callback(made.ending.set)
        yield made


async def _web(made: Targets, stack: contextlib.AsyncExitStack) -> str:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await for_ever()


class _Names(asyncio.DatagramProtocol):
    """Says that every name is 10.1.2.3."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        told = dns.message.make_response(question)
        asked = question.question[0]
        if asked.rdtype == dns.rdatatype.A:
            told.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", "10.1.2.3"))
        self._transport.sendto(told.to_wire(), addr)


async def _names(stack: contextlib.AsyncExitStack) -> int:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(_Names, ("127.0.0.1", 0))
    stack.callback(transport.close)
    return int(transport.get_extra_info("sockname")[1])
