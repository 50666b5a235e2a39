"""Connections that the server let go of: the hub writes shared bytes straight to the socket, and an idle reader costs
no task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from headway.codes import Close
from headway.limits import Limits
from headway.protocols.websocket import (
    CloseFrame,
    FrameReader,
    Message,
    Opcode,
    Ping,
    Pong,
    Violation,
    close_frame,
    frame,
)
from headway.transports.connections import Receiver

__all__ = ["RawSocket", "RawStream"]

_CLOSE_SECONDS: Final = 2.0
"""For the other side to answer a close frame. A browser does so at once; who does not is gone."""

_FRAMES_A_TURN: Final = 128
"""Frames of one client handled before others have their turn: about a millisecond. One chunk of the socket may hold
forty thousand empty ones, half a second's work."""

_MOST_STALLS: Final = 4
"""Heartbeats in which a full socket does not move by a byte before its reader counts as gone: with 25 s, below two
minutes."""


class _RawOutlet(asyncio.Protocol):
    """The writing half of a connection that the server let go of."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.writable = True
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)  # set before anybody can use it
        self.write: Callable[[bytes], object] = _nowhere
        self.receiver: Receiver = cast(Receiver, None)  # set before anybody can use it
        self.on_lost: Callable[[], None] | None = None
        """Who let go of the connection wants to know when it is gone."""
        self._over = False

    def adopt(self, transport: asyncio.Transport, receiver: Receiver) -> None:
        """Take over the connection. From here on the receiver is told everything."""
        self.transport = transport
        self.receiver = receiver
        self.write = transport.write
        transport.set_write_buffer_limits(high=self._limits.write_high)

    def decline(self) -> None:
        """The client left before its connection was taken over: nobody need be told of its end."""
        self._over = True

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        if not self._over:
            self.writable = True
            self.receiver.writable_again()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(None)
        if self.on_lost is not None:
            self.on_lost()

    def cut(self) -> None:
        """End at once, without a word."""
        if not self._over:
            self.transport.abort()

    def waiting(self) -> int:
        """Bytes that wait to be written."""
        return 0 if self._over else self.transport.get_write_buffer_size()

    def _end(self, code: int | None) -> None:
        if not self._over:
            self._over = True
            self.writable = False
            self.write = _nowhere
            self.receiver.ended(code)


class RawSocket(_RawOutlet):
    """A WebSocket on the bare connection."""

    def __init__(self, limits: Limits, *, deflate: bool, heartbeat: bool) -> None:
        super().__init__(limits)
        self.deflate = deflate
        self._reader = FrameReader(limits.message_bytes, deflate=deflate)
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True
        self._heartbeat = heartbeat
        self._waiting = 0
        self._stalls = 0
        self._held = False
        """Somebody wants the client to wait."""
        self._turn = False
        """Whether its next turn is coming."""

    def adopt(self, transport: asyncio.Transport, receiver: Receiver) -> None:
        super().adopt(transport, receiver)
        # The receiver may have refused the client already: then its timer is that of the close.
        if self._heartbeat and not self._closing:
            self._timer = asyncio.get_running_loop().call_later(self._limits.heartbeat_seconds, self._ping)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Handle some frames; if there are more, the other connections have their turn first."""
        for received in self._reader.receive(data, _FRAMES_A_TURN):
            match received:
                case Message(message):
                    if not self._closing:
                        self.receiver.received(message)
                case Ping(payload):
                    self.send(frame(Opcode.PONG, payload))
                case Pong():
                    pass
                case CloseFrame(code, reason):
                    self._answer_close(code, reason)
                case Violation(close, reason):
                    self.close(close, reason)
                    self._part()
        if self._reader.waiting and not self._over:
            self.transport.pause_reading()
            self._wait_for_turn()

    def _wait_for_turn(self) -> None:
        if not self._turn:
            self._turn = True
            asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        self._turn = False
        if self._over or self._held:
            return
        self._read(b"")
        if not (self._reader.waiting or self._held or self._over):
            self.transport.resume_reading()

    def eof_received(self) -> None:
        # The other half is closed; a WebSocket has no use for half a connection.
        self.transport.close()

    def send(self, data: bytes) -> None:
        """Answer the client. One that reads nothing while it keeps asking is cut at a bound."""
        if self._closing or self._over or self.transport.is_closing():
            return
        self.write(data)
        if (
            self.transport.get_write_buffer_size()
            > self._limits.write_high + self._limits.control_bytes + self._limits.page_bytes
        ):
            self.transport.abort()

    def close(self, close: Close, reason: str = "") -> None:
        """Send the close frame, then wait shortly for the answer: cutting at once could destroy the frame."""
        if self._closing or self._over:
            return
        self.write(close_frame(close.code, reason or close.meaning))
        self._closing = True
        self.writable = False
        self._set_timer(_CLOSE_SECONDS, self.transport.abort)

    def pause_reading(self) -> None:
        self._held = True
        if not self._over:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        self._held = False
        if self._over:
            return
        if self._reader.waiting:
            self._wait_for_turn()
        else:
            self.transport.resume_reading()

    def resume_writing(self) -> None:
        if not self._closing:
            super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _answer_close(self, code: int | None, reason: str) -> None:
        if not self._closing:
            self.write(close_frame(code, reason))
            self._closing = True
        self._part()
        self._end(code)

    def _part(self) -> None:
        """Both sides have said goodbye, or one of them broke the rules: flush what is written, then end."""
        self._stop_timer()
        if not self.transport.is_closing():
            self.transport.close()
            self._set_timer(_CLOSE_SECONDS, self.transport.abort)

    def _ping(self) -> None:
        """Ask for a sign of life. What is unread would delay the answer, so a slow reader is not asked."""
        self._heard = False
        if self.writable:
            self.write(frame(Opcode.PING, b""))
        self._set_timer(self._limits.heartbeat_timeout, self._after_ping)

    def _after_ping(self) -> None:
        """Silence of a reader that keeps up: nobody is there. Of a slow one: only if nothing moves for long."""
        if not self._heard:
            if self.writable:
                self.close(Close.TOO_SLOW)
                return
            waiting = self.transport.get_write_buffer_size()
            self._stalls = self._stalls + 1 if waiting == self._waiting else 0
            self._waiting = waiting
            if self._stalls >= _MOST_STALLS:
                self.transport.abort()
                return
        self._set_timer(max(0.05, self._limits.heartbeat_seconds - self._limits.heartbeat_timeout), self._ping)

    def _set_timer(self, delay: float, then: Callable[[], object]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(delay, then)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class RawStream(_RawOutlet):
    """A chunked HTTP answer on the bare connection. What is written is whole chunks.

    A client of which the server hears nothing may be gone for good: where nothing of what waits for it is read for
    `unread_seconds`, it is cut.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = 0

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            self._watch()
        else:
            super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def finish(self, farewell: bytes) -> None:
        """End the body and the connection."""
        if not self._over and not self.transport.is_closing():
            self.transport.write(farewell + b"0\r\n\r\n")
            self.writable = False
            self.transport.close()
            self._watch()

    def _watch(self) -> None:
        self._stop_timer()
        self._waiting = self.transport.get_write_buffer_size()
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(self._limits.unread_seconds, self._look)

    def _look(self) -> None:
        if self.transport.get_write_buffer_size() < self._waiting:
            self._watch()
        else:
            self._timer = None
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def data_received(self, data: bytes) -> None:
        # A client has nothing to say on an answer that has no end; what it sends is passed over.
        return


def _nowhere(data: bytes) -> None:
    """Where writes to an ended connection go."""
