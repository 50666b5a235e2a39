"""Engine.IO: queries (`engineio-request`), payloads and packets (`engineio-payload`), and a session under any sequence
of requests, messages and moments (`engineio`).

Law: only `PeerError` and `Refused` are raised, and `Refused` has an answer. A session ends once and says nothing after
it. Its state changes only along the table. What it holds for its client is bounded, whatever the size of the packets. A
tick at the deadline moves the deadline.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Final

from fuzz.choices import Choices
from fuzz.target import Target, require
from fuzz.weight import held
from headway.errors import PeerError
from headway.protocols.engineio import (
    POLL_EVENTS,
    POLL_PACKETS,
    TRANSITIONS,
    Carrier,
    Closed,
    Engine,
    Profile,
    State,
)
from headway.protocols.engineio_packets import (
    MOST_PACKETS,
    SEPARATOR,
    PacketType,
    Refused,
    Transport,
    decode_packet,
    decode_payload,
    encode_payload,
    read_request,
    takes_offset,
)

__all__ = ["TARGETS"]

_METHODS: Final = ("GET", "POST", "PUT", "", "get")


def _check_request(data: bytes) -> None:
    choices = Choices(data)
    method, websocket = choices.pick(_METHODS), choices.number(1) == 1
    query = choices.rest().decode("latin-1")
    takes_offset(query)
    try:
        request = read_request(method, query, websocket=websocket)
    except Refused as refused:
        _check_refusal(refused)
        return
    require(websocket is (request.transport is Transport.WEBSOCKET), "a request on the wrong carrier")
    require(request.sid != "", "an empty session id")


def _check_refusal(refused: Refused) -> None:
    require(400 <= refused.status < 500, "a refusal blames the client")
    require(set(json.loads(refused.body)) == {"code", "message", "reason"}, "a refusal says why")


def _check_payload(data: bytes) -> None:
    for wire in (data, data.decode(errors="replace")):
        with contextlib.suppress(PeerError):
            decode_packet(wire)
    try:
        packets = decode_payload(data)
    except PeerError:
        return
    require(1 <= len(packets) <= MOST_PACKETS, "a payload has packets")
    wires = [packet.data if isinstance(packet.data, bytes) else packet.type.value + packet.data for packet in packets]
    require(decode_payload(encode_payload(wires)) == packets, "a payload changes when it is written again")
    require(all(isinstance(packet.data, str) or packet.type is PacketType.MESSAGE for packet in packets), "bytes")


_PROFILE: Final = Profile(max_payload=300, outbox_bytes=2_000)
_AT_REST: Final = 3_000
"""Bytes of a session that holds nothing."""
_ANSWERS: Final[tuple[str | bytes, ...]] = ("", "2[]", "ü" * 40, b"", b"bytes" * 20)
_EVENT: Final = b'42["progress",{"percent":40}]'
_MOMENTS: Final = (0.0, 0.05, 0.1, 1.0, 10.0, 20.0, 25.0, 45.0)


class _Shell:
    """Drives a session as a transport does, and looks at it after every call."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self.now = 0.0
        transport = choices.pick(list(Transport))
        self.engine = Engine("sid", transport, _PROFILE, self.now)
        self._socket = transport is Transport.WEBSOCKET
        self._state = self.engine.state
        self._ended = False
        if transport is Transport.POLLING:
            self.engine.poll(self.now)

    def step(self) -> None:
        """Do one thing that a client, the program or time could do."""
        choices, engine = self._choices, self.engine
        match choices.number(11):
            case 0:
                self._ask(lambda: engine.poll(self.now))
            case 1:
                body = choices.piece()
                self._ask(lambda: engine.post(body, self.now))
            case 2 if engine.hanging:
                engine.cancel()
            case 3 if not self._socket and self._ask(lambda: engine.attach(self.now)):
                self._socket = True
            case 4 if self._socket:
                engine.receive(choices.text(), self.now)
            case 5 if self._socket:
                engine.receive(choices.piece(), self.now)
            case 6 if self._socket:
                self._socket = False
                engine.detach()
            case 7:
                for _ in range(choices.pick((1, 1, 20, 500))):
                    engine.send(choices.pick(_ANSWERS))
            case 8:
                engine.close()
            case 9:
                self.now += choices.pick(_MOMENTS)
                engine.tick(self.now)
            case 10:
                self._wait()
            case 11 if engine.hanging:
                self._answer(choices.number(POLL_EVENTS) if engine.carrier is Carrier.POLL else 0)
            case _:
                pass

    def look(self, *, write: bool) -> None:
        """What a shell does after a call, with every promise checked."""
        engine = self.engine
        for event in engine.events():
            require(not self._ended, f"{event} after the end")
            self._ended = isinstance(event, Closed)
        require(self._ended is (engine.state is State.CLOSED), "a session ends by saying so")
        size = held(engine)
        require(size <= _AT_REST + 4 * _PROFILE.outbox_bytes, f"a session holds {size} bytes for its client")
        require(engine.carrier is not Carrier.POLL or engine.hanging, "a poll carries that does not hang")
        if write and self._socket:
            engine.to_socket()
            self._socket = engine.wants_socket
        if write and engine.answer_due:
            self._answer(0)
        require((engine.deadline() is None) is (engine.state is State.CLOSED), "an open session has a deadline")

    def _ask(self, call: Callable[[], object]) -> bool:
        """Make a request; whether it was taken. From one state a request leads to one other, or to the end."""
        before = self.engine.state
        try:
            call()
        except Refused as refused:
            _check_refusal(refused)
            after = self.engine.state
            require(after in (before, State.CLOSED), f"a refused request leads from {before} to {after}")
            return False
        reached = {target for (source, _), target in TRANSITIONS.items() if source is before}
        require(self.engine.state in reached | {before, State.CLOSED}, f"no way from {before} to {self.engine.state}")
        return True

    def _wait(self) -> None:
        """Sleep until the deadline."""
        deadline = self.engine.deadline()
        if deadline is None:
            return
        self.now = max(self.now, deadline)
        self.engine.tick(self.now)
        self.look(write=True)
        after = self.engine.deadline()
        require(after is None or after > self.now, "a tick at the deadline leaves the deadline where it is")

    def _answer(self, events: int) -> None:
        body = self.engine.answer(SEPARATOR.join([_EVENT] * events))
        require(not self.engine.hanging, "an answered poll hangs")
        require(body and body.count(SEPARATOR) < POLL_PACKETS, "an answer has 1 to 16 packets")


