"""One connection to PingOne: HTTP/1.1, one request at a time, and an answer within bounds.

The law:
1. An answer is whole when its parser says so, or, where it has no length, when the connection ends. Interim answers
   (1xx) are passed over.
2. A body is counted after it was unpacked, and no further than its bound: then the rest is not read, and the answer
   has no content. So are headers, and whatever else comes around a body.
3. A connection is used again only after a whole answer with nothing behind it: what comes while nothing is asked is
   nobody's, and ends it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple, cast

import httptools

__all__ = ["Bounds", "Broken", "Connection", "Heard"]

_AROUND: Final = 64 * 1024
"""Bytes of an answer's head. PingOne's are one kilobyte."""
_FRAMED: Final = 8
"""Bytes on the wire for one of a body, at most, beyond that: a chunk of one byte takes six."""
_EITHER: Final = 32 + zlib.MAX_WBITS
"""zlib: a gzip or a zlib header, whichever stands there."""


class Bounds(NamedTuple):
    """Bytes of a body."""

    success: int
    other: int
    """Of an answer that is no success."""


class Heard(NamedTuple):
    """An answer."""

    status: int
    headers: dict[bytes, bytes]
    """By their lower-case names; of repeated ones the first."""
    content: bytes | None
    """None: larger than its bound."""


class Broken(Exception):
    """No whole answer came, and the request may have arrived all the same. `str()` says why, and quotes nothing."""


class Connection(asyncio.Protocol):
    """The connection. For `loop.create_connection`."""

    def __init__(self, bounds: Bounds, lost: Callable[[Connection], None]) -> None:
        """`lost` is called once it has ended."""
        self._loop = asyncio.get_running_loop()
        self._bounds = bounds
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Heard] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self.ready = False
        """Whether a request may be sent."""
        self._astray = False
        """Whether it can be used no more once this answer is whole."""
        self._headed = self._whole = False
        self._status = self._most = self._taken = 0
        self._headers: dict[bytes, bytes] = {}
        self._content: bytes | bytearray | None = b""
        self._unpacking: zlib._Decompress | None = None

    def ask(self, request: bytes) -> asyncio.Future[Heard]:
        """Send a request. Only where it is `ready`. The answer may be `Broken`; who cancels aborts the connection."""
        self.ready = self._headed = self._whole = False
        self._status = self._most = self._taken = 0
        self._headers, self._content, self._unpacking = {}, b"", None
        waiter = self._waiter = self._loop.create_future()
        cast(asyncio.Transport, self._transport).write(request)
        return waiter

    def fail(self, reason: str) -> None:
        """Have whoever waits get nothing but this, and end."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(Broken(reason))
        self.abort()

    def abort(self) -> None:
        """End at once. Idempotent."""
        self.ready = False
        if self._transport is not None:
            self._transport.abort()

    # Called by the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.ready = True

    def data_received(self, data: bytes) -> None:
        waiter = self._waiter
        if waiter is None:
            self.abort()
            return
        self._taken += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._whole:
                self.fail("the answer breaks off" if self._headed else "what comes back is not HTTP")
                return
            self._astray = True
        if self._whole:
            self._end()
        elif self._headed and (self._content is None or self._taken > _FRAMED * self._most + _AROUND):
            self._content, self._astray = None, True
            self._end()
        elif not self._headed and self._taken > _AROUND:
            self.fail("what comes back is not HTTP")

    def eof_received(self) -> None:
        self.ready = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._astray = True
        if self._waiter is not None:
            if self._headed and not self._measured() and exc is None:
                self._end()
            else:
                self.fail("the answer breaks off" if self._headed else "the connection ends")
        self.ready = False
        del self._parser  # which knows this object
        self._lost(self)

    # Called by the parser.

    def on_message_begin(self) -> None:
        # A second one, behind a whole answer.
        self._astray = self._astray or self._whole

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._headed:  # trailers come here, too
            self._headers.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        if self._whole:
            return
        status = self._parser.get_status_code()
        if status < 200:
            return
        self._status = status
        self._headed = True
        self._most = self._bounds.success if status < 300 else self._bounds.other
        encoding = self._headers.get(b"content-encoding")
        if encoding is not None and encoding.strip().lower() in (b"gzip", b"x-gzip", b"deflate"):
            self._unpacking = zlib.decompressobj(_EITHER)

    def on_body(self, body: bytes) -> None:
        content = self._content
        if content is None or self._whole:
            return
        if self._unpacking is not None:
            try:
                body = self._unpacking.decompress(body, self._most + 1 - len(content))
            except zlib.error:
                body = b""  # what is missing is missed by whoever reads it
        if len(content) + len(body) > self._most:
            self._content = None
        elif content:
            if not isinstance(content, bytearray):
                content = self._content = bytearray(content)
            content += body
        else:
            self._content = body

    def on_message_complete(self) -> None:
        if not self._headed:
            self._headers.clear()
        elif not self._whole:
            self._whole = True
            self._astray = not self._parser.should_keep_alive()

    # How.

    def _end(self) -> None:
        waiter, self._waiter = self._waiter, None
        assert waiter is not None  # or nothing would have been parsed
        if not waiter.done():
            content = self._content
            waiter.set_result(
                Heard(self._status, self._headers, bytes(content) if isinstance(content, bytearray) else content)
            )
        if self._astray:
            self.abort()
        else:
            self.ready = True

    def _measured(self) -> bool:
        """Whether the answer says where its body ends."""
        return b"content-length" in self._headers or b"chunked" in self._headers.get(b"transfer-encoding", b"").lower()
