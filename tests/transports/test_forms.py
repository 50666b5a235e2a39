"""How events look on each wire, as the client of that wire takes them apart."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from headway.events import Event
from headway.hub.cursors import WireForm
from headway.positions import Gap, GapReason, Position
from headway.protocols.engineio import POLL_EVENTS, Carrier
from headway.protocols.stream import flat_fields, gap_fields
from headway.protocols.websocket import Opcode, unframe
from headway.transports.forms import BatchFrames, Codec, EventPackets, batch_frames, event_packets, frames, stream

Json = dict[str, Any]  # Any: JSON values

GAP = Gap("run:7", Position("life1", 3), Position("life1", 9), GapReason.TRIMMED)


def event(offset: int, text: str = "x") -> Event:
    """An event with some text."""
    data = msgspec.json.encode({"n": offset, "text": text})
    return Event("run:7", "life1", offset, "progress", data, "p", 1_769_852_400_000)


EVENTS = [event(offset, "größe 🚀" * offset) for offset in range(1, 4)]


def several(event: Event) -> str:
    """A token of a connection that follows several channels."""
    return f"{event.position},other.5"


def written(form: WireForm, events: Sequence[Event]) -> bytes:
    """One write of these events."""
    return form.join([form.encode(event) for event in events])


def decoded(codec: Codec, data: bytes) -> list[Json]:
    """The messages in these frames."""
    messages = []
    for opcode, payload in unframe(data):
        assert opcode is codec.opcode
        message = codec.decode(payload.decode() if codec is Codec.JSON else payload)
        assert isinstance(message, dict)
        messages.append(message)
    return messages


CARRIERS = (Carrier.POLL, Carrier.WEBSOCKET)
FORMS: list[WireForm] = [
    *(frames(codec, deflate) for codec in Codec for deflate in (False, True)),
    *(batch_frames(codec, deflate, 10) for codec in Codec for deflate in (False, True)),
    *(stream(token, chunked=chunked) for token in (None, several) for chunked in (False, True)),
    *(event_packets(carrier, tokens=tokens) for carrier in CARRIERS for tokens in (False, True)),
    *(EventPackets(carrier, several, shared=False) for carrier in CARRIERS),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_form_keeps_what_it_promises(form: WireForm) -> None:
    """A form has a name, takes at least one event a write, and gives the same bytes for the same event."""
    assert form.name
    assert form.max_events >= 1
    assert form.encode(EVENTS[0]) == form.encode(EVENTS[0])
    assert written(form, EVENTS)
    assert form.gap(GAP, EVENTS)


def test_the_names_of_forms_are_their_own() -> None:
    """Two forms that write different bytes are told apart in statistics."""
    names = [form.name for form in FORMS]

    assert sorted(set(names)) == sorted(names)


def test_readers_share_a_form() -> None:
    """A form that writes the same for everybody is one object; one that does not is a form of its own."""
    assert frames(Codec.JSON, True) is frames(Codec.JSON, True)
    assert batch_frames(Codec.JSON, False, 5) is batch_frames(Codec.JSON, False, 5)
    assert batch_frames(Codec.JSON, False, 5) is not batch_frames(Codec.JSON, False, 6)
    assert stream(chunked=True) is stream(chunked=True)
    assert event_packets(Carrier.WEBSOCKET, tokens=True) is event_packets(Carrier.WEBSOCKET, tokens=True)
    assert all(form.shared for form in (frames(Codec.JSON, True), stream(chunked=True)))
    assert stream(several, chunked=True) is not stream(several, chunked=True)
    assert not stream(several, chunked=True).shared


# Raw WebSocket.


@pytest.mark.parametrize("codec", list(Codec))
def test_a_frame_an_event(codec: Codec) -> None:
    """Neighbours stand side by side in one write, each a message of its own; a gap is one too."""
    form = frames(codec, False)

    assert decoded(codec, written(form, EVENTS)) == [flat_fields(event) for event in EVENTS]
    assert decoded(codec, form.gap(GAP, EVENTS[:1])) == [gap_fields(GAP, EVENTS[:1])]


@pytest.mark.parametrize("codec", list(Codec))
def test_a_batch(codec: Codec) -> None:
    """Events that are ready together are one message with their number; a single one is itself."""
    form = batch_frames(codec, False, 10)

    assert form.max_events == 10
    assert decoded(codec, written(form, EVENTS[:1])) == [flat_fields(EVENTS[0])]
    assert decoded(codec, written(form, EVENTS)) == [
        {"type": "batch", "messages": [flat_fields(event) for event in EVENTS], "count": 3}
    ]
    assert decoded(codec, form.gap(GAP, [])) == [gap_fields(GAP, [])]


@pytest.mark.parametrize(
    "form", [frames(Codec.JSON, True), BatchFrames(Codec.JSON, True, 10)], ids=lambda form: form.name
)
def test_compressed_frames_stand_alone(form: WireForm) -> None:
    """Each compressed frame can be read without the ones before, so that all readers can be given the same."""
    big = event(7, "x" * 1_000)
    for data in (written(form, [big]), form.gap(GAP, [big])):
        assert data[0] == 0xC0 | Opcode.TEXT
        ((_, payload),) = unframe(data)
        plain = _inflated(payload)
        assert json.loads(plain)["channel"] == "run:7"


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 0.1])
def test_numbers_arrive_on_both_codecs(codec: Codec, number: float) -> None:
    """What an event may hold both codecs carry."""
    one = Event("c", "e", 1, "t", msgspec.json.encode({"n": number}), None, 0)

    assert decoded(codec, frames(codec, False).encode(one))[0]["n"] == number


JSON: list[str | bytes] = ["", "{", "[" * 100_000, "\x00", '{"a":1}x', b"\xff", "NaN", '"\\ud800"']
MSGPACK: list[str | bytes] = ["", b"\xc1", b"\x91" * 100_000, b"\x81\xa1", b"\xa1\xff", b"\x01\x01"]


@pytest.mark.parametrize(
    ("codec", "bad"), [*((Codec.JSON, bad) for bad in JSON), *((Codec.MSGPACK, bad) for bad in MSGPACK)]
)
def test_what_cannot_be_decoded(codec: Codec, bad: str | bytes) -> None:
    """A message that is not of its codec is refused with one of the errors the transport expects."""
    with pytest.raises((msgspec.DecodeError, RecursionError, ValueError)):
        codec.decode(bad)


# Server-Sent Events.


@pytest.mark.parametrize("chunked", [False, True])
def test_a_stream_carries_positions(chunked: bool) -> None:
    """Each frame's id is the event's position, or the positions of all channels; a write is one chunk."""
    for token in (None, several):
        form = stream(token, chunked=chunked)
        data = _body(written(form, EVENTS), chunked)
        found = [frame.split("\n") for frame in data.decode().removesuffix("\n\n").split("\n\n")]

        assert [line[0] for line in found] == [
            f"id: {event.position}" if token is None else f"id: {several(event)}" for event in EVENTS
        ]
        assert [json.loads(line[1].removeprefix("data: ")) for line in found] == [
            flat_fields(event) for event in EVENTS
        ]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_gap_in_a_stream(chunked: bool) -> None:
    """It moves the id of a stream of one channel on; of several, the next event does."""
    alone = _body(stream(chunked=chunked).gap(GAP, []), chunked)
    among = _body(stream(several, chunked=chunked).gap(GAP, []), chunked)

    assert alone == b"id: life1.9\n" + among
    assert json.loads(among.removeprefix(b"data: ")) == gap_fields(GAP, [])


# Socket.IO.


def test_socketio_events_on_a_websocket() -> None:
    """A frame each, with the type as the event's name and the position as the last argument."""
    plain, bearing = (event_packets(Carrier.WEBSOCKET, tokens=tokens) for tokens in (False, True))
    own = EventPackets(Carrier.WEBSOCKET, several, shared=False)

    for form, extra in ((plain, []), (bearing, ["life1.1"]), (own, ["life1.1,other.5"])):
        (opcode, payload), *rest = unframe(written(form, EVENTS))
        assert (opcode, len(rest)) == (Opcode.TEXT, 2)
        assert payload.startswith(b"42[")
        assert json.loads(payload[2:]) == ["progress", flat_fields(EVENTS[0]), *extra]


