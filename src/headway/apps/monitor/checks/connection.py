"""A connection for a probe: the way there is measured, and whatever goes wrong on it has a name.

`opened` gives streams that are closed hard at the end: no probe waits for a goodbye. Verification that fails is looked
into with a second handshake that believes everything, sends nothing, and is not in the timings.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from headway.apps.monitor.checks import certificates
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.outcome import Certificate, Failed, Reason
from headway.apps.monitor.checks.stopwatch import Phase, Stopwatch
from headway.egress import Address, Refused, Unresolved

__all__ = ["Found", "Streams", "failed_in", "opened"]

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_LOOK_SECONDS: Final = 5.0
"""For the second handshake. The first one has just come as far as the certificate."""

_SHARE: Final = 0.9
"""Of the time that is left, for what can still be told well when it fails: so it ends before the whole probe does."""

_TIMEOUTS: Final = {
    Phase.DNS: (Reason.NAME_TIMEOUT, "no resolver answered"),
    Phase.CONNECT: (Reason.CONNECT_TIMEOUT, "nobody took the connection"),
    Phase.TLS: (Reason.TLS_TIMEOUT, "the TLS handshake did not end"),
    Phase.FIRST_BYTE: (Reason.ANSWER_TIMEOUT, "connected, and no answer came"),
    Phase.BODY: (Reason.BODY_TIMEOUT, "the answer began and did not end"),
}


@dataclass(slots=True)
class Found:
    """What a probe has learned so far; it is kept when the probe fails."""

    watch: Stopwatch
    address: Address | None = None
    certificate: Certificate | None = None
    deadline: float = field(default=0.0)
    """By the loop's time."""
    timer: asyncio.Timeout | None = None
    """What ends the probe then."""

    def left(self) -> float:
        """Seconds until the probe has to be over."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    def answered(self) -> None:
        """The application has done its part: what follows has bounds of its own, and is not its fault."""
        self.watch.stop()
        if self.timer and not self.timer.expired():
            self.timer.reschedule(None)


def failed_in(phase: Phase, seconds: float) -> Failed:
    """The time was over while this went on."""
    reason, what = _TIMEOUTS[phase]
    return Failed(reason, f"{what} within {seconds:g} s")


@asynccontextmanager
async def opened(
    host: str, port: int, means: Means, found: Found, *, tls: bool = False, verify: bool = True, name: str | None = None
) -> AsyncIterator[Streams]:
    """Streams to a host; with TLS to whom is asked for by `name`, or by the host. Raises `Failed`, and `TimeoutError`
    as it comes from outside. Cancel freely."""
    found.watch.begin(Phase.DNS)
    addresses = await _addresses(host, port, means)
    found.watch.begin(Phase.CONNECT)
    reader, writer = await _streams(addresses, host, port, means, found, tls=tls, verify=verify, name=name or host)
    try:
        found.watch.begin(Phase.FIRST_BYTE)
        yield reader, writer
    finally:
        found.watch.stop()
        await _shut(writer)


async def _addresses(host: str, port: int, means: Means) -> tuple[Address, ...]:
    try:
        return await means.egress.addresses(host, port)
    except Refused as error:
        raise Failed(Reason.ADDRESS_REFUSED, str(error), unknown=True) from error
    except Unresolved as error:
        raise Failed(Reason.NAME_UNRESOLVED if error.temporary else Reason.NAME_UNKNOWN, str(error)) from error


async def _streams(
    addresses: tuple[Address, ...],
    host: str,
    port: int,
    means: Means,
    found: Found,
    *,
    tls: bool,
    verify: bool,
    name: str,
) -> Streams:
    try:
        socket, found.address = await means.egress.connect(addresses, port, _SHARE * found.left())
    except TimeoutError:
        raise
    except OSError as error:
        raise _unconnected(error, host, port) from error
    if not tls:
        return await asyncio.open_connection(sock=socket)
    found.watch.begin(Phase.TLS)
    context = means.trust.verifying if verify else means.trust.blind
    try:
        streams = await asyncio.open_connection(
            sock=socket, ssl=context, server_hostname=name, ssl_handshake_timeout=found.left() or None
        )
    except ssl.SSLCertVerificationError as error:
        found.watch.stop()
        problem = certificates.problem_of(error)
        found.certificate = await _look(found.address, name, port, means, found, error)
        if found.certificate and found.certificate.problems:
            problem = found.certificate.problems[0]
        raise Failed(problem, certificates.said(problem, found.certificate, name)) from error
    except ssl.SSLError as error:
        raise Failed(Reason.TLS_FAILED, f"{host}:{port} does not speak TLS with us: {_short(error)}") from error
    except ConnectionError as error:
        if isinstance(error, ConnectionAbortedError):
            raise TimeoutError from error  # asyncio's name for a handshake that took too long
        raise Failed(Reason.TLS_FAILED, f"{host}:{port} ended the connection in the TLS handshake") from error
    found.certificate = _shown(streams[1], name, means)
    return streams


def _shown(
    writer: asyncio.StreamWriter, host: str, means: Means, failure: ssl.SSLCertVerificationError | None = None
) -> Certificate | None:
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return certificates.read(der, host, means.clock.now(), failure) if der else None


async def _look(
    address: Address, name: str, port: int, means: Means, found: Found, failure: ssl.SSLCertVerificationError
) -> Certificate | None:
    """The certificate that could not be believed, from the same address."""
    writer = None
    try:
        async with asyncio.timeout(min(_SHARE * found.left(), _LOOK_SECONDS)):
            socket, _ = await means.egress.connect((address,), port, _LOOK_SECONDS)
            _, writer = await asyncio.open_connection(sock=socket, ssl=means.trust.blind, server_hostname=name)
            return _shown(writer, name, means, failure)
    except OSError:
        return None  # what is known already is told
    finally:
        if writer:
            await _shut(writer)


async def _shut(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


def _unconnected(error: OSError, host: str, port: int) -> Failed:
    if isinstance(error, ConnectionRefusedError):
        return Failed(Reason.CONNECT_REFUSED, f"nothing listens at {host}:{port}")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return Failed(Reason.INTERNAL, "this server has no free file left for a connection", unknown=True)
    return Failed(Reason.UNREACHABLE, f"{host}:{port} cannot be reached: {error.strerror or error}")


def _short(error: ssl.SSLError) -> str:
    return (error.reason or "handshake failed").replace("_", " ").lower()
