"""The guide's connection (seed 004): a raw WebSocket at /ws with token, heartbeat, back-off and an offline queue;
polling below it.
"""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from headway.testing.serving import Address
from tests.seeds.conftest import SECRET, signed
from tests.seeds.gateway import Door, Gateway
from tests.seeds.homes import Client, Home
from tests.seeds.producer import Producer

IMPATIENT: dict[str, Any] = {"reconnectDelay": 20, "jitter": 10}
"""The guide's back-off with other numbers, so that a test does not wait for seconds. Any: JSON values."""


async def process_a_file(producer: Producer, channel: str) -> None:
    """Work as the guide's page knows it."""
    for percent in (10, 60):
        await producer.publish(
            channel, "processing_progress", key="state", progress=percent, eta="2 min", current_file="a.csv"
        )
    await producer.publish(channel, "processing_error", error="row 7: no email")
    await producer.publish(channel, "processing_complete", key="state")


SHOWN = ["10% 2 min a.csv", "60% 2 min a.csv", "error: row 7: no email", "complete"]


def seen(client: Client, channel: str) -> list[dict[str, Any]]:  # Any: JSON values
    """What the page's handlers were called with."""
    return client.events("shown", "message", channel)


async def test_a_subscribed_channel_is_shown(home: Home, server: Address, producer: Producer, channel: str) -> None:
    """`subscribe {channel}` without a token: the three handlers find `progress`, `eta`, `current_file` and `error`."""
    async with home.run("guide", server, channel=channel) as client:
        await producer.followed(channel)
        await process_a_file(producer, channel)
        await client.heard("shown", 4)

        assert [report["text"] for report in client.told("shown")] == SHOWN
        assert seen(client, channel) == await producer.log(channel)
        assert [report["message"]["type"] for report in client.told("unhandled")] == ["subscribed"]


async def test_who_comes_late_is_shown_the_state(home: Home, server: Address, producer: Producer, channel: str) -> None:
    """The guide's page knows no `subscribed`; its URL says so, and the newest event of each key reaches it as the
    message it has a handler for.
    """
    await process_a_file(producer, channel)
    async with home.run("guide", server, channel=channel) as client:
        await producer.followed(channel)
        await producer.publish(channel, "processing_error", error="row 8: no email")
        await client.heard("shown", text="error: row 8: no email")

        assert seen(client, channel) == (await producer.log(channel))[-2:]


async def test_nothing_happens_before_the_token_is_accepted(home: Home, guarded: Address, channel: str) -> None:
    """The first message is `auth`; `auth_success` comes before anything else, and only then the page subscribes and
    is shown.
    """
    producer = Producer(guarded, signed(publish=["*"]))
    async with home.run("guide", guarded, channel=channel, token=signed()) as client:
        await producer.followed(channel)
        await process_a_file(producer, channel)
        await client.heard("shown", 4)

        assert [report["kind"] for report in client.reports[:3]] == ["begun", "authenticated", "connect"]
        assert seen(client, channel) == await producer.log(channel)


@pytest.mark.parametrize(
    "bad", ["", jwt.encode({"sub": "anna", "exp": 1_700_000_000}, SECRET, "HS256")], ids=["empty", "expired"]
)
async def test_a_bad_token_is_told_and_ends(home: Home, guarded: Address, bad: str) -> None:
    """`auth_failed`, then the close; this client does not come back."""
    async with home.run("guide", guarded, channel="c", token=bad) as client:
        await client.heard("gave up")

        assert [report["kind"] for report in client.reports] == ["begun", "refused", "disconnect", "gave up"]


async def test_each_ping_is_answered(home: Home, server: Address, channel: str) -> None:
    """The heartbeat's `ping` gets its `pong` also where nothing is published, so the client never takes the
    connection for dead.
    """
    async with home.run("guide", server, channel=channel, heartbeatTimeout=1000) as client:
        await client.heard("pong", 3)

        assert client.told("heartbeat timeout") == []
        assert client.told("disconnect") == []


