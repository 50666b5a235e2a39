"""The native protocol: every form a message may have, and what is said about every other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.codes import Code
from headway.errors import HeadwayError, InvalidEvent, PeerError
from headway.events import Draft, Event
from headway.positions import BEGINNING, Gap, GapReason, Position
from headway.protocols.stream import (
    Ack,
    Auth,
    Command,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    draft_of,
    drafts_of,
    error_fields,
    flat,
    flat_fields,
    gap_fields,
    id_of,
    parse,
    timestamp,
)

Json = dict[str, Any]  # Any: JSON values

NO_CHANNELS: list[object] = [None, "", " ", [], {}, True, 1.5, "x" * 256, 10**400]
NO_KEYS: list[object] = [7, "", "k" * 256, []]

SEVENTEEN = Event("run:7", "7k2m9qzt41", 17, "progress", b'{"done":3,"of":{"type":"x"}}', "p", 1_769_852_400_000)


def asked(message: object, *, event_bytes: int = 1_000) -> Command:
    """What the message asks for."""
    return parse(message, event_bytes=event_bytes)


def refused(message: object, *, event_bytes: int = 1_000) -> HeadwayError:
    """The error the message is answered with."""
    with pytest.raises(HeadwayError) as caught:
        parse(message, event_bytes=event_bytes)
    return caught.value


# What a client says.


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"type": "subscribe", "channel": "run:7"}, Subscribe("run:7")),
        ({"type": "subscribe", "channel": "run:7", "since": ""}, Subscribe("run:7", BEGINNING)),
        ({"type": "subscribe", "channel": "run:7", "since": None}, Subscribe("run:7")),
        ({"type": "subscribe", "channel": "run:7", "since": "a.17"}, Subscribe("run:7", Position("a", 17))),
        ({"type": "subscribe", "channel": "run:7", "batch": True}, Subscribe("run:7", batch=100)),
        ({"type": "subscribe", "channel": "run:7", "batch": 10}, Subscribe("run:7", batch=10)),
        ({"type": "subscribe", "channel": "run:7", "batch": False}, Subscribe("run:7")),
        ({"type": "subscribe", "channel": "run:7", "ack": True}, Subscribe("run:7", acknowledge=True)),
        ({"type": "unsubscribe", "channel": "run:7"}, Unsubscribe("run:7")),
        ({"type": "ack", "channel": "run:7", "offset": 17}, Ack("run:7", 17)),
        ({"type": "auth", "token": "t"}, Auth("t")),
        ({"type": "ping"}, Ping()),
        ({"type": "ping", "id": 3, "anything": [1]}, Ping()),
    ],
)
def test_commands(message: Json, command: Command) -> None:
    """Each message of the table, with its fields at the top level or under `data`."""
    kind, *fields = message.items()

    assert asked(message) == command
    assert asked(dict([kind, ("data", dict(fields))])) == command


@pytest.mark.parametrize("spelling", ["group", "testRunId", "sessionId"])
def test_other_spellings_of_channel(spelling: str) -> None:
    """A channel may be spelled in the seeds' ways; who does so gets the snapshot's events as ordinary messages."""
    for message in ({"type": "subscribe", spelling: "test_42"}, {"type": "subscribe", "data": {spelling: "test_42"}}):
        assert asked(message) == Subscribe("test_42", inline_snapshot=False, whole=spelling == "testRunId")
    assert asked({"type": "unsubscribe", spelling: "test_42"}) == Unsubscribe("test_42")
    assert asked({"type": "ack", spelling: "test_42", "offset": 1}) == Ack("test_42", 1)


@pytest.mark.parametrize(
    "message",
    [
        {"sessionId": "s1"},
        {"type": "registerSession", "sessionId": "s1"},
        {"type": "registerSession", "data": {"sessionId": "s1"}},
        {"data": {"sessionId": "s1"}},
    ],
)
def test_registering_a_session(message: Json) -> None:
    """The import tool's client names its session and gets events, no answer and no snapshot field."""
    assert asked(message) == Subscribe("s1", inline_snapshot=False, answer=False)
    assert asked({**message, "since": "a.3"}) == Subscribe("s1", Position("a", 3), inline_snapshot=False, answer=False)


