"""Following channels: many publishers, many channels, leaving, confirming, waiting, asking whether anything changed."""

from __future__ import annotations

import asyncio

import pytest

from headway.testing.readers import EventSourceReader, PollingReader, Refused, SocketIoReader, WebSocketReader, fetch
from headway.testing.waiting import wait_until
from tests.delivery.harness import CHANNEL, TRANSPORTS, Stack, assert_delivered, served, take, take_until


async def test_events_of_two_publishers_stay_gapless_and_in_their_order(stack: Stack, transport: str) -> None:
    """Two publish at once; readers see one sequence without a hole in which each one's events keep their order."""
    await stack.start()
    reader = stack.reader(transport)
    await reader.subscribe(CHANNEL)

    async def publish(who: str) -> None:
        for number in range(20):
            await stack.publish("step", who=who, number=number)

    await asyncio.gather(publish("a"), publish("b"))
    told = await take(reader, 40)

    assert_delivered(told, 1, 40)
    for who in "ab":
        assert [event["number"] for event in told if event["who"] == who] == list(range(20))


async def test_all_transports_tell_the_same(stack: Stack) -> None:
    """Whatever carries them, the events are the same to the last field."""
    await stack.start()
    readers = [stack.reader(name) for name in TRANSPORTS]
    for reader in readers:
        await reader.subscribe(CHANNEL, "")

    await stack.publish("one", percent=1.5, text="Grüße", flag=None)
    await stack.publish("two", key="two")

    told = [await take(reader, 2) for reader in readers]
    assert all(each == told[0] for each in told)


async def test_a_burst_arrives_whole_and_in_order(stack: Stack, transport: str) -> None:
    """A thousand events published as one step reach a reader one by one."""
    await stack.start()
    reader = stack.reader(transport)
    await reader.subscribe(CHANNEL)

    await stack.publish_many(1_000)

    assert_delivered(await take(reader, 1_000), 1, 1_000)


async def test_unsubscribing_stops_one_channel_and_no_other(stack: Stack) -> None:
    """After the answer to `unsubscribe` nothing of the channel comes any more; the other channels go on."""
    await stack.start()
    for reader in (WebSocketReader(stack.address), SocketIoReader(stack.address)):
        async with reader:
            await reader.subscribe("left")
            await reader.subscribe("kept")
            await stack.publish("one", channel="left")
            first = await reader.next()

            await reader.unsubscribe("left")
            await stack.publish("two", channel="left")
            await stack.publish("three", channel="kept")
            second = await reader.next()

            assert [first["type"], second["type"]] == ["one", "three"]


@pytest.mark.timeout(60)
async def test_one_stream_carries_a_hundred_channels_and_resumes_them_all(stack: Stack) -> None:
    """A stream of a hundred channels has one id, and who comes back with it misses nothing in any of them."""
    await stack.start()
    names = [f"host:{number}" for number in range(100)]
    for name in names:
        await stack.publish("before", channel=name)
    async with EventSourceReader(stack.address, others=names[1:]) as first:
        await first.subscribe(names[0])
        for name in names:
            await stack.publish("seen", channel=name)
        seen = await take(first, 100)
        token = first.token
    for name in reversed(names):
        await stack.publish("missed", channel=name)

    async with EventSourceReader(stack.address, others=names[1:]) as second:
        await second.subscribe(names[0], token)
        told = await take(second, 100)

        assert {event["channel"] for event in seen} == set(names)
        assert {event["channel"] for event in told} == set(names)
        assert {(event["type"], event["offset"]) for event in told} == {("missed", 3)}


async def test_a_stream_takes_a_bounded_number_of_channels(stack: Stack) -> None:
    """One channel too many is refused with `too_many`, and a name twice is one."""
    await stack.start()
    names = [f"host:{number}" for number in range(129)]

    async with EventSourceReader(stack.address, others=names[1:]) as reader:
        with pytest.raises(Refused) as refusal:
            await reader.subscribe(names[0])

    assert (refusal.value.code, refusal.value.status) == ("too_many", 429)


