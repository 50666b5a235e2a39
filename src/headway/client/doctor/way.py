"""The way to the server, below HTTP: DNS, TCP, TLS; and whether the port speaks what the URL says.

Where the environment names a proxy, everything goes through that, as the client's own connections do, and a connection
of ours beside it would say nothing about them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from headway.client.address import Address
from headway.client.doctor.observed import WayProblem, WaySeen
from headway.client.doctor.patience import Patience
from headway.client.endings import failed
from headway.clock import Clock

__all__ = ["examine_way", "speaks_tls"]

_DAY: Final = 86_400.0
_PORTS: Final = {False: 80, True: 443}


async def examine_way(address: Address, patience: Patience, clock: Clock) -> WaySeen:
    """Look from the name to the handshake, and stop at what fails."""
    parts = urlsplit(str(address))
    host = parts.hostname or ""
    seen = WaySeen(host, parts.port or _PORTS[address.secure])
    proxy = _proxy(address, host)
    if proxy is not None:
        return replace(seen, via=proxy)
    seen = await _resolved(seen, patience, clock)
    if seen.problem is None:
        seen = await _connected(seen, patience, clock)
    if seen.problem is None and address.secure:
        seen = await _secured(seen, patience, clock)
    return seen


async def speaks_tls(way: WaySeen, patience: Patience) -> bool:
    """Whether a port that does not answer http answers https."""
    try:
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(way.host, way.port, ssl=_trusting(), server_hostname=way.host), patience.answer
        )
    except (OSError, TimeoutError, ssl.SSLError):
        return False
    await _close(writer)
    return True


async def _resolved(seen: WaySeen, patience: Patience, clock: Clock) -> WaySeen:
    began = clock.monotonic()
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(loop.getaddrinfo(seen.host, seen.port, type=socket.SOCK_STREAM), patience.answer)
    except TimeoutError:
        return replace(seen, problem=WayProblem.UNKNOWN_HOST, reason="the name server does not answer")
    except (OSError, UnicodeError) as error:
        reason = failed(error).reason if isinstance(error, OSError) else "this cannot be a name"
        return replace(seen, problem=WayProblem.UNKNOWN_HOST, reason=reason)
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    return replace(seen, addresses=addresses, dns=clock.monotonic() - began)


async def _connected(seen: WaySeen, patience: Patience, clock: Clock) -> WaySeen:
    began = clock.monotonic()
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(seen.host, seen.port), patience.answer)
    except (OSError, TimeoutError) as error:
        return replace(seen, problem=WayProblem.UNREACHABLE, reason=failed(error).reason)
    took = clock.monotonic() - began
    await _close(writer)
    return replace(seen, tcp=took)


async def _secured(seen: WaySeen, patience: Patience, clock: Clock) -> WaySeen:
    context = ssl.create_default_context()
    began = clock.monotonic()
    try:
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(seen.host, seen.port, ssl=context, server_hostname=seen.host), patience.answer
        )
    except ssl.SSLCertVerificationError as error:
        return replace(seen, problem=WayProblem.CERTIFICATE, reason=failed(error).reason.removeprefix("TLS failed: "))
    except (OSError, TimeoutError) as error:  # an SSLError is an OSError
        problem = WayProblem.SPEAKS_HTTP if await _speaks_http(seen, patience) else WayProblem.TLS
        return replace(seen, problem=problem, reason=failed(error).reason)
    took = clock.monotonic() - began
    handshake = writer.get_extra_info("ssl_object")
    ends = dict(writer.get_extra_info("peercert") or {}).get("notAfter")
    version = handshake.version() if handshake is not None else None
    await _close(writer)
    days = None if ends is None else (ssl.cert_time_to_seconds(str(ends)) - clock.now()) / _DAY
    # What TCP took is in it once more.
    return replace(seen, tls=max(0.0, took - (seen.tcp or 0.0)), tls_version=version, certificate_days=days)


async def _speaks_http(seen: WaySeen, patience: Patience) -> bool:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(seen.host, seen.port), patience.answer)
    except (OSError, TimeoutError):
        return False
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % seen.host.encode("idna"))
        return (await asyncio.wait_for(reader.read(5), patience.answer)) == b"HTTP/"
    except (OSError, TimeoutError, UnicodeError):
        return False
    finally:
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _trusting() -> ssl.SSLContext:
    """Only to see whether it is TLS at all: nothing is said over it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _proxy(address: Address, host: str) -> str | None:
    """What the environment says; a name and a password in it are nobody's business."""
    proxies = getproxies()
    proxy = proxies.get("https" if address.secure else "http") or proxies.get("all")
    if proxy is None or proxy_bypass(host):
        return None
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parts.netloc.rpartition("@")[2] or None
