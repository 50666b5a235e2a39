"""One request over HTTP/1.1 and its answer, on a connection that was checked. No redirects here.

Bounds: headers of 64 KB, a body of 256 KB after decoding, whatever the other side means to send; time is bounded by
whoever calls. An answer is read until it ends, or is larger than that: then the rest is not asked for.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httptools

from headway.apps.monitor.checks.body import Body
from headway.apps.monitor.checks.connection import Streams
from headway.apps.monitor.checks.outcome import Failed, Reason
from headway.apps.monitor.checks.stopwatch import Phase, Stopwatch

__all__ = ["BODY_BYTES", "HEADER_NAME", "MOVED", "Answer", "Request", "exchanged"]

BODY_BYTES: Final = 256 * 1024
"""Of a body. A health page has some kilobytes; what is wished of a page stands in its first quarter megabyte."""
_HEADER_BYTES: Final = 64 * 1024
"""The status line, all headers and any interim answers. Chrome takes 256 KB, nginx sends 8."""
_WIRE_BYTES: Final = 8 * BODY_BYTES
"""Read from the wire for one body. Chunks of one byte take six."""
_PIECE: Final = 64 * 1024

MOVED: Final = frozenset({301, 302, 303, 307, 308})
"""Statuses that point elsewhere, with a `Location`."""
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""RFC 9110, 5.6.2."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    """All of them, `Host` too."""
    body: bytes = b""

    def encoded(self) -> bytes:
        """On the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + self.body


@dataclass(slots=True)
class Answer:
    """What was answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """By their lower-case names; of repeated ones the first."""
    body: Body = field(default_factory=lambda: Body(BODY_BYTES))


class _Reading:
    """The callbacks of the parser. Interim answers (1xx) are passed over."""

    def __init__(self, method: str) -> None:
        self.answer = Answer()
        self.parser = httptools.HttpResponseParser(self)
        self.headed = self.done = False
        self.header_bytes = 0
        self._bodiless = method == "HEAD"

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.headed:  # trailers come here too
            self.header_bytes += len(name) + len(value) + 4
            self.answer.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < 200 and status != 101:
            return
        self.answer.status = status
        self.headed = True
        self.answer.body = Body(BODY_BYTES, self.answer.headers.get("content-encoding", ""))
        self.done = self._bodiless or status == 101

    def on_body(self, data: bytes) -> None:
        if not self.done and not self.answer.body.full:
            self.answer.body.feed(data)

    def on_message_complete(self) -> None:
        if self.headed:
            self.done = True
        else:
            self.answer.headers.clear()

    def ended(self) -> None:
        """The other side sends no more."""
        headers = self.answer.headers
        if not self.headed:
            raise Failed(Reason.CONNECTION_LOST, "the connection was ended before an answer came")
        if not self.done and ("content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()):
            raise Failed(Reason.CONNECTION_LOST, "the connection was ended in the middle of the answer")
        self.done = True


async def exchanged(streams: Streams, request: Request, watch: Stopwatch, *, redirects: bool = False) -> Answer:
    """Ask and read; with `redirects` only the headers of an answer that points elsewhere. Raises `Failed`. Cancel
    freely: whoever opened the streams closes them."""
    reader, writer = streams
    writer.write(request.encoded())
    with suppress(ConnectionError):  # it may have answered all the same
        await writer.drain()
    reading, taken = _Reading(request.method), 0
    while not reading.done and not reading.answer.body.full and taken < _WIRE_BYTES:
        data = await _piece(reader)
        if not data:
            reading.ended()
            break
        if not taken:
            watch.begin(Phase.BODY)
        taken += len(data)
        _fed(reading, data)
        if max(reading.header_bytes, 0 if reading.headed else taken) > _HEADER_BYTES:
            raise Failed(Reason.HEADERS_TOO_LARGE, f"the headers are larger than {_HEADER_BYTES // 1024} KB")
        if redirects and reading.answer.status in MOVED and "location" in reading.answer.headers:
            break
    reading.answer.body.close(complete=reading.done)
    return reading.answer


def _fed(reading: _Reading, data: bytes) -> None:
    try:
        reading.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        reading.done = True
    except httptools.HttpParserError as error:
        if not reading.done:  # what comes after the end is nobody's
            raise Failed(Reason.NOT_HTTP, f"the answer is no HTTP: {error}") from error


async def _piece(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_PIECE)
    except (ConnectionError, ssl.SSLError) as error:
        raise Failed(Reason.CONNECTION_LOST, "the connection was lost before the answer was whole") from error
