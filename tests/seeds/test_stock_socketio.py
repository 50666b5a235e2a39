"""`socket.io-client` as it comes from npm: through every disconnect its transcript of each channel equals the log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from headway.testing.readers import Ended, WebSocketReader
from headway.testing.serving import Address, Process, process
from tests.seeds.conftest import signed
from tests.seeds.gateway import SOCKET_IO, Door, Gateway
from tests.seeds.homes import Client, Home
from tests.seeds.producer import Producer

Fields = dict[str, Any]
"""An event, or the client's settings. Any: JSON values."""

TRANSPORTS: dict[str, Fields] = {
    "default": {},
    "websocket": {"transports": ["websocket"]},
    "polling": {"transports": ["polling"]},
}
IMPATIENT: Fields = {"reconnectionDelay": 50, "reconnectionDelayMax": 200}
"""For tests of many disconnects; the others leave the stock delays as they are."""

each_transport = pytest.mark.parametrize("settings", TRANSPORTS.values(), ids=list(TRANSPORTS))


async def follow(client: Client, producer: Producer, *channels: str) -> None:
    """Have the client follow channels."""
    await client.heard("connect")
    for channel in channels:
        await client.tell("emit", name="subscribe", fields={"channel": channel})
        await producer.followed(channel)


async def burst(producer: Producer, channel: str, count: int) -> None:
    """Milestones: none may be missing."""
    await producer.publish_all(channel, [{"type": "row", "data": {"n": n}} for n in range(count)])


async def assert_told_everything(client: Client, producer: Producer, *channels: str) -> None:
    """The client has been told each event of each channel exactly once, in order."""
    for channel in channels:
        log = await producer.log(channel)
        await client.until(partial(has, client, channel, len(log)), f"all of {channel}")
        assert told(client, channel) == log


async def settled(client: Client, settings: Fields, times: int = 1) -> None:
    """Wait until the client has connected so often, and upgraded if it does: cut between the probe of its upgrade and
    the end of it, the stock client notices by nothing but its ping timeout.
    """
    await client.heard("connect", times)
    if "transports" not in settings:
        await client.heard("upgrade", times)


async def lose(client: Client, gateway: Gateway, times: int = 1) -> None:
    """Cut until the client has noticed; between two polls there is nothing to cut."""

    def noticed() -> bool:
        if len(client.told("disconnect")) < times:
            gateway.cut()
        return len(client.told("disconnect")) >= times

    await client.until(noticed, f"disconnect {times}")


def told(client: Client, channel: str) -> list[Fields]:
    """The events of a channel that the client was told, without the answers to what it asked."""
    return [event for event in client.events("event", "data", channel) if event["type"] != "subscribed"]


def has(client: Client, channel: str, count: int) -> bool:
    """Whether the client has been told so many events of a channel."""
    return len(told(client, channel)) >= count


def recovered(client: Client) -> list[bool]:
    """What `socket.recovered` was at each connect."""
    return [report["recovered"] for report in client.told("connect")]


@each_transport
async def test_a_disconnect_loses_nothing_on_fast_slow_and_silent_channels(
    home: Home, gateway: Gateway, producer: Producer, channel: str, settings: Fields
) -> None:
    """One token stands for all channels: the fast one, the slow one, and the one that had not said anything yet."""
    fast, slow, silent = (f"{channel}-{name}" for name in ("fast", "slow", "silent"))
    async with home.run("stocksocket", gateway.address, settings=settings) as client:
        await follow(client, producer, fast, slow, silent)
        await burst(producer, slow, 1)
        await burst(producer, fast, 100)
        await client.until(lambda: len(told(client, fast)) == 100 and len(told(client, slow)) == 1)

        await settled(client, settings)
        await client.tell("closeEngine")
        await client.heard("disconnect")
        await burst(producer, fast, 100)
        await burst(producer, slow, 1)
        await burst(producer, silent, 1)
        await client.heard("connect", 2)
        await burst(producer, fast, 10)
        await burst(producer, silent, 1)

        await assert_told_everything(client, producer, fast, slow, silent)
        assert recovered(client) == [False, True]
        assert client.told("open")[0]["transport"] == ("websocket" if "websocket" in str(settings) else "polling")


@pytest.mark.node
@each_transport
async def test_a_client_that_has_seen_no_event_yet_loses_nothing(
    node: Home, gateway: Gateway, producer: Producer, channel: str, settings: Fields
) -> None:
    """Without any event it has no token, only its `pid`; that is enough, also where the network cut it off."""
    other = f"{channel}-other"
    async with node.run("stocksocket", gateway.address, settings=settings) as client:
        await follow(client, producer, channel, other)
        await settled(client, settings)
        await lose(client, gateway)
        await burst(producer, channel, 3)
        await burst(producer, other, 1)
        await client.heard("connect", 2)

        await assert_told_everything(client, producer, channel, other)
        assert recovered(client) == [False, True]


