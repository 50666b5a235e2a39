"""Coming back: on the same transport, on another, to a server that was restarted. Nothing is lost, nothing comes
twice."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from headway.testing.network import Network
from headway.testing.readers import Ended, Reader, Refused
from tests.delivery.harness import (
    CHANNEL,
    TRANSPORTS,
    Fields,
    Stack,
    assert_delivered,
    assert_gap,
    served,
    take,
    take_until,
)


async def assert_ended(reader: Reader) -> None:
    """The reader's connection is over. Engine.IO polling has no word for it but the next request's refusal."""
    with pytest.raises((Ended, Refused)):
        await take_until(reader, "never")


async def test_a_reader_that_was_cut_goes_on_where_it_was(stack: Stack, transport: str) -> None:
    """A connection that breaks, again and again, costs its reader no event and shows it none twice."""
    await stack.start()
    await stack.publish("begin")
    told: list[Fields] = []
    token = ""
    for _ in range(3):
        reader = stack.reader(transport)
        await reader.subscribe(CHANNEL, token)
        await stack.publish("step", "step", "step")
        told += await take(reader, 3)
        token = reader.token
        await reader.cut()
        await stack.publish("unseen")
    last = stack.reader(transport)
    await last.subscribe(CHANNEL, token)
    await stack.publish("done")

    told += await take_until(last, "done")

    assert_delivered(told, 1, 14)


async def test_a_reader_that_was_cut_in_the_middle_of_a_burst_misses_nothing(stack: Stack, transport: str) -> None:
    """What was on its way when the connection broke is told again, because the position says it was not seen."""
    await stack.start()
    first = stack.reader(transport)
    await first.subscribe(CHANNEL)
    publishing = asyncio.gather(*[stack.publish("step") for _ in range(60)])

    told = await take(first, 7)
    await first.cut()
    second = stack.reader(transport)
    await second.subscribe(CHANNEL, first.token)
    told += await take(second, 20)
    await second.cut()
    await publishing
    third = stack.reader(transport)
    await third.subscribe(CHANNEL, second.token)
    told += await take(third, 33)

    assert_delivered(told, 1, 60)


async def test_a_network_that_keeps_breaking_costs_no_event(stack: Stack, transport: str) -> None:
    """While somebody publishes, every connection is reset again and again, in the middle of whatever it says."""
    await stack.start()
    told: list[Fields] = []
    token = ""

    async def publish() -> None:
        for _ in range(40):
            await stack.publish("step")
        await stack.publish("done")

    async with Network(stack.address) as network:
        publishing = asyncio.create_task(publish())
        for _ in range(6):
            async with TRANSPORTS[transport](network.address) as reader:
                await reader.subscribe(CHANNEL, token)
                with contextlib.suppress(Ended, Refused):
                    for number in range(6):
                        told.append(await reader.next())
                        token = reader.token
                        if number == 2:
                            network.cut()
        await publishing
    last = stack.reader(transport)
    await last.subscribe(CHANNEL, token)
    told += await take_until(last, "done")

    assert_delivered(told, 1, 41)


@pytest.mark.parametrize("after", TRANSPORTS)
@pytest.mark.parametrize("before", TRANSPORTS)
async def test_a_position_goes_from_any_transport_to_any_other(before: str, after: str) -> None:
    """A reader that changes its transport carries its position over and notices nothing."""
    async with served() as stack:
        first = stack.reader(before)
        await first.subscribe(CHANNEL)
        await stack.publish("one", "two")
        told = await take(first, 2)
        await first.cut()
        await stack.publish("three")
        second = stack.reader(after)

        beginning = await second.subscribe(CHANNEL, first.position(CHANNEL))
        await stack.publish("four")
        told += await take(second, 2)

        assert beginning.recovered
        assert_delivered(told, 1, 4)


async def test_readers_come_back_to_a_restarted_server_and_miss_nothing(stack: Stack, transport: str) -> None:
    """A restart ends every reader in its own way; with a durable log each goes on with the next event, otherwise with
    a gap."""
    await stack.start()
    reader = stack.reader(transport)
    await reader.subscribe(CHANNEL)
    before = await stack.publish("one")
    await reader.next()
    await stack.restart()
    if transport not in ("polling", "long-polling"):
        await assert_ended(reader)
    await stack.publish("two")

    again = stack.reader(transport)
    await again.subscribe(CHANNEL, reader.position(CHANNEL))
    told = await take_until(again, "two")

    if stack.data is not None:
        assert_delivered(told, 2, 2)
    else:
        gap, *rest = [entry for entry in told if entry["channel"] == CHANNEL]
        assert_gap(gap, until=gap["to"], reason="epoch")
        assert not gap["to"].startswith(before.epoch)
        assert_delivered(rest, 1, 1)
