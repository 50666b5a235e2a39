"""Workers: jobs that run in processes of their own, beside the server."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headway.client import Event, Gap, connect
from headway.client.address import Address as ServerAddress
from headway.client.endings import Refused, Unreachable
from headway.errors import HeadwayError, UsageError
from headway.events import Draft
from headway.positions import BEGINNING
from headway.server.live import Headway
from headway.server.working import HttpAnnounce, Worker
from headway.tasks.interface import Beginning
from headway.tasks.jobs import Jobs
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.tasks.work import Work
from headway.testing.clock import FakeClock
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.serving import serving
from headway.testing.waiting import wait_until
from tests.cli.harness import Command, command, serve

JOBS = '''
import asyncio, os, sqlite3
from contextlib import closing
from pathlib import Path
from headway.tasks.jobs import Jobs
from headway.tasks.work import Work

jobs = Jobs()

@jobs.job("mark", concurrency=8)
async def mark(work: Work, ledger: str, go: str) -> None:
    """Two marks, the second when it may; the ledger is the memory of what was done, and has no rule of its own."""
    work.update(total=2)
    with closing(sqlite3.connect(ledger, isolation_level=None, timeout=10)) as target:
        (done,) = target.execute("SELECT count(*) FROM marks WHERE task = ?", (work.task,)).fetchone()
        work.update(done=done, counts={"marked": done} if done else {})
        for step in range(done, 2):
            while step == 1 and not Path(go).exists():
                await work.apoint()
                await asyncio.sleep(0.01)
            await work.apoint()
            target.execute("INSERT INTO marks VALUES (?, ?, ?)", (work.task, step, os.getpid()))
            work.advance(outcome="marked")
        await work.save()
'''
TASKS = 40
ROOM = 8
SECRET = "a secret of more than thirty-two bytes"

Marks = list[tuple[str, int, int]]


class Site:
    """A server that takes tasks and leaves them to workers."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.data = folder / "data"
        self.go = folder / "go"
        self._folder = folder
        self._ledger = folder / "ledger.db"
        with closing(sqlite3.connect(self._ledger)) as ledger:
            ledger.execute("PRAGMA journal_mode = WAL")
            ledger.execute("CREATE TABLE marks (task TEXT, step INTEGER, pid INTEGER)")

    def marks(self) -> Marks:
        """What was done."""
        with closing(sqlite3.connect(self._ledger)) as ledger:
            return ledger.execute("SELECT task, step, pid FROM marks ORDER BY rowid").fetchall()

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Command]:
        """A worker, from when it works."""
        arguments = ("--data", str(self.data), "--url", self.url, "--jobs", "marking", "--lease", "5")
        async with command("worker", *arguments, cwd=self._folder) as running:
            assert "runs mark, data: " in await running.line()
            yield running

    async def submit(self, client: httpx2.AsyncClient) -> str:
        """Have the job run; the task's id."""
        arguments = {"ledger": str(self._ledger), "go": str(self.go)}
        answer = await client.post(f"{self.url}/api/tasks", json={"job": "mark", "arguments": arguments})
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["task"]
        return id


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """It runs."""
    (tmp_path / "marking.py").write_text(JOBS)
    settings = {"PYTHONPATH": str(tmp_path)}
    async with serve(tmp_path / "data", "--jobs", "marking", "--no-run-jobs", settings=settings) as (_, url):
        yield Site(tmp_path, url)