@pytest.mark.parametrize(("id", "channel"), [(42, "42"), (-1, "-1"), (2**63, "9223372036854775808")])
def test_numbers_are_ids(id: int, channel: str) -> None:
    """A client whose ids are numbers follows the channel that is spelled so."""
    assert asked({"type": "subscribe", "testRunId": id}) == Subscribe(channel, inline_snapshot=False, whole=True)


def test_the_top_level_counts_more() -> None:
    """Where a field stands both at the top level and under `data`, the first is meant."""
    assert asked({"type": "unsubscribe", "channel": "a", "data": {"channel": "b"}}) == Unsubscribe("a")


@pytest.mark.parametrize(
    ("fields", "drafts"),
    [
        ({"event": {"type": "progress"}}, [Draft("progress", b"{}")]),
        ({"event": {"type": "progress", "data": {"a": 1}, "key": "p"}}, [Draft("progress", b'{"a":1}', "p")]),
        ({"events": [{"type": "a"}, {"type": "b"}]}, [Draft("a", b"{}"), Draft("b", b"{}")]),
    ],
)
def test_publishing(fields: Json, drafts: list[Draft]) -> None:
    """One event or several, with an idempotency key or without."""
    assert asked({"type": "publish", "channel": "c", **fields}) == Publish("c", tuple(drafts), None)
    keyed = {"type": "publish", "data": {"channel": "c", "idempotency_key": "k" * 255, **fields}}
    assert asked(keyed) == Publish("c", tuple(drafts), "k" * 255)


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        (None, Code.BAD_MESSAGE, "JSON object"),
        ([], Code.BAD_MESSAGE, "JSON object"),
        ("subscribe", Code.BAD_MESSAGE, "JSON object"),
        ({}, Code.BAD_MESSAGE, "type"),
        ({"type": None}, Code.BAD_MESSAGE, "type"),
        ({"type": "dance"}, Code.UNKNOWN_TYPE, "'dance'"),
        ({"type": "x" * 1_000}, Code.UNKNOWN_TYPE, "'xxx"),
        ({"type": 7}, Code.UNKNOWN_TYPE, "'int'"),
        ({"type": ["subscribe"]}, Code.UNKNOWN_TYPE, "'list'"),
        ({"type": "subscribe"}, Code.BAD_CHANNEL, "channel"),
        ({"type": "subscribe", "data": "c"}, Code.BAD_CHANNEL, "channel"),
        ({"type": "registerSession"}, Code.BAD_CHANNEL, "channel"),
        ({"type": "unsubscribe"}, Code.BAD_CHANNEL, "channel"),
        ({"type": "ack", "offset": 1}, Code.BAD_CHANNEL, "channel"),
        ({"type": "publish", "event": {"type": "a"}}, Code.BAD_CHANNEL, "channel"),
        *(
            ({"type": type, "offset": 1, "event": {"type": "a"}, "channel": bad}, Code.BAD_CHANNEL, "channel name")
            for type in ("subscribe", "unsubscribe", "ack", "publish")
            for bad in NO_CHANNELS
        ),
        ({"sessionId": {"a": 1}}, Code.BAD_CHANNEL, "channel name"),
        ({"type": "subscribe", "channel": "c", "since": 17}, Code.BAD_POSITION, "position"),
        ({"type": "subscribe", "channel": "c", "since": "17"}, Code.BAD_POSITION, "'17'"),
        ({"type": "subscribe", "channel": "c", "batch": -1}, Code.BAD_MESSAGE, "batch"),
        ({"type": "subscribe", "channel": "c", "batch": 1_001}, Code.BAD_MESSAGE, "batch"),
        ({"type": "subscribe", "channel": "c", "batch": "yes"}, Code.BAD_MESSAGE, "batch"),
        ({"type": "subscribe", "channel": "c", "batch": []}, Code.BAD_MESSAGE, "batch"),
        ({"type": "ack", "channel": "c"}, Code.BAD_MESSAGE, "offset"),
        ({"type": "ack", "channel": "c", "offset": "1"}, Code.BAD_MESSAGE, "offset"),
        ({"type": "ack", "channel": "c", "offset": True}, Code.BAD_MESSAGE, "offset"),
        ({"type": "auth"}, Code.BAD_MESSAGE, "token"),
        ({"type": "auth", "token": 7}, Code.BAD_MESSAGE, "token"),
        ({"type": "publish", "channel": "c"}, Code.BAD_MESSAGE, "event or events"),
        ({"type": "publish", "channel": "c", "event": {}, "events": []}, Code.BAD_MESSAGE, "event or events"),
        ({"type": "publish", "channel": "c", "events": []}, Code.BAD_MESSAGE, "no event"),
        ({"type": "publish", "channel": "c", "event": {}}, Code.BAD_MESSAGE, "needs a type"),
        ({"type": "publish", "channel": "c", "event": "a"}, Code.BAD_MESSAGE, "object with a type"),
        ({"type": "publish", "channel": "c", "event": None}, Code.BAD_MESSAGE, "object with a type"),
        ({"type": "publish", "channel": "c", "events": [{"type": "a"}, 7]}, Code.BAD_MESSAGE, "event 1"),
        ({"type": "publish", "channel": "c", "event": {"type": "a", "n": 1}}, Code.BAD_MESSAGE, "n is none"),
        *(
            (
                {"type": "publish", "channel": "c", "event": {"type": "a"}, "idempotency_key": bad},
                Code.BAD_MESSAGE,
                "idempotency_key",
            )
            for bad in NO_KEYS
        ),
    ],
)
def test_what_is_wrong_is_named(message: object, code: Code, words: str) -> None:
    """Every message that makes no sense is answered with what about it does not, in a short sentence."""
    error = refused(message)

    assert error.code is code
    assert words in error.message
    assert len(json.dumps(error_fields(error))) < 1_000


