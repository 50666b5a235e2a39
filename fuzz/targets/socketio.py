"""Socket.IO: packets (`socketio-packet`), and a connection under any sequence of messages (`socketio`).

Law: only `PeerError` is raised. What was read can be written and read again. A namespace is told of in the order of the
table; nothing follows the end. What a half-arrived binary packet holds is bounded by what was received, not by what it
may become.
"""

from __future__ import annotations

from typing import Final

from fuzz.choices import Choices
from fuzz.target import Target, require
from fuzz.weight import held
from headway.errors import PeerError
from headway.protocols.engineio import Closed, Engine, Profile, State, Upgraded
from headway.protocols.engineio_packets import Transport
from headway.protocols.socketio import Ack, Connect, Connection, Disconnect, Emit, Terms
from headway.protocols.socketio_packets import (
    MOST_ATTACHMENTS,
    Kind,
    Packet,
    decode,
    encode,
    event_packet,
    with_attachments,
)

__all__ = ["TARGETS"]


def _check_packet(data: bytes) -> None:
    text = data.decode(errors="replace")
    try:
        packet = decode(text)
    except PeerError:
        return
    require(0 <= packet.attachments <= MOST_ATTACHMENTS, "more attachments than allowed")
    if packet.attachments:
        # As it goes on: the bytes are put in, and an answer takes them out again.
        whole = with_attachments(packet.data, [b"%d" % number for number in range(packet.attachments)])
        kind = Kind.EVENT if packet.kind is Kind.BINARY_EVENT else Kind.ACK
        written, *attachments = encode(Packet(kind, packet.namespace, packet.id, whole))
        require(len(attachments) >= packet.attachments, "attachments are lost")
    else:
        (written,) = encode(packet)
    require(isinstance(written, str), "a packet is text")
    again = decode(str(written))
    require((again.kind, again.namespace, again.id) == (packet.kind, packet.namespace, packet.id), "a packet changes")
    require(packet.attachments or again.data == packet.data, "the data of a packet change")
    if packet.kind is Kind.EVENT:
        _check_broadcast(packet)


def _check_broadcast(packet: Packet) -> None:
    wire = event_packet(packet.data[0], b"{}", "epoch.7", packet.namespace).decode()
    require(decode(wire).data == [packet.data[0], {}, "epoch.7"], "a broadcast event changes")


_PROFILE: Final = Profile(max_payload=4_000, outbox_bytes=4_000)
_TERMS: Final = Terms(binary_bytes=4_000, namespaces=4)
_NAMESPACES: Final = ("/", "/a", "/b", "/c", "/d")
_WEIGHED: Final = 8
"""Steps between two looks at what is held: looking takes longer than a step."""
_AT_REST: Final = 12_000
"""Bytes of a connection that holds nothing but its namespaces, whose names are of the client's choice."""


def _check_connection(data: bytes) -> None:
    choices = Choices(data)
    now = 0.0
    engine = Engine("sid", Transport.WEBSOCKET, _PROFILE, now)
    connection = Connection(engine, _TERMS, now)
    asked: set[str] = set()
    joined: set[str] = set()
    ended, step = False, 0
    while choices:
        match choices.number(8):
            case 0 | 1 | 2:
                engine.receive("4" + choices.text(), now)
            case 3:
                engine.receive(choices.piece(), now)
            case 4:
                namespace = choices.pick(_NAMESPACES)
                if connection.accept(namespace, "sid"):
                    require(namespace in asked, "somebody joins who did not ask")
                    asked.discard(namespace)
                    joined.add(namespace)
            case 5:
                namespace = choices.pick(_NAMESPACES)
                if connection.refuse(namespace):
                    asked.discard(namespace)
            case 6:
                connection.emit(choices.pick(_NAMESPACES), "news", b"bytes" * choices.number(3), {"a": [1]}, ack_id=3)
            case 7:
                now += choices.number(50)
                connection.tick(now)
            case _:
                namespace = choices.pick(_NAMESPACES)
                if connection.disconnect(namespace):
                    joined.discard(namespace)
        for told in connection.events(now):
            require(not ended, f"{told} after the end")
            match told:
                case Connect(namespace):
                    require(namespace not in asked | joined, "a namespace is asked for twice")
                    asked.add(namespace)
                case Disconnect(namespace):
                    require(namespace in asked | joined, "a namespace is left by who is not in it")
                    asked.discard(namespace)
                    joined.discard(namespace)
                case Emit(namespace) | Ack(namespace):
                    require(namespace in joined, "somebody talks who did not join")
                case Upgraded():
                    raise AssertionError("an upgrade of a WebSocket")
                case Closed():
                    ended = True
        if choices.number(3):
            engine.to_socket()
        require(ended is (engine.state is State.CLOSED), "a connection ends by saying so")
        require(len(asked | joined) <= _TERMS.namespaces, "too many namespaces")
        require(ended or joined == set(connection.namespaces()), "the namespaces are not those that joined")
        step += 1
        if step % _WEIGHED == 0:
            _check_size(connection)
    _check_size(connection)


def _check_size(connection: Connection) -> None:
    # Text may take four bytes a character.
    most = _AT_REST + 4 * (_TERMS.binary_bytes + _PROFILE.outbox_bytes)
    size = held(connection)
    require(size <= most, f"a connection holds {size} bytes")


def _said(text: str) -> bytes:
    wire = text.encode()
    return (
        (bytes((0, len(wire))) if len(wire) < 255 else bytes((0, 255, len(wire) >> 8, len(wire) & 255))) + wire + b"\1"
    )


def _attached(data: bytes) -> bytes:
    return bytes((3, len(data))) + data + b"\1"


_BINARY: Final = '51-["frame",{"_placeholder":true,"num":0}]'
_HEAVY: Final = '51-["frame",{"_placeholder":true,"num":0}' + ",[]" * 1_200 + "]"
TARGETS: Final = (
    Target(
        "socketio-packet",
        _check_packet,
        (
            b'0{"token":"t"}',
            b"0/admin,",
            b"1/admin,",
            b'2["subscribe",{"testRunId":"r\xc3\xbcn"}]',
            b'2/a,17["x",1.5e300,null,true]',
            b"317[]",
            _BINARY.encode(),
            b'61-/a,9[{"_placeholder":true,"num":0},{"_placeholder":false}]',
            b'5999999999-["x",{"_placeholder":true,"num":0}]',
            b'2["x",' + b"[" * 200 + b"]" * 200 + b"]",
            b'2["x",123456789012345678901234567890,"\\ud83d\\ude00\\u0000"]',
            b'4{"message":"no"}',
        ),
    ),
    Target(
        "socketio",
        _check_connection,
        (
            _said('0{"token":"t"}') + b"\4\0\1" + _said('2["subscribe","a"]') + _said('27["x",{}]') + b"\6\0\1\1",
            _said("0/a,") + b"\4\1\1" + _said("1/a,") + b"\7\x32\1",
            _said("0") + b"\4\0\1" + _said(_BINARY) + _attached(b"\0\1\2") + _said("1"),
            _said("0") + b"\4\0\1" + _said(_HEAVY) + _attached(b"x"),
            _said("0/a,") + _said("0/b,") + _said("0/c,") + _said("0/d,") + _said("0/e,"),
        ),
    ),
)
