"""uvicorn's HTTP, with bounds on what one connection may do before, while and after it is answered.

- It takes a seat at the door, or is told why there is none.
- A head (the address and the headers) has so many bytes and lines, and `header_seconds` to arrive, counted from its
  first byte, or from the connection's begin. So have trailers.
- What can be read in two ways is refused: a proxy in front might read it in the other (request smuggling). httptools
  refuses most of it: two lengths, a length beside chunks, folded lines, bare line feeds, NUL, spaces before colons.
- A client may ask on without waiting for answers, but not for ever.
- An answer of which nothing is read for `unread_seconds` is given up.
- A connection that ends before its request was whole is closed for writing first: closed at once, with bytes unread,
  the system would reset it, and the client would never read why.

A request that arrives whole, as nearly all do, costs no timer and one look at its headers.

These classes lean on parts of uvicorn that are not promised (0.54): the parser's callbacks, `cycle`, `pipeline`,
`headers`, and that a cycle ends its connection by `transport.close()`. `tests/server/test_guarded.py` tells when they
move.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from headway.codes import Code
from headway.errors import HeadwayError, Overloaded, PeerError
from headway.limits import Limits
from headway.server.door import Door, short_answer

__all__ = ["GuardedHttp"]

_PIPELINED: Final = 32
"""Requests that wait for their turn on one connection, some 5 KB each. Nobody but load generators sends them so; those
that come after are left to another connection, as HTTP has it."""

_PARTING_SECONDS: Final = 2.0
"""For the client to read the last answer, while what it still sends is passed over."""

_REASONS: Final = {Code.TIMEOUT: "header_seconds", Code.HEADERS_TOO_LARGE: "headers"}


class _Enough(PeerError):
    """The client asks on and on, and waits for no answer."""


class _Front:
    """The transport as uvicorn's objects see it: writing is the socket's own, ending is up to the connection."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, socket: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write: Callable[[bytes], object] = socket.write
        self.is_closing: Callable[[], bool] = socket.is_closing
        self.close = close

    def fall_silent(self) -> None:
        """From now on it is closed, whatever the socket still does."""
        self.write = _nowhere
        self.close = _nothing
        self.is_closing = _always