@pytest.mark.node
@each_transport
async def test_a_second_and_a_third_disconnect_lose_nothing_either(
    node: Home, gateway: Gateway, producer: Producer, channel: str, settings: Fields
) -> None:
    """Also where one life of the connection saw no event at all."""
    other = f"{channel}-other"
    async with node.run("stocksocket", gateway.address, settings=settings | IMPATIENT) as client:
        await follow(client, producer, channel, other)
        for life, events in enumerate((3, 0, 2), start=1):
            await burst(producer, channel, 2) if events else None
            await settled(client, settings, life)
            await lose(client, gateway, life)
            if events:
                await burst(producer, channel, events)
                await burst(producer, other, 1)
            await client.heard("connect", life + 1)
        await burst(producer, channel, 1)

        await assert_told_everything(client, producer, channel, other)
        assert recovered(client) == [False, True, True, True]


@pytest.mark.node
@each_transport
async def test_a_stream_that_is_cut_again_and_again_arrives_whole(
    node: Home, gateway: Gateway, producer: Producer, channel: str, settings: Fields
) -> None:
    """Cuts fall anywhere: between events, in the middle of a poll, while the client is being brought up to date."""
    other = f"{channel}-other"
    async with node.run("stocksocket", gateway.address, settings=settings | IMPATIENT) as client:
        await follow(client, producer, channel, other)
        for life in range(2, 9):
            await settled(client, settings, life - 1)
            while len(client.told("connect")) < life:
                await burst(producer, channel, 7)
                await burst(producer, other, 1)
                if len(client.told("disconnect")) < life - 1:
                    await client.tell("closeEngine") if life % 3 == 0 else gateway.cut()

        await assert_told_everything(client, producer, channel, other)
        assert recovered(client)[1:] == [True] * 7


@pytest.mark.node
@pytest.mark.timeout(45)
@pytest.mark.parametrize("end", [Process.terminate, Process.kill], ids=["SIGTERM", "SIGKILL"])
async def test_a_restart_of_the_server_loses_nothing(
    node: Home, channel: str, tmp_path: Path, end: Callable[[Process], None]
) -> None:
    """Told to end, or killed while it publishes: over the same data folder all clients go on after exactly what they
    saw.
    """
    other, silent = f"{channel}-other", f"{channel}-silent"
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(process(tmp_path))
        gateway = await stack.enter_async_context(Gateway(first.address))
        clients = [
            await stack.enter_async_context(node.run("stocksocket", gateway.address, settings=settings))
            for settings in TRANSPORTS.values()
        ]
        producer = Producer(first.address)
        for number, (client, settings) in enumerate(zip(clients, TRANSPORTS.values(), strict=True), start=1):
            await settled(client, settings)
            for name in (channel, other, silent):
                await client.tell("emit", name="subscribe", fields={"channel": name})
                await producer.followed(name, number)
        await burst(producer, channel, 50)
        await burst(producer, other, 1)
        publishing = asyncio.create_task(publish_until_it_fails(producer, channel))
        await asyncio.gather(*(client.until(partial(has, client, channel, 60)) for client in clients))
        end(first)
        await first.ended()
        await publishing

        second = await stack.enter_async_context(process(tmp_path))
        gateway.server = second.address
        producer = Producer(second.address)
        await burst(producer, channel, 5)
        await burst(producer, silent, 1)

        for client in clients:
            await client.heard("connect", recovered=True)
            await assert_told_everything(client, producer, channel, other, silent)


async def publish_until_it_fails(producer: Producer, channel: str) -> None:
    """Publish one event after the other to a server that is about to end."""
    with contextlib.suppress(OSError, Ended, AssertionError):
        while True:
            await burst(producer, channel, 1)


