"""Where tasks are kept: transactions that are shared, faults that are not, several processes, and `kill -9`."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from headway.clock import SystemClock
from headway.errors import Closed, Conflict, StorageError
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.sqlite import SqliteLog
from headway.tasks.changes import begun
from headway.tasks.model import State, Status
from headway.tasks.records import Change, Filters, Record
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.tasks.tables import Tables
from tests.tasks.shop import everything, happenings, new_id

KILLS = int(os.environ.get("HEADWAY_KILLS", "6"))
"""How often the process is killed. `make chaos` asks for more."""


def a_task(id: str, **more: object) -> Record:
    """A queued task."""
    return replace(Record(State(id, "Work", f"task:{id}", queued_at=1.0, job="copy"), pool="copy"), **more)  # type: ignore[arg-type]


def open_store(path: Path | None, *, durable: bool = False) -> Store:
    """A store of this test."""
    return Store(path, asyncio.get_running_loop(), durable=durable)


def adding(id: str) -> Change:
    """The change that a task is there."""
    return begun(a_task(id), 1.0)


def _answered(answer: int, tables: Tables) -> int:
    return answer


def _added(id: str, tables: Tables) -> Change | None:
    return tables.add(adding(id))


async def test_what_waits_is_stored_in_one_transaction() -> None:
    """A hundred callers share one commit, and each gets the answer to its own question."""
    store = open_store(None)
    gate = threading.Event()
    first = asyncio.create_task(store.do(lambda tables: gate.wait(10)))
    calls = [asyncio.create_task(store.do(partial(_answered, number))) for number in range(100)]
    await asyncio.sleep(0)
    gate.set()

    assert await first
    assert await asyncio.gather(*calls) == list(range(100))
    assert store.statistics() == {"calls": 101, "commits": 2, "failures": 0}
    await store.close()


async def test_who_fails_fails_alone() -> None:
    """A refusal, a mistake, and a statement that the database refuses undo their own call and no other of the same
    transaction."""
    store = open_store(None)
    await store.do(lambda tables: tables.add(adding("there")))
    entered, gate = threading.Event(), threading.Event()

    def block(tables: Tables) -> None:
        entered.set()
        gate.wait(10)

    blocker = asyncio.create_task(store.do(block))
    await asyncio.to_thread(entered.wait, 10)  # what comes now waits for the next transaction, all of it

    def refused(tables: Tables) -> Change | None:
        tables.add(adding("refused"))
        raise Conflict("no")

    def mistaken(tables: Tables) -> Change | None:
        tables.add(adding("mistaken"))
        raise ZeroDivisionError

    def doubled(tables: Tables) -> Change | None:
        tables.add(adding("doubled"))
        return tables.add(adding("there"))

    works: list[Callable[[Tables], Change | None]] = [partial(_added, "before"), refused, mistaken, doubled]
    works.append(partial(_added, "after"))
    calls = [asyncio.create_task(store.do(work)) for work in works]
    await asyncio.sleep(0)
    gate.set()
    await blocker
    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Change, Conflict, ZeroDivisionError, StorageError, Change]
    assert store.statistics()["commits"] == 3
    listed = await store.do(lambda tables: tables.listed(Filters()))
    assert [record.state.id for _, record in listed] == ["after", "before", "there"]
    await store.close()


async def test_giving_up_waiting_undoes_nothing() -> None:
    """Cancelling gives up the answer, not the deed."""
    store = open_store(None)
    gate = threading.Event()

    def add(tables: Tables) -> None:
        gate.wait(10)
        tables.add(adding("one"))

    call = asyncio.create_task(store.do(add))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    gate.set()

    assert await store.do(lambda tables: tables.get("one")) is not None
    await store.close()


async def test_what_was_accepted_is_finished_before_it_closes() -> None:
    """After that nothing is taken; closing twice is closing once."""
    store = open_store(None)
    calls = [asyncio.create_task(store.do(partial(_added, str(number)))) for number in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await store.close()

    assert all(isinstance(outcome, Change) for outcome in await asyncio.gather(*calls))
    with pytest.raises(Closed):
        await store.do(lambda tables: None)


async def test_what_was_stored_is_there_again(tmp_path: Path) -> None:
    """In the next life of the store, announcements and history too; each announcement has a key that nobody can
    guess, and keeps it."""
    path = tmp_path / "folder" / "tasks.db"
    store = open_store(path, durable=True)
    change = await store.do(lambda tables: tables.add(adding("one")))
    assert change is not None
    await store.close()
    store = open_store(path)

    assert await store.do(lambda tables: tables.get("one")) == change.record
    left = await store.do(lambda tables: tables.unannounced())
    assert left == list(change.announcements)
    assert len({one.key for one in left} | {""}) == len(left) + 1
    assert all(len(one.key) == 32 for one in left)
    assert [entry.what for entry in await store.do(lambda tables: tables.history("one"))] == ["queued"]
    await store.close()


async def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Somebody else's database, and what is none, are left as they are."""
    newer, rubbish = tmp_path / "newer.db", tmp_path / "rubbish.db"
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 2")
    rubbish.write_bytes(b"this is no database" * 100)

    with pytest.raises(StorageError, match="newer Headway"):
        open_store(newer)
    with pytest.raises(StorageError, match="cannot be opened now"):
        open_store(rubbish)
    with pytest.raises(StorageError, match="cannot be opened now"):
        open_store(tmp_path)
    assert rubbish.read_bytes() == b"this is no database" * 100


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The disk is full for every file that would grow beyond a size. Not realistic: smaller files can still grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_fails_changes_and_nothing_else(tmp_path: Path) -> None:
    """Writing fails and says why, reading goes on, half a change is none; with space all goes on."""
    store = open_store(tmp_path / "tasks.db", durable=True)
    await store.do(lambda tables: tables.add(adding("one")))
    large = begun(a_task("large", arguments="x" * 100_000), 1.0)
    with no_file_larger_than((tmp_path / "tasks.db-wal").stat().st_size):
        for _ in range(3):
            with pytest.raises(StorageError, match="the tasks cannot be written now: "):
                await store.do(lambda tables: tables.add(large))
        assert await store.do(lambda tables: tables.get("one")) is not None
        assert await store.do(lambda tables: tables.get("large")) is None
        assert store.statistics()["failures"] == 3

    assert await store.do(lambda tables: tables.add(large)) is not None
    assert len(await store.do(lambda tables: tables.history("large"))) == 1
    await store.close()


