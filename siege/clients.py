"""Valid clients, some hundreds in one process: each has its own token, follows one channel, and notes what it is told.

`python -m siege.clients` reads one JSON object a line and answers each with one:

    {"port", "clients": [{"kind", "source", "token", "channel"}]}      {"open": 500}        all follow
    {"heads": {channel: offset}}                                       {"latencies": […], "lost", …}

The second asks for the notes since the last time, once everybody has been told everything up to these offsets, or the
patience is over. Connections are plain protocols without a task each, so that the measuring weighs little.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import msgspec

from siege.measures import Notes, Window
from siege.people import SENT
from siege.wire import client_frame, request

__all__ = ["KINDS", "Wanted"]

KINDS: Final = ("websocket", "eventsource", "socketio")
_AT_ONCE: Final = 50
"""Connections being opened at the same time."""
_OPEN_SECONDS: Final = 60.0
_CATCH_UP_SECONDS: Final = 15.0
"""For everybody to be told what was sent, once the attack is over. What is late until then is not lost."""
_LOOK_SECONDS: Final = 0.02

_EVENT: Final = re.compile(rb'"offset":(\d+),[^{}]*?"' + SENT.encode() + rb'":(\d+)[,}]')
"""Of an event on any wire: its offset, and the nanoseconds at which it was sent."""


class Wanted(msgspec.Struct, frozen=True):
    """One client."""

    kind: str
    source: str
    token: str
    channel: str


class _Client(asyncio.Protocol):
    """One connection. It begins at the head, as a late joiner, and counts from there."""

    def __init__(self, wanted: Wanted, port: int, window: Window, went: asyncio.Event) -> None:
        self._wanted = wanted
        self._port = port
        self._window = window
        self._went = went
        self._buffer = b""
        self._shaken = wanted.kind == "eventsource"
        self.following: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.notes: Notes | None = None
        self.gone = False

    @property
    def channel(self) -> str:
        return self._wanted.channel

    def lost(self, head: int) -> int:
        """How many up to the head it has not been told."""
        return self.notes.lost(head) if self.notes is not None else head

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # it is TCP
        self._transport = transport
        headers = [("Host", f"127.0.0.1:{self._port}"), ("Authorization", f"Bearer {self._wanted.token}")]
        upgrade = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()),
        ]
        match self._wanted.kind:
            case "websocket":
                transport.write(request("GET", "/ws", headers + upgrade))
            case "socketio":
                transport.write(request("GET", "/socket.io/?EIO=4&transport=websocket", headers + upgrade))
            case _:
                transport.write(request("GET", f"/api/channels/{self.channel}/stream", headers))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._buffer += data
        if not self._shaken:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head:
                self._fail(f"{self._wanted.kind} was answered {head[:60]!r}")
                return
            self._shaken = True
            self._buffer = rest
            if self._wanted.kind == "websocket":
                self._say(f'{{"type":"subscribe","channel":"{self.channel}"}}')
        if self._wanted.kind == "eventsource":
            self._read_stream(now)
        else:
            self._read_frames(now)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._fail(f"{self._wanted.kind} lost its connection: {exc}")
        self._went.set()

    def leave(self) -> None:
        """Be gone."""
        self._transport.abort()

    def _fail(self, sentence: str) -> None:
        if not self.following.done():
            self.following.set_exception(ConnectionError(sentence))

    def _say(self, text: str) -> None:
        self._transport.write(client_frame(0x81, text.encode()))

    def _read_stream(self, now: int) -> None:
        """Frames end in an empty line; chunk sizes stand between them and match nothing."""
        end = self._buffer.rfind(b"\n\n")
        if end >= 0:
            whole, self._buffer = self._buffer[: end + 2], self._buffer[end + 2 :]
            self._hear(whole, now)

    def _read_frames(self, now: int) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1] & 0x7F, at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8]), start + 8
            if len(buffer) < start + length:
                break
            payload = buffer[start : start + length]
            match buffer[at] & 0x0F:
                case 1:
                    self._text(payload, now)
                case 8:
                    self._fail(f"{self._wanted.kind} was closed with {struct.unpack('!H', payload[:2])}")
                    self._transport.close()
                case 9:
                    self._transport.write(client_frame(0x8A, payload))
            at = start + length
        self._buffer = buffer[at:]

    def _text(self, payload: bytes, now: int) -> None:
        if self._wanted.kind == "socketio":
            if payload == b"2":
                self._say("3")
                return
            if payload.startswith(b"0"):
                self._say("40")
                return
            if payload.startswith(b"40"):
                self._say(f'421["subscribe",{{"channel":"{self.channel}"}}]')
                return
        self._hear(payload, now)

    def _hear(self, text: bytes, now: int) -> None:
        if self.notes is None:
            found = re.search(rb'"subscribed".*?"position":"\w+\.(\d+)"', text)
            if found is None:
                if b'"error"' in text or b" 4" in text[:13]:
                    self._fail(f"{self._wanted.kind} was told {text[:200]!r}")
                return
            self.notes = Notes(int(found[1]))
            self.following.set_result(None)
            text = text[found.end() :].partition(b"]")[2]  # behind the snapshot, which is told again in no event
        for offset, sent in _EVENT.findall(text):
            self.notes.told(int(offset))
            self._window.latencies.append((now - int(sent)) / 1e9)


class _Crowd:
    """All clients of this process."""

    def __init__(self) -> None:
        self._clients: list[_Client] = []
        self._window = Window()
        self._went = asyncio.Event()
        self._counted: set[int] = set()

    async def open(self, port: int, wanted: Sequence[Wanted]) -> int:
        """Connect everybody, and return how many follow. Raises `OSError`."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(each: Wanted) -> None:
            async with turns:
                sock = socket.socket()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.bind((each.source, 0))
                loop = asyncio.get_running_loop()
                await loop.sock_connect(sock, ("127.0.0.1", port))
                _, client = await loop.create_connection(
                    lambda: _Client(each, port, self._window, self._went), sock=sock
                )
                self._clients.append(client)
                await client.following

        async with asyncio.timeout(_OPEN_SECONDS):
            await asyncio.gather(*(one(each) for each in wanted))
        return len(self._clients)

    async def report(self, heads: dict[str, int]) -> Window:
        """The notes since the last time, once everybody is at the head or the patience is over."""
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        while time.monotonic() < deadline and any(  # noqa: ASYNC110 - one look is cheaper than a thousand events
            client.lost(heads[client.channel]) for client in self._clients if not client.gone
        ):
            await asyncio.sleep(_LOOK_SECONDS)
        window = Window(latencies=list(self._window.latencies), clients=len(self._clients))
        self._window.latencies.clear()
        for number, client in enumerate(self._clients):
            if client.notes is not None:
                window.repeated += client.notes.repeated
                window.disorder += client.notes.disorder
                client.notes.repeated = client.notes.disorder = 0
            if number not in self._counted:  # what it missed is told once, in the window in which it happened
                missing = client.lost(heads[client.channel])
                window.lost += missing
                window.gone += client.gone
                if missing or client.gone:
                    self._counted.add(number)
        return window

    def leave(self) -> None:
        """Everybody goes."""
        for client in self._clients:
            client.leave()


class _Order(msgspec.Struct):
    port: int = 0
    clients: list[Wanted] = []
    heads: dict[str, int] = {}


async def _serve() -> None:
    crowd = _Crowd()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        order = msgspec.json.decode(line, type=_Order)
        if order.clients:
            answer: object = {"open": await crowd.open(order.port, order.clients)}
        else:
            answer = asdict(await crowd.report(order.heads))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    crowd.leave()


if __name__ == "__main__":
    asyncio.run(_serve())
