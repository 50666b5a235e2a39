"""Tasks of a program somewhere else: told over HTTP, and never at the program's cost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

import headway
from headway.errors import UsageError
from headway.reporting import Reporter
from headway.server.live import Headway
from headway.tasks.bridge import bridge
from headway.tasks.model import Action, State, Status
from headway.tasks.records import Filters
from headway.tasks.task import Cancelled, Task
from headway.testing.serving import Address, listener, serving
from headway.testing.waiting import wait_until


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


@pytest.fixture(autouse=True)
def _bridge_ends() -> Iterator[None]:
    """As at the end of a program."""
    yield
    with contextlib.suppress(RuntimeError):
        bridge().end()


@pytest.fixture
def reporter(server: Address) -> Reporter:
    """A reporter to that server."""
    return Reporter(server.http(""))


async def state(live: Headway, task: Task) -> State:
    """A task as the server has it."""
    assert task.id is not None
    return await live.running.tasks.get(task.id)


async def states(live: Headway) -> list[State]:
    """All tasks, oldest first."""
    return list(reversed((await live.running.tasks.find(Filters())).states))


async def run(program: str, server: str, *arguments: str) -> asyncio.subprocess.Process:
    """A program of its own, for which HEADWAY_URL is set."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", program, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HEADWAY_URL": server},
    )


async def test_a_block_is_a_task(live: Headway, server: Address, reporter: Reporter) -> None:
    """From a thread: begun, counted, told, ended; its address is one that people can open."""

    def work() -> Task:
        with reporter.task("work", initial=10, unit="rows") as task:
            url = task.url
            for row in task.track("abc", outcome="created"):
                task.item(row, "created", count=False, size=1)
            with task.child("part", total=2) as part:
                part.advance(2)
        assert url == f"{server.http('/')}#channel={task.channel}"
        return task

    told = await state(live, await asyncio.to_thread(work))
    progress = told.progress
    assert (told.status, progress.done, progress.total, progress.initial) == (Status.COMPLETED, 13, 13, 10)
    assert (progress.counts, progress.unit) == ({"created": 3}, "rows")


async def test_coroutines_report_too(live: Headway, reporter: Reporter) -> None:
    """In a program with a loop the block does not hold it up, and the end has arrived when it is left."""
    async with reporter.task("work") as task:
        async for _ in task.track(range(5)):
            await asyncio.sleep(0)

    assert (await state(live, task)).status is Status.COMPLETED


async def test_what_is_asked_for_reaches_the_program(live: Headway, reporter: Reporter) -> None:
    """Paused, resumed and cancelled from elsewhere: the loop of the other program follows."""
    turn, turns = threading.Semaphore(0), []

    def work() -> None:
        with reporter.task("work", total=10) as task:
            begun.append(task)
            for number in task.track(range(10)):
                turns.append(number)
                turn.acquire(timeout=10)

    begun: list[Task] = []
    working = asyncio.create_task(asyncio.to_thread(work))
    await wait_until(lambda: bool(begun) and begun[0].id is not None)
    task = begun[0]
    assert task.id is not None
    await live.running.tasks.request(task.id, Action.PAUSE)
    await wait_until(lambda: task.wanted is Status.PAUSED)
    turn.release()

    async def is_now(status: Status) -> bool:
        return (await state(live, task)).status is status

    await wait_until(lambda: is_now(Status.PAUSED))
    assert turns == [0]
    await live.running.tasks.request(task.id, Action.RESUME)
    await wait_until(lambda: is_now(Status.RUNNING))
    await wait_until(lambda: turns == [0, 1])
    await live.running.tasks.request(task.id, Action.CANCEL)
    await wait_until(lambda: task.wanted is Status.CANCELLED)
    turn.release()
    with pytest.raises(Cancelled):
        await working

    told = await state(live, task)
    assert (told.status, told.progress.done) == (Status.CANCELLED, 2)


