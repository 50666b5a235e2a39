"""Publishing over HTTP: one event, several, lines; and once, however often it is asked."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headway.testing.readers import Answer, Refused, WebSocketReader, fetch
from tests.delivery.harness import CHANNEL, Stack, assert_delivered, take

PATH = f"/api/channels/{CHANNEL}/events"


async def post(stack: Stack, body: object, **headers: str) -> Answer:
    """Publish, with headers whose names have underscores for hyphens."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await fetch(stack.address, "POST", PATH, body=data, headers=named)


@pytest.mark.parametrize(
    ("body", "content_type", "count"),
    [
        (b'{"type":"x","data":{"a":1},"key":"k"}', "application/json", 1),
        (b'[{"type":"x"},{"type":"y"}]', "application/json", 2),
        (b'{"type":"x"}\n\n{"type":"y"}\r\n{"type":"z"}', "application/x-ndjson", 3),
        (b'{"type":"x"}', "application/x-www-form-urlencoded", 1),
    ],
    ids=["one", "array", "lines", "as curl calls it"],
)
async def test_events_are_published_as_one_step(stack: Stack, body: bytes, content_type: str, count: int) -> None:
    """The answer says how many were stored and where the last one stands; readers have been told."""
    await stack.start()
    reader = stack.reader("websocket")
    await reader.subscribe(CHANNEL)

    answer = await post(stack, body, content_type=content_type)
    told = await take(reader, count)

    assert answer.status == 201
    assert answer.json() == {
        "channel": CHANNEL,
        "offset": count,
        "position": told[-1]["position"],
        "count": count,
        "replayed": False,
    }
    assert_delivered(told, 1, count)


async def test_a_bad_line_is_named(stack: Stack) -> None:
    """Of lines the first bad one is named by its number, and none is stored."""
    await stack.start()

    answer = await post(stack, b'{"type":"x"}\n\n{"type":', content_type="application/x-ndjson")

    assert (answer.status, answer.json()["error"]["code"]) == (400, "bad_json")
    assert "line 3" in answer.json()["error"]["message"]
    assert (await stack.publish("one")).offset == 1


async def test_an_idempotency_key_stores_once(stack: Stack) -> None:
    """Ten times the same with one key, at once and later, is stored once; every answer names the same position."""
    await stack.start()
    event = {"type": "x", "data": {"a": 1}}

    answers = await asyncio.gather(*[post(stack, event, idempotency_key="k") for _ in range(10)])
    later = await post(stack, event, idempotency_key="k")

    assert sorted(answer.status for answer in answers) == [200] * 9 + [201]
    assert (later.status, later.json()["replayed"]) == (200, True)
    assert {answer.json()["position"] for answer in [*answers, later]} == {later.json()["position"]}
    assert (await stack.publish("one")).offset == 2


async def test_an_idempotency_key_for_something_else_is_refused(stack: Stack) -> None:
    """A key that comes with other events is a mistake of the caller's: 422. On another channel it is another key."""
    await stack.start()
    await post(stack, {"type": "x"}, idempotency_key="k")

    other = await post(stack, {"type": "y"}, idempotency_key="k")
    elsewhere = await fetch(
        stack.address,
        "POST",
        "/api/channels/elsewhere/events",
        body=b'{"type":"y"}',
        headers={"Idempotency-Key": "k"},
    )

    assert (other.status, other.json()["error"]["code"]) == (422, "idempotency_conflict")
    assert elsewhere.status == 201


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_idempotency_key_has_bounds(stack: Stack, key: str) -> None:
    """A key that is no key is refused, not ignored: ignoring it would store twice."""
    await stack.start()

    answer = await post(stack, {"type": "x"}, idempotency_key=key)

    assert (answer.status, answer.json()["error"]["code"]) == (400, "bad_message")


async def test_publishing_over_a_websocket(stack: Stack) -> None:
    """A client may publish over its own connection, one event or several, and with an idempotency key once."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)
        request = {"type": "publish", "channel": CHANNEL, "events": [{"type": "a"}, {"type": "b"}]}

        first = await reader.ask({**request, "idempotency_key": "k", "id": 7})
        second = await reader.ask({**request, "idempotency_key": "k"})
        told = await take(reader, 2)
        with pytest.raises(Refused) as refusal:
            await reader.ask({"type": "publish", "channel": CHANNEL, "event": {"type": "c"}, "idempotency_key": "k"})

        assert (first["count"], first["position"], first["replayed"], first["id"]) == (2, told[1]["position"], False, 7)
        assert (second["position"], second["replayed"]) == (first["position"], True)
        assert refusal.value.code == "idempotency_conflict"
        assert_delivered(told, 1, 2)


async def test_the_seeds_pollers_get_one_object_that_changes_only_with_the_channel(stack: Stack) -> None:
    """`/api/import/progress/{id}` is the newest event as JSON, with an ETag; before the first it says that it waits."""
    await stack.start()
    path = f"/api/import/progress/{CHANNEL}"

    before = await fetch(stack.address, "GET", path)
    await stack.publish("progress", key="progress", percent=40)
    after = await fetch(stack.address, "GET", path)
    again = await fetch(stack.address, "GET", path, headers={"If-None-Match": after.headers["etag"]})

    assert before.json()["status"] == "waiting"
    assert (after.json()["type"], after.json()["percent"]) == ("progress", 40)
    assert again.status == 304
