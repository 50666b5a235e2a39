"""`kill -9`, for real: a process appends, is killed at any moment, and what it told is compared with what is there."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from headway.positions import Position
from tests.log.harness import SqliteSubject, everything

KILLS = int(os.environ.get("HEADWAY_KILLS", "20"))
"""How often the process is killed. `make chaos` asks for more."""


async def told_until_killed(folder: Path, life: int, lines: int, delay: float) -> list[tuple[str, Position, int]]:
    """Run the appender, kill it some moment after it printed so many lines, return what it told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.log.appender", str(folder), f"life{life}", str(life * 1_000_000)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."]), "PYTHONASYNCIODEBUG": "0"},
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    told = []
    try:
        for _ in range(lines):
            told.append(await process.stdout.readline())
        await asyncio.sleep(delay)  # not waiting for anything: the moment of the kill
    finally:
        process.kill()
    told += (await process.stdout.read()).splitlines(keepends=True)
    assert await process.wait() == -9, "the appender ended by itself"
    # The kill may have cut the last line.
    split = [line.decode().split() for line in told if line.endswith(b"\n")]
    return [(channel, Position.parse(position), int(number)) for channel, position, number in split]


@pytest.mark.slow
@pytest.mark.timeout(60 + 3 * KILLS)
async def test_what_was_told_outlives_a_kill(tmp_path: Path) -> None:
    """At any moment: what anybody was told is there, in place, and its offset belongs to no other event."""
    subject = SqliteSubject(tmp_path / "data")
    ever: dict[tuple[str, Position], int] = {}
    for life in range(KILLS):
        told = await told_until_killed(subject.folder, life, random.randint(1, 300), random.uniform(0, 0.02))
        assert told, "nothing was told before the kill"
        for channel, position, number in told:
            assert ever.setdefault((channel, position), number) == number, f"{position} was used twice"

        await subject.start()
        for channel in ("run-0", "run-1"):
            held = {event.position: event.data["n"] for event in await everything(subject.log, channel)}
            offsets = [position.offset for position in held]
            assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
            assert offsets[0] == 1 or len(offsets) >= 2_000
            expected = {
                position: number
                for (name, position), number in ever.items()
                if name == channel and position.offset >= offsets[0]
            }
            assert expected.items() <= held.items()
            assert all(position.offset <= offsets[-1] for name, position in ever if name == channel)
            ever |= {(channel, position): number for position, number in held.items()}
        await subject.stop()
