"""What makes no sense: answered with what was wrong, the connection survives where the protocol allows it, others lose
nothing."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from headway.limits import Limits
from headway.testing.readers import Ended, Refused, SocketIoReader, WebSocketReader, fetch
from tests.delivery.harness import CHANNEL, Stack, assert_delivered, take, take_until

EVENT = {"type": "progress", "data": {"percent": 1}}

MESSAGES: dict[str, tuple[Any, str]] = {  # Any: whatever JSON a client may send
    "an array": ([1], "bad_message"),
    "no type": ({"channel": "a"}, "bad_message"),
    "a type that is no string": ({"type": 7}, "unknown_type"),
    "an unknown type": ({"type": "dance"}, "unknown_type"),
    "no channel": ({"type": "subscribe"}, "bad_channel"),
    "an empty channel": ({"type": "subscribe", "channel": ""}, "bad_channel"),
    "a channel with a space": ({"type": "subscribe", "channel": "a b"}, "bad_channel"),
    "a channel of Headway's own": ({"type": "subscribe", "channel": " sessions"}, "bad_channel"),
    "a channel too long": ({"type": "subscribe", "channel": "a" * 256}, "bad_channel"),
    "a channel that is an object": ({"type": "subscribe", "channel": {}}, "bad_channel"),
    "a position that is none": ({"type": "subscribe", "channel": "a", "since": "x"}, "bad_position"),
    "a position that is a number": ({"type": "subscribe", "channel": "a", "since": 7}, "bad_position"),
    "a batch too large": ({"type": "subscribe", "channel": "a", "batch": 1e9}, "bad_message"),
    "a reserved field": (
        {"type": "publish", "channel": "a", "event": {"type": "x", "data": {"offset": 7}}},
        "reserved_field",
    ),
    "a reserved type": ({"type": "publish", "channel": "a", "event": {"type": "gap"}}, "reserved_type"),
    "an event with a field of its own": (
        {"type": "publish", "channel": "a", "event": {"type": "x", "percent": 7}},
        "bad_message",
    ),
    "neither event nor events": ({"type": "publish", "channel": "a"}, "bad_message"),
    "no events": ({"type": "publish", "channel": "a", "events": []}, "bad_message"),
    "data that is no object": ({"type": "publish", "channel": "a", "event": {"type": "x", "data": 7}}, "bad_message"),
    "a confirmation nobody asked for": ({"type": "ack", "channel": "a", "offset": 1}, "bad_message"),
    "a token that is no string": ({"type": "auth", "token": 7}, "bad_message"),
}

BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "bad_json"),
    "no JSON": (b"{", 400, "bad_json"),
    "invalid UTF-8": (b'{"type":"\xff"}', 400, "bad_json"),
    "nested too deeply": (b"[" * 50_000, 400, "bad_json"),
    "a number": (b"7", 400, "bad_message"),
    "an empty array": (b"[]", 400, "bad_message"),
    "an event without a type": (b'{"data":{}}', 400, "bad_message"),
    "an event too large": (b'{"type":"x","data":{"a":"' + b"a" * 20_000 + b'"}}', 413, "too_large"),
    "a body too large": (b" " * 70_000, 413, "too_large"),
    "a reserved field": (b'{"type":"x","data":{"timestamp":7}}', 400, "reserved_field"),
    "one bad event of two": (b'[{"type":"x"},{"type":"pong"}]', 400, "reserved_type"),
    "a lone surrogate": (b'{"type":"x","data":{"a":"\\ud800"}}', 400, "bad_json"),
}

TIGHT = Limits(event_bytes=16_384, body_bytes=65_536, message_bytes=32_768)


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_a_websocket_survives_messages_that_make_no_sense(stack: Stack, encoding: str) -> None:
    """Each is answered with an error that repeats the request's id; the channel that was followed goes on, and loses
    nothing."""
    await stack.start()
    async with WebSocketReader(stack.address, msgpack=encoding == "msgpack") as reader:
        await reader.subscribe(CHANNEL)
        for what, (message, code) in MESSAGES.items():
            request = {**message, "id": what} if isinstance(message, dict) else message

            await reader.say(request)
            answer = await reader.hear()

            assert (answer["type"], answer["code"], what) == ("error", code, what)
            assert answer.get("id") == (what if isinstance(message, dict) else None)
            assert answer["message"]
        await stack.publish("one")

        assert (await reader.next())["type"] == "one"


@pytest.mark.parametrize("polling", [False, True], ids=["websocket", "polling"])
async def test_socket_io_survives_messages_that_make_no_sense(stack: Stack, polling: bool) -> None:
    """The same errors arrive as acknowledgements."""
    await stack.start()
    async with SocketIoReader(stack.address, polling=polling) as reader:
        await reader.subscribe(CHANNEL)
        for message, code in MESSAGES.values():
            if isinstance(message, dict) and isinstance(message.get("type"), str):
                with pytest.raises(Refused) as refusal:
                    await reader.ask(message["type"], {**message, "type": "ignored"})
                assert refusal.value.code == code
        await stack.publish("one")

        assert (await reader.next())["type"] == "one"


async def test_a_websocket_survives_text_that_is_no_json(stack: Stack) -> None:
    """Bad JSON, JSON nested too deeply and bytes on a JSON connection are answered with what was wrong."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)
        for said, code in (("{", "bad_json"), ("[" * 20_000, "bad_json"), (b"\xc0", "bad_message")):
            await reader.connection.send(said)

            answer = await reader.hear()

            assert (answer["type"], answer["code"]) == ("error", code)
        await stack.publish("one")
        assert (await reader.next())["type"] == "one"