async def history(client: httpx2.AsyncClient, site: Site, id: str) -> list[str]:
    """What happened to a task."""
    answer = await client.get(f"{site.url}/api/tasks/{id}/history")
    return [entry["what"] for entry in answer.json()["history"]]


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_two_workers_share_the_work_and_one_is_killed(site: Site) -> None:
    """Of forty tasks each is done once, though one of two workers is killed in the middle; who watches is told every
    milestone once, as the log has it."""
    async with AsyncExitStack() as life:
        client = await life.enter_async_context(httpx2.AsyncClient(timeout=20))
        viewer = await life.enter_async_context(connect(site.url))
        first = await life.enter_async_context(site.worker())
        await life.enter_async_context(site.worker())
        ids = [await site.submit(client) for _ in range(TASKS)]
        seen = {name: viewer.channel(name, BEGINNING) for name in [f"task:{id}" for id in ids]}
        watching = [asyncio.create_task(until_completed(channel)) for channel in seen.values()]
        await wait_until(lambda: first.pid in {pid for _, _, pid in site.marks()}, within=20)

        first.kill()
        await first.ended()
        site.go.touch()
        told = dict(zip(seen, await asyncio.gather(*watching), strict=True))

        logs = {name: await log_of(site.url, name, told[name][-1].offset) for name in seen}
        states = [(await client.get(f"{site.url}/api/tasks/{id}")).json() for id in ids]
        histories = [await history(client, site, id) for id in ids]
    marks = site.marks()
    assert Counter((task, step) for task, step, _ in marks) == Counter((id, step) for id in ids for step in (0, 1))
    assert {(state["status"], state["done"], state["counts"]["marked"]) for state in states} == {("completed", 2, 2)}
    killed = {task for task, step, pid in marks if step == 0 and pid == first.pid}
    interrupted = {id for id, what in zip(ids, histories, strict=True) if "interrupted" in what}
    # Some it may have taken and not begun.
    assert killed <= interrupted
    assert 1 <= len(interrupted) <= ROOM
    for name in seen:
        assert milestones(told[name]) == milestones(logs[name])
        assert set(map(str, told[name])) <= set(map(str, logs[name]))
        assert [event.type for event in milestones(logs[name])].count("task_completed") == 1


async def until_completed(channel: Any) -> list[Event]:  # Any: a channel of the client
    """Everything that is told of a task until its end."""
    told: list[Event] = []
    async for one in channel:
        assert not isinstance(one, Gap)
        told.append(one)
        if one.type == "task_completed":
            return told
    raise AssertionError("the channel ended before the task")


async def log_of(url: str, channel: str, last: int) -> list[Event]:
    """What the log holds, as a fresh reader is told it."""
    async with connect(url) as client:
        told: list[Event] = []
        async for one in client.channel(channel, BEGINNING):
            assert isinstance(one, Event)
            told.append(one)
            if one.offset == last:
                break
        return told


def milestones(events: list[Event]) -> list[Event]:
    """Those that always arrive."""
    return [event for event in events if event.key is None]


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_that_is_told_to_stop_gives_its_work_back(site: Site, how: signal.Signals) -> None:
    """The task goes on elsewhere from where it was, at once; the command ends with code 0."""
    async with AsyncExitStack() as life:
        client = await life.enter_async_context(httpx2.AsyncClient(timeout=20))
        first = await life.enter_async_context(site.worker())
        id = await site.submit(client)
        await wait_until(lambda: len(site.marks()) == 1, within=20)

        first.send(how)
        finished = await first.ended()
        between = await history(client, site, id)
        site.go.touch()
        await life.enter_async_context(site.worker())
        await wait_until(lambda: len(site.marks()) == 2, within=20)

        async def completed() -> bool:
            return (await history(client, site, id))[-1] == "completed"

        await wait_until(completed, within=20)
    assert finished.code == 0, finished.err
    assert between == ["queued", "started", "interrupted"]


# What it announces.


async def test_an_answer_that_is_lost_publishes_nothing_twice() -> None:
    """It is tried again with the same key, whether the caller gave one or not."""
    live = Headway()
    async with serving(live) as address, Middlebox(address) as box:
        announce = HttpAnnounce(ServerAddress.parse(box.address.http("")), None)
        box.set(Carried.OTHER, Fault.DROP_ANSWER)
        publishing = asyncio.create_task(announce("run", [Draft.of("one"), Draft.of("two", {"n": 1}, "k")]))

        async def stored() -> bool:
            return (await live.running.hub.head("run")).offset == 2

        await wait_until(stored)
        box.heal()
        await publishing
        head = await live.running.hub.head("run")
        await announce.close()

    assert head.offset == 2