async def test_a_program_without_a_server_runs_as_if_nobody_watched(tmp_path: Path) -> None:
    """Nobody is there: the program does its work, says so once, and ends."""
    program = """
import headway
for name in ("one", "two", "three"):
    with headway.task(name, total=100) as task:
        for row in task.track(range(100)):
            task.log("row")
    print(task.done, task.url)
"""
    with listener() as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        child = await run(program, address)
        out, errors = await child.communicate()

    assert (child.returncode, out) == (0, b"100 None\n" * 3)
    assert errors.decode().count("\n") == 1
    assert f"{address} cannot be told of progress (connection refused)" in errors.decode()


async def test_a_server_that_comes_back_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """It is not there when the task begins, and goes away in its midst, having kept nothing: the newest numbers and the
    end arrive all the same."""
    with listener() as kept:
        port: int = kept.getsockname()[1]
    reporter = Reporter(f"http://127.0.0.1:{port}")
    with caplog.at_level(logging.INFO):
        task = reporter.task("work", total=10).start()
        await wait_until(lambda: "cannot be told" in caplog.text)
        async with serving(Headway(), port=port):
            await wait_until(lambda: task.id is not None)
        first = task.id
        task.advance(7)
        second = Headway()
        async with serving(second, port=port):
            await wait_until(lambda: task.id != first)
            task.advance(3)
            await task.__aexit__(None, None, None)
            (told,) = await states(second)

    assert (told.status, told.progress.done) == (Status.COMPLETED, 10)
    assert [record.levelname for record in caplog.records if record.name == "headway.tasks"][:2] == ["WARNING", "INFO"]


async def test_a_token_that_is_not_taken_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The program goes on, unseen, and the log says what to set."""
    secret = "a secret that is long enough for its purpose"
    async with serving(Headway(secret=secret)) as server, Reporter(server.http("")).task("work") as task:
        task.advance()

    warnings = [record.getMessage() for record in caplog.records if record.name == "headway.tasks"]
    assert len(warnings) == 1
    assert "HEADWAY_TOKEN" in warnings[0]
    assert task.id is None


async def test_ctrl_c_cancels_and_does_not_hold_up(live: Headway, server: Address) -> None:
    """The program dies of the interrupt, and its task was cancelled with what was done."""
    program = """
import time, headway
with headway.task("work", total=10) as task:
    for row in task.track(range(10)):
        if row == 4:
            print("ready", flush=True)
            time.sleep(60)
"""
    child = await run(program, server.http(""))
    assert child.stdout is not None  # it is a pipe
    assert await child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGINT)
    _, errors = await child.communicate()

    (told,) = await states(live)
    assert (child.returncode, told.status, told.progress.done) == (-signal.SIGINT, Status.CANCELLED, 4)
    assert errors.decode().count("Traceback") == 1


async def test_a_program_that_hangs_up_on_a_silent_server(tmp_path: Path) -> None:
    """A server that takes connections and never answers does not keep a program from ending."""
    program = """
import headway, sys
with headway.task("work") as task:
    task.advance()
