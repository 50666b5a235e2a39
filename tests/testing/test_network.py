"""The faults of the network that fails on demand, each seen from its two ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from headway.server.live import Headway
from headway.testing.network import Network
from headway.testing.readers import Ended, EventSourceReader, WebSocketReader, fetch
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until

CHANNEL = "run:7"


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


@pytest.fixture
async def network(server: Address) -> AsyncIterator[Network]:
    """A network before it."""
    async with Network(server) as network:
        yield network


async def test_a_network_without_faults_is_not_noticed(live: Headway, network: Network) -> None:
    """Requests, streams and sockets pass, and their ends too."""
    async with WebSocketReader(network.address) as one, EventSourceReader(network.address) as two:
        await one.subscribe(CHANNEL)
        await two.subscribe(CHANNEL)
        answer = await fetch(network.address, "POST", f"/api/channels/{CHANNEL}/events", body=b'{"type":"x"}')

        assert answer.status == 201
        assert await one.next() == await two.next()
    await wait_until(lambda: live.running.hub.statistics()["cursors"] == 0)


async def test_cut_ends_every_connection(live: Headway, network: Network) -> None:
    """Readers and server both learn of it, and new connections pass."""
    async with WebSocketReader(network.address) as one, EventSourceReader(network.address) as two:
        await one.subscribe(CHANNEL)
        await two.subscribe(CHANNEL)

        network.cut()

        for reader in (one, two):
            with pytest.raises(Ended):
                await reader.next()
        await wait_until(lambda: live.running.hub.statistics()["cursors"] == 0)
        async with WebSocketReader(network.address) as three:
            await three.subscribe(CHANNEL)


async def test_half_open_says_nothing_to_anybody(live: Headway, network: Network) -> None:
    """The server goes on writing into nowhere and keeps its cursor; what connects meanwhile waits until the network
    heals."""
    async with WebSocketReader(network.address) as one, WebSocketReader(network.address) as two:
        await one.subscribe(CHANNEL)

        network.half_open()
        await live.publish(CHANNEL, "unseen")
        connecting = asyncio.create_task(two.subscribe(CHANNEL, ""))
        await wait_until(lambda: network.opened == 2)
        assert live.running.hub.statistics()["cursors"] == 1
        network.heal()
        await connecting

        assert (await two.next())["type"] == "unseen"
        await one.cut()


async def test_drop_sent_loses_what_the_server_says(live: Headway, network: Network) -> None:
    """What was said in between is gone for this connection, and its position says so to the next."""
    async with WebSocketReader(network.address) as one:
        beginning = await one.subscribe(CHANNEL)
        network.drop_sent()
        await live.publish(CHANNEL, "lost")
        await wait_until(lambda: live.running.hub.statistics()["deliveries"] == 1)
        network.cut()
        network.heal()
        async with WebSocketReader(network.address) as two:
            await two.subscribe(CHANNEL, one.position(CHANNEL))

            assert one.position(CHANNEL) == beginning.position
            assert (await two.next())["type"] == "lost"


async def test_stall_holds_back_until_it_heals(live: Headway, network: Network) -> None:
    """Nothing is lost by it."""
    async with WebSocketReader(network.address) as reader:
        await reader.subscribe(CHANNEL)
        network.stall()
        await live.publish(CHANNEL, "one")
        reading = asyncio.create_task(reader.next())
        network.heal()

        assert (await reading)["type"] == "one"


async def test_slow_and_delayed_connections_lose_nothing(live: Headway, network: Network) -> None:
    """A thin line brings the same events."""
    network.slow(200_000)
    network.delay_sent(0.005)
    async with WebSocketReader(network.address) as reader:
        await reader.subscribe(CHANNEL)
        for number in range(20):
            await live.publish(CHANNEL, "step", {"number": number, "text": "x" * 1_000})

        assert [(await reader.next())["number"] for _ in range(20)] == list(range(20))


async def test_reordered_requests_change_places(live: Headway, network: Network) -> None:
    """The first of two is heard after the second was answered."""
    path = f"/api/channels/{CHANNEL}/events"
    network.reorder_requests()
    first = asyncio.create_task(fetch(network.address, "POST", path, body=b'{"type":"first"}'))
    await wait_until(lambda: network.opened == 1)
    second = await fetch(network.address, "POST", path, body=b'{"type":"second"}')

    assert second.json()["offset"] == 1
    assert (await first).json()["offset"] == 2
