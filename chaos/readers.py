"""Readers: each follows its channels through its own bad network as long as the run lasts, and notes what it is told.

A reader comes back as its own kind of client does: the native WebSocket and polling with the last position they were
told, an event stream with its last event id, Socket.IO with `pid` and offset (`chaos/socketio.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from chaos.ledger import Fields, Notebook
from chaos.socketio import Client, Lost, Polling, Socket
from headway.positions import Position
from headway.testing.network import Network
from headway.testing.readers import Ended, EventSourceReader, PollingReader, Refused, WebSocketReader
from headway.testing.serving import Address

__all__ = ["KINDS", "Follower", "Wire"]

_OPEN_SECONDS: Final = 3.0
"""For a connection and its first answer."""
_QUIET_SECONDS: Final = 2.5
"""Without a word on a busy channel, before a reader asks whether anybody is there, or comes back."""


class Wire(Protocol):
    """One connection of one kind of reader. Whatever it raises ends it, and the reader comes back with another."""

    async def open(self) -> None:
        """Connect, and note where each channel begins."""
        ...

    async def next(self) -> Fields:
        """The next event or gap. Cancel freely."""
        ...

    async def ask(self) -> None:
        """Make sure that the other side is there."""
        ...

    async def cut(self) -> None:
        """End it."""
        ...


FAILURES: Final = (
    *(Ended, Refused, Lost, OSError, EOFError, TimeoutError),
    *(ConnectionClosed, InvalidHandshake, InvalidMessage),
    # The rest of a message that was cut in two.
    *(msgspec.DecodeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError),
)
"""How connections end in a bad network."""


class Native:
    """A WebSocket, or polling: both go on from a position for each channel."""

    def __init__(self, notebook: Notebook, reader: WebSocketReader | PollingReader, since: str | None) -> None:
        self._notebook = notebook
        self._reader = reader
        self._first = since

    async def open(self) -> None:
        for channel in self._notebook.channels:
            since = self._notebook.since(channel)
            since = self._first if since is None else since
            known = self._notebook.known(channel)
            told = await self._reader.subscribe(channel, since)
            at = Position.parse(told.position)
            if at.epoch:
                self._notebook.began(channel, since, at, known=known, snapshot=told.snapshot)

    async def next(self) -> Fields:
        return await self._reader.next()

    async def ask(self) -> None:
        if isinstance(self._reader, WebSocketReader):
            await (await self._reader.connection.ping())

    async def cut(self) -> None:
        # A connection that never came to be has nothing to cut.
        with contextlib.suppress(RuntimeError, OSError):
            await self._reader.cut()


class Stream:
    """Server-Sent Events: the last event id is all there is to go on from."""

    def __init__(self, notebook: Notebook, reader: EventSourceReader, place: list[str | None]) -> None:
        self._notebook = notebook
        self._reader = reader
        self._place = place
        """The last event id, which outlives this connection."""

    async def open(self) -> None:
        since = self._place[0]
        channels = self._notebook.channels
        known = {channel: self._notebook.known(channel) for channel in channels}
        try:
            await self._reader.subscribe(channels[0], since)
        finally:
            self._keep()
        for channel in channels:
            told = self._reader.beginnings[channel]
            # Of a set of positions only the server knows which is whose; the notebook says where this reader stood.
            asked = self._notebook.since(channel) if since else since
            self._notebook.began(
                channel, asked, Position.parse(told.position), known=known[channel], snapshot=told.snapshot
            )

    async def next(self) -> Fields:
        fields = await self._reader.next()
        self._keep()
        return fields

    def _keep(self) -> None:
        self._place[0] = self._reader.token or self._place[0]

    async def ask(self) -> None:
        raise TimeoutError  # a stream cannot be asked; the reader comes back

    async def cut(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            await self._reader.cut()


class Follower:
    """A reader of one kind."""

    def __init__(
        self,
        notebook: Notebook,
        network: Network,
        chance: random.Random,
        connect: Callable[[Address], Wire],
        *,
        forgets: Callable[[], None] | None = None,
    ) -> None:
        self.notebook = notebook
        self.network = network
        self._chance = chance
        self._connect = connect
        self._forgets = forgets
        """A newcomer: now and then it forgets everything and begins anew."""
        self.last_failure = ""

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            wire = self._connect(self.network.address)
            try:
                await self._sit(wire)
            except FAILURES as failure:
                self.last_failure = f"{type(failure).__name__}: {failure}"
            finally:
                await wire.cut()
            self.notebook.reconnects += 1
            await asyncio.sleep(self._chance.uniform(0.0, 0.4))

    async def _sit(self, wire: Wire) -> None:
        async with asyncio.timeout(_OPEN_SECONDS):
            await wire.open()
        clock = asyncio.get_running_loop().time
        leaves = clock() + self._chance.uniform(2.0, 8.0) if self._forgets is not None else float("inf")
        while True:
            try:
                async with asyncio.timeout(_QUIET_SECONDS):
                    self.notebook.took(await wire.next())
            except TimeoutError:
                async with asyncio.timeout(_QUIET_SECONDS):
                    await wire.ask()
            if clock() > leaves and self._forgets is not None:
                self.notebook.anew()
                self._forgets()
                return


def _websocket(**options: Any) -> Callable[..., Follower]:  # Any: those of the reader
    def make(notebook: Notebook, network: Network, chance: random.Random) -> Follower:
        def connect(address: Address) -> Wire:
            return Native(notebook, WebSocketReader(address, **options), "")

        return Follower(notebook, network, chance, connect)

    return make


def _polling(**options: Any) -> Callable[..., Follower]:  # Any: those of the reader
    def make(notebook: Notebook, network: Network, chance: random.Random) -> Follower:
        def connect(address: Address) -> Wire:
            return Native(notebook, PollingReader(address, **options), "")

        return Follower(notebook, network, chance, connect)

    return make


def _stream(notebook: Notebook, network: Network, chance: random.Random) -> Follower:
    place: list[str | None] = [""]

    def connect(address: Address) -> Wire:
        return Stream(notebook, EventSourceReader(address, others=notebook.channels[1:]), place)

    return Follower(notebook, network, chance, connect)


def _newcomer(notebook: Notebook, network: Network, chance: random.Random) -> Follower:
    """Begins with the state and with everything in turn."""
    begins: list[str | None] = [""]

    def connect(address: Address) -> Wire:
        return Native(notebook, WebSocketReader(address), begins[0])

    def forget() -> None:
        begins[0] = None if begins[0] == "" else ""

    return Follower(notebook, network, chance, connect, forgets=forget)


def _socketio_socket(notebook: Notebook, network: Network, chance: random.Random) -> Follower:
    return Follower(notebook, network, chance, Client(notebook, Socket).at)


def _socketio_polling(notebook: Notebook, network: Network, chance: random.Random) -> Follower:
    return Follower(notebook, network, chance, Client(notebook, Polling).at)


KINDS: Final[dict[str, tuple[Callable[[Notebook, Network, random.Random], Follower], int, bool]]] = {
    "websocket": (_websocket(), 2, True),
    "websocket-msgpack": (_websocket(msgpack=True), 1, True),
    "websocket-batch": (_websocket(deflate=True, batch=True), 2, True),
    "websocket-newcomer": (_newcomer, 1, True),
    "eventsource": (_stream, 1, True),
    "eventsource-several": (_stream, 3, True),
    "polling": (_polling(), 1, False),
    "long-polling": (_polling(wait=1.5, limit=50), 1, False),
    "socketio-websocket": (_socketio_socket, 2, True),
    "socketio-polling": (_socketio_polling, 2, True),
}
"""Each kind: how it is made, how many channels it follows, whether overtaken events may be skipped for it."""