async def closed_with(reader: WebSocketReader) -> int | None:
    """The code the server closes with."""
    try:
        while True:
            await reader.hear()
    except Ended as end:
        return end.code


async def test_a_message_too_large_closes_with_1009(stack: Stack) -> None:
    """A frame beyond the limit is not read; the other readers lose nothing."""
    await stack.start(limits=TIGHT)
    other = stack.reader("websocket")
    await other.subscribe(CHANNEL)
    async with WebSocketReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)

        with contextlib.suppress(ConnectionClosed):
            await reader.connection.send("x" * 2_000_000)
        code = await closed_with(reader)

    await stack.publish("one")
    # Where the rest of the frame was still on its way, the close frame can be lost to the reset.
    assert code in (1009, None)
    assert_delivered(await take(other, 1), 1, 1)


async def test_invalid_utf_8_closes_with_1007(stack: Stack) -> None:
    """A text frame that is not UTF-8 breaks the WebSocket protocol; the other readers lose nothing."""
    await stack.start()
    other = stack.reader("websocket")
    await other.subscribe(CHANNEL)
    async with WebSocketReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)
        connection = reader.connection

        frame = Frame(Opcode.TEXT, b'{"type":"\xff"}').serialize(mask=True, extensions=[])
        connection.transport.write(frame)

        assert await closed_with(reader) == 1007
    await stack.publish("one")
    assert_delivered(await take(other, 1), 1, 1)


async def test_who_says_nothing_but_nonsense_is_put_out(stack: Stack) -> None:
    """After a hundred errors in a row the connection closes with 4002; one good message in between counts anew."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        await reader.connect()
        for _ in range(99):
            await reader.say({"type": "dance"})
        await reader.say({"type": "ping"})
        for _ in range(100):
            await reader.say({"type": "dance"})

        assert await closed_with(reader) == 4002


async def test_a_bad_body_is_refused_whole(stack: Stack) -> None:
    """A publish that makes no sense is refused with status, code and a sentence, and nothing of it is stored."""
    await stack.start(limits=TIGHT)
    for what, (body, status, code) in BODIES.items():
        answer = await fetch(stack.address, "POST", f"/api/channels/{CHANNEL}/events", body=body)

        error = answer.json()["error"]
        assert (answer.status, error["code"], what) == (status, code, what)
        assert error["message"]
    assert (await stack.publish("one")).offset == 1


QUESTIONS = {
    "/api/channels/a%20b/events": (400, "bad_channel"),
    "/api/channels/%FF/events": (400, "bad_channel"),
    f"/api/channels/{'a' * 256}/stream": (400, "bad_channel"),
    "/api/channels/%20sessions/events?since=": (400, "bad_channel"),
    "/api/stream": (400, "bad_channel"),
    "/api/stream?channel=a&channel=": (400, "bad_channel"),
    "/api/channels/a/events?wait=soon": (400, "bad_message"),
    "/api/channels/a/events?wait=nan": (400, "bad_message"),
    "/api/channels/a/events?limit=0": (400, "bad_message"),
    "/api/channels/a/events?limit=1.5": (400, "bad_message"),
    "/api/channels/a/stream?since=x": (400, "bad_position"),
    "/api/stream?channel=a&channel=b&since=abc.1,,abd.2": (400, "bad_position"),
    f"/api/stream?channel=a&channel=b&since={'abc.1,' * 2_000}": (400, "bad_position"),
    "/api/nothing": (404, "not_found"),
}


async def test_a_bad_request_is_refused(stack: Stack) -> None:
    """Every address answers what it cannot read in the one shape of errors."""
    await stack.start()
    for path, (status, code) in QUESTIONS.items():
        answer = await fetch(stack.address, "GET", path)

        assert (answer.status, answer.json()["error"]["code"], path) == (status, code, path)


async def test_the_wrong_method_is_refused(stack: Stack) -> None:
    """An address that exists says which methods it takes."""
    await stack.start()

    answer = await fetch(stack.address, "DELETE", "/api/channels/a/events")

    assert (answer.status, answer.json()["error"]["details"]["allow"]) == (405, ["GET", "HEAD", "POST"])


NAMES = ["a/b", "a/events", "events", "ü☃", "a%2Fb", "?#&=+", "..", "a\\b", 'a"b', "<b>"]


async def test_any_visible_name_is_a_channel(stack: Stack, transport: str) -> None:
    """A channel's name means nothing to the server: slashes, quotes and route words are carried as they stand."""
    await stack.start()
    for name in NAMES:
        reader = stack.reader(transport)
        await reader.subscribe(name)
        path = f"/api/channels/{quote(name, safe='')}/events"

        answer = await fetch(stack.address, "POST", path, body=b'{"type":"one"}')
        told = await take_until(reader, "one")

        assert answer.status == 201
        assert [event["channel"] for event in told] == [name]
