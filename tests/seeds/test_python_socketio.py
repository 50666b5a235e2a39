"""python-socketio's clients: handlers that take exactly one argument, asynchronous and not, over each transport."""

from __future__ import annotations

import asyncio
import queue
from functools import partial
from typing import Any

import pytest
import socketio

from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.seeds.gateway import Gateway
from tests.seeds.producer import Producer

each_transport = pytest.mark.parametrize(
    "transports", [None, ["websocket"], ["polling"]], ids=["default", "websocket", "polling"]
)
Fields = dict[str, Any]
"""An event. Any: JSON values."""


def has(told: list[Fields], count: int) -> bool:
    """Whether so many have come."""
    return len(told) == count


@each_transport
async def test_the_asynchronous_client_is_told_everything(
    server: Address, producer: Producer, channel: str, transports: list[str] | None
) -> None:
    """A handler of one argument gets the flat event, and nothing it has no parameter for."""
    told: list[Fields] = []
    client = socketio.AsyncClient()

    @client.on("progress")  # type: ignore[untyped-decorator]  # published without types
    async def progress(data: Fields) -> None:
        told.append(data)

    @client.on("completion")  # type: ignore[untyped-decorator]  # published without types
    async def completion(data: Fields) -> None:
        told.append(data)

    await client.connect(server.http(""), transports=transports)
    try:
        await client.emit("registerSession", channel)
        await producer.followed(channel)
        for percent in range(40):
            await producer.publish(channel, "progress", percent=percent)
        await producer.publish(channel, "completion", success=True)
        await wait_until(lambda: len(told) == 41)

        assert told == await producer.log(channel)
    finally:
        await client.disconnect()


async def test_the_asynchronous_client_comes_back_and_goes_on_from_its_position(
    gateway: Gateway, producer: Producer, channel: str
) -> None:
    """It has no recovery of its own; the position in each event does it: subscribing with `since` loses and repeats
    nothing.
    """
    told: list[Fields] = []
    lives = 0
    client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.2)

    @client.event  # type: ignore[untyped-decorator]  # published without types
    async def connect() -> None:
        nonlocal lives
        lives += 1
        await client.emit("subscribe", {"channel": channel, "since": told[-1]["position"] if told else ""})

    @client.on("row")  # type: ignore[untyped-decorator]  # published without types
    async def row(data: Fields) -> None:
        told.append(data)

    await client.connect(gateway.address.http(""))
    try:
        await producer.followed(channel)
        for life in (1, 2):
            await producer.publish_all(channel, [{"type": "row", "data": {"n": n}} for n in range(5)])
            await wait_until(partial(has, told, 10 * life - 5))
            gateway.cut()
            await producer.publish_all(channel, [{"type": "row", "data": {"n": n}} for n in range(5)])
            await wait_until(partial(has, told, 10 * life))

        assert told == await producer.log(channel)
        assert lives == 3
    finally:
        await client.disconnect()


@each_transport
async def test_the_synchronous_client_is_told_everything(
    server: Address, producer: Producer, channel: str, transports: list[str] | None
) -> None:
    """The same for a program with threads; an acknowledged call gets its answer."""
    told: queue.Queue[Fields] = queue.Queue()
    client = socketio.Client()
    client.on("progress", lambda data: told.put(data))

    await asyncio.to_thread(client.connect, server.http(""), transports=transports)
    try:
        answer = await asyncio.to_thread(client.call, "subscribe", {"channel": channel}, timeout=5)
        for percent in range(20):
            await producer.publish(channel, "progress", percent=percent)
        await wait_until(lambda: told.qsize() == 20)

        assert (answer["type"], answer["channel"]) == ("subscribed", channel)
        assert [told.get_nowait() for _ in range(20)] == await producer.log(channel)
    finally:
        await asyncio.to_thread(client.disconnect)
