"""Floods reach their bound, and nobody else notices."""

from __future__ import annotations

from headway.testing.readers import WebSocketReader, fetch
from headway.testing.waiting import wait_until
from siege.attacks.floods import CONNECTIONS, FORWARDED, HANDSHAKES, MESSAGES, NOISE, REQUESTS, SUBSCRIPTIONS
from siege.foe import Foe
from siege.people import EVES, token
from siege.wire import client_frame
from tests.security.harness import besieged, strike


async def test_connection_flood() -> None:
    """Tried: 20 connections more than an address may hold. Answered: 429 to these; another address is served."""
    async with besieged(address_connections=10) as ground:
        answered = await strike(CONNECTIONS, ground, source="127.0.0.66")

        assert answered == {"open": 10, "429": 20}
        assert (await fetch(ground.address, "GET", "/api/health")).status == 200


async def test_forged_forwarded_for() -> None:
    """Tried: the same, each connection under another invented name in `X-Forwarded-For`. Answered: the same."""
    async with besieged(address_connections=10) as ground:
        assert await strike(FORWARDED, ground, source="127.0.0.66") == {"open": 10, "429": 20}


async def test_connections_are_counted() -> None:
    """Control: without a bound all of them are held."""
    async with besieged() as ground:
        assert await strike(CONNECTIONS, ground, connections=10) == {"open": 30}


async def test_handshake_flood() -> None:
    """Tried: WebSockets one after the other, each given up at once. Answered: 429 once the burst is used up; another
    address is served."""
    async with besieged(address_burst=20, address_rate=0.001) as ground:
        first = await strike(HANDSHAKES, ground, source="127.0.0.66")

        assert first == {"open": 20, "429": 1}
        # Whoever prepared the ground has used some of its own.
        assert (await fetch(ground.address, "GET", "/api/health")).status == 200


async def test_subscription_flood() -> None:
    """Tried: five channels more than a session may follow, and a stream of one too many. Answered: `too_many`, 429."""
    async with besieged(subscriptions=16) as ground:
        assert await strike(SUBSCRIPTIONS, ground) == {"subscribed": 16, "error too_many": 5, "429": 1}


async def test_message_flood() -> None:
    """Tried: half a million messages on one connection. Answered: it is read no faster than the rate says."""
    async with besieged(message_rate=10.0, message_burst=20) as ground:
        answered = await strike(MESSAGES, ground)

        assert set(answered) <= MESSAGES.answers
        assert answered.get("held back", 0) >= 2


async def test_a_client_is_heard_as_often_as_the_rate_says() -> None:
    """Tried: 200 messages at once. Answered: as many as the burst, then it waits; others are heard."""
    async with besieged(message_rate=0.001, message_burst=5, inbox_messages=4) as ground:
        async with Foe(ground.target).socket() as socket:
            await socket.line.send(client_frame(0x81, b'{"type":"ping"}') * 200)
            pongs = [await socket.fields() for _ in range(5)]
            await wait_until(lambda: ground.live.running.sessions.figures.limits["message_rate"] > 0)
            async with WebSocketReader(ground.address, token=token("ann", ["*"])) as other:
                assert (await other.ask({"type": "ping"}))["type"] == "pong"

        assert [pong["type"] for pong in pongs] == ["pong"] * 5


async def test_request_flood() -> None:
    """Tried: publishes, reads, pages and absent paths on and on. Answered: publishes 429 once the burst is used up."""
    async with besieged(request_burst=10, request_rate=0.001) as ground:
        assert await strike(REQUESTS, ground) == {"201": 10, "429": 40, "200": 100, "404": 50}
        assert (await ground.live.publish(EVES, "next")).offset == 11


async def test_malformed_bytes() -> None:
    """Tried: noise, TLS, NUL, broken frames and packets. Answered: 400 or an end, the right close code for a frame."""
    async with besieged() as ground:
        answered = await strike(NOISE, ground)

        assert set(answered) <= NOISE.answers
        assert sum(answered.values()) == 16