async def test_a_server_that_is_away_is_worth_another_try() -> None:
    """Whoever publishes hears that it is away, and not that it was refused."""
    announce = HttpAnnounce(ServerAddress.parse("http://127.0.0.1:9"), None)

    with pytest.raises(Unreachable) as raised:
        await announce("run", [Draft.of("one")])
    await announce.close()

    assert raised.value.code.retry


async def test_what_is_refused_is_said_so() -> None:
    """A key that was used for something else, an event that cannot be."""
    live = Headway()
    async with serving(live) as address:
        announce = HttpAnnounce(ServerAddress.parse(address.http("")), None)
        await announce("run", [Draft.of("one")], idempotency_key="k")
        with pytest.raises(HeadwayError) as raised:
            await announce("run", [Draft.of("other")], idempotency_key="k")
        await announce.close()

    assert raised.value.code.spelling == "idempotency_conflict"
    assert not raised.value.code.retry


async def test_what_a_dead_worker_left_unsaid_is_told_by_the_others(tmp_path: Path) -> None:
    """A change that was stored, and whose process died before it could announce it, is announced by whoever lives."""
    loop, clock, told = asyncio.get_running_loop(), FakeClock(), list[str]()

    async def mute(channel: str, drafts: Any, *, idempotency_key: str | None = None) -> None:  # Any: drafts
        raise Unreachable("it dies here")

    async def speak(channel: str, drafts: Any, *, idempotency_key: str | None = None) -> None:  # Any: drafts
        told.extend(draft.type for draft in drafts if channel != "tasks")

    stores = [Store(tmp_path / "tasks.db", loop) for _ in range(2)]
    dying, living = (
        Service(store, say, clock, iter("abcd").__next__) for store, say in zip(stores, (mute, speak), strict=True)
    )
    await living.start()
    await dying.begin(Beginning("Import"))
    await stores[0].close()

    await living.keep()
    first = list(told)
    await living.keep()
    await stores[1].close()

    assert first == []
    assert told == ["task_progress", "task_started"]


# What it needs.


def jobs() -> Jobs:
    """A job."""
    made = Jobs()

    @made.job("quick")
    async def quick(work: Work) -> None:
        work.advance()

    return made


async def test_a_folder_without_tasks_is_refused(tmp_path: Path) -> None:
    """A worker makes no store of its own, which no server would look into."""
    with pytest.raises(UsageError, match="there are no tasks in "):
        await Worker(tmp_path, "http://127.0.0.1:9", None, jobs()).__aenter__()

    assert list(os.scandir(tmp_path)) == []


async def test_another_servers_folder_is_refused(tmp_path: Path) -> None:
    """What it did would be told to people who know nothing of these tasks."""
    own, other = Headway(tmp_path, jobs=jobs(), run_jobs=False), Headway()
    async with serving(own), serving(other) as elsewhere:
        await own.submit("quick")
        with pytest.raises(UsageError, match="does not know the tasks in"):
            await Worker(tmp_path, elsewhere.http(""), None, jobs()).__aenter__()


async def test_a_token_that_is_not_taken_is_said_at_once(tmp_path: Path) -> None:
    """It would only be found out when there is something to tell."""
    live = Headway(tmp_path, secret=SECRET)
    async with serving(live) as address:
        with pytest.raises(Refused) as raised:
            await Worker(tmp_path, address.http(""), "nonsense", jobs()).__aenter__()

    assert raised.value.token


async def test_a_worker_in_the_same_process_does_what_the_server_left(tmp_path: Path) -> None:
    """The server takes what it does not run; the worker runs it, and the server knows of it."""
    live = Headway(tmp_path, jobs=jobs(), run_jobs=False)
    async with serving(live) as address:
        state = await live.submit("quick")
        async with Worker(tmp_path, address.http(""), None, jobs()) as worker:

            async def completed() -> bool:
                return (await live.running.tasks.get(state.id)).status == "completed"

            await wait_until(completed)

    assert worker.statistics() == {"running": 0, "completed": 1}
