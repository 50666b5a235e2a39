"""Those who take their time do not keep others waiting."""

from __future__ import annotations

from headway.testing.readers import WebSocketReader
from siege.attacks.patience import HALF_OPEN, SLOW_BODIES, SLOW_HEADERS, SLOW_READERS
from siege.people import EVES, token
from tests.security.harness import besieged, strike

_PATIENCE = 8.0
"""Seconds until an attack takes a server for one that never answers: below the defaults of these bounds."""


async def test_slowloris_headers() -> None:
    """Tried: 300 half-open requests, a byte now and then. Answered: 408 to those that began; the others are cut."""
    async with besieged(header_seconds=2.0) as ground:
        answered = await strike(SLOW_HEADERS, ground, patience=_PATIENCE)

        assert set(answered) == {"408", "cut"}
        assert sum(answered.values()) == HALF_OPEN


async def test_half_open_requests_are_seen() -> None:
    """Control: with a bound of an hour all of them are still there."""
    async with besieged(header_seconds=3_600.0) as ground:
        assert await strike(SLOW_HEADERS, ground, patience=0.5) == {"silence": HALF_OPEN}


async def test_slow_bodies() -> None:
    """Tried: bodies of 100 kB, a byte now and then, by length and in chunks. Answered: 408."""
    async with besieged(body_seconds=0.5) as ground:
        assert await strike(SLOW_BODIES, ground, patience=_PATIENCE) == {"408": 30}


async def test_slow_readers() -> None:
    """Tried: following a channel of 10 MB without reading. Answered: the server holds a page for it and no more; others
    are told everything at once."""
    async with (
        besieged() as ground,
        WebSocketReader(ground.address, token=token("eve", ["eve:*"]), receive_buffer=4_096) as slow,
        WebSocketReader(ground.address, token=token("ann", ["eve:*"])) as other,
    ):
        await slow.subscribe(EVES, "")
        await other.subscribe(EVES, "")
        slow.stall()
        answered = await strike(SLOW_READERS, ground)
        offsets = [(await other.next())["offset"] for _ in range(20)]
        held = max(connection.buffered() for connection in ground.live.running.registry.connections())

        assert answered == {"published": 20}
        assert offsets == list(range(1, 21))
        assert 100_000 < held < 2_000_000