class GuardedHttp(HttpToolsProtocol):
    """An HTTP connection within bounds."""

    def __init__(self, *args: Any, door: Door | None = None, **kwargs: Any) -> None:  # Any: uvicorn's own signature
        super().__init__(*args, **kwargs)
        self._door = door or _OPEN
        self._limits = self._door.limits
        self._on_lost: Callable[[], None] = _nothing
        self._begun = False
        """Whether a head has begun and not ended."""
        self._receiving = False
        """Whether a request's head is known and its end is not."""
        self._moved = False
        """Whether the data at hand held a begin of a head or a piece of a body."""
        self._piece = 0
        """Size of the data at hand."""
        self._dripped = 0
        self._opened = 0
        """Bytes of the piece in which an unfinished head began, with whatever stood before it."""
        """Bytes before it that completed nothing: of a head, or of trailers."""
        self._websocket = False
        self._deaf = False
        """Whether what comes is passed over: the connection ends after the answers under way."""
        self._parting = False
        self._waiting = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._parting_timer: asyncio.TimerHandle | None = None

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._socket = transport
        self._front = _Front(transport, self._part)
        self.transport = cast(asyncio.Transport, self._front)
        try:
            seat = self._door.enter(self.client[0] if self.client else None, self.loop.time())
        except Overloaded as error:
            self._refuse(error)
            return
        self._on_lost = seat.release
        self._head_timer = self.loop.call_later(self._limits.header_seconds, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        if self._parting_timer is not None:
            self._parting_timer.cancel()
            self._parting_timer = None
            self._door.end_parting()
        super().connection_lost(exc)
        self._front.fall_silent()
        self._fall_deaf()
        if self.cycle is not None and self.cycle.response_complete:
            # What is left would hold itself, and all that came, until the collector comes round.
            self.cycle = cast(Any, None)
        self._on_lost()

    def shutdown(self) -> None:
        if self.cycle is None or self.cycle.response_complete or self._parting:
            self._part(linger=False)
        else:
            super().shutdown()

    @property
    def whole(self) -> bool:
        """Whether all that was asked so far has arrived to its end."""
        return not self._receiving

    # What comes in.

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            if self._on_lost is _nothing:
                self._door.refused_said(self.client[0] if self.client else None, data)
            return
        self._piece = len(data)
        self._moved = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._websocket:
                self.handle_websocket_upgrade()
            else:  # it was answered as if it had not asked; what follows would be in a language we do not speak
                self._fall_deaf()
            return
        except httptools.HttpParserError as error:
            said = error.__context__
            if not isinstance(said, HeadwayError):
                said = PeerError("this is not an HTTP request")
            # Its traceback would hold this frame, the frame it, and both the headers until the collector comes round.
            self._refuse(said.with_traceback(None))
            return
        if not self._moved and (self._begun or self._receiving):
            self._dripped += self._piece
            if self._dripped > self._limits.header_bytes:
                self._refuse(_too_large(f"the headers have more than {self._limits.header_bytes} bytes"))
                return
        if self._begun and self._moved:
            self._opened = self._piece
        if self._begun and self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.header_seconds, self._head_late)

    def on_message_begin(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        super().on_message_begin()
        self._begun = self._moved = True
        self._dripped = self._opened = 0

    def on_headers_complete(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._check_head()
        if len(self.pipeline) >= _PIPELINED:
            raise _Enough("too many requests wait on this connection")
        self._websocket = self.parser.should_upgrade() and super()._should_upgrade()
        self._begun = False
        self._receiving = True
        super().on_headers_complete()
        if not self._websocket:
            # What comes under the name of headers from here on are trailers, and nobody reads these.
            self.headers = cast(list[tuple[bytes, bytes]], _PASSED_OVER)
            if self.parser.should_upgrade():
                self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._moved = True
        self._dripped = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._receiving = False
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        return self._websocket

    def handle_websocket_upgrade(self) -> None:
        """Hand over to uvicorn's other half; whoever serves the connection then says when it is gone."""
        self._stop_timers()
        self.transport = self._socket
        super().handle_websocket_upgrade()
        self.transport = cast(asyncio.Transport, self._front)
        heir = self._socket.get_protocol()
        if isinstance(heir, WebSocketsSansIOProtocol) and not heir.handshake_initiated:
            # `websockets` reads the request again, has narrower bounds (128 headers, lines of 8 KB), and says nothing.
            self.connections.discard(heir)
            self.connections.add(self)
            self._socket.set_protocol(self)
            self._refuse(PeerError("this is no WebSocket handshake, or one of its lines has more than 8,000 bytes"))
        else:
            self._bequeath(heir)

    def _check_head(self) -> None:
        """Raise `PeerError` where a head is too large, or would mean something else to another server."""
        limits, headers = self._limits, self.headers
        if len(headers) > limits.headers:
            raise _too_large(f"a request has at most {limits.headers} headers")
        if self._opened + self._dripped + self._piece > limits.header_bytes:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in headers)
            if size > limits.header_bytes:
                raise _too_large(f"the headers have more than {limits.header_bytes} bytes")
        names = [name for name, _ in headers]
        if names.count(b"host") != 1 and (b"host" in names or self.parser.get_http_version() != "1.0"):
            raise PeerError("a request names one host")
        if b"transfer-encoding" in names:
            codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
            if codings != [b"chunked"] or self.parser.get_http_version() != "1.1":
                raise PeerError("the only transfer encoding of a request is chunked, in HTTP/1.1")

    def _head_late(self) -> None:
        self._head_timer = None
        if self.flow.read_paused:  # it is we who do not read on
            self._head_timer = self.loop.call_later(self._limits.header_seconds, self._head_late)
        elif self._begun:
            self._refuse(
                PeerError(f"the headers did not arrive in {self._limits.header_seconds:g} s", code=Code.TIMEOUT)
            )
        else:  # not a byte: browsers open connections in advance, and need no answer to what they did not ask
            self._door.ended("header_seconds")
            self._part()

    # What goes out.

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if self._unread_timer is not None or self._socket.get_write_buffer_size():
            self._watch()
        if last and (self._deaf or self._receiving):
            self._part()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def timeout_keep_alive_handler(self) -> None:
        """As uvicorn, but the timer outlives a request that never begins: bytes alone do not stop it."""
        self.timeout_keep_alive_task = None
        self._part()

    def resume_writing(self) -> None:
        super().resume_writing()
        # While there is more to come, the next pause begins to count anew.
        if self._parting or self.cycle.response_complete:
            self._watch()
        else:
            self._stop_watching()

    def _watch(self) -> None:
        """See to it that what waits to be written is read, counted from now: something has been."""
        self._stop_watching()
        self._waiting = self._socket.get_write_buffer_size()
        if self._waiting:
            self._unread_timer = self.loop.call_later(self._limits.unread_seconds, self._look)

    def _stop_watching(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _look(self) -> None:
        if self._socket.get_write_buffer_size() < self._waiting:
            self._watch()
        else:
            self._unread_timer = None
            self._door.ended("unread_seconds")
            self._socket.abort()

    # The end.

    def _refuse(self, error: HeadwayError) -> None:
        """Answer with the error, in its turn, and end; without it where there is nothing to answer any more."""
        self._stop_timers()
        self._fall_deaf()
        if not isinstance(error, Overloaded):
            self._door.ended("pipelined" if isinstance(error, _Enough) else _REASONS.get(error.code, "malformed"))
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._last_words(error)
        elif not self._receiving:
            cycle.keep_alive = False
        elif self.pipeline:
            self.pipeline.popleft()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._last_words(None if cycle.response_started else error)

    def _last_words(self, error: HeadwayError | None) -> None:
        if error is not None and not self._front.is_closing():
            self._front.write(short_answer(error, self.server_state.default_headers))
        self._begun = True
        self._part()

    def _part(self, linger: bool = True) -> None:
        """End the connection. Where the client is still sending, leave it the time to read."""
        if self._parting:
            if not linger:
                self._socket.close()
            return
        self._parting = True
        self._fall_deaf()
        self._front.fall_silent()
        self._unset_keepalive_if_required()
        self._stop_head_timer()
        self._watch()
        socket = self._socket
        if not linger or not (self._begun or self._receiving) or socket.is_closing() or not socket.can_write_eof():
            socket.close()
        elif self._door.begin_parting():
            socket.write_eof()
            self.flow.resume_reading()
            self._parting_timer = self.loop.call_later(_PARTING_SECONDS, self._gone)
        else:
            socket.abort()

    def _fall_deaf(self) -> None:
        """Pass over what comes from now on, and keep nothing of what came: those that part slowly are many."""
        self._deaf = True
        self.parser = None  # type: ignore[assignment]  # as uvicorn does it when the connection is lost
        self.scope = cast(Any, None)  # Any: a dictionary of uvicorn's, whose extension knows this connection
        self.headers = []
        self.url = b""

    def _gone(self) -> None:
        """The client had its time. One that still reads a long answer keeps it."""
        self._socket.close()

    def _bequeath(self, heir: asyncio.BaseProtocol) -> None:
        """The connection goes to another protocol, which calls its `on_lost` when it has lost it."""
        heir.on_lost = self._on_lost  # type: ignore[attr-defined]  # a protocol of any class may take over
        self._on_lost = _nothing

    def _stop_timers(self) -> None:
        self._unset_keepalive_if_required()
        self._stop_watching()
        self._stop_head_timer()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _too_large(message: str) -> PeerError:
    return PeerError(message, code=Code.HEADERS_TOO_LARGE)


def _nothing() -> None:
    """What is left to do when it is done."""


def _nowhere(data: bytes) -> None:
    """Where writes to an ended connection go."""


def _always() -> bool:
    return True


_PASSED_OVER: Final[deque[Any]] = deque(maxlen=0)
_OPEN: Final = Door(Limits())
