"""`headway replay`: what a log has kept, played again."""

from __future__ import annotations

import asyncio
import os
import pty
import sys

import msgspec
import pytest

from headway.limits import Retention
from headway.positions import BEGINNING
from headway.server.live import Headway
from headway.tasks.model import Status
from headway.testing.clock import FakeClock
from headway.testing.serving import serving
from tests.cli.harness import refusal, run
from tests.cli.working import workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


async def log_of(live: Headway, channel: str) -> list[tuple[str, int]]:
    """What the log holds."""
    page = await live.running.hub.read(channel, BEGINNING, limit=1000, max_bytes=10**6)
    return [(event.type, event.position.offset) for event in page.events]


def told(out: str) -> list[tuple[str, int]]:
    """What was printed as JSON lines."""
    return [(one["type"], one.get("offset", 0)) for one in map(msgspec.json.decode, out.splitlines())]


async def test_a_task_is_played_by_its_id() -> None:
    """Everything that was told of it, in order, with the times it had; by the name of its channel too."""
    async with workshop() as shop:
        id = await shop.ended(Status.COMPLETED)
        played = [await run("replay", name, "--speed", "0", "--json", "--url", shop.url) for name in (id, f"task:{id}")]
        log = await log_of(shop.live, f"task:{id}")

    assert {one.code for one in played} == {0}
    assert [told(one.out) for one in played] == [log, log]
    assert all("timestamp" in msgspec.json.decode(line) for line in played[0].out.splitlines())


async def test_a_task_in_a_channel_of_others_is_played_alone() -> None:
    """From its first event to its last."""
    async with workshop() as shop:
        await shop.live.publish("run", "before")
        tasks = shop.live.running.runner
        state = await tasks.submit("copy", {"rows": 1}, channel="run")
        await shop.reached(state.id, Status.COMPLETED)
        await shop.live.publish("run", "after")
        played = await run("replay", state.id, "--speed", "0", "--json", "--url", shop.url)
        log = await log_of(shop.live, "run")

    assert told(played.out) == log[1:-1]


async def test_a_line_each_without_json() -> None:
    """As `headway watch` has them."""
    async with workshop() as shop:
        id = await shop.ended(Status.FAILED)
        played = await run("replay", id, "--speed", "1000", "--url", shop.url)

    assert "queued  fail" in played.out
    assert "failed  fail · row 17: no email" in played.out


async def test_what_is_no_longer_kept_is_a_gap() -> None:
    """It is announced before what is left, and never passed over."""
    live = Headway(retention=Retention(events=2))
    async with serving(live) as address:
        for _ in range(5):
            await live.publish("run", "step")
        played = await run("replay", "run", "--speed", "0", "--json", "--url", address.http(""))

    assert told(played.out) == [("gap", 0), ("step", 4), ("step", 5)]
    assert played.err == "gap: 3 events up to offset 3 are no longer kept by the server\n"


async def test_a_part_is_played() -> None:
    """After a position and up to one."""
    live = Headway()
    async with serving(live) as address:
        positions = [str(await live.publish("run", "step")) for _ in range(5)]
        part = ("--from", positions[0], "--to", positions[3])
        played = await run("replay", "run", *part, "--speed", "0", "--json", "--url", address.http(""))
        whole = await run("replay", "run", "--from", "0%", "--to", "100%", "--speed", "0", "--url", address.http(""))
        other = await run("replay", "run", "--to", "zzz.3", "--url", address.http(""))

    assert [offset for _, offset in told(played.out)] == [2, 3, 4]
    assert whole.out.count("\n") == 5
    assert (other.code, other.err) == (2, "headway: --to: zzz.3 is no position in what is kept of this channel\n")


async def test_where_nothing_is_kept_it_is_said() -> None:
    """Code 1."""
    async with serving(Headway()) as address:
        played = await run("replay", "run", "--url", address.http(""))

    assert (played.code, played.out) == (1, "")
    assert played.err == "headway: nothing of run is kept that could be played\n"


@pytest.mark.parametrize("arguments", [["--from", "x"], ["--to", "101%"], ["--from", "-1%"]])
def test_a_wrong_place_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Before anybody is asked."""
    finished = refusal(capsys, "replay", "run", *arguments)

    assert finished.code == 2
    assert f"{arguments[0]}: a position, or a part such as 50%, not '{arguments[1]}'" in finished.err


async def test_keys_hold_and_skip_and_end_it() -> None:
    """On a terminal: the space bar holds it, an arrow skips a part of it, q ends it, however slow it is played."""
    clock = FakeClock()
    live = Headway(clock=clock)
    async with serving(live) as address:
        for number in range(2):
            clock.advance(10)
            await live.publish("run", "step", {"number": number})
            await live.publish("run", "progress", {"percent": 40 * number}, key="progress")
        output = await typed(
            [b" ", b" ", b"\x1b[C", b"q"],
            [b"q: end", b"held", b"0.001", b"on to"],
            *("replay", "run", "--speed", "0.001", "--url", address.http("")),
        )

    assert b"space: hold" in output


async def typed(keys: list[bytes], after: list[bytes], *arguments: str) -> bytes:
    """Run a command on a terminal, and press each key once the terminal shows what it is to come after."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "24"}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headway", *arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=settings
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    loop, shown, news = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def read() -> None:
        try:
            shown.extend(os.read(ours, 65536))
        except OSError:  # the command has ended
            loop.remove_reader(ours)
        news.set()

    loop.add_reader(ours, read)
    try:
        seen = 0
        for key, mark in zip(keys, after, strict=True):
            async with asyncio.timeout(20):
                while mark not in shown[seen:]:
                    news.clear()
                    await news.wait()
            seen = len(shown)
            os.write(ours, key)
        async with asyncio.timeout(20):
            assert await child.wait() == 0
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        if child.returncode is None:
            child.kill()
            await child.wait()
    return bytes(shown)