async def test_a_session_takes_a_bounded_number_of_channels(stack: Stack) -> None:
    """On a WebSocket the channel too many is refused, and the others go on."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        for number in range(128):
            await reader.subscribe(f"host:{number}")

        with pytest.raises(Refused) as refusal:
            await reader.subscribe("host:128")
        await reader.unsubscribe("host:3")
        await reader.subscribe("host:128")

        assert refusal.value.code == "too_many"


async def test_the_producer_learns_what_all_readers_have_confirmed(stack: Stack) -> None:
    """The lowest offset confirmed by the readers that promised to confirm stands in the channel's description."""
    await stack.start()

    async def acknowledged() -> object:
        return (await fetch(stack.address, "GET", f"/api/channels/{CHANNEL}")).json()["acknowledged"]

    async with WebSocketReader(stack.address, acknowledge=True) as one:
        assert await acknowledged() is None
        await one.subscribe(CHANNEL)
        async with WebSocketReader(stack.address, acknowledge=True) as two:
            await two.subscribe(CHANNEL)
            await stack.publish("step", "step", "step")
            await take(one, 3)
            await take(two, 3)

            await one.say({"type": "ack", "channel": CHANNEL, "offset": 3})
            await two.say({"type": "ack", "channel": CHANNEL, "offset": 2})
            await one.ask({"type": "ping"})
            await two.ask({"type": "ping"})

            assert await acknowledged() == 2
            with pytest.raises(Refused):
                await two.ask({"type": "ack", "channel": CHANNEL, "offset": 4})
        await wait_until(lambda: len(stack.sessions()) == 1)
        assert await acknowledged() == 3


async def test_a_waiting_poll_is_answered_by_the_next_event(stack: Stack) -> None:
    """A long-poll that found nothing comes back with the event as soon as there is one, not at its end."""
    await stack.start()
    head = await stack.publish("one")
    path = f"/api/channels/{CHANNEL}/events?since={head}&wait=30"
    poll = asyncio.create_task(fetch(stack.address, "GET", path))
    await wait_until(lambda: stack.live.running.hub.statistics()["waiting_polls"] == 1)

    await stack.publish("two")

    assert [event["type"] for event in (await poll).json()["events"]] == ["two"]


async def test_a_poll_of_what_is_known_is_not_modified(stack: Stack) -> None:
    """Who sends the ETag back gets 304 without a body until something happens; also where a proxy has made it weak."""
    await stack.start()
    await stack.publish("one")
    path = f"/api/channels/{CHANNEL}/events"
    first = await fetch(stack.address, "GET", path)
    etag = first.headers["etag"]

    unchanged = await fetch(stack.address, "GET", path, headers={"If-None-Match": f"W/{etag}"})
    await stack.publish("two")
    changed = await fetch(stack.address, "GET", path, headers={"If-None-Match": etag})

    assert etag == f'"{first.json()["position"]}"'
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert changed.status == 200


async def test_a_poll_says_whether_there_is_more(stack: Stack) -> None:
    """A page ends where its bound is; `more` says that asking again at once is worth it."""
    await stack.start()
    await stack.publish_many(5)
    path = f"/api/channels/{CHANNEL}/events?limit=3&since="

    first = (await fetch(stack.address, "GET", path)).json()
    rest = (await fetch(stack.address, "GET", path + first["position"])).json()

    assert (len(first["events"]), first["more"], len(rest["events"]), rest["more"]) == (3, True, 2, False)


async def test_an_answer_that_was_lost_is_asked_for_again() -> None:
    """The server keeps nothing for a poller: the same question has the same answer."""
    async with served() as stack, PollingReader(stack.address, limit=2) as reader:
        await stack.publish_many(5)
        await reader.subscribe(CHANNEL, "")
        await reader.cut()
        async with PollingReader(stack.address, limit=2) as again:
            await again.subscribe(CHANNEL, reader.token)
            await stack.publish("done")

            assert_delivered(await take_until(again, "done"), 1, 6)


async def test_subscribing_twice_repeats_nothing(stack: Stack) -> None:
    """A second `subscribe` without a position is answered with where the reader is; with one it begins there again."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)
        await stack.publish("one", "two")
        await take(reader, 2)

        again = await reader.subscribe(CHANNEL)
        await reader.subscribe(CHANNEL, "")
        told = await take(reader, 2)

        assert again.recovered
        assert again.position == told[-1]["position"]
        assert_delivered(told, 1, 2)
