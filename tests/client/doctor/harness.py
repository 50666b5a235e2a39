"""What the tests of the doctor share: little patience, and boxes of which `Middlebox` has none."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from headway.client.doctor import Check, Finding, Patience, Report, examine
from headway.testing.serving import Address

__all__ = [
    "HASTY",
    "answering",
    "certificate",
    "codes",
    "examined",
    "finding",
    "free_port",
    "relay",
    "stripping",
    "tls",
    "until_marks",
]

HASTY: Final = Patience(answer=1.5, event=1.0, spacing=0.05, wait=0.4, hold=0.4)
"""Enough for a loopback on a busy machine."""

Rewrite = Callable[[bytes], bytes]


async def examined(address: Address, *only: Check, patience: Patience = HASTY, **more: object) -> Report:
    """Examine what is there; without sizes, which take a megabyte."""
    chosen = only or [check for check in Check if check is not Check.SIZES]
    return await examine(address.http(""), only=chosen, patience=patience, **more)  # type: ignore[arg-type]  # its own


def codes(report: Report, subject: str | None = None) -> list[str]:
    """The codes of the findings, of one subject or of all."""
    return [finding.code for finding in report.findings if subject in (None, finding.subject)]


def finding(report: Report, code: str) -> Finding:
    """The one finding of this code."""
    (found,) = [finding for finding in report.findings if finding.code == code]
    return found


@contextlib.asynccontextmanager
async def answering(answer: Callable[[bytes], bytes], context: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    """Somebody who answers every request with what `answer` makes of its head, and hangs up."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(answer(await reader.readuntil(b"\r\n\r\n")))
            await writer.drain()
        writer.close()

    async with _serving(accept, context) as port:
        yield Address(port)


@contextlib.asynccontextmanager
async def relay(server: Address, asked: Rewrite, hold: Callable[[bytes, bytes], bool]) -> AsyncIterator[Address]:
    """A proxy that signs as `old-proxy`: it passes on what `asked` makes of the head of a request, or says it itself if
    that is an answer, and keeps what comes back for as long as `hold(head, kept)` says. One request a connection."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            passed = asked(head)
            if passed.startswith(b"HTTP/"):
                writer.write(passed)
                writer.close()
                return
            there, away = await asyncio.open_connection(server.host, server.port)
            away.write(passed)
            asking = asyncio.create_task(_pass_on(reader, away))
            try:
                await _give_back(there, writer, lambda kept: hold(head, kept))
            finally:
                away.close()
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
        writer.close()

    async with _serving(accept) as port:
        yield server.through(port)


def stripping(head: bytes) -> bytes:
    """As a proxy that was not told of upgrades: what belongs to one connection stays on it."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith((b"upgrade:", b"connection:"))]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def until_marks(count: int) -> Callable[[bytes, bytes], bool]:
    """Keeps events of a stream until there are so many."""
    return lambda head, kept: b"/stream" in head and 0 < kept.count(b'"mark"') < count


def certificate(folder: Path, days: float) -> Path:
    """A certificate for localhost that nobody knows, and its key behind it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return file


def tls(file: Path) -> ssl.SSLContext:
    """What a server with this certificate speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def free_port() -> int:
    """A port at which nobody listens."""
    async with _serving(lambda reader, writer: writer.close()) as port:
        return port


@contextlib.asynccontextmanager
async def _serving(accept: Callable[..., object], context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # the callback of a server runs in a task
        tasks.add(task)
        try:
            given = accept(reader, writer)
            if asyncio.iscoroutine(given):
                await given
        except asyncio.CancelledError:
            pass  # asyncio's servers complain of a callback that was cancelled
        finally:
            writer.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        running = list(tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


async def _give_back(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, holds: Callable[[bytes], bool]
) -> None:
    kept, signed = b"", False
    while data := await reader.read(65_536):
        kept += data
        if not signed:
            kept, signed = kept.replace(b"\r\n", b"\r\nVia: 1.1 old-proxy\r\n", 1), True
        if not holds(kept):
            writer.write(kept)
            await writer.drain()
            kept = b""
    writer.write(kept)
    await writer.drain()
