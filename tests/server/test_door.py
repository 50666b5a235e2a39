"""Seats at the door, as the server gives them."""

from __future__ import annotations

import pytest

from headway.access.proxies import Proxies
from headway.codes import Code
from headway.errors import Overloaded, PeerError
from headway.server.door import Door, short_answer
from headway.testing.waiting import wait_until
from headway.transports.requests import answer
from tests.server.harness import GET, Client, code_of, limits, running


async def hello(scope: object, receive: object, send: object) -> None:
    """Answers every request."""
    await answer(send, 200, b"")  # type: ignore[arg-type]  # ASGI's own shapes


def test_a_trusted_proxy_is_many_people() -> None:
    """It takes none of the seats of an address, however it is written, but of those of all."""
    door = Door(limits(address_connections=1, connections=5), Proxies(["10.0.0.2"]))

    for peer in ("10.0.0.2", "10.0.0.2", "::ffff:10.0.0.2", None):
        door.enter(peer, 0.0)
    door.enter("203.0.113.9", 0.0)
    with pytest.raises(Overloaded) as refused:
        door.enter("10.0.0.2", 0.0)
    assert refused.value.code is Code.OVERLOADED


@pytest.mark.parametrize(("most", "seats"), [(None, 3), (2, 2), (10, 3)])
def test_the_systems_bound_lowers_ours(most: int | None, seats: int) -> None:
    """A connection for which there is no file cannot even be refused."""
    door = Door(limits(connections=3), most=most)
    for _ in range(seats):
        door.enter("203.0.113.9", 0.0)

    with pytest.raises(Overloaded):
        door.enter("203.0.113.9", 0.0)


def test_a_short_answer_is_whole() -> None:
    """Status, what every answer says, the error in its one shape, and the end of the connection."""
    told = short_answer(PeerError("no", code=Code.TIMEOUT), [(b"date", b"today")])
    head, _, body = told.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")

    assert lines[0] == b"HTTP/1.1 408 Request Timeout"
    assert body == b'{"error":{"code":"timeout","message":"no","details":{}}}'
    assert {b"connection: close", b"date: today", b"retry-after: 1", b"x-content-type-options: nosniff"} <= set(lines)
    assert b"content-length: %d" % len(body) in lines
    assert len(lines) == len({line.split(b":")[0] for line in lines})


async def test_an_address_is_not_what_it_says_it_is() -> None:
    """A forged X-Forwarded-For gets nobody a seat; but it is said, once, what to set if this is a proxy."""
    door = Door(limits(address_connections=1))
    forged = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.%d\r\n\r\n"
    async with running(hello, door) as server, await Client.open(server.address) as first:
        first.say(forged % 1)
        assert (await first.answer()).status == 200
        for number in range(2, 5):
            async with await Client.open(server.address) as client:
                client.say(forged % number)
                assert code_of(await client.last()) == "too_many"


async def test_a_proxy_that_is_not_trusted_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """With the setting that helps, when its people hit the bound of one client; and only then."""
    door = Door(limits(address_connections=1))
    async with running(hello, door) as server, await Client.open(server.address) as first:
        first.say(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n")
        await first.answer()
        async with await Client.open(server.address) as client:
            client.say(GET)
            await client.last()
        assert not ours(caplog)
        for _ in range(3):
            async with await Client.open(server.address) as client:
                client.say(b"GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 203.0.113.1\r\n\r\n")
                await client.rest()
        await wait_until(lambda: bool(ours(caplog)))

        (sentence,) = ours(caplog)
        assert "HEADWAY_TRUSTED_PROXIES" in sentence
        assert "127.0.0.1" in sentence
        assert "203.0.113.1" not in sentence


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the server logged."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("headway")]