print("done")
"""
    with listener() as silent:
        silent.listen()
        child = await run(program, f"http://127.0.0.1:{silent.getsockname()[1]}")
        async with asyncio.timeout(18):
            out, _ = await child.communicate()

    assert (child.returncode, out) == (0, b"done\n")


def _work(url: str, number: int) -> None:
    with headway.Reporter(url).task(f"part {number}", total=10) as task:
        list(task.track(range(10)))


_METHODS: dict[str, Callable[..., BaseProcess]] = {
    "fork": multiprocessing.get_context("fork").Process,
    "spawn": multiprocessing.get_context("spawn").Process,
}


@pytest.mark.parametrize("method", _METHODS)
async def test_processes_of_multiprocessing_report(live: Headway, server: Address, method: str) -> None:
    """Each process begins a bridge of its own, whether it was forked from one that has one or not."""
    async with Reporter(server.http("")).task("whole"):
        processes = [_METHODS[method](target=_work, args=(server.http(""), number)) for number in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            await asyncio.to_thread(process.join, 15)
        assert [process.exitcode for process in processes] == [0, 0]

    found = {told.name: (told.status, told.progress.done) for told in await states(live)}
    assert found == {
        "whole": (Status.COMPLETED, 0),
        "part 0": (Status.COMPLETED, 10),
        "part 1": (Status.COMPLETED, 10),
    }


def _use(task: Task) -> None:
    """What a function does that knows nothing of processes."""
    for _ in task.track(range(3)):
        task.item("row", "created")
    with task.child("part", 2) as part:
        part.advance(2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
async def test_a_forked_process_does_not_speak_for_its_parent(live: Headway, server: Address) -> None:
    """A handle that was inherited begins a task of its own with its first use; one that is not used does nothing, and
    the parent's numbers are the parent's."""
    async with Reporter(server.http("")).task("whole", total=10) as task:
        task.advance(4, outcome="created")
        processes = [_METHODS["fork"](target=_use, args=(task,)), _METHODS["fork"](target=int)]
        for process in processes:
            process.start()
        for process in processes:
            await asyncio.to_thread(process.join, 15)
        assert [process.exitcode for process in processes] == [0, 0]
        task.advance(6, outcome="created")

    one, other = await states(live)
    assert (one.name, one.status, one.progress.done) == ("whole", Status.COMPLETED, 10)
    assert other.name == f"whole (process {processes[0].pid})"
    assert (other.status, other.progress.done, other.progress.total) == (Status.COMPLETED, 3, 3)
    assert other.progress.counts == {"created": 3}


async def test_a_forked_process_of_an_embedded_headway_is_told_what_to_do(tmp_path: Path) -> None:
    """There is no way from it to the parent's Headway: that is said once, and the work goes on unseen."""
    program = """
import multiprocessing, sys
from headway import Headway
from headway.errors import UsageError
live = Headway()
def work(task):
    for row in task.track(range(3)): task.log("row")
    try:
        with live.task("another"): pass
    except UsageError as error: print("refused")
if __name__ == "__main__":
    with live.task("work") as task:
        process = multiprocessing.get_context("fork").Process(target=work, args=(task,))
        process.start()
        process.join()
        print(process.exitcode, task.done)
"""
    child = await run(program, "")
    out, errors = await child.communicate()

    assert (child.returncode, out) == (0, b"refused\n0 0\n")
    assert errors.decode().count("\n") == 1
    assert "headway.Reporter" in errors.decode()


async def test_a_handle_is_not_sent_to_other_processes(reporter: Reporter) -> None:
    """Pickling one says what to do instead."""
    with pytest.raises(TypeError, match="imap_unordered"):
        pickle.dumps(reporter.task("work"))


def _square(number: int) -> int:
    return number * number


async def test_a_pool_is_counted_by_its_parent(live: Headway, reporter: Reporter) -> None:
    """The way to see what a pool does: each result is one more done."""

    def work() -> Task:
        with reporter.task("squares", total=50) as task, multiprocessing.get_context("fork").Pool(2) as pool:
            assert sum(task.track(pool.imap_unordered(_square, range(50)))) == sum(map(_square, range(50)))
        return task

    told = await state(live, await asyncio.to_thread(work))
    assert (told.status, told.progress.done) == (Status.COMPLETED, 50)
    assert len(await states(live)) == 1


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEADWAY_URL and HEADWAY_TOKEN, unless they are said; else where `headway serve` is found."""
    monkeypatch.delenv("HEADWAY_URL", raising=False)
    assert str(Reporter().address) == "http://127.0.0.1:4000"
    monkeypatch.setenv("HEADWAY_URL", "https://progress.example.org/live/")
    assert str(Reporter().address) == "https://progress.example.org/live"
    assert str(Reporter("localhost:1").address) == "http://localhost:1"
    monkeypatch.setenv("HEADWAY_TOKEN", "a token ")
    with pytest.raises(UsageError):
        Reporter()