async def test_a_silent_line_is_noticed_and_left(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """Where no pong comes for the heartbeat's time the client closes, comes back, and is shown what is new."""
    async with home.run("guide", gateway.address, channel=channel, heartbeatTimeout=600, **IMPATIENT) as client:
        await producer.followed(channel)
        gateway.hold(Door.WEBSOCKET)
        await client.heard("heartbeat timeout")
        gateway.cut()
        gateway.open()
        await client.heard("connect", 2)
        await producer.followed(channel)
        await process_a_file(producer, channel)
        await client.heard("shown", 4)

        assert seen(client, channel) == await producer.log(channel)


async def test_the_back_off_grows_and_the_queue_is_flushed_when_the_line_is_back(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """Turned away, the client waits twice as long each time; what it wanted to say meanwhile it says first when it is
    back, and it counts.
    """
    later = f"{channel}-later"
    async with home.run("guide", gateway.address, channel=channel, maxReconnectAttempts=50, **IMPATIENT) as client:
        await producer.followed(channel)
        gateway.close(Door.WEBSOCKET)
        await client.heard("waiting", 4)
        await client.tell("send", message={"type": "subscribe", "channel": later})
        await client.heard("queued")
        gateway.open()
        await client.heard("connect", 2)
        await producer.followed(later)
        await producer.followed(channel)

        await process_a_file(producer, channel)
        await process_a_file(producer, later)
        await client.heard("shown", 8)

        assert [report["delay"] for report in client.told("waiting")][:4] == [20, 40, 80, 160]
        assert seen(client, channel) == await producer.log(channel)
        assert seen(client, later) == await producer.log(later)


async def test_behind_a_token_the_client_comes_back_authenticated(home: Home, guarded: Address, channel: str) -> None:
    """Every new connection begins with `auth` again."""
    producer = Producer(guarded, signed(publish=["*"]))
    async with (
        Gateway(guarded) as gateway,
        home.run("guide", gateway.address, channel=channel, token=signed(), **IMPATIENT) as client,
    ):
        await producer.followed(channel)
        gateway.cut()
        await client.heard("authenticated", 2)
        await client.heard("connect", 2)
        await producer.followed(channel)
        await process_a_file(producer, channel)
        await client.heard("shown", 4)

        assert seen(client, channel) == await producer.log(channel)


async def test_who_gives_up_on_websocket_polls_and_hears_of_changes_only(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """After its last attempt the client polls; its callback is called when the JSON has changed and at no other
    time.
    """
    gateway.close(Door.WEBSOCKET)
    path = f"/api/import/progress/{channel}"
    async with home.run(
        "guide", gateway.address, maxReconnectAttempts=2, pollingPath=path, pollInterval=30, **IMPATIENT
    ) as client:
        await client.heard("polled", 3)
        assert len(client.told("changed")) == 1
        await producer.publish(channel, "processing_progress", key="state", progress=10, eta="1 min", current_file="a")
        await client.heard("changed", 2)
        polled = len(client.told("polled"))
        await client.heard("polled", polled + 3)
        assert len(client.told("changed")) == 2
        await producer.publish(channel, "processing_complete", key="state")
        await client.heard("changed", 3)

        assert [report["data"] for report in client.told("changed")][1:] == await producer.log(channel)


async def test_the_events_of_a_channel_can_be_polled_in_the_same_way(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """The native polling address without a position answers with the state: it changes with every event and never
    without one.
    """
    path = f"/api/channels/{channel}/events"
    async with home.run("guide", server, pollingOnly=True, pollingPath=path, pollInterval=30) as client:
        await client.heard("polled", 3)
        assert len(client.told("changed")) == 1
        await process_a_file(producer, channel)
        await client.until(
            lambda: (
                [event["type"] for event in client.told("changed")[-1]["data"]["snapshot"]] == ["processing_complete"]
            )
        )
        changes = len(client.told("changed"))
        polled = len(client.told("polled"))
        await client.heard("polled", polled + 3)

        assert len(client.told("changed")) == changes
        assert client.told("changed")[-1]["data"]["snapshot"] == (await producer.log(channel))[-1:]
