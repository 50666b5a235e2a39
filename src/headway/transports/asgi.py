"""Connections through any ASGI server: the same bytes, one piece under way at a time.

While a piece is under way the outlet is not writable, so nothing queues up: the cursors wait and the log keeps what
they miss.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from headway.codes import Close
from headway.limits import Limits
from headway.protocols.websocket import Opcode, unframe
from headway.transports.connections import Receiver
from headway.transports.requests import Receive, Send

__all__ = ["AsgiSocket", "AsgiStream"]


class _AsgiOutlet:
    """The writing half over ASGI: one piece under way at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.writable = True
        self.receiver: Receiver = cast(Receiver, None)  # set before anybody can use it
        self._out: list[bytes] = []
        self._bytes = 0
        self._news = asyncio.Event()
        self._over = False
        self._task: asyncio.Task[Any] | None = None  # Any: whatever the server's task returns

    def write(self, data: bytes, /) -> None:
        self.writable = False
        self._put(data)

    def cut(self) -> None:
        """End at once, without a word."""
        if self._task is not None:
            self._task.cancel()

    def waiting(self) -> int:
        """Bytes that wait to be written."""
        return self._bytes

    def _put(self, data: bytes) -> None:
        if not self._over:
            self._out.append(data)
            self._bytes += len(data)
            self._news.set()

    async def _next(self) -> bytes:
        while not self._out:
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._out)
        self._out.clear()
        self._bytes = 0
        return data

    def _written(self) -> None:
        if not self._out and not self._over:
            self.writable = True
            self.receiver.writable_again()

    def _end(self, code: int | None) -> None:
        if not self._over:
            self._over = True
            self.writable = False
            self.receiver.ended(code)


class AsgiSocket(_AsgiOutlet):
    """A WebSocket through any ASGI server, which frames, pings and compresses by itself."""

    deflate = False

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._goodbye: tuple[Close, str] | None = None
        self._reading = asyncio.Event()
        self._reading.set()

    def send(self, data: bytes) -> None:
        """Answer the client, up to a bound."""
        if self._goodbye is not None:
            return
        self._put(data)
        if self._bytes > self._limits.control_bytes + self._limits.page_bytes:
            self.close(Close.TOO_SLOW, "the client reads nothing")

    def close(self, close: Close, reason: str = "") -> None:
        """End after what is written."""
        if self._goodbye is None:
            self._goodbye = (close, reason or close.meaning)
            self.writable = False
            self._news.set()

    def pause_reading(self) -> None:
        self._reading.clear()

    def resume_reading(self) -> None:
        self._reading.set()

    async def run(self, receive: Receive, send: Send) -> None:
        """Serve until either side ends. Cancelling ends the connection."""
        self._task = asyncio.current_task()
        sender = asyncio.create_task(self._send_all(send))
        code: int | None = None
        try:
            while True:
                await self._reading.wait()
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    code = message.get("code")
                    break
                if self._goodbye is not None:
                    continue
                data = message.get("text")
                data = message.get("bytes", b"") if data is None else data
                if len(data) > self._limits.message_bytes:
                    self.close(Close.TOO_BIG, f"a message has at most {self._limits.message_bytes} bytes")
                else:
                    self.receiver.received(data)
        finally:
            self._end(code)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        while True:
            if self._goodbye is not None and not self._out:
                close, reason = self._goodbye
                await send({"type": "websocket.close", "code": close.code, "reason": reason})
                return
            for opcode, payload in unframe(await self._next_or_goodbye()):
                if opcode is Opcode.TEXT:
                    await send({"type": "websocket.send", "text": payload.decode()})
                elif opcode is Opcode.BINARY:
                    await send({"type": "websocket.send", "bytes": payload})
            if self._goodbye is None:
                self._written()

    async def _next_or_goodbye(self) -> bytes:
        while not self._out and self._goodbye is None:
            self._news.clear()
            await self._news.wait()
        return await self._next() if self._out else b""


class AsgiStream(_AsgiOutlet):
    """An endless HTTP answer through any ASGI server."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._finished = False

    def finish(self, farewell: bytes) -> None:
        """End the answer after what is written."""
        if not self._finished:
            self._put(farewell)
            self._finished = True
            self.writable = False
            self._news.set()

    async def run(self, receive: Receive, send: Send) -> None:
        """Serve until either side ends. Cancelling ends the connection."""
        self._task = asyncio.current_task()
        sender = asyncio.create_task(self._send_all(send))
        leaver = asyncio.create_task(self._gone(receive))
        try:
            await asyncio.wait({sender, leaver}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._end(None)
            for task in (sender, leaver):
                task.cancel()
            await asyncio.gather(sender, leaver, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        while True:
            if self._out or not self._finished:
                data = await self._next()
                await send({"type": "http.response.body", "body": data, "more_body": True})
            if self._finished and not self._out:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            self._written()

    @staticmethod
    async def _gone(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
