"""`headway demo` in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headway.client import Event, connect
from headway.demo.simulator import SIMULATOR
from headway.testing.serving import listener
from headway.testing.waiting import wait_until
from tests.cli.harness import Command, command, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

State = Mapping[str, Any]  # Any: JSON values

PROMISED: dict[str, Callable[[State], bool]] = {
    "queued, and why": lambda task: task["status"] == "queued" and task["waiting"] == "for 1 of 2 browser slots",
    "with counts": lambda task: task["status"] == "running" and len(task["counts"]) >= 2 and task["rate"],
    "without a total": lambda task: task["status"] == "running" and task["total"] is None and task["done"] > 0,
    "paused": lambda task: task["status"] == "paused",
    "to be tried again": lambda task: task["waiting"] == "for its next attempt",
    "interrupted": lambda task: task["status"] == "interrupted",
    "completed": lambda task: task["status"] == "completed",
    "failed": lambda task: task["status"] == "failed" and task["error"]["message"],
    "cancelled": lambda task: task["status"] == "cancelled",
    "reported": lambda task: "job" not in task,
    "stalled": lambda task: task["stalled"],
    "going on after its worker was killed": lambda task: (
        task["name"] == "Rebuild the product catalogue" and task["attempt"] == 2 and task["done"] > 8
    ),
}
"""What is to be seen, as the channel of all tasks tells it."""


@contextlib.asynccontextmanager
async def demo(
    folder: Path, *arguments: str, port: int = 0, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Command]:
    """Run a demo whose temporary folder is in this one, and that shall not mind a real server's settings. It is told to
    end with the block: killed, it would leave a browser behind."""
    own = {"TMPDIR": str(folder), "HEADWAY_DATA": str(folder / "real"), "HEADWAY_JOBS": "nowhere.at.all"}
    async with command("demo", "--port", str(port), *arguments, settings={**own, **(settings or {})}) as running:
        try:
            yield running
        finally:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                running.interrupt()
            await running.ended()


async def listening(demo: Command) -> str:
    """Where it is found."""
    return (await demo.line()).rpartition(" ")[2]


def folders(parent: Path) -> set[str]:
    """What there is of demos."""
    return {folder.name for folder in parent.iterdir()}


async def worker_of(folder: Path) -> list[str]:
    """The processes that work in a demo's folder."""
    asked = await asyncio.create_subprocess_exec("ps", "-Aww", "-o", "pid=,args=", stdout=subprocess.PIPE)
    out, _ = await asked.communicate()
    return [line for line in out.decode().splitlines() if "headway.demo.worker" in line and str(folder) in line]


async def has_worker(folder: Path) -> bool:
    """Whether there is one."""
    return bool(await worker_of(folder))


async def has_no_worker(folder: Path) -> bool:
    """Whether it is gone."""
    return not await has_worker(folder)


async def test_everything_promised_is_soon_to_be_seen(tmp_path: Path) -> None:
    """On the channel of all tasks, without anybody doing anything. All but the last two take some eight seconds, and
    those some twelve."""
    missing = set(PROMISED)
    async with demo(tmp_path) as running, asyncio.timeout(60):
        async with connect(await listening(running)) as client:
            async for told in client.channel("tasks", since=""):
                assert isinstance(told, Event)
                missing -= {promise for promise in missing if PROMISED[promise](told.data)}
                if not missing:
                    break
        running.interrupt()
        finished = await running.ended()

    assert (finished.code, finished.out, finished.err) == (130, "", "")


async def test_other_channels_live_too(tmp_path: Path) -> None:
    """The files on `processing`, the applications on `applications`; and the simulator's buttons are there."""
    async with demo(tmp_path) as running, asyncio.timeout(30):
        url = await listening(running)
        async with connect(url) as client:
            for channel, type in (("processing", "processing_progress"), ("applications", "applicationStatusUpdate")):
                async for told in client.channel(channel, since=""):
                    assert isinstance(told, Event)
                    if told.type == type:
                        break
        async with httpx2.AsyncClient() as http:
            jobs = [job["name"] for job in (await http.get(f"{url}/api/jobs")).json()["jobs"]]

    assert set(SIMULATOR) <= set(jobs)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGHUP, -15)])
async def test_nothing_is_left_when_it_is_told_to_end(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """No folder and no process, and not a word: in the middle of everything, its worker included."""
    async with demo(tmp_path) as running:
        line = await running.line()
        await wait_until(lambda: has_worker(tmp_path), within=30)
        running.send(number)
        finished = await running.ended()

    assert re.fullmatch(r"headway \S+ demo, data: temporary, access: open to everybody, listening on http\S+", line)
    assert (finished.code, finished.out, finished.err) == (code, "", "")
    assert await worker_of(tmp_path) == []
    assert folders(tmp_path) == set()


async def test_what_a_killed_one_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Its worker ends by itself; its folder goes with the next demo, which a demo that lives keeps its own from."""
    async with demo(tmp_path) as first, demo(tmp_path) as second:
        await listening(first)
        await listening(second)
        firsts = tmp_path / next(name for name in folders(tmp_path) if f"-{first.pid}-" in name)
        await wait_until(lambda: has_worker(firsts), within=30)
        first.kill()
        await first.ended()
        await wait_until(lambda: has_no_worker(firsts), within=30)
        left = folders(tmp_path)

        async with demo(tmp_path) as third:
            await listening(third)
            there = folders(tmp_path)

        assert firsts.name in left
        assert left - there == {firsts.name}


async def test_a_browser_is_opened_when_that_is_asked_for(tmp_path: Path) -> None:
    """It is shown the address that was printed."""
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    async with demo(tmp_path, "--open", settings={"BROWSER": f"{browser} %s"}) as running:
        url = await listening(running)
        await wait_until(opened.exists)

    assert opened.read_text() == url


async def test_beyond_this_machine_it_wants_a_secret(tmp_path: Path) -> None:
    """As a server does; then its worker has a token of its own."""
    (tmp_path / "secret").write_text("a secret of more than thirty-two bytes")
    refused = await run("demo", "--port", "0", "--host", "0.0.0.0")
    token = await run("token", "--user", "ann", "--secret-file", str(tmp_path / "secret"))
    async with demo(tmp_path, "--host", "0.0.0.0", "--secret-file", str(tmp_path / "secret")) as running:
        url = await listening(running)
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token.out.strip()}"}) as http:

            async def worked() -> bool:
                tasks = (await http.get(f"{url}/api/tasks")).json()["tasks"]
                return any(task["name"] == "Rebuild the product catalogue" and task["done"] > 0 for task in tasks)

            await wait_until(worked, within=30)
            without = await http.get(f"{url}/api/tasks", headers={"Authorization": ""})

    assert (refused.code, refused.out) == (2, "")
    assert "HEADWAY_SECRET" in refused.err
    assert without.status_code == 401


async def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    """It is named, and nothing was made."""
    with listener() as taken:
        taken.listen()
        port = taken.getsockname()[1]
        async with demo(tmp_path, port=port) as running:
            finished = await running.ended()

    assert (finished.code, finished.out) == (2, "")
    assert f"port {port} is taken by another program" in finished.err
    assert folders(tmp_path) == set()
