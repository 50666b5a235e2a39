"""The native protocol and publishing: messages as JSON or MessagePack (`message`), and published bodies (`publish`).

Law: only `HeadwayError` is raised, apart from what a codec documents, and it can be told to the client on every wire.
An event that was accepted can be carried by every wire, and comes out of each as it went in. No two lists of events
have one digest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from fuzz.choices import Choices
from fuzz.target import Target, require
from headway.errors import HeadwayError
from headway.events import RESERVED_FIELDS, Draft, Event, channel_name
from headway.log.idempotency import digest
from headway.positions import Gap, GapReason, Position
from headway.protocols import eventstream
from headway.protocols.socketio_packets import decode, event_packet
from headway.protocols.stream import Publish, Subscribe, drafts_of, error_fields, flat, flat_fields, gap_fields, parse
from headway.transports.forms import Codec

__all__ = ["TARGETS"]

_EVENT_BYTES: Final = 4_096


def _check_message(data: bytes) -> None:
    choices = Choices(data)
    codec, wire = choices.pick(list(Codec)), choices.rest()
    try:
        message = codec.decode(wire.decode(errors="replace") if codec is Codec.JSON else wire)
    except (msgspec.DecodeError, RecursionError, ValueError):  # what the transport takes for a bad message
        return
    try:
        command = parse(message, event_bytes=_EVENT_BYTES)
    except HeadwayError as error:
        _check_error(error)
        return
    match command:
        case Subscribe(channel, since, batch):
            require(channel_name(channel) == channel and 0 <= batch <= 1_000, "a subscription out of bounds")
            require(since is None or Position.parse(str(since)) == since, "a position changes")
        case Publish(channel, drafts):
            require(drafts, "nothing is published")
            _check_drafts(channel, drafts)


def _check_body(data: bytes) -> None:
    bodies = [_drafts(body) for body in data.split(b"\0", 1)]
    for drafts in bodies:
        _check_drafts("run:7", drafts)
    if len(bodies) == 2:
        same = [(one.type, one.key, one.json) for one in bodies[0]] == [
            (one.type, one.key, one.json) for one in bodies[1]
        ]
        require((digest(bodies[0]) == digest(bodies[1])) is same, "a digest does not tell events apart")


def _drafts(body: bytes) -> Sequence[Draft]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return ()
    try:
        return drafts_of(value, event_bytes=_EVENT_BYTES)
    except HeadwayError as error:
        _check_error(error)
        return ()


def _check_error(error: HeadwayError) -> None:
    for codec in Codec:
        codec.encode({"type": "error", **error_fields(error)})
    require(len(error.message) < 2_000, f"an error of {len(error.message)} characters")


def _check_drafts(channel: str, drafts: Sequence[Draft]) -> None:
    for offset, draft in enumerate(drafts, 1):
        require(len(draft.json) <= _EVENT_BYTES, "an event is larger than allowed")
        event = Event(channel, "7k2m9qzt41", offset, draft.type, draft.json, draft.key, 1_700_000_000_123)
        _check_wires(event)


def _check_wires(event: Event) -> None:
    data, line = event.data, flat(event)
    fields = flat_fields(event)
    require(not RESERVED_FIELDS.intersection(data), "the data use the event's own names")
    require(_same(msgspec.json.decode(line), fields), "an event changes in JSON")
    require(_same(json.loads(line), fields), "another reader reads another event")
    require(_same(msgspec.msgpack.decode(msgspec.msgpack.encode(fields)), fields), "an event changes in MessagePack")
    frame = eventstream.message(line, str(event.position))
    require(frame.count(b"\n") == 3 and b"\r" not in frame, "an event breaks its line")
    packet = event_packet(event.type, line, str(event.position)).decode()
    require("\x1e" not in packet, "an event separates packets")
    # What a client may send is flatter than what an event may be.
    if line.count(b"[") + line.count(b"{") < 60:
        require(_same(decode(packet).data, [event.type, fields, str(event.position)]), "an event changes in Socket.IO")
    gap = Gap(event.channel, Position("a", 1), event.position, GapReason.EPOCH)
    for codec in Codec:
        codec.encode(gap_fields(gap, [event]))


def _same(one: Any, other: Any) -> bool:  # Any: JSON values
    return bool(one == other)


_MESSAGES: Final = (
    {"type": "subscribe", "channel": "run:7", "since": "7k2m9qzt41.17", "batch": True, "id": 1},
    {"type": "subscribe", "data": {"testRunId": 42}, "batch": 20, "ack": True},
    {"sessionId": "abc"},
    {"type": "unsubscribe", "group": "general"},
    {"type": "publish", "channel": "läuft", "event": {"type": "progress", "data": {"percent": 4.5}, "key": "p"}},
    {"type": "publish", "channel": "a", "events": [{"type": "b"}, {"type": "c", "data": None}], "idempotency_key": "k"},
    {"type": "publish", "channel": "a", "event": {"type": "b", "data": {"deep": [[[[None, {}]]]], "n": 2**64}}},
    {"type": "ack", "channel": "a", "offset": 3},
    {"type": "auth", "token": "t"},
    {"type": "ping"},
)
_BODIES: Final = (
    b'{"type":"progress","data":{"percent":40,"text":"\\u2028\\u0000\\ud83d\\ude00\\r\\n"},"key":"k"}',
    b'[{"type":"a"},{"type":"b","data":{"x":[1,2.5,null,true,{"y":""}]}}]\0[{"type":"a"}]',
    b'{"type":"a","key":"b"}\0[{"type":"a","key":"b","data":{}}]',
    b'{"type":"gap"}',
    b'{"type":"a","data":{"offset":1},"more":[]}',
    b'{"type":"a","data":{"n":123456789012345678901234567890}}',
    b'{"type":"a","data":{"d":' + b"[" * 120 + b"]" * 120 + b"}}",
    b'{"type":"a","data":{"f":1e308,"g":-0.0,"h":1e-320}}',
)

TARGETS: Final = (
    Target(
        "message",
        _check_message,
        (
            *(b"\x00" + msgspec.json.encode(message) for message in _MESSAGES if "n" not in str(message.get("event"))),
            *(b"\x01" + msgspec.msgpack.encode(message) for message in _MESSAGES if str(2**64) not in str(message)),
            b"\x00" + b'{"type":"publish","channel":"a","event":{"type":"b","data":{"n":18446744073709551616}}}',
            b"\x00" + b'{"type":"ack","channel":"a","offset":99999999999999999999}',
            # Timestamps, extensions, bytes, keys that are no text.
            b"\x01\x83\xa4type\xa7publish\xa7channel\xa1a\xa5event\x82\xa4type\xa1b\xa4data\x81\xa1x\xd6\xff\0\0\0\1",
            b"\x01\x83\xa4type\xa7publish\xa7channel\xa1a\xa5event\x82\xa4type\xa1b\xa4data\x81\xa1x\xd6\x05abcd",
            b"\x01\x83\xa4type\xa7publish\xa7channel\xa1a\xa5event\x82\xa4type\xa1b\xa4data\x81\x01\xc4\x02ab",
            b"\x01\x83\xa4type\xa7publish\xa7channel\xa1a\xa5event\x83\xa4type\xa1b\xc4\x01a\x01\x90\x02",
            b"\x01\xdd\xff\xff\xff\xff",
            b"\x01" + b"\x91" * 1_500,
        ),
    ),
    Target("publish", _check_body, _BODIES),
)
