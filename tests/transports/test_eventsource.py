"""What only Server-Sent Events have: ids, retry, heartbeats, headers, the spellings of polyfills, the plain dialect."""

from __future__ import annotations

import asyncio

import pytest

from headway.limits import Limits
from headway.testing.readers import Ended, EventSourceReader
from headway.testing.waiting import wait_until
from tests.delivery.harness import CHANNEL, Stack, take

PATH = f"/api/channels/{CHANNEL}/stream"


async def test_the_answer_is_a_stream_that_proxies_let_through(stack: Stack) -> None:
    """The head forbids caching, transforming and buffering."""
    await stack.start()
    async with EventSourceReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)

        headers = reader.answer_headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-cache, no-transform"
        assert headers["x-accel-buffering"] == "no"


async def test_the_very_first_frame_has_an_id_and_names_when_to_come_back(stack: Stack) -> None:
    """A client that saw no event resumes as well."""
    await stack.start()
    head = await stack.publish("one")
    async with EventSourceReader(stack.address) as reader:
        await reader.open(PATH)
        await reader.frame()

        assert (reader.token, reader.retry) == (str(head), 2_000)


@pytest.mark.parametrize(
    "name", ["since", "lastEventId", "last_event_id", "lastEventID", "Last-Event-ID", "evs_last_event_id"]
)
async def test_a_position_may_stand_in_the_query(stack: Stack, name: str) -> None:
    """Polyfills put the last event id into the URL, each under a name of its own."""
    await stack.start()
    position = await stack.publish("one")
    await stack.publish("two")
    async with EventSourceReader(stack.address) as reader:
        await reader.open(f"{PATH}?{name}={position}")
        beginning = await reader.frame()

        assert beginning["recovered"]
        assert (await reader.next())["type"] == "two"


async def test_the_header_goes_before_the_query(stack: Stack) -> None:
    """A browser reconnects with the URL it began with, and knows better by then."""
    await stack.start()
    await stack.publish("one")
    position = await stack.publish("two")
    await stack.publish("three")
    async with EventSourceReader(stack.address) as reader:
        await reader.open(f"{PATH}?since=", {"Last-Event-ID": str(position)})
        await reader.frame()

        assert (await reader.next())["type"] == "three"


async def test_a_quiet_stream_shows_that_it_lives(stack: Stack) -> None:
    """A named frame comes every so often, which a page can listen for and `onmessage` does not see."""
    await stack.start(limits=Limits(stream_heartbeat_seconds=0.02))
    async with EventSourceReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)
        waiting = asyncio.create_task(reader.next())
        await wait_until(lambda: reader.heartbeats >= 2)
        await stack.publish("one")

        assert (await waiting)["type"] == "one"


async def test_a_drained_stream_ends_whole_and_says_when_to_come_back(stack: Stack) -> None:
    """The body is ended as HTTP has it, after a last `retry`."""
    await stack.start()
    async with EventSourceReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)
        draining = asyncio.create_task(stack.live.drain(0.0))
        with pytest.raises(Ended) as end:
            await reader.next()
        await draining

        assert isinstance(end.value.__cause__, StopAsyncIteration)
        assert (reader.retries, end.value.retry) == (2, 1)


async def test_a_channel_that_is_new_to_the_stream_begins_with_its_snapshot(stack: Stack) -> None:
    """Who comes back and follows one channel more resumes the old ones, and is told the state of the new one."""
    await stack.start()
    position = await stack.publish("one", channel="a")
    await stack.publish("two", channel="a")
    await stack.publish("progress", channel="b", key="progress")
    async with EventSourceReader(stack.address, others=["b"]) as reader:
        await reader.subscribe("a", str(position))

        assert reader.beginnings["a"].recovered
        assert not reader.beginnings["b"].recovered
        assert [event["type"] for event in reader.beginnings["b"].snapshot or []] == ["progress"]
        assert [event["type"] for event in await take(reader, 1)] == ["two"]


@pytest.mark.parametrize("token", ["lost.7", "lost.7,gone.8", "lost.7,gone.8,dead.9"])
async def test_positions_that_no_channel_knows_are_announced_as_gaps(stack: Stack, token: str) -> None:
    """After the log began another life, each channel of the stream says that something is missing, however many there
    are."""
    await stack.start()
    async with EventSourceReader(stack.address, others=["b"]) as reader:
        await reader.subscribe("a", token)
        gaps = await take(reader, 2)

        assert [(gap["type"], gap["channel"], gap["reason"]) for gap in gaps] == [
            ("gap", "a", "epoch"),
            ("gap", "b", "epoch"),
        ]


async def test_the_plain_dialect_tells_events_and_nothing_else(stack: Stack) -> None:
    """`/api/import/progress/{id}`: the state first, then what is new, and not one other message; ids as ever."""
    await stack.start()
    await stack.publish("progress", key="progress", current=1)
    async with EventSourceReader(stack.address) as reader:
        await reader.open(f"/api/import/progress/{CHANNEL}")
        state = await reader.frame()
        token = reader.token
        await stack.publish("completion")

        assert (state["type"], state["current"], token) == ("progress", 1, state["position"])
        assert (await reader.frame())["type"] == "completion"


async def test_a_reader_that_leaves_is_forgotten(stack: Stack) -> None:
    """A closed connection frees its cursors, on a quiet channel too."""
    await stack.start()
    async with EventSourceReader(stack.address, others=["b", "c"]) as reader:
        await reader.subscribe("a")
        assert stack.live.running.hub.statistics()["cursors"] == 3

    await wait_until(stack.left_alone)
