"""Engine.IO sessions as clients meet them: polls, posts, WebSockets and the way from one to the other."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from headway.limits import Limits
from headway.protocols.engineio import POLL_PACKETS
from headway.server.live import Headway
from headway.testing.readers import Ended, fetch
from headway.testing.serving import Address, Kind, serving
from headway.testing.waiting import wait_until
from tests.delivery.harness import CHANNEL, Stack, assert_delivered
from tests.transports.harness import (
    POLLS,
    SOCKET,
    Client,
    Frames,
    Json,
    Polls,
    RestlessHeadway,
    acknowledged,
    client,
    emit,
    emitted,
    event,
    frames,
    join,
    polls,
)

CARRIERS = ["websocket", "polling"]


async def following(client: Client, channel: str = CHANNEL) -> None:
    """Join, and follow a channel from here on."""
    await join(client)
    await emit(client, "subscribe", channel, ack_id=0)
    await acknowledged(client, 0)


async def take(client: Client, count: int) -> list[Json]:
    """So many events, by what they carry."""
    return [(await event(client))[1] for _ in range(count)]


async def upgrading(polling: Polls, framed: Frames) -> list[str]:
    """Move a session to a WebSocket as the stock client does; what the last poll brought."""
    hanging = asyncio.create_task(polling.poll())
    await framed.say("2probe")
    assert await framed.hear() == "3probe"
    brought = await hanging
    await framed.say("5")
    return [packet for packet in brought if packet != "6"]


# Polling.


async def test_an_aborted_poll_ends_the_session(stack: Stack) -> None:
    """Nobody knows what of the answer got through, so the session is over; the next request with its sid is refused."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)

        await polling.abort(stack.live)
        await wait_until(stack.left_alone)

        assert (await polling.get()).json()["code"] == 1


async def test_a_second_poll_ends_the_session(stack: Stack) -> None:
    """Of two GETs at a time the first is told that the session is over and the second is refused."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        first = asyncio.create_task(polling.poll())
        link = polling.link(stack.live)
        await wait_until(lambda: link.engine.hanging)

        second = await polling.get()

        assert second.status == 400
        assert await first == ["1"]


async def test_a_poll_brings_at_most_sixteen_packets(stack: Stack) -> None:
    """A hundred events come in several answers, none of which python-engineio would refuse, each event once."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        await stack.publish_many(100)

        told: list[Json] = []
        while len(told) < 100:
            packets = await polling.poll()
            told += [emitted(packet)[1] for packet in packets]
            assert 1 <= len(packets) <= POLL_PACKETS

        assert_delivered(told, 1, 100)


async def test_answers_come_before_events(stack: Stack) -> None:
    """What the server has to say to this client alone stands before the broadcast events of the same answer."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        await stack.publish("one", "two")
        for number in range(1, 4):
            await emit(polling, "ping", ack_id=number)

        packets = await polling.poll()

        assert [packet[:3] for packet in packets[:3]] == ["431", "432", "433"]
        assert [emitted(packet)[0] for packet in packets[3:]] == ["one", "two"]


async def test_many_answers_wait_and_none_is_lost(stack: Stack) -> None:
    """More answers than one poll takes come in several, in their order, and the events after them."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        await stack.publish("one")
        await polling.post(*[f'42{number}["ping"]' for number in range(1, 41)])

        heard: list[str] = []
        while not heard or not heard[-1].startswith("42["):
            packets = await polling.poll()
            assert len(packets) <= POLL_PACKETS
            heard += packets

        assert [packet.split("[")[0] for packet in heard] == [f"43{number}" for number in range(1, 41)] + ["42"]


async def test_a_post_waits_while_too_much_is_unhandled() -> None:
    """A client that says more than the server handles is answered only when most of it is done; nothing of it is
    lost."""
    live = RestlessHeadway(limits=Limits(inbox_messages=4))
    async with serving(live) as address, polls(address) as polling:
        await join(polling)
        live.restless.going.clear()
        requests = [f'42{number}["subscribe","run:{number}"]' for number in range(8)]
        posting = asyncio.create_task(polling.post(*requests))
        talker = live.running.socketio._host.links()[0]._talker
        await wait_until(lambda: talker._inbox.full)  # type: ignore[union-attr]  # it is a Socket.IO client

        waited = not posting.done()
        live.restless.going.set()
        answer = await posting
        answers = [await acknowledged(polling, number) for number in range(8)]

        assert waited
        assert answer.body == b"ok"
        assert [told["channel"] for told in answers] == [f"run:{number}" for number in range(8)]