def _check_session(data: bytes) -> None:
    choices = Choices(data)
    shell = _Shell(choices)
    shell.look(write=True)
    while choices:
        # Now and then the shell is late with writing.
        shell.step()
        shell.look(write=choices.number(3) != 3)


_UPGRADE: Final = bytes((0, 3, 0, 4, 6)) + b"2probe" + bytes((0, 0, 0, 4, 1)) + b"5" + bytes((0, 7, 0, 1, 0))
TARGETS: Final = (
    Target(
        "engineio-request",
        _check_request,
        (
            b"\x00\x00EIO=4&transport=polling&t=N8hyd6w",
            b"\x00\x01EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC",
            b"\x01\x00transport=polling&EIO=4&sid=a&recovery=1",
            b"\x00\x00EIO=3&transport=polling&j=0",
            b"\x00\x00" + b"&".join(b"a%d=%%FF+" % number for number in range(70)),
        ),
    ),
    Target(
        "engineio-payload",
        _check_payload,
        (
            b'40{"token":"t"}',
            b'42["subscribe",{"testRunId":"1"}]\x1e3\x1ebAQIDBA==\x1e6',
            "4hello €\x1e4".encode(),
            b"2probe",
            b"bAQ\x1e",
            b"\x1e" * 50,
        ),
    ),
    Target(
        "engineio",
        _check_session,
        (
            bytes((0,)) + bytes((1, 3)) + b"40x" + bytes((0, 0, 0, 11, 5, 0)),
            bytes((0,)) + _UPGRADE,
            bytes((1, 4, 3)) + b"40x" + bytes((0, 10, 0, 4, 1)) + b"3" + bytes((0, 7, 3, 0, 0, 8, 0)),
            bytes((0, 0, 0, 0, 0)),
            bytes((0, 7, 3, 1, 3, 0, 0, 9, 4, 0, 10, 0, 10, 0)),
        ),
    ),
)