def test_the_limit_on_an_event_holds() -> None:
    """An event larger than the server takes is refused, saying how large it may be."""
    error = refused(
        {"type": "publish", "channel": "c", "event": {"type": "a", "data": {"a": "x" * 100}}}, event_bytes=50
    )

    assert (error.code, error.details) == (Code.TOO_LARGE, {"limit": 50})


def test_the_bad_one_of_many_events_is_named() -> None:
    """Of a list the first bad event is named by its index, in the sentence and for programs."""
    with pytest.raises(InvalidEvent, match="event 2: the data uses 'type'") as caught:
        drafts_of([{"type": "a"}, {"type": "b"}, {"type": "c", "data": {"type": 1}}], event_bytes=1_000)

    assert caught.value.code is Code.RESERVED_FIELD
    assert caught.value.details == {"fields": ["type"], "index": 2}


def test_one_event_needs_no_list() -> None:
    """What is no list is one event."""
    assert drafts_of({"type": "a"}, event_bytes=10) == (draft_of({"type": "a"}, event_bytes=10),)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
types = st.sampled_from(["subscribe", "unsubscribe", "registerSession", "publish", "ack", "auth", "ping"]) | values
names = st.sampled_from(
    ["channel", "group", "sessionId", "since", "batch", "event", "events", "offset", "data", "token"]
)


@given(st.dictionaries(names, values), types, st.booleans())
def test_any_message_is_a_command_or_refused(fields: Json, type: object, under: bool) -> None:
    """No message, of JSON or of MessagePack, fails in another way than with a sentence for the client."""
    message = {"type": type, "data": fields} if under else {"type": type, **fields}
    try:
        command = parse(message, event_bytes=1_000)
    except HeadwayError as error:
        msgspec.json.encode(error_fields(error))
    else:
        assert isinstance(command, Command)