async def test_a_post_that_waits_is_let_go_when_the_session_ends() -> None:
    """Whoever waits for room in a session that is over waits no more."""
    live = RestlessHeadway(limits=Limits(inbox_messages=2))
    async with serving(live) as address, polls(address) as polling:
        await join(polling)
        live.restless.going.clear()
        posting = asyncio.create_task(polling.post(*[f'42["subscribe","run:{number}"]' for number in range(8)]))
        link = polling.link(live)
        await wait_until(lambda: link._talker._inbox.full)  # type: ignore[union-attr]  # it is a Socket.IO client

        link.cut()

        assert (await posting).status == 200
        live.restless.going.set()


async def test_an_unknown_session_is_refused(stack: Stack) -> None:
    """A sid that is not known here is answered with 400 and the protocol's own code, on every way in."""
    await stack.start()
    stranger = Polls(stack.address, POLLS, sid="nobody")

    got, posted = await stranger.get(), await stranger.post("40")
    with pytest.raises(InvalidStatus) as handshake:
        async with frames(stack.address, f"{SOCKET}&sid=nobody"):
            raise AssertionError("a WebSocket of nobody's session was accepted")

    assert (got.status, got.json()["code"]) == (400, 1)
    assert (posted.status, posted.json()["code"]) == (400, 1)
    assert handshake.value.response.status_code == 400


@pytest.mark.parametrize("too_many", [1, 5_000])
async def test_a_post_too_large_is_refused(stack: Stack, too_many: int) -> None:
    """A body above `maxPayload` is answered with 413, and what it says is not handled."""
    await stack.start(limits=Limits(message_bytes=10_000))
    async with polls(stack.address) as polling:
        await following(polling)
        padding = "x" * (10_000 + too_many - len('42["ping",""]'))

        answer = await polling.post(f'42["ping","{padding}"]')

        assert answer.status == 413


async def test_a_post_that_is_no_payload_ends_the_session(stack: Stack) -> None:
    """An illegal packet is answered with 400, and the GET that hangs is told that the session is over."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        hanging = asyncio.create_task(polling.poll())
        link = polling.link(stack.live)
        await wait_until(lambda: link.engine.hanging)

        answer = await polling.post("abc")

        assert answer.status == 400
        assert await hanging == ["1"]


async def test_answers_of_polls_are_stored_nowhere(stack: Stack) -> None:
    """No cache between the two may keep an answer."""
    await stack.start()
    answer = await fetch(stack.address, "GET", f"/socket.io/?{POLLS}")
    await Polls(stack.address, POLLS, sid=answer.body.decode().split('"')[3]).post("1")

    assert answer.headers["cache-control"] == "no-store"


# The upgrade.


async def test_an_upgrade_in_the_middle_of_a_burst_loses_and_repeats_nothing(stack: Stack) -> None:
    """While events are published without a pause, the client moves from polling to a WebSocket and gets each of them
    once."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        publishing = asyncio.create_task(publish_steps(stack, 120))
        told = [emitted(packet)[1] for packet in await polling.poll()]

        async with frames(stack.address, f"{SOCKET}&sid={polling.sid}") as framed:
            told += [emitted(packet)[1] for packet in await upgrading(polling, framed)]
            told += await take(framed, 120 - len(told))
            await publishing

            assert_delivered(told, 1, 120)


async def publish_steps(stack: Stack, count: int) -> None:
    """One after the other, with turns of the loop between them."""
    for _ in range(count):
        await stack.publish("step")
        await asyncio.sleep(0)


async def test_answers_of_an_upgrade_under_way_come_over_the_websocket(stack: Stack) -> None:
    """What is asked between the probe and the upgrade is answered after it, before any event."""
    await stack.start()
    async with polls(stack.address) as polling, frames(stack.address, f"{SOCKET}&sid={polling.sid}") as framed:
        await following(polling)
        hanging = asyncio.create_task(polling.poll())
        await framed.say("2probe")
        await framed.hear()
        await hanging
        await emit(polling, "ping", ack_id=7)
        await stack.publish("one")

        await framed.say("5")

        assert await acknowledged(framed, 7) == {"type": "pong"}
        assert (await event(framed))[0] == "one"


