"""The client against real servers, on every transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from headway.client import (
    Carrier,
    Change,
    Channel,
    Connected,
    Event,
    Gap,
    Refused,
    Status,
    Switched,
    Told,
    Unreachable,
    Waiting,
    connect,
)
from headway.clock import SystemClock
from headway.codes import Code
from headway.errors import Closed, UsageError
from headway.events import Draft
from headway.limits import Limits, Retention
from headway.positions import GapReason
from headway.server.live import Headway
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.serving import Address, listener, serving
from headway.testing.waiting import wait_until
from tests.client.harness import Reader, quick, reading

SECRET = "a secret of more than thirty-two bytes"
Changes = asyncio.Queue[Change]


@pytest.fixture(params=Carrier, ids=lambda carrier: carrier.value)
def carrier(request: pytest.FixtureRequest) -> Carrier:
    """Each transport."""
    chosen: Carrier = request.param
    return chosen


async def take(channel: Channel, count: int) -> list[Told]:
    """The next `count` things that are told."""
    return [await anext(channel) for _ in range(count)]


async def take_offsets(channel: Channel, count: int) -> list[int]:
    """Offsets of the next `count` events; a gap fails."""
    told = await take(channel, count)
    return [one.offset for one in told if isinstance(one, Event)]


async def test_is_live_when_everything_has_been_told(carrier: Carrier) -> None:
    """A channel catches up until the reader has been told all that the log holds, and is live from then on: of an empty
    channel at once."""
    live = Headway()
    async with serving(live) as address, quick(address, carrier.value) as client:
        await live.publish_all("run", [Draft.of("step", {"number": number}) for number in range(500)])
        full, empty = client.channel("run", since=""), client.channel("none", since="")
        seen: set[tuple[Status, bool]] = set()

        def look() -> bool:
            seen.add((full.status, full.waiting == 500))
            return full.status is Status.LIVE and empty.status is Status.LIVE

        await wait_until(look)

    assert (Status.LIVE, False) not in seen


async def test_follows_from_the_beginning_and_live(carrier: Carrier) -> None:
    """A reader that asks for the beginning is told all that is kept, then each event as it comes."""
    live = Headway()
    async with serving(live) as address, quick(address, carrier.value) as client:
        for number in range(3):
            await live.publish("run", "step", {"number": number})
        told = client.channel("run", since="")
        assert await take_offsets(told, 3) == [1, 2, 3]

        await live.publish("run", "done", {"ok": True})
        (last,) = await take(told, 1)

        assert isinstance(last, Event)
        assert (last.type, last.offset, last.data) == ("done", 4, {"ok": True})
        assert client.transport == carrier.value
        await wait_until(lambda: client.status is Status.LIVE)


async def test_a_late_joiner_sees_the_state_then_live(carrier: Carrier) -> None:
    """Without a position a reader gets the latest event of each key, then what comes."""
    live = Headway()
    async with serving(live) as address, quick(address, carrier.value) as client:
        for percent in (10, 20):
            await live.publish("run", "progress", {"percent": percent}, key="progress")
        told = client.channel("run")
        assert await take_offsets(told, 1) == [2]

        await live.publish("run", "progress", {"percent": 30}, key="progress")

        assert await take_offsets(told, 1) == [3]
        assert told.state["progress"].data == {"percent": 30}


async def test_many_channels_share_one_connection(carrier: Carrier) -> None:
    """Channels that come later join the connection that is there, whatever the position each begins at."""
    live = Headway()
    names = [f"run:{number}" for number in range(5)]
    async with serving(live) as address, Middlebox(address) as box, quick(box.address, carrier.value) as client:
        for name in names:
            await live.publish(name, "step")
        first = [client.channel(name, since="") for name in names[:3]]
        assert [await take_offsets(channel, 1) for channel in first] == [[1]] * 3
        rest = [client.channel(names[3], since=""), client.channel(names[4])]
        assert await take_offsets(rest[0], 1) == [1]
        # The state is empty; only what comes is told.
        await wait_until(lambda: rest[1].status is Status.LIVE)
        for name in names:
            await live.publish(name, "step")

        assert [await take_offsets(channel, 1) for channel in [*first, *rest]] == [[2]] * 5
        if carrier in (Carrier.WEBSOCKET, Carrier.SOCKETIO):
            assert box.opened[Carried(carrier.value)] == 1
        if carrier is Carrier.EVENTSOURCE:
            await wait_until(lambda: box.open(Carried.EVENTSOURCE) == 1)


async def test_a_channel_that_is_left_is_told_no_more(carrier: Carrier) -> None:
    """Leaving one channel leaves the others as they are, and coming back goes on."""
    live = Headway()
    async with serving(live) as address, quick(address, carrier.value) as client:
        one, two = client.channel("run:1", since=""), client.channel("run:2", since="")
        for name in ("run:1", "run:2"):
            await live.publish(name, "step")
        assert [await take_offsets(channel, 1) for channel in (one, two)] == [[1], [1]]
        place = one.position
        one.close()
        for name in ("run:1", "run:2"):
            await live.publish(name, "step")

        assert [told async for told in one] == []
        assert await take_offsets(two, 1) == [2]
        assert await take_offsets(client.channel("run:1", since=place), 1) == [2]


async def test_a_reader_that_takes_nothing_holds_up_nobody(carrier: Carrier) -> None:
    """A stuck reader is told everything later; another channel of the same connection goes on meanwhile."""
    live = Headway()
    count = 3_000
    async with serving(live) as address, quick(address, carrier.value) as client:
        stuck, other = client.channel("stuck", since=""), client.channel("other", since="")
        await live.publish("other", "step")
        assert await take_offsets(other, 1) == [1]
        for first in range(0, count, 500):
            await asyncio.gather(*(live.publish("stuck", "step", {"n": first + n}) for n in range(500)))
        await live.publish("other", "step")

        assert await take_offsets(other, 1) == [2]
        assert stuck.waiting < count
        assert await take_offsets(stuck, count) == list(range(1, count + 1))


async def test_a_restart_is_bridged(carrier: Carrier, tmp_path: Path) -> None:
    """Over a restart of the server a reader goes on exactly where it stood."""
    with listener() as reserved:
        port: int = reserved.getsockname()[1]
    async with quick(Address(port), carrier.value) as client:
        told = client.channel("run", since="")
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
        async with quick(address, carrier.value) as client:
            gap, *events = await take(client.channel("run", since=first), 3)

    assert isinstance(gap, Gap)
    assert (gap.reason, gap.after, gap.lost) == (GapReason.TRIMMED, first, 2)
    assert [event.offset for event in events if isinstance(event, Event)] == [4, 5]


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_who_is_not_let_in_does_not_knock_again(carrier: Carrier, token: str | None) -> None:
    """A reader without a valid token gets one clear error."""
    async with (
        serving(Headway(secret=SECRET)) as address,
        quick(address, carrier.value, token=token) as client,
    ):
        with pytest.raises(Refused) as refused:
            await anext(client.channel("run"))

    assert refused.value.token
    assert "token" in str(refused.value) or "authenticate" in str(refused.value)


async def test_who_has_a_token_is_let_in(carrier: Carrier) -> None:
    """The token reaches the server on every transport, and covers what it names: the other channel is refused alone."""
    token = jwt.encode({"sub": "ann", "exp": 4_000_000_000, "channels": ["run"]}, SECRET, algorithm="HS256")
    live = Headway(secret=SECRET)
    async with serving(live) as address, quick(address, carrier.value, token=token) as client:
        await live.publish("run", "step")
        run, other = client.channel("run", since=""), client.channel("other")
        with pytest.raises(Refused, match="does not allow to read 'other'") as refused:
            await anext(other)
        assert await take_offsets(run, 1) == [1]
        await live.publish("run", "step")

        assert await take_offsets(run, 1) == [2]
        assert not refused.value.token


async def test_a_token_that_is_not_taken_is_replaced(carrier: Carrier) -> None:
    """`get_token` is asked again, and the reader goes on."""
    good = jwt.encode({"sub": "ann", "exp": 4_000_000_000, "channels": ["*"]}, SECRET, algorithm="HS256")
    tokens = iter(["nonsense", good])

    async def get_token() -> str:
        return next(tokens)

    live = Headway(secret=SECRET)
    async with serving(live) as address, quick(address, carrier.value, get_token=get_token) as client:
        await live.publish("run", "step")

        assert await take_offsets(client.channel("run", since=""), 1) == [1]


async def test_a_token_is_renewed_in_place(carrier: Carrier) -> None:
    """Before a token expires the connection is given another; nothing is lost, and nobody is put out."""
    made: list[str] = []
    clock = live_clock()

    def get_token() -> str:
        # The first is over soon, the next one is not.
        claims = {"sub": "ann", "exp": clock() + (2.5 if not made else 3_600.0), "channels": ["*"]}
        made.append(jwt.encode(claims, SECRET, algorithm="HS256"))
        return made[-1]

    changes: list[Change] = []
    # A stream's own signs of life come as often as this client's patience wants them.
    live = Headway(secret=SECRET, limits=Limits(stream_heartbeat_seconds=0.2))
    async with (
        serving(live) as address,
        quick(address, carrier.value, get_token=get_token, on_change=changes.append) as client,
        reading(client, "run") as reader,
    ):
        await live.publish("run", "step", {"number": 1})
        await wait_until(lambda: len(made) == 2)
        await live.publish("run", "step", {"number": 2})
        await wait_until(lambda: len(reader.told) == 2)

    assert reader.told == [(1, 1), (2, 2)]
    assert changes == [Connected(carrier.value)]


def live_clock() -> Callable[[], float]:
    """The time of this machine, as the server has it."""
    return SystemClock().now


async def test_a_server_that_is_not_there_is_waited_for(carrier: Carrier) -> None:
    """A reader keeps trying, and says why it waits."""
    changes: Changes = asyncio.Queue()
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])
    async with quick(address, carrier.value, on_change=changes.put_nowait) as client:
        waiting = asyncio.create_task(anext(client.channel("run", since="")))
        reasons = [await changes.get() for _ in range(3)]
        live = Headway()
        async with serving(live, port=address.port):
            await live.publish("run", "step")
            event = await waiting

    assert all(isinstance(change, Waiting) and change.reason == "connection refused" for change in reasons)
    assert isinstance(event, Event)


async def test_publishes_over_every_transport(carrier: Carrier) -> None:
    """What is published is stored when the position is there, in the order in which it was said."""
    async with serving(Headway()) as address, quick(address, carrier.value) as client:
        positions = await asyncio.gather(
            *(client.publish("run", "step", {"number": number}, key="k") for number in range(20))
        )
        told = client.channel("run", since="")
        events = [event for event in await take(told, 20) if isinstance(event, Event)]

    assert [event.data["number"] for event in events] == list(range(20))
    assert [event.position for event in events] == positions
    assert events[0].key == "k"


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_publishing_through_a_bad_network_stores_once(carrier: Carrier) -> None:
    """Answers that are lost, and connections that are cut: each event is stored once, in order."""
    live = Headway()
    kinds = [Carried.OTHER, Carried(carrier.value)]
    async with serving(live) as address, Middlebox(address) as box, quick(box.address, carrier.value) as client:
        await wait_until(lambda: client.transport is not None)
        for number in range(30):
            publishing = asyncio.create_task(client.publish("run", "step", {"number": number}, patience=None))
            if number % 3 == 0:
                # Whatever is on its way now has been stored, or has not.
                for kind in kinds:
                    box.set(kind, Fault.DROP_ANSWER)
                await asyncio.wait({publishing}, timeout=0.01)
                box.heal()
                for kind in kinds:
                    box.cut(kind)
            await publishing
        stored = client.channel("run", since="")
        events = [event for event in await take(stored, 30) if isinstance(event, Event)]
        head = (await live.publish("run", "end")).offset

    assert [event.data["number"] for event in events] == list(range(30))
    assert head == 31


async def test_publishing_again_stores_once(carrier: Carrier) -> None:
    """One idempotency key is one event, and every attempt gets its position."""
    async with serving(Headway()) as address, quick(address, carrier.value) as publisher:
        first = await publisher.publish("run", "step", {"a": 1}, key="k", idempotency_key="once")
        second = await publisher.publish("run", "step", {"a": 1}, key="k", idempotency_key="once")
        third = await publisher.publish("run", "step", {"a": 1}, key="k")

    assert (first, second.offset, third.offset) == (second, 1, 2)


async def test_publishing_waits_for_a_server(tmp_path: Path) -> None:
    """A publisher bridges the time in which nobody answers, in the order in which it was called."""
    changes: Changes = asyncio.Queue()
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])
    async with quick(address, on_change=changes.put_nowait) as client:
        publishing = [asyncio.create_task(client.publish("run", "step", {"n": n})) for n in range(3)]
        await changes.get()
        assert client.queued == 3

        async with serving(Headway(tmp_path), port=address.port):
            assert [(await one).offset for one in publishing] == [1, 2, 3]


async def test_publishing_gives_up() -> None:
    """Behind its patience a publisher names the key with which trying again is safe."""
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])

    async with quick(address) as client:
        with pytest.raises(Unreachable, match="connection refused") as error:
            await client.publish("run", "step", idempotency_key="mine", patience=0.5)

    assert error.value.details == {"idempotency_key": "mine"}


async def test_publishing_without_the_right_is_refused(carrier: Carrier) -> None:
    """A token that may only read is refused at once."""
    token = jwt.encode({"sub": "ann", "exp": 4_000_000_000}, SECRET, algorithm="HS256")
    async with serving(Headway(secret=SECRET)) as address, quick(address, carrier.value, token=token) as client:
        with pytest.raises(Refused, match="does not allow to publish") as refused:
            await client.publish("run", "step")

    assert refused.value.code is Code.FORBIDDEN


async def test_a_better_transport_is_used_again_without_a_cut() -> None:
    """Make before break: the switch is told, and there is no moment without a connection."""
    changes: list[Change] = []
    async with serving(Headway()) as address, Middlebox(address) as box:
        box.set(Carried.WEBSOCKET, Fault.REFUSE)
        async with quick(box.address, "websocket", "polling", on_change=changes.append) as client:
            await wait_until(lambda: client.transport == "polling")
            box.heal()
            await wait_until(lambda: client.transport == "websocket")

    assert changes == [Connected("polling"), Switched("polling", "websocket")]


async def test_a_closed_client_takes_no_calls() -> None:
    """What waited is told, loops end, and a client cannot be opened twice."""
    with listener() as reserved:
        address = Address(reserved.getsockname()[1])
    client = quick(address)
    async with client:
        reader = Reader(client.channel("run"))
        publishing = asyncio.create_task(client.publish("run", "step"))
        await wait_until(lambda: client.queued == 1)
    await reader.task

    with pytest.raises(Closed):
        await publishing
    with pytest.raises(Closed, match="connect again"):
        client.channel("run")
    with pytest.raises(UsageError, match="opened before"):
        await client.__aenter__()


@pytest.mark.parametrize("token", ["", " ", "a\nb", "ä"])
def test_what_cannot_be_a_token_is_refused_at_once(token: str) -> None:
    """A token that no header can carry is the caller's mistake, not the network's."""
    with pytest.raises(UsageError, match="no token"):
        connect("http://host", token=token)


@pytest.mark.parametrize("transports", [[], ["carrier pigeon"]])
def test_what_is_no_transport_is_refused_at_once(transports: list[str]) -> None:
    """The error says which there are."""
    with pytest.raises(UsageError, match=r"at least one transport|websocket, socketio, eventsource, polling"):
        connect("http://host", transports=transports)
