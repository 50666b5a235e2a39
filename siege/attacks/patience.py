"""Those who take their time: heads and bodies in drops, and readers that do not read."""

from __future__ import annotations

import asyncio
from typing import Final

from siege.foe import Attack, Foe
from siege.people import EVES
from siege.wire import FAILURES, Line, request

__all__ = ["ATTACKS", "SLOW_BODIES", "SLOW_HEADERS", "SLOW_READERS"]

HALF_OPEN: Final = 300
"""Connections at once, as in the survey of other servers (300 of 300 were still there after 30 s)."""
_DROP_SECONDS: Final = 0.1
_BODIES: Final = 30


async def _slow_headers(foe: Foe) -> None:
    starts = (b"", b"GET /", f"GET / HTTP/1.1\r\nHost: {foe.host}\r\nX: ".encode())
    await asyncio.gather(*(_drip(foe, starts[number % len(starts)]) for number in range(HALF_OPEN)))


async def _slow_bodies(foe: Foe) -> None:
    length = [*foe.headers(), ("Content-Length", "100000")]
    chunks = [*foe.headers(), ("Transfer-Encoding", "chunked")]
    path = f"/api/channels/{EVES}/events"
    starts = (request("POST", path, length), request("POST", path, chunks) + b"ffff\r\n")
    await asyncio.gather(*(_drip(foe, starts[number % len(starts)]) for number in range(_BODIES)))


async def _drip(foe: Foe, start: bytes) -> None:
    """Say the start, then a byte at a time, until the server has had enough. An answer is noted, or that it cut."""
    try:
        async with foe.line() as line:
            if start:
                await line.send(start)
            dripping = asyncio.create_task(_drop_by_drop(line)) if start else None
            try:
                said = await line.end(foe.target.patience)
            finally:
                if dripping is not None:
                    dripping.cancel()
                    await asyncio.gather(dripping, return_exceptions=True)
            foe.note(said[9:12].decode("latin-1") or "cut")
    except TimeoutError:
        foe.note("silence")
    except FAILURES:
        foe.note("cut")


async def _drop_by_drop(line: Line) -> None:
    while True:
        await asyncio.sleep(_DROP_SECONDS)
        await line.send(b"x")


async def _slow_readers(foe: Foe) -> None:
    """Follow a busy channel and read nothing; publish to it what fills every buffer."""
    text = b'{"type":"fill","data":{"text":"' + b"x" * 500_000 + b'"}}'
    async with foe.socket(receive_buffer=4_096) as socket:
        await socket.say({"type": "subscribe", "channel": EVES, "since": ""})
        for _ in range(20):
            answer = await foe.ask("POST", f"/api/channels/{EVES}/events", body=text)
            if answer.status != 201:
                foe.judge(answer)
                return
            foe.note("published")


SLOW_HEADERS: Final = Attack(
    "slowloris headers",
    "300 half-open requests, a byte now and then",
    frozenset({"408", "cut"}),
    _slow_headers,
    at_once=1,
)
SLOW_BODIES: Final = Attack(
    "slow bodies",
    "bodies of 100 kB, a byte now and then",
    frozenset({"408"}),
    _slow_bodies,
    at_once=1,
)
SLOW_READERS: Final = Attack(
    "slow readers",
    "following a channel of 10 MB without reading",
    frozenset({"published", "cut"}),
    _slow_readers,
)

ATTACKS: Final = (SLOW_HEADERS, SLOW_BODIES, SLOW_READERS)