async def test_a_failed_upgrade_leaves_the_session_polling(stack: Stack) -> None:
    """A WebSocket that ends before it is the carrier costs nothing: polling goes on with every event."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        async with frames(stack.address, f"{SOCKET}&sid={polling.sid}") as framed:
            await framed.say("2probe")
            await framed.hear()
            await stack.publish("one")
        link = polling.link(stack.live)
        await wait_until(lambda: link.socket is None)

        packets = ["6"]
        while packets == ["6"]:
            packets = await polling.poll()

        assert [emitted(packet)[0] for packet in packets] == ["one"]


async def test_a_second_websocket_is_closed_and_the_first_goes_on(stack: Stack) -> None:
    """A session that has its WebSocket takes no other."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        async with frames(stack.address, f"{SOCKET}&sid={polling.sid}") as first:
            await upgrading(polling, first)
            async with frames(stack.address, f"{SOCKET}&sid={polling.sid}") as second:
                with pytest.raises(Ended):
                    await second.hear()
            await stack.publish("one")

            assert (await event(first))[0] == "one"


async def test_a_poll_after_the_upgrade_is_refused(stack: Stack) -> None:
    """The WebSocket carries everything; a GET with this sid gets 400, and the session goes on."""
    await stack.start()
    async with polls(stack.address) as polling:
        await following(polling)
        async with frames(stack.address, f"{SOCKET}&sid={polling.sid}") as framed:
            await upgrading(polling, framed)
            await emit(framed, "ping", ack_id=1)
            await acknowledged(framed, 1)

            assert (await polling.get()).status == 400
            await emit(framed, "ping", ack_id=2)
            assert await acknowledged(framed, 2) == {"type": "pong"}


# The end.


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_drain_tells_every_client(stack: Stack, carrier: str) -> None:
    """Before a restart a hanging GET is answered with `1` and a WebSocket is closed, so that stock clients come
    back."""
    await stack.start()
    async with client(stack.address, carrier) as joined:
        await following(joined)
        hearing = asyncio.create_task(joined.hear())
        if isinstance(joined, Polls):
            link = joined.link(stack.live)
            await wait_until(lambda: link.engine.hanging)

        await stack.live.drain(0.0)

        with pytest.raises(Ended):
            await hearing
        await wait_until(stack.left_alone)


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_client_that_says_goodbye_is_forgotten(stack: Stack, carrier: str) -> None:
    """A close packet ends the session, its cursors and its connection."""
    await stack.start()
    async with client(stack.address, carrier) as joined:
        await following(joined)

        await joined.say("1")

        await wait_until(stack.left_alone)


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_client_that_answers_pings_is_kept(carrier: str) -> None:
    """Who answers every ping in time stays for as long as it likes."""
    live = Headway(limits=Limits(heartbeat_seconds=0.05, heartbeat_timeout=10.0))
    async with serving(live) as address, client(address, carrier) as joined:
        await join(joined)
        for _ in range(3):
            assert await joined.hear() == "2"
            await joined.say("3")
        await emit(joined, "ping", ack_id=1)

        packets = [await joined.hear()]
        while not packets[-1].startswith("431"):
            packets.append(await joined.hear())

        assert set(packets[:-1]) <= {"2"}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("kind", [Kind.FAST, Kind.PLAIN])
async def test_a_client_that_answers_no_ping_is_put_out(kind: Kind, carrier: str) -> None:
    """Without a pong in time the session is over and its cursors are freed."""
    live = Headway(limits=Limits(heartbeat_seconds=0.05, heartbeat_timeout=0.05))
    async with serving(live, kind) as address, client(address, carrier) as joined:
        await join(joined)

        with pytest.raises(Ended):
            await hear_pings(joined)

        await wait_until(lambda: not live.running.sessions.registry.connections())


async def hear_pings(joined: Client) -> None:
    """Hear pings for ever, and answer none."""
    while True:
        assert await joined.hear() == "2"


async def test_many_sessions_do_not_hear_each_other(stack: Stack) -> None:
    """Each session gets what its client asked for and nothing else, whatever carries it."""
    await stack.start()

    async def one(address: Address, number: int) -> None:
        async with client(address, CARRIERS[number % 2]) as joined:
            await following(joined, f"run:{number}")
            await stack.publish("mine", channel=f"run:{number}")
            name, fields, _ = await event(joined)
            assert (name, fields["channel"]) == ("mine", f"run:{number}")

    await asyncio.gather(*[one(stack.address, number) for number in range(12)])
