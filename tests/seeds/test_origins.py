"""Pages of another origin: the same clients, where the setting `origins` allows the page, and where it does not."""

from __future__ import annotations

import pytest

from headway.testing.serving import Address
from tests.seeds.homes import Home
from tests.seeds.producer import Producer

pytestmark = pytest.mark.browser


async def test_an_allowed_page_uses_socket_io_over_both_carriers(
    page: Home, server: Address, producer: Producer, channel: str, elsewhere: Address
) -> None:
    """The stock client's polls are answered so that the browser lets the page read them, and then it upgrades."""
    async with page.run("stocksocket", server, page=elsewhere, settings={}) as client:
        await client.heard("connect")
        await client.tell("emit", name="subscribe", fields={"channel": channel})
        await producer.followed(channel)
        await client.heard("upgrade")
        await producer.publish(channel, "row", n=1)
        await client.heard("event", type="row")

        assert [report["data"] for report in client.told("event", type="row")] == await producer.log(channel)


@pytest.mark.parametrize("first", ["websocket", "polling", "eventsource"])
async def test_an_allowed_page_uses_every_other_transport(
    page: Home, server: Address, producer: Producer, channel: str, elsewhere: Address, first: str
) -> None:
    """A raw WebSocket, a poll and an event stream all reach it."""
    async with page.run(
        "importtool", server, page=elsewhere, sessionId=channel, first=first, pollInterval=50
    ) as client:
        await client.heard("connect", by=first)
        if first != "polling":
            await producer.followed(channel)
        await producer.publish(channel, "progress", key="state", current=1, total=2)
        reports = await client.heard("progress", by=first, type="progress")

        assert reports[0]["data"] == (await producer.log(channel))[0]


@pytest.fixture
def stranger(elsewhere: Address) -> Address:
    """The same web server by a name that nobody allowed: to a browser, another origin."""
    return Address(elsewhere.port, host="localhost")


@pytest.mark.parametrize("first", ["websocket", "polling", "eventsource"])
async def test_a_page_that_is_not_allowed_is_told_nothing(
    page: Home, server: Address, producer: Producer, channel: str, stranger: Address, first: str
) -> None:
    """From an origin that nobody allowed no transport connects, although the server asks for no token."""
    await producer.publish(channel, "progress", key="state", current=1, total=2)
    async with page.run("importtool", server, page=stranger, sessionId=channel, first=first, pollInterval=50) as client:
        await client.heard("failure", by=first)

        assert client.told("progress") == []


async def test_a_page_that_is_not_allowed_cannot_connect_socket_io(
    page: Home, server: Address, stranger: Address
) -> None:
    """Neither over polling nor over WebSocket."""
    for transports in (["polling"], ["websocket"]):
        async with page.run("stocksocket", server, page=stranger, settings={"transports": transports}) as client:
            await client.heard("connect_error")

            assert client.told("connect") == []
