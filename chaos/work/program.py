"""The killer and the judge: starts work, kills the server at random, restarts it, and compares at the end.

It fails unless
- each step's effect happened exactly once,
- each viewer, one on each transport and one who comes late, was told every milestone of the log once, in order, with
  what the log says, and of what newer events supersede nothing that the log does not have,
- the final counts add up, for every viewer, and the history follows the table of states.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx2

from chaos.victim import Victim, end_with_us
from headway.client.channel import Channel
from headway.client.client import Client, connect
from headway.client.following import Event
from headway.positions import BEGINNING, Gap
from headway.tasks.model import TRANSITIONS, Happening, Status

__all__ = ["main"]

_LIFE: Final = (0.2, 2.5)
"""Seconds that a server lives, at least and at most."""
_ENDS: Final = frozenset({"task_completed", "task_failed", "task_cancelled"})
_ORDERS: Final = 5
"""Steps of the ledger for each order: a request takes longer than an insert."""

Fields = dict[str, Any]
"""JSON values. Any: whatever they are."""


class Wrong(Exception):
    """Something was lost, repeated, or does not add up."""


def main() -> None:
    """Run and exit: 0 if everything adds up."""
    parser = argparse.ArgumentParser(prog="python -m chaos.work", description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=100_000, help="of the ledger")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", help="of a run to repeat; the times of the kills are chosen by it")
    options = parser.parse_args()
    seed = options.seed or f"{random.SystemRandom().randrange(10**9):09}"
    folder = Path(tempfile.mkdtemp(prefix="headway-work-"))
    try:
        asyncio.run(Trial(folder, options.steps, options.kills, random.Random(seed)).run())
    except Wrong as wrong:
        print(f"FAILED: {wrong}. The log and what the server wrote are in {folder}. seed {seed}", flush=True)
        sys.exit(1)
    except BaseException:  # interrupted, or a mistake of this program: nothing is worth keeping
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    print(f"every effect happened once, and every viewer was told the same. seed {seed}", flush=True)


class Trial:
    """One run."""

    def __init__(self, folder: Path, steps: int, kills: int, chance: random.Random) -> None:
        self._folder = folder
        self._steps = {"ledger": steps, "orders": max(1, steps // _ORDERS)}
        self._kills = kills
        self._chance = chance
        self._victim = Victim(folder, {"JOBS": "chaos.work.jobs"})
        self._ledger = folder / "ledger.db"

    async def run(self) -> None:
        """Start, kill, wait, judge."""
        async with target() as url:
            await self._victim.start()
            try:
                await self._worked(url)
            finally:
                await self._victim.kill()

    async def _worked(self, url: str) -> None:
        tasks = {
            "ledger": await self._submit("ledger", {"path": str(self._ledger), "steps": self._steps["ledger"]}),
            "orders": await self._submit("orders", {"url": url, "steps": self._steps["orders"]}),
        }
        async with contextlib.AsyncExitStack() as stack:
            viewers = {
                f"{job} by {transport}": await stack.enter_async_context(Viewer.following(self._base, id, transport))
                for job, id in tasks.items()
                for transport in ("websocket", "socketio", "eventsource", "polling")
            }
            await self._kill_again_and_again(tasks)
            for viewer in viewers.values():
                await viewer.ended()
            for job, id in tasks.items():
                async with Viewer.following(self._base, id, "websocket") as late:
                    viewers[f"{job}, come late"] = late
                    await late.ended()
            for job, id in tasks.items():
                told = [viewer for name, viewer in viewers.items() if name.startswith(job)]
                await self._judge(job, id, told)
        await self._count_effects(url)

    @property
    def _base(self) -> str:
        return self._victim.address.http("")

    async def _submit(self, job: str, arguments: Fields) -> str:
        answer = await self._post("/api/tasks", {"job": job, "arguments": arguments})
        return str(answer["task"])

    async def _post(self, path: str, body: Fields) -> Fields:
        async with httpx2.AsyncClient() as http:
            answer = await http.post(self._victim.address.http(path), json=body)
            answer.raise_for_status()
            return dict(answer.json())

    async def _get(self, path: str) -> Fields:
        async with httpx2.AsyncClient() as http:
            answer = await http.get(self._victim.address.http(path))
            answer.raise_for_status()
            return dict(answer.json())

    async def _kill_again_and_again(self, tasks: Mapping[str, str]) -> None:
        killed = 0
        while killed < self._kills:
            await asyncio.sleep(self._chance.uniform(*_LIFE))
            states = [await self._get(f"/api/tasks/{id}") for id in tasks.values()]
            if all(state["status"] in ("completed", "failed", "cancelled") for state in states):
                say(f"the work was over after {killed} kills; more steps would take more")
                break
            await self._victim.kill()
            killed += 1
            done = ", ".join(f"{job} {state['done']}" for job, state in zip(tasks, states, strict=True))
            say(f"kill {killed:3}: {done}")
            await self._victim.start()

    # The judge.

    async def _judge(self, job: str, id: str, viewers: Sequence[Viewer]) -> None:
        log = await self._log(f"task:{id}")
        state = await self._get(f"/api/tasks/{id}")
        steps = self._steps[job]
        if state["status"] != "completed" or state["done"] != steps or sum(state["counts"].values()) != steps:
            raise Wrong(f"{job} ended as {state['status']} with {state['done']} of {steps}, counts {state['counts']}")
        self._judge_history(job, log)
        for viewer in viewers:
            viewer.judge(log, state)
        kinds = Counter(event["type"] for event in log)
        say(
            f"{job}: {len(log)} events in the log ({dict(kinds)}), {len(viewers)} viewers told the same, attempt "
            f"{state['attempt']}"
        )

    def _judge_history(self, job: str, log: Sequence[Fields]) -> None:
        status = None
        for event in log:
            happening = event["type"].removeprefix("task_")
            if "key" in event or happening not in set(Happening):
                continue
            if status is None:
                status = Status.QUEUED
                continue
            following = TRANSITIONS[status].get(Happening(happening))
            if following is None or following.value != event["status"]:
                raise Wrong(f"{job}: {status} was followed by {event['type']} ({event['status']}) at {event['offset']}")
            status = following

    async def _log(self, channel: str) -> list[Fields]:
        events: list[Fields] = []
        since = ""
        while True:
            page = await self._get(f"/api/channels/{channel}/events?since={since}&limit=1000")
            events += page["events"]
            if not page["events"]:
                return events
            since = page["position"]

    async def _count_effects(self, url: str) -> None:
        with contextlib.closing(sqlite3.connect(self._ledger)) as ledger:
            written = Counter(step for (step,) in ledger.execute("SELECT step FROM effects"))
        if written != Counter(range(self._steps["ledger"])):
            twice = [step for step, count in written.items() if count > 1]
            raise Wrong(f"the ledger has {sum(written.values())} steps of {self._steps['ledger']}, twice: {twice[:10]}")
        async with httpx2.AsyncClient() as http:
            counted = (await http.get(url)).json()
        effects, asked = counted["effects"], counted["asked"]
        if len(effects) != self._steps["orders"] or set(effects.values()) != {1}:
            raise Wrong(f"{len(effects)} orders of {self._steps['orders']} were carried out")
        repeated = sum(asked.values()) - len(asked)
        say(
            f"effects: {len(written)} steps written and {len(effects)} orders carried out, each once; "
            f"{repeated} requests came again after a kill, with the key they had"
        )


class Viewer:
    """Somebody who watches a task over one transport, through every restart."""

    def __init__(self, name: str, client: Client, channel: Channel) -> None:
        self.name = name
        self._client = client
        self.told: list[Event | Gap] = []
        self._watching = asyncio.create_task(self._watch(channel), name=name)

    @classmethod
    @contextlib.asynccontextmanager
    async def following(cls, base: str, id: str, transport: str) -> AsyncIterator[Viewer]:
        """Follow the task from its beginning."""
        async with connect(base, transports=[transport]) as client:
            viewer = cls(f"{id} by {transport}", client, client.channel(f"task:{id}", since=BEGINNING))
            try:
                yield viewer
            finally:
                viewer._watching.cancel()
                await asyncio.gather(viewer._watching, return_exceptions=True)

    async def _watch(self, channel: Channel) -> None:
        async for told in channel:
            self.told.append(told)
            if isinstance(told, Event) and told.type in _ENDS:
                return

    async def ended(self) -> None:
        """Wait until it was told the end."""
        await self._watching

    def judge(self, log: Sequence[Fields], state: Fields) -> None:
        """Compare what it was told with the log. Raises `Wrong`."""
        events = [one for one in self.told if isinstance(one, Event)]
        if len(events) < len(self.told):
            raise Wrong(f"{self.name} was told of a gap")
        known = {event["offset"]: event for event in log}
        offsets = [event.offset for event in events]
        if offsets != sorted(set(offsets)):
            raise Wrong(f"{self.name} was told something twice, or out of order")
        for event in events:
            if known.get(event.offset) != event.flat():
                raise Wrong(f"{self.name} was told something else than the log says at {event.offset}")
        missing = [event["offset"] for event in log if "key" not in event and event["offset"] not in set(offsets)]
        if missing:
            raise Wrong(f"{self.name} was not told the milestones at {missing[:10]}")
        final = events[-1].data
        if (final["done"], final["counts"], final["status"]) != (state["done"], state["counts"], state["status"]):
            raise Wrong(f"{self.name} was told other final numbers: {final['done']}, {final['counts']}")


@contextlib.asynccontextmanager
async def target() -> AsyncIterator[str]:
    """The stranger, in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chaos.work.target", stdout=asyncio.subprocess.PIPE, preexec_fn=end_with_us
    )
    try:
        assert child.stdout is not None  # it is a pipe
        yield f"http://127.0.0.1:{int(await child.stdout.readline())}"
    finally:
        child.kill()
        await child.communicate()


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)