# Real processes


async def writer(*arguments: str) -> asyncio.subprocess.Process:
    """Start the program beside this file."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.tasks.writer", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."]), "PYTHONASYNCIODEBUG": "0"},
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_several_processes_share_one_file(tmp_path: Path) -> None:
    """They wait for one another, and none overwrites what another has done; they may even make the file together."""
    path = tmp_path / "tasks.db"
    makers = [await writer("count", str(path), "none", "0") for _ in range(3)]
    assert [await maker.wait() for maker in makers] == [0, 0, 0]
    store = open_store(path)
    await store.do(lambda tables: tables.add(adding("one")))
    writers = [await writer("count", str(path), "one", "150") for _ in range(3)]
    for _ in range(150):
        await store.do(lambda tables: tables.put(Change(_more(tables))))

    assert [await process.wait() for process in writers] == [0, 0, 0]
    stored = await store.do(lambda tables: tables.get("one"))
    assert stored is not None
    assert stored.number == 600
    await store.close()


def _more(tables: Tables) -> Record:
    record = tables.get("one")
    assert record is not None
    return replace(record, number=record.number + 1)


@pytest.mark.slow
@pytest.mark.timeout(60 + 5 * KILLS)
async def test_whatever_was_decided_is_told_exactly_once(tmp_path: Path) -> None:
    """A process with a service is killed at any moment, again and again. After the next start each task's channel and
    that of all tasks have its milestones as the store has them, each once and in order; what was acknowledged is
    there; items are there once."""
    acknowledged: dict[str, set[str]] = {}
    for _ in range(KILLS):
        process = await writer("live", str(tmp_path))
        assert process.stdout is not None
        lines = [await process.stdout.readline() for _ in range(random.randint(1, 60))]
        await asyncio.sleep(random.uniform(0, 0.02))  # not waiting for anything: the moment of the kill
        process.kill()
        lines += (await process.stdout.read()).splitlines(keepends=True)
        assert await process.wait() == -9, "the writer ended by itself"
        for line in lines:
            if line.endswith(b"\n"):
                what, id, *rest = line.decode().split()
                acknowledged.setdefault(id, set()).add(" ".join([what, *rest[:1]]) if what == "item" else what)

    clock = SystemClock()
    log = await SqliteLog.open(tmp_path, clock, retention=Retention(), new_epoch=new_id)
    hub = Hub(log, Limits(), clock=clock)
    store = open_store(tmp_path / "tasks.db")
    service = Service(store, hub.publish, clock, new_id)
    await service.start()
    lobby = await everything(log, "tasks")

    states = (await service.find(Filters(limit=10_000))).states
    assert {state.id for state in states} >= acknowledged.keys()
    for state in states:
        told = await everything(log, state.channel)
        history = [entry.what for entry in await service.history(state.id)]
        assert happenings(told) == history
        milestones = [what for what in history if not what.endswith("_requested")]
        assert happenings(event for event in lobby if event["task"] == state.id) == milestones
        items = Counter(event["item"] for event in told if event["type"] == "task_item")
        assert set(items.values()) <= {1}
        assert {f"item {item}" for item in items} >= {w for w in acknowledged.get(state.id, ()) if w[:4] == "item"}
        assert "ended" not in acknowledged.get(state.id, ()) or state.status is Status.COMPLETED
        last = [event for event in told if event["type"] == "task_progress"][-1]
        assert last["status"] == state.status.value
    assert await store.do(lambda tables: tables.unannounced()) == []
    await store.close()
    await hub.close()
    await log.close()
