"""The client against real servers, on every transport."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import jwt
import pytest

from headway.client import Backoff, Carrier, Change, Client, Event, Refused, Unreachable, Waiting, connect
from headway.client.following import Told
from headway.codes import Code
from headway.errors import UsageError
from headway.limits import Retention
from headway.positions import BEGINNING, Gap, GapReason, Position
from headway.server.live import Headway
from headway.testing.serving import Address, listener, serving

SECRET = "a secret of more than thirty-two bytes"
Changes = asyncio.Queue[Change]


@pytest.fixture(params=Carrier, ids=lambda carrier: carrier.value)
def carrier(request: pytest.FixtureRequest) -> Carrier:
    """Each transport."""
    chosen: Carrier = request.param
    return chosen


def client(
    address: Address,
    carrier: Carrier = Carrier.WEBSOCKET,
    *,
    token: str | None = None,
    on_change: Callable[[Change], None] | None = None,
) -> Client:
    """A client that comes back at once."""
    return connect(
        address.http(""),
        carrier=carrier,
        token=token,
        on_change=on_change,
        new_backoff=lambda: Backoff(random.random, first=0.01, most=0.1),
    )


async def take(generator: AsyncGenerator[Told, None], count: int) -> list[Told]:
    """The next `count` things that are told."""
    return [await anext(generator) for _ in range(count)]


async def take_offsets(generator: AsyncGenerator[Told, None], count: int) -> list[int]:
    """Offsets of the next `count` events; a gap fails."""
    told = await take(generator, count)
    return [one.offset for one in told if isinstance(one, Event)]


@asynccontextmanager
async def follower(
    reader: Client, channel: str, since: Position | None = BEGINNING
) -> AsyncIterator[AsyncGenerator[Told, None]]:
    """Follow until the block ends."""
    async with aclosing(reader.follow(channel, since)) as generator:
        yield generator


async def test_follows_from_the_beginning_and_live(carrier: Carrier) -> None:
    """A reader that asks for the beginning is told all that is kept, then each event as it comes."""
    live = Headway()
    async with serving(live) as address, follower(client(address, carrier), "run") as told:
        for number in range(3):
            await live.publish("run", "step", {"number": number})
        assert await take_offsets(told, 3) == [1, 2, 3]

        await live.publish("run", "done", {"ok": True})
        (last,) = await take(told, 1)

    assert isinstance(last, Event)
    assert (last.type, last.offset, last.data) == ("done", 4, {"ok": True})


async def test_a_late_joiner_sees_the_state_then_live(carrier: Carrier) -> None:
    """Without a position a reader gets the latest event of each key, then what comes."""
    live = Headway()
    async with serving(live) as address, follower(client(address, carrier), "run", None) as told:
        for percent in (10, 20):
            await live.publish("run", "progress", {"percent": percent}, key="progress")
        assert await take_offsets(told, 1) == [2]

        await live.publish("run", "progress", {"percent": 30}, key="progress")

        assert await take_offsets(told, 1) == [3]


async def test_a_restart_is_bridged(carrier: Carrier, tmp_path: Path) -> None:
    """Over a restart of the server a reader goes on exactly where it stood."""
    with listener() as reserved:
        port: int = reserved.getsockname()[1]
    async with aclosing(client(Address(port), carrier).follow("run", BEGINNING)) as told:
        for round in range(3):
            live = Headway(tmp_path)
            async with serving(live, port=port):
                await live.publish("run", "step", {"round": round})
                await live.publish("run", "step", {"round": round})

                assert await take_offsets(told, 2) == [2 * round + 1, 2 * round + 2]


async def test_what_was_lost_is_told(carrier: Carrier) -> None:
    """A reader that comes back too late is told of the gap, then of all that is left."""
    live = Headway(retention=Retention(events=2))
    async with serving(live) as address:
        first = await live.publish("run", "step")
        for _ in range(4):
            await live.publish("run", "step")
        async with aclosing(client(address, carrier).follow("run", first)) as told:
            gap, *events = await take(told, 3)

    assert isinstance(gap, Gap)
    assert (gap.reason, gap.after, gap.lost) == (GapReason.TRIMMED, first, 2)
    assert [event.offset for event in events if isinstance(event, Event)] == [4, 5]


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_who_is_not_let_in_does_not_knock_again(carrier: Carrier, token: str | None) -> None:
    """A reader without a valid token gets one clear error."""
    async with (
        serving(Headway(secret=SECRET)) as address,
        follower(client(address, carrier, token=token), "run") as told,
    ):
        with pytest.raises(Refused) as refused:
            await anext(told)

    assert refused.value.token
    assert "token" in str(refused.value) or "authenticate" in str(refused.value)


async def test_who_has_a_token_is_let_in(carrier: Carrier) -> None:
    """The token reaches the server on every transport, and covers what it names."""
    token = jwt.encode({"sub": "ann", "exp": 4_000_000_000, "channels": ["run"]}, SECRET, algorithm="HS256")
    live = Headway(secret=SECRET)
    async with serving(live) as address:
        await live.publish("run", "step")
        async with follower(client(address, carrier, token=token), "run") as told:
            assert await take_offsets(told, 1) == [1]
        async with follower(client(address, carrier, token=token), "other") as told:
            with pytest.raises(Refused, match="does not allow to read 'other'") as refused:
                await anext(told)

    assert not refused.value.token


async def test_a_server_that_is_not_there_is_waited_for(carrier: Carrier) -> None:
    """A reader keeps trying, and says why it waits."""
    changes: Changes = asyncio.Queue()
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])
    async with aclosing(client(address, carrier, on_change=changes.put_nowait).follow("run", BEGINNING)) as told:
        waiting = asyncio.create_task(anext(told))
        reasons = [await changes.get() for _ in range(3)]
        live = Headway()
        async with serving(live, port=address.port):
            await live.publish("run", "step")
            event = await waiting

    assert all(isinstance(change, Waiting) and change.reason == "connection refused" for change in reasons)
    assert isinstance(event, Event)


async def test_publishing_again_stores_once(tmp_path: Path) -> None:
    """One idempotency key is one event, and every attempt gets its position."""
    live = Headway(tmp_path)
    async with serving(live) as address:
        publisher = client(address)
        first = await publisher.publish("run", "step", {"a": 1}, key="k", idempotency_key="once")
        second = await publisher.publish("run", "step", {"a": 1}, key="k", idempotency_key="once")
        third = await publisher.publish("run", "step", {"a": 1}, key="k")

    assert (first, second.offset, third.offset) == (second, 1, 2)


async def test_publishing_waits_for_a_server(tmp_path: Path) -> None:
    """A publisher bridges the time in which nobody answers."""
    changes: Changes = asyncio.Queue()
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])
    publishing = asyncio.create_task(client(address, on_change=changes.put_nowait).publish("run", "step"))
    await changes.get()

    async with serving(Headway(tmp_path), port=address.port):
        assert (await publishing).offset == 1


async def test_publishing_gives_up() -> None:
    """Behind its patience a publisher names the key with which trying again is safe."""
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])

    with pytest.raises(Unreachable, match="connection refused") as error:
        await client(address).publish("run", "step", idempotency_key="mine", patience=0.2)

    assert error.value.details == {"idempotency_key": "mine"}


async def test_publishing_without_the_right_is_refused() -> None:
    """A token that may only read is refused at once."""
    token = jwt.encode({"sub": "ann", "exp": 4_000_000_000}, SECRET, algorithm="HS256")
    async with serving(Headway(secret=SECRET)) as address:
        with pytest.raises(Refused, match="does not allow to publish") as refused:
            await client(address, token=token).publish("run", "step")

    assert refused.value.code is Code.FORBIDDEN


@pytest.mark.parametrize("token", ["", " ", "a\nb", "ä"])
def test_what_cannot_be_a_token_is_refused_at_once(token: str) -> None:
    """A token that no header can carry is the caller's mistake, not the network's."""
    with pytest.raises(UsageError, match="no token"):
        connect("http://host", token=token)
