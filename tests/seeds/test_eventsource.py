"""EventSource, of npm and of Chromium: both resume by themselves, by the last event id."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from headway.testing.serving import process
from tests.seeds.gateway import Gateway
from tests.seeds.homes import Client, Fields, Home
from tests.seeds.producer import Producer


def seen(client: Client, channel: str) -> list[Fields]:
    """The events of a channel that the page was given."""
    given = client.events("message", "message", channel)
    return [message for message in given if message["type"] not in ("subscribed", "gap")]


async def burst(producer: Producer, channel: str, count: int) -> None:
    """Milestones: none may be missing."""
    await producer.publish_all(channel, [{"type": "row", "data": {"n": n}} for n in range(count)])


async def test_after_a_cut_one_channel_goes_on_where_it_was(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """The browser sends the last id by itself: each event arrives exactly once, and the second beginning says
    `recovered`.
    """
    async with home.run("eventstream", gateway.address, path=f"/api/channels/{channel}/stream") as client:
        await producer.followed(channel)
        await burst(producer, channel, 5)
        await client.until(lambda: len(seen(client, channel)) == 5)
        gateway.cut()
        await client.heard("failure")
        await burst(producer, channel, 5)
        await client.heard("connect", 2)
        await burst(producer, channel, 1)
        await client.until(lambda: len(seen(client, channel)) == 11)

        assert seen(client, channel) == await producer.log(channel)
        beginnings = [
            report["message"] for report in client.told("message") if report["message"]["type"] == "subscribed"
        ]
        assert [beginning["recovered"] for beginning in beginnings][1:] == [True]


async def test_a_page_that_has_seen_no_event_has_a_place_to_go_on_from(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """The very first frame has an id, so what happens before the first event is not lost either."""
    async with home.run("eventstream", gateway.address, path=f"/api/channels/{channel}/stream") as client:
        await client.heard("message")
        gateway.cut()
        await client.heard("failure")
        await burst(producer, channel, 3)
        await client.until(lambda: len(seen(client, channel)) == 3)

        assert seen(client, channel) == await producer.log(channel)


async def test_one_id_stands_for_several_channels(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """A stream of a fast, a slow and a silent channel goes on in each of them where it was."""
    channels = [f"{channel}-{name}" for name in ("fast", "slow", "silent")]
    path = f"/api/stream?{urlencode([('channel', name) for name in channels])}"
    async with home.run("eventstream", gateway.address, path=path) as client:
        for name in channels:
            await producer.followed(name)
        await burst(producer, channels[1], 1)
        await burst(producer, channels[0], 50)
        await client.until(lambda: len(seen(client, channels[0])) == 50)
        gateway.cut()
        await client.heard("failure")
        for name in channels:
            await burst(producer, name, 4)
        await client.until(lambda: all(len(seen(client, name)) >= 4 for name in channels))
        await client.until(lambda: len(seen(client, channels[0])) == 54)

        for name in channels:
            assert seen(client, name) == await producer.log(name)


@pytest.mark.timeout(45)
async def test_a_restart_of_the_server_loses_nothing(home: Home, channel: str, tmp_path: Path) -> None:
    """The server ends, the stream fails, the browser comes back to another process over the same data: nothing is
    missing or twice there.
    """
    async with (
        process(tmp_path) as first,
        Gateway(first.address) as gateway,
        home.run("eventstream", gateway.address, path=f"/api/channels/{channel}/stream") as client,
    ):
        producer = Producer(first.address)
        await producer.followed(channel)
        await burst(producer, channel, 5)
        await client.until(lambda: len(seen(client, channel)) == 5)
        first.terminate()
        await first.ended()
        await client.heard("failure")
        async with process(tmp_path) as second:
            gateway.server = second.address
            producer = Producer(second.address)
            await burst(producer, channel, 5)
            await client.until(lambda: len(seen(client, channel)) == 10)

            assert seen(client, channel) == await producer.log(channel)
