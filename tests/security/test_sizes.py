"""Too much of everything is refused early, and costs little memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from headway.testing.readers import WebSocketReader
from headway.testing.serving import process
from siege.attacks.sizes import ATTACHMENTS, BOMBS, COSTLY, ENDLESS, HEADERS, NESTED, OVERSIZE, zeros
from siege.foe import Attack, Foe, Target, attempt
from siege.people import AUDIENCE, SECRET, token
from siege.process import peak_of, resident
from siege.wire import client_frame
from tests.security.harness import besieged, strike


async def test_oversize_messages() -> None:
    """Tried: frames, fragments and bodies beyond the bounds, sent or only announced. Answered: close 1009, or 413 over
    HTTP."""
    async with besieged(message_bytes=50_000, body_bytes=100_000) as ground:
        answered = await strike(OVERSIZE, ground)

        assert answered == {"close 1009": 4, "413": 3}


async def test_compressed_bombs() -> None:
    """Tried: 900 MB and 1 GB of zeros as deflated messages, whole and in fragments; compressed bodies. Answered: close
    1009 and 415."""
    async with besieged() as ground:
        assert await strike(BOMBS, ground) == {"close 1009": 3, "415": 5}


async def test_what_is_deflated_is_read() -> None:
    """Control: a deflated message within the bound is inflated, and then it is no JSON."""
    async with (
        besieged(message_bytes=2 * 1024 * 1024) as ground,
        Foe(ground.target).socket(extensions="permessage-deflate") as socket,
    ):
        await socket.line.send(client_frame(0xC1, zeros(1)))
        first, _ = await socket.line.reader.readexactly(2)

        assert first & 0x0F == 1  # a text: the complaint


async def test_huge_headers() -> None:
    """Tried: 2,000 headers, a header of 10 MB, an address of 1 MB, huge cookies and tokens. Answered: 431."""
    async with besieged() as ground:
        assert await strike(HEADERS, ground) == {"431": 7}


async def test_endless_bodies() -> None:
    """Tried: chunks, trailers and chunk extensions that never end. Answered: 413 and 431."""
    async with besieged(body_bytes=500_000) as ground:
        answered = await strike(ENDLESS, ground)

        assert set(answered) <= ENDLESS.answers
        assert answered["413"] >= 1


async def test_json_and_messagepack_bombs() -> None:
    """Tried: half a million brackets, half a million digits, infinite numbers, broken text, lengths of 4 GB. Answered:
    400 or 413 over HTTP, an error on connections, which go on."""
    async with besieged() as ground:
        answered = await strike(NESTED, ground)

        assert set(answered) <= NESTED.answers
        assert answered["400"] == 7  # three hold more brackets than a body may
        assert answered["413"] == 3


async def test_costly_publishes() -> None:
    """Tried: bodies within the bounds that are as much work as fits into them. Answered: 403 where one may not publish,
    before anything is read; otherwise what is too many is refused."""
    async with besieged(message_bytes=50_000, event_bytes=50_000, body_bytes=300_000) as ground:
        answered = await strike(COSTLY, ground)

        assert set(answered) <= COSTLY.answers
        assert answered["403"] == 3


async def test_binary_attachment_flood() -> None:
    """Tried: Socket.IO packets of 999,999,999 attachments, of eleven, of ids of 100,000 digits. Answered: the
    connection is closed."""
    async with besieged() as ground:
        answered = await strike(ATTACHMENTS, ground)

        assert set(answered) <= ATTACHMENTS.answers - {"silence"}
        assert sum(answered.values()) == 8


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    "attack", [BOMBS, ATTACHMENTS, HEADERS, ENDLESS, NESTED, OVERSIZE], ids=lambda attack: attack.name.replace(" ", "-")
)
async def test_memory(attack: Attack, tmp_path: Path) -> None:
    """Tried: each of these three times against a server in a process of its own. It grows by less than 50 MB at any
    moment, and serves others afterwards."""
    settings = {"SECRET": SECRET, "AUDIENCE": AUDIENCE}
    async with process(tmp_path / "data", settings=settings) as server:
        foe = Foe(Target(server.address.port, server.pid, token("eve", ["eve:*"], publish=["eve:*"])))
        await attempt(attack, foe)
        before = resident(server.pid)
        for _ in range(3):
            await attempt(attack, foe)
        await foe.leave()

        assert peak_of(server.pid) - before < 50_000_000
        assert set(foe.answers) - {"429"} <= attack.answers
        async with WebSocketReader(server.address, token=token("ann", ["*"])) as reader:
            await reader.subscribe("run:7")


def test_memory_is_seen() -> None:
    """Control: a process that takes 60 MB shows it."""
    before = peak_of(os.getpid())
    taken = bytearray(os.urandom(1024)) * (max(60_000_000, before - resident(os.getpid()) + 60_000_000) // 1024 + 1)

    assert peak_of(os.getpid()) - before >= 50_000_000
    assert len(taken) >= 60_000_000
