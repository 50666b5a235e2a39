"""`Headway` as a program holds it: publish, start, drain, close; and what of its ASGI face is no transport."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from headway import Headway
from headway.codes import Code
from headway.errors import Closed, HeadwayError, InvalidChannel, InvalidEvent, StorageError
from headway.events import Draft
from headway.testing.readers import EventSourceReader, WebSocketReader, fetch
from headway.testing.serving import Kind, serving

Message = MutableMapping[str, Any]  # Any: ASGI's own shapes
CHANNEL = "run:7"


async def test_publishing_starts_it() -> None:
    """A program publishes without any set-up and is told the position."""
    live = Headway()

    first = await live.publish(CHANNEL, "one", {"a": 1})
    both = await live.publish_all(CHANNEL, [Draft.of("two"), Draft.of("three")])

    assert [first.offset, *[position.offset for position in both]] == [1, 2, 3]
    await live.close()


async def test_what_cannot_be_published_says_why() -> None:
    """A channel that cannot be and an event that cannot be built are the caller's mistakes; nothing is stored."""
    async with Headway() as live:
        with pytest.raises(InvalidChannel):
            await live.publish("a b", "one")
        with pytest.raises(InvalidEvent) as refusal:
            await live.publish(CHANNEL, "one", {"offset": 7})

        assert refusal.value.code is Code.RESERVED_FIELD
        assert (await live.publish(CHANNEL, "one")).offset == 1


async def test_an_idempotency_key_works_for_programs_too() -> None:
    """The second call with the same key is told the position of the first."""
    async with Headway() as live:
        first = await live.publish(CHANNEL, "one", idempotency_key="k")

        assert await live.publish(CHANNEL, "one", idempotency_key="k") == first


async def test_what_was_published_outlives_it(tmp_path: Path) -> None:
    """With a data folder the next one goes on with the next offset of the same epoch."""
    async with Headway(tmp_path) as live:
        first = await live.publish(CHANNEL, "one")
    async with Headway(tmp_path) as live:
        second = await live.publish(CHANNEL, "two")

    assert (second.epoch, second.offset) == (first.epoch, 2)


async def test_a_folder_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    """A file where the folder should be, and a folder in use, are storage errors."""
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(StorageError):
        await Headway(blocked).start()

    async with Headway(tmp_path / "data"):
        with pytest.raises(StorageError, match="used by another"):
            await Headway(tmp_path / "data").start()


async def test_closed_is_closed() -> None:
    """After its end it takes no more calls, however it had been used; ending twice is ending once."""
    used, unused = Headway(), Headway()
    await used.publish(CHANNEL, "one")

    for live in (used, unused):
        await live.close()
        await live.close()

        with pytest.raises(Closed):
            await live.publish(CHANNEL, "two")
        with pytest.raises(Closed):
            await live.start()


async def test_starting_at_once_from_everywhere_starts_it_once(tmp_path: Path) -> None:
    """Its first requests may come together."""
    live = Headway(tmp_path)

    positions = await asyncio.gather(*[live.publish(CHANNEL, "one") for _ in range(10)])

    assert sorted(position.offset for position in positions) == list(range(1, 11))
    await live.close()


async def test_its_lifespan_starts_and_ends_it() -> None:
    """As an application of its own, it is ready when the server's lifespan says so, and closed at its end."""
    live = Headway()
    told: list[str] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        told.append(message["type"])

    await live({"type": "lifespan"}, receive, send)

    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(HeadwayError):
        await live.start()


async def test_a_lifespan_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The server is told what is wrong, and does not listen."""
    (tmp_path / "file").touch()
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        told.append(message)

    await Headway(tmp_path / "file")({"type": "lifespan"}, receive, send)

    assert [message["type"] for message in told] == ["lifespan.startup.failed"]
    assert "cannot be used" in told[0]["message"]


@pytest.mark.parametrize("kind", Kind)
async def test_health_counts_what_is_open(kind: Kind) -> None:
    """Health says that all is well, and how many connections and readers there are, by transport."""
    async with (
        serving(Headway(), kind) as address,
        WebSocketReader(address) as one,
        EventSourceReader(address) as two,
    ):
        await one.subscribe(CHANNEL)
        await two.subscribe(CHANNEL)

        answer = await fetch(address, "GET", "/api/health")

    details = answer.json()["details"]
    assert (answer.status, answer.json()["status"]) == (200, "healthy")
    assert details["connections"]["by_transport"] == {"websocket": 1, "eventsource": 1}
    assert details["hub"]["cursors"] == 2
    assert answer.headers["cache-control"] == "no-store"


async def test_a_draining_server_says_so_to_balancers() -> None:
    """While it is about to leave, health is 503: send nobody here any more."""
    live = Headway()
    async with serving(live) as address:
        await live.drain(0.0)

        answer = await fetch(address, "GET", "/api/health")

    assert (answer.status, answer.json()["details"]["checks"]["server"]["status"]) == (503, "degraded")


async def test_the_interface_is_described() -> None:
    """The OpenAPI document names every address of the HTTP interface."""
    async with serving(Headway()) as address:
        document = (await fetch(address, "GET", "/openapi.json")).json()

    assert document["openapi"] == "3.1.0"
    assert {
        "/api/health",
        "/api/channels/{channel}",
        "/api/channels/{channel}/events",
        "/api/channels/{channel}/stream",
        "/api/stream",
        "/api/import/progress/{channel}",
    } <= set(document["paths"])
