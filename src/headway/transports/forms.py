"""How events look on each wire: the forms that transports hand to the hub. Pure.

A form without state is one object for all readers, so that they share its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Final

import msgspec

from headway.events import Event
from headway.positions import Gap
from headway.protocols import eventstream
from headway.protocols.engineio import POLL_EVENTS, Carrier
from headway.protocols.engineio_packets import SEPARATOR, message
from headway.protocols.socketio_packets import event_packet
from headway.protocols.stream import Fields, flat, flat_fields, gap_fields
from headway.protocols.websocket import Opcode, frame

__all__ = [
    "BatchFrames",
    "Codec",
    "EventPackets",
    "Frames",
    "StreamForm",
    "batch_frames",
    "event_packets",
    "frames",
    "stream",
]

_MANY: Final = 1_000_000


class Codec(Enum):
    """How a message becomes bytes on a raw WebSocket."""

    JSON = "json"
    MSGPACK = "msgpack"

    @property
    def opcode(self) -> Opcode:
        """The kind of frame that carries it."""
        return Opcode.TEXT if self is Codec.JSON else Opcode.BINARY

    def encode(self, fields: Fields) -> bytes:
        """A message of the server."""
        return msgspec.json.encode(fields) if self is Codec.JSON else msgspec.msgpack.encode(fields)

    def event(self, event: Event) -> bytes:
        """An event."""
        return flat(event) if self is Codec.JSON else msgspec.msgpack.encode(flat_fields(event))

    def batch(self, messages: Sequence[bytes]) -> bytes:
        """Several encoded messages as one, without decoding them again."""
        if self is Codec.JSON:
            return b'{"type":"batch","messages":[%b],"count":%d}' % (b",".join(messages), len(messages))
        raws = [msgspec.Raw(message) for message in messages]
        return msgspec.msgpack.encode({"type": "batch", "messages": raws, "count": len(messages)})

    def decode(self, data: str | bytes) -> object:
        """A message of the client. Raises `msgspec.DecodeError` or `RecursionError`."""
        if self is Codec.JSON:
            return msgspec.json.decode(data)
        return msgspec.msgpack.decode(data if isinstance(data, bytes) else data.encode())


class Frames:
    """One WebSocket frame an event, neighbours joined into one write."""

    transport = "websocket"
    shared = True
    max_events = _MANY

    def __init__(self, codec: Codec, deflate: bool) -> None:
        self.name = f"websocket-{codec.value}{'-deflate' if deflate else ''}"
        self._codec = codec
        self._deflate = deflate

    def encode(self, event: Event) -> bytes:
        return frame(self._codec.opcode, self._codec.event(event), deflate=self._deflate)

    def join(self, encoded: Sequence[bytes]) -> bytes:
        return b"".join(encoded)

    def gap(self, gap: Gap, state: Sequence[Event]) -> bytes:
        return frame(self._codec.opcode, self._codec.encode(gap_fields(gap, state)), deflate=self._deflate)


class BatchFrames:
    """Events that are ready together as one `batch` message."""

    transport = "websocket"
    shared = True

    def __init__(self, codec: Codec, deflate: bool, size: int) -> None:
        self.name = f"websocket-{codec.value}-batch{'-deflate' if deflate else ''}"
        self.max_events = size
        self._codec = codec
        self._deflate = deflate

    def encode(self, event: Event) -> bytes:
        return self._codec.event(event)

    def join(self, encoded: Sequence[bytes]) -> bytes:
        payload = encoded[0] if len(encoded) == 1 else self._codec.batch(encoded)
        return frame(self._codec.opcode, payload, deflate=self._deflate)

    def gap(self, gap: Gap, state: Sequence[Event]) -> bytes:
        return frame(self._codec.opcode, self._codec.encode(gap_fields(gap, state)), deflate=self._deflate)


class StreamForm:
    """Server-Sent Events; each frame carries a position as its id."""

    transport = "eventsource"
    max_events = _MANY

    def __init__(self, token: Callable[[Event], str] | None, chunked: bool) -> None:
        self.name = f"eventsource{'' if token is None else '-several'}{'-chunked' if chunked else ''}"
        self.shared = token is None
        self._token = token
        self._chunked = chunked

    def encode(self, event: Event) -> bytes:
        token = str(event.position) if self._token is None else self._token(event)
        return eventstream.message(flat(event), token)

    def join(self, encoded: Sequence[bytes]) -> bytes:
        data = b"".join(encoded)
        return eventstream.chunk(data) if self._chunked else data

    def gap(self, gap: Gap, state: Sequence[Event]) -> bytes:
        # The id of a single-channel stream moves on with the gap; a set of positions moves with the next event.
        token = str(gap.until) if self._token is None else None
        data = eventstream.message(msgspec.json.encode(gap_fields(gap, state)), token)
        return eventstream.chunk(data) if self._chunked else data


@cache
def frames(codec: Codec, deflate: bool) -> Frames:
    """The form of a raw WebSocket."""
    return Frames(codec, deflate)


@lru_cache(maxsize=256)
def batch_frames(codec: Codec, deflate: bool, size: int) -> BatchFrames:
    """The form of a raw WebSocket whose client asked for batches."""
    return BatchFrames(codec, deflate, size)


@cache
def _one_stream(chunked: bool) -> StreamForm:
    return StreamForm(None, chunked)


def stream(token: Callable[[Event], str] | None = None, *, chunked: bool) -> StreamForm:
    """The form of Server-Sent Events: of one channel, or with a token that stands for several."""
    return _one_stream(chunked) if token is None else StreamForm(token, chunked)


class EventPackets:
    """Socket.IO events, on an Engine.IO WebSocket (a frame each) or as the answer of a poll (packets of one payload).

    `token` makes the last argument of every event: the position for clients that bear it, of several channels all
    positions; None for clients whose handlers take exactly what was emitted.
    """

    def __init__(self, carrier: Carrier, token: Callable[[Event], str] | None, *, shared: bool) -> None:
        self.name = f"socketio-{carrier.value}{'' if token else '-plain'}{'' if shared else '-several'}"
        self.transport = "socketio" if carrier is Carrier.WEBSOCKET else "socketio-poll"
        self.shared = shared
        self.max_events = _MANY if carrier is Carrier.WEBSOCKET else POLL_EVENTS
        self._framed = carrier is Carrier.WEBSOCKET
        self._token = token

    def encode(self, event: Event) -> bytes:
        """One packet; on a WebSocket a whole frame."""
        token = self._token(event) if self._token is not None else None
        return self._packet(event_packet(event.type, flat(event), token))

    def join(self, encoded: Sequence[bytes]) -> bytes:
        """Frames stand side by side, packets of a payload are separated."""
        return b"".join(encoded) if self._framed else SEPARATOR.join(encoded)

    def gap(self, gap: Gap, state: Sequence[Event]) -> bytes:
        """An event called `gap`; without a token, so the client's own offset stays until the next event."""
        return self._packet(event_packet("gap", msgspec.json.encode(gap_fields(gap, state)), None))

    def _packet(self, packet: bytes) -> bytes:
        return frame(Opcode.TEXT, message(packet)) if self._framed else message(packet)


@cache
def event_packets(carrier: Carrier, *, tokens: bool) -> EventPackets:
    """The shared form of a Socket.IO client that follows one channel, or that takes no token."""
    return EventPackets(carrier, _own_position if tokens else None, shared=True)


def _own_position(event: Event) -> str:
    return str(event.position)