@given(values)
def test_any_value_is_a_message_or_refused(message: object) -> None:
    """So it is with what is no object."""
    with pytest.raises(PeerError):
        parse(message if not isinstance(message, dict) else [message], event_bytes=1_000)


# What the server says.


def test_an_event_is_flat() -> None:
    """The event's own fields come first, the producer's data beside them."""
    expected = {
        "type": "progress",
        "channel": "run:7",
        "offset": 17,
        "position": "7k2m9qzt41.17",
        "timestamp": "2026-01-31T09:40:00.000Z",
        "key": "p",
        "done": 3,
        "of": {"type": "x"},
    }

    assert json.loads(flat(SEVENTEEN)) == flat_fields(SEVENTEEN) == expected
    assert list(json.loads(flat(SEVENTEEN))) == list(expected)


@given(st.dictionaries(st.text(), st.text() | st.integers(0, 10)), st.sampled_from(["run", 'a"b\\c', "größe", "🚀"]))
def test_flat_text_is_the_flat_object(data: Json, name: str) -> None:
    """The spliced text is JSON of the same object, whatever the data and the names."""
    try:
        draft = Draft.of(name, data)
    except InvalidEvent:
        return
    event = Event(name, "e", 1, draft.type, draft.json, None, 1)

    assert json.loads(flat(event)) == flat_fields(event)


@given(st.integers(0, 4_102_444_800_000))
def test_a_timestamp_is_read_back(milliseconds: int) -> None:
    """ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromisoformat(timestamp(milliseconds))

    assert moment.tzinfo == UTC
    assert round(moment.timestamp() * 1000) == milliseconds


@pytest.mark.parametrize(
    ("after", "lost"), [(Position("7k2m9qzt41", 5), 12), (BEGINNING, 17), (Position("other", 5), None)]
)
def test_a_gap_says_what_it_spans(after: Position, lost: int | None) -> None:
    """From where to where, how many and why, and the state behind it."""
    gap = Gap("run:7", after, SEVENTEEN.position, GapReason.TRIMMED)

    assert gap_fields(gap, [SEVENTEEN]) == {
        "type": "gap",
        "channel": "run:7",
        "from": str(after),
        "to": "7k2m9qzt41.17",
        "position": "7k2m9qzt41.17",
        "lost": lost,
        "reason": "trimmed",
        "snapshot": [flat_fields(SEVENTEEN)],
    }


def test_an_error_says_whether_to_try_again() -> None:
    """Code, sentence, whether trying again can help, and details if there are any."""
    plain = PeerError("it is wrong")
    detailed = HeadwayError("later", code=Code.TOO_MANY, details={"limit": 3})

    assert error_fields(plain) == {"code": "bad_message", "message": "it is wrong", "retry": False}
    assert error_fields(detailed) == {"code": "too_many", "message": "later", "retry": True, "details": {"limit": 3}}


@pytest.mark.parametrize("id", ["", "a" * 255, 0, -(2**63), 2**64 - 1, 1.5, None])
def test_an_id_that_every_wire_can_repeat(id: object) -> None:
    """A string or a number is repeated in the answer, as it stands."""
    found = id_of({"type": "ping", "id": id})

    assert found == id
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found)) == id


@pytest.mark.parametrize(
    "id", ["a" * 256, 2**64, -(2**63) - 1, 10**400, True, [], {}, [[1]], b"a", msgspec.msgpack.Ext(5, b"a")]
)
def test_an_id_that_some_wire_cannot_repeat(id: object) -> None:
    """What MessagePack or JSON has no way to write would end the handling of this client's messages; it is refused."""
    with pytest.raises(PeerError) as told:
        id_of({"type": "ping", "id": id})

    assert told.value.details == {"field": "id"}


@pytest.mark.parametrize("message", [None, [], "id", {}, {"data": {"id": 1}}])
def test_a_message_without_an_id(message: object) -> None:
    """There is nothing to repeat."""
    assert id_of(message) is None
