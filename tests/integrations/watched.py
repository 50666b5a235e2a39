"""What a program told a server of its tasks: each test of an adapter runs a program of its own, as people do, against a
real server, and looks at the tasks that came of it."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from headway.testing.serving import Address
from headway.testing.waiting import wait_until

__all__ = ["Finished", "Watched", "asked", "command", "python", "request", "watched"]

Fields = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Watched:
    """One task, as its viewers know it."""

    state: Fields
    events: Sequence[Fields]

    def types(self, *without: str) -> list[str]:
        """The types of its events, in order."""
        return [event["type"] for event in self.events if event["type"] not in without]

    def of(self, type: str) -> list[Fields]:
        """Its events of one type."""
        return [event for event in self.events if event["type"] == type]

    def parts(self) -> dict[str, Fields]:
        """The last that was told of each part, by its name."""
        return {event["name"]: event for event in self.of("task_progress") if event.get("parent")}

    def lines(self) -> list[str]:
        """The lines of its log."""
        return [event["message"] for event in self.of("task_log")]

    def items(self) -> dict[str, Fields]:
        """Its items, by their names."""
        return {event["item"]: event for event in self.of("task_item")}


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended."""

    status: int
    out: str
    err: str


async def watched(server: Address) -> dict[str, Watched]:
    """All tasks by name, the oldest first; of several with one name, the newest."""
    found = {}
    async with httpx2.AsyncClient() as client:
        tasks = (await client.get(server.http("/api/tasks"))).json()["tasks"]
        for state in reversed(tasks):
            answer = await client.get(server.http(f"/api/channels/task:{state['task']}/events?since=&limit=1000"))
            found[state["name"]] = Watched(state, answer.json()["events"])
    return found


async def request(server: Address, task: str, action: str) -> None:
    """Ask something of a task, as a button does."""
    async with httpx2.AsyncClient() as client:
        answer = await client.post(server.http(f"/api/tasks/{task}/{action}"))
        assert answer.status_code == 202, answer.text


async def asked(server: Address, name: str, action: str) -> None:
    """Ask something of a task, and wait until its program has heard of it: with the answer to its next report."""
    await request(server, (await watched(server))[name].state["task"], action)
    before = len((await watched(server))[name].of("task_progress"))

    async def heard() -> bool:
        return len((await watched(server))[name].of("task_progress")) > before + 1

    await wait_until(heard)


async def command(server: Address | None, *arguments: str | Path, cwd: Path, **settings: str) -> Finished:
    """Run a program to its end. Without a server it is told of none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "PYTEST_"))}
    if server is not None:
        environment["HEADWAY_URL"] = server.http("")
    child = await asyncio.create_subprocess_exec(
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**environment, **settings},
    )
    try:
        async with asyncio.timeout(60):
            out, err = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()
    assert child.returncode is not None
    return Finished(child.returncode, out.decode(), err.decode())


async def python(server: Address | None, program: str, *, cwd: Path, **settings: str) -> Finished:
    """Run a program in Python. It is in a file, since people's are: `script.py`."""
    script = cwd / "script.py"
    script.write_text(textwrap.dedent(program))
    return await command(server, sys.executable, "-W", "error", script, cwd=cwd, **settings)