def test_socketio_events_in_a_poll() -> None:
    """Packets of one payload, and no more of them than the strictest client takes."""
    form = event_packets(Carrier.POLL, tokens=True)
    packets = written(form, EVENTS).split(b"\x1e")

    assert form.max_events == POLL_EVENTS <= 16
    assert [json.loads(packet[2:]) for packet in packets] == [
        ["progress", flat_fields(event), str(event.position)] for event in EVENTS
    ]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_gap_on_socketio(carrier: Carrier) -> None:
    """An event called `gap`, with one argument: the client's own offset stays until the next event."""
    data = event_packets(carrier, tokens=True).gap(GAP, EVENTS[:1])
    packet = next(unframe(data))[1] if carrier is Carrier.WEBSOCKET else data

    assert json.loads(packet[2:]) == ["gap", gap_fields(GAP, EVENTS[:1])]


def _inflated(payload: bytes) -> bytes:
    """As a client does that keeps nothing between messages."""
    return zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(payload + b"\x00\x00\xff\xff")


def _body(data: bytes, chunked: bool) -> bytes:
    """The bytes of the only chunk."""
    if not chunked:
        return data
    size, _, rest = data.partition(b"\r\n")
    assert len(rest) == int(size, 16) + 2
    return rest.removesuffix(b"\r\n")