async def test_a_default_client_upgrades_in_the_middle_of_the_stream(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Polling first, WebSocket a moment later: events published across the change arrive once and in order."""
    async with home.run("stocksocket", server, settings={}) as client:
        await client.heard("connect")
        await client.tell("emit", name="subscribe", fields={"channel": channel, "since": ""})
        while not client.told("upgrade"):
            await burst(producer, channel, 3)
        await burst(producer, channel, 3)

        await assert_told_everything(client, producer, channel)
        assert client.told("open")[0]["transport"] == "polling"
        assert client.told("disconnect") == []


async def test_where_websocket_is_blocked_a_default_client_stays_on_polling(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """The upgrade fails; the session goes on over polling as if it had not been tried."""
    gateway.close(Door.SOCKET_IO_SOCKET)
    async with home.run("stocksocket", gateway.address, settings={}) as client:
        await follow(client, producer, channel)
        for _ in range(10):
            await burst(producer, channel, 5)

        await assert_told_everything(client, producer, channel)
        assert client.told("upgrade") == client.told("disconnect") == []


@pytest.mark.node
@each_transport
async def test_thousands_of_missed_events_arrive_whole(
    node: Home, gateway: Gateway, producer: Producer, channel: str, settings: Fields
) -> None:
    """What was missed exceeds one read, one write and one poll, and the client is cut off again meanwhile."""
    other = f"{channel}-other"
    async with node.run("stocksocket", gateway.address, settings=settings | IMPATIENT) as client:
        await follow(client, producer, channel, other)
        await settled(client, settings)
        gateway.close(*SOCKET_IO)
        await client.heard("disconnect")
        for _ in range(3):
            await burst(producer, channel, 1000)
            await burst(producer, other, 1)
        gateway.open()
        await client.until(partial(has, client, channel, 100))
        await settled(client, settings, 2)
        gateway.cut()

        await assert_told_everything(client, producer, channel, other)
        assert all(recovered(client)[1:])


@pytest.mark.node
@each_transport
async def test_a_disconnect_while_it_catches_up_repeats_nothing(
    node: Home, server: Address, producer: Producer, channel: str, settings: Fields
) -> None:
    """The first event after a recovery already says how far the client is in all its channels, not only in its own."""
    other = f"{channel}-other"
    async with (
        WebSocketReader(server) as somebody_else,
        node.run("stocksocket", server, settings=settings | IMPATIENT) as client,
    ):
        await follow(client, producer, channel, other)
        # Where others follow the channel too, the server has its newest events at hand and writes them at once.
        await somebody_else.subscribe(channel)
        await burst(producer, other, 2)
        await burst(producer, channel, 1)
        await client.until(lambda: has(client, channel, 1) and has(client, other, 2))
        await settled(client, settings)
        await client.tell("closeEngine")
        await client.heard("disconnect")
        await client.tell("closeEngineAfter", events=1)
        await burst(producer, channel, 1)
        await client.heard("connect", 3)

        await assert_told_everything(client, producer, channel, other)
        await burst(producer, other, 1)
        await client.until(partial(has, client, other, 3))
        await assert_told_everything(client, producer, channel, other)


@pytest.mark.node
async def test_a_token_in_the_auth_payload_lets_the_client_in_and_back(
    node: Home, guarded: Address, channel: str
) -> None:
    """The token goes with each connect, also with one that recovers; a bad one is a `connect_error` that says why."""
    producer = Producer(guarded, signed(publish=["*"]))
    good, bad = ({**IMPATIENT, "auth": {"token": token}} for token in (signed(), "nonsense"))
    async with (
        Gateway(guarded) as gateway,
        node.run("stocksocket", gateway.address, settings=good) as client,
        node.run("stocksocket", gateway.address, settings=bad) as refused,
    ):
        error = (await refused.heard("connect_error"))[0]
        await follow(client, producer, channel)
        await settled(client, good)
        await lose(client, gateway)
        await burst(producer, channel, 3)
        await client.heard("connect", 2)

        await assert_told_everything(client, producer, channel)
        assert recovered(client) == [False, True]
        assert error["message"] == "the token is invalid"
        assert refused.told("connect") == []


@pytest.mark.node
async def test_an_acknowledged_subscription_is_answered_with_the_state(
    node: Home, server: Address, producer: Producer, channel: str
) -> None:
    """With a callback the answer is its argument, `subscribed` with the snapshot, and no event repeats that."""
    await producer.publish(channel, "progress", key="progress", percent=40)
    async with node.run("stocksocket", server, settings={}) as client:
        await client.heard("connect")
        await client.tell("ask", name="subscribe", fields={"channel": channel})
        answer = (await client.heard("answer"))[0]["answer"]
        await producer.publish(channel, "progress", key="progress", percent=50)
        await client.heard("event")

        log = await producer.log(channel)
        assert (answer["type"], answer["snapshot"]) == ("subscribed", log[:1])
        assert told(client, channel) == log[1:]


@pytest.mark.node
async def test_a_client_that_follows_from_a_position_gets_everything_after_it(
    node: Home, server: Address, producer: Producer, channel: str
) -> None:
    """`since` works over Socket.IO as everywhere: a position another transport stood at, or "" for all there is."""
    await burst(producer, channel, 10)
    log = await producer.log(channel)
    async with node.run("stocksocket", server, settings={}) as client:
        await client.heard("connect")
        await client.tell("emit", name="subscribe", fields={"channel": channel, "since": log[3]["position"]})
        await client.until(lambda: len(told(client, channel)) == 6)

        assert told(client, channel) == log[4:]
