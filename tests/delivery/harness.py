"""What the contract suite shares: the transports and server kinds it runs on, one server with its readers, assertions
in our words."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway.events import Draft
from headway.limits import Limits, Retention
from headway.positions import Position
from headway.server.live import Headway
from headway.sessions.session import Session
from headway.testing.readers import EventSourceReader, PollingReader, Reader, SocketIoReader, WebSocketReader
from headway.testing.serving import Address, Kind, serving
from headway.testing.waiting import wait_until

Fields = dict[str, Any]  # Any: JSON values

TRANSPORTS: dict[str, Callable[..., Reader]] = {
    "websocket": WebSocketReader,
    "websocket-msgpack": lambda address, **more: WebSocketReader(address, msgpack=True, **more),
    "websocket-deflate": lambda address, **more: WebSocketReader(address, deflate=True, **more),
    "websocket-batch": lambda address, **more: WebSocketReader(address, batch=True, **more),
    "eventsource": EventSourceReader,
    "eventsource-several": lambda address, **more: EventSourceReader(address, others=["other:1", "other:2"], **more),
    "polling": lambda address, receive_buffer=None, **more: PollingReader(address, **more),
    "long-polling": lambda address, receive_buffer=None, **more: PollingReader(address, wait=10.0, **more),
    "socketio": SocketIoReader,
    "socketio-stateless": lambda address, **more: SocketIoReader(address, recovery=False, **more),
    "socketio-polling": lambda address, receive_buffer=None, **more: SocketIoReader(address, polling=True, **more),
}
"""Every transport, in every shape that has code of its own."""

PUSHING = [name for name in TRANSPORTS if "polling" not in name]
"""Transports that hold a connection."""

CHANNEL = "run:7"


@dataclass
class Stack:
    """One Headway, served."""

    kind: Kind
    data: Path | None
    address: Address = field(init=False)
    live: Headway = field(init=False)
    _serving: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _readers: list[Reader] = field(default_factory=list)

    async def start(self, *, port: int = 0, small_buffers: bool = False, **options: Any) -> None:
        """Serve. Small buffers make a stalled reader felt after some 100 KB."""
        self.live = Headway(self.data, durable=False, **options)
        self.address = await self._serving.enter_async_context(
            serving(self.live, self.kind, port=port, send_buffer=16_384 if small_buffers else None)
        )

    async def restart(self, **options: Any) -> None:
        """End, telling everybody, and serve anew on the same port."""
        port = self.address.port
        await self._serving.aclose()
        await self.start(port=port, **options)

    async def stop(self) -> None:
        """Have all readers leave, see that nothing of them stays, and end."""
        async with self._serving:
            for reader in self._readers:
                await reader.close()
            if self._serving_now:
                await wait_until(self.left_alone)

    @property
    def _serving_now(self) -> bool:
        return self.live._running is not None and not self.live._closed

    def left_alone(self) -> bool:
        """Whether no connection, cursor or reading of the log is left. A poll that nobody waits for ends by itself."""
        hub = self.live.running.hub.statistics()
        return not self.live.running.sessions.registry.connections() and hub["cursors"] == hub["reading"] == 0

    def sessions(self) -> list[Session]:
        """The sessions of all connections."""
        connections = self.live.running.sessions.registry.connections()
        return [session for connection in connections for session in connection.sessions()]

    def reader(self, transport: str, **options: Any) -> Reader:
        """A reader that is closed with the stack."""
        reader = TRANSPORTS[transport](self.address, **options)
        self._readers.append(reader)
        return reader

    async def publish(self, *types: str, channel: str = CHANNEL, key: str | None = None, **data: Any) -> Position:
        """Publish an event of each type, each by itself."""
        for type in types:
            position = await self.live.publish(channel, type, data, key=key)
        return position

    async def publish_many(self, count: int, channel: str = CHANNEL) -> Position:
        """Publish so many milestones as one step."""
        drafts = [Draft.of("step", {"number": number}) for number in range(count)]
        return (await self.live.publish_all(channel, drafts))[-1]


@contextlib.asynccontextmanager
async def served(kind: Kind = Kind.FAST, data: Path | None = None, **options: Any) -> AsyncIterator[Stack]:
    """A stack for one block."""
    stack = Stack(kind, data)
    await stack.start(**options)
    try:
        yield stack
    finally:
        await stack.stop()


async def take(reader: Reader, count: int) -> list[Fields]:
    """The next so many events or gaps."""
    return [await reader.next() for _ in range(count)]


async def take_until(reader: Reader, type: str) -> list[Fields]:
    """The next events up to and with the first of a type."""
    taken: list[Fields] = []
    while not taken or taken[-1]["type"] != type:
        taken.append(await reader.next())
    return taken


def assert_delivered(events: Sequence[Fields], first: int, last: int) -> None:
    """Each event from one offset to another came once and in order."""
    assert [event["offset"] for event in events] == list(range(first, last + 1))


def assert_gap(entry: Fields, *, until: str, reason: str) -> None:
    """The entry announces a gap."""
    assert entry["type"] == "gap"
    assert (entry["to"], entry["position"], entry["reason"]) == (until, until, reason)


SMALL = Limits(write_high=32_768, page_bytes=32_768, tail_bytes=65_536, control_bytes=32_768)
"""Bounds that a test reaches soon."""

KEEPS_TEN = Retention(events=10)
"""Small enough to be kept exactly."""

__all__ = [
    "CHANNEL",
    "KEEPS_TEN",
    "PUSHING",
    "SMALL",
    "TRANSPORTS",
    "Fields",
    "Stack",
    "assert_delivered",
    "assert_gap",
    "served",
    "take",
    "take_until",
]
