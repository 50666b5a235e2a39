"""Programs without a loop: a loop in a thread does what has to be done, and ends with the program."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway import Headway
from headway.tasks.bridge import Bridge, bridge
from headway.tasks.model import State, Status
from headway.tasks.records import Filters

LIVE = "import os, sys\nfrom headway import Cancelled, Headway\nlive = Headway(sys.argv[1])\n"


@pytest.fixture
def own() -> Iterator[Bridge]:
    """A bridge for one test."""
    made = Bridge()
    yield made
    made.end()


async def run(program: str, data: Path, interrupt: bool = False) -> tuple[int, str, str]:
    """Run a program in a Python of its own, where whatever is left open is said; its status, and what it printed."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", LIVE + program, str(data)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        if interrupt:
            assert child.stdout is not None  # it is a pipe
            assert await child.stdout.readline() == b"ready\n"
            child.send_signal(signal.SIGINT)
        out, errors = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode is not None
    return child.returncode, out.decode(), errors.decode()


async def stored(data: Path) -> dict[str, State]:
    """The tasks that a program left behind, by name."""
    async with Headway(data) as live:
        page = await live.running.tasks.find(Filters())
        return {state.name: state for state in page.states}


async def messages(data: Path, channel: str) -> list[str]:
    """The lines of a task's log."""
    from headway.positions import BEGINNING

    async with Headway(data) as live:
        page = await live.running.log.read(channel, BEGINNING)
        return [event.data["message"] for event in page.events if event.type == "task_log"]


async def test_a_script_needs_no_loop(tmp_path: Path) -> None:
    """Two lines in a plain script: the task is begun when the block is, and stored with its end."""
    program = """
with live.task("work", total=3) as task:
    print(task.id is not None)
    for row in task.track("abc", outcome="created"):
        task.log(f"row {row}")
"""
    assert await run(program, tmp_path) == (0, "True\n", "")

    state = (await stored(tmp_path))["work"]
    assert (state.status, state.progress.done, state.progress.counts) == (Status.COMPLETED, 3, {"created": 3})
    assert await messages(tmp_path, state.channel) == ["row a", "row b", "row c"]


async def test_what_a_script_did_not_end_ends_with_it(tmp_path: Path) -> None:
    """The numbers of the last moment arrive, however the program ends."""
    program = """
live.task("open", total=3).start().advance(2)
live.task("done", total=3).start().advance(3)
live.task("loop", total=3).start()
"""
    assert await run(program, tmp_path) == (0, "", "")

    states = await stored(tmp_path)
    assert {name: (state.status, state.progress.done) for name, state in states.items()} == {
        "open": (Status.CANCELLED, 2),
        "done": (Status.COMPLETED, 3),
        "loop": (Status.CANCELLED, 0),
    }


async def test_an_error_that_ends_the_script_is_the_task_s(tmp_path: Path) -> None:
    """Outside of any block, too: the task that was open has failed with it."""
    status, _, errors = await run("live.task('work').start()\nraise ValueError('no such file')\n", tmp_path)

    state = (await stored(tmp_path))["work"]
    assert (status, state.status, state.error and state.error.message) == (1, Status.FAILED, "no such file")
    assert errors.count("Traceback") == 1


async def test_ctrl_c_cancels_the_task_and_ends_the_script(tmp_path: Path) -> None:
    """The script ends as if nobody watched, and the task says what was done."""
    program = """
import time
with live.task("work", total=1_000) as task:
    for row in task.track(range(1_000)):
        if row == 5:
            print("ready", flush=True)
            time.sleep(60)
"""
    status, _, errors = await run(program, tmp_path, interrupt=True)

    state = (await stored(tmp_path))["work"]
    assert (status, state.status, state.progress.done) == (-signal.SIGINT, Status.CANCELLED, 5)
    assert errors.strip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1


async def test_threads_of_a_script_share_the_bridge(tmp_path: Path) -> None:
    """Eight threads with a task each: one loop, and all are told."""
    program = """
import threading
def work(number):
    with live.task(f"work {number}") as task:
        list(task.track(range(100)))
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(thread.name == "headway bridge" for thread in threading.enumerate()))
"""
    assert await run(program, tmp_path) == (0, "1\n", "")

    states = await stored(tmp_path)
    assert {state.progress.done for state in states.values()} == {100}
    assert len(states) == 8


async def test_a_thread_that_outlives_the_main_one_is_not_cut_off(tmp_path: Path) -> None:
    """The program ends with its last thread, and so do the tasks: what a thread does after the main one is told."""
    program = """
import threading
def work():
    with live.task("work", total=2) as task:
        task.advance()
        begun.set()
        threading.main_thread().join()
        task.advance()
    with live.task("late", total=1) as task:
        task.advance()
begun = threading.Event()
threading.Thread(target=work).start()
begun.wait()
"""
    assert await run(program, tmp_path) == (0, "", "")

    states = await stored(tmp_path)
    assert {name: (state.status, state.progress.done) for name, state in states.items()} == {
        "work": (Status.COMPLETED, 2),
        "late": (Status.COMPLETED, 1),
    }


async def test_what_cannot_start_is_said_at_the_block(tmp_path: Path) -> None:
    """A folder that cannot be one is the program's mistake: the block raises it, and the program ends."""
    (tmp_path / "file").write_text("")
    status, _, errors = await run("with live.task('work'): print('not reached')\n", tmp_path / "file")

    assert status == 1
    assert "StorageError" in errors


async def test_a_coroutine_needs_no_bridge(tmp_path: Path) -> None:
    """Where a loop runs, that is where the task is reported, and no thread is begun."""
    program = """
import asyncio, threading
async def main():
    async with live:
        async with live.task("one") as task:
            async for row in task.track("abc"): pass
        with live.task("two") as task:
            task.advance(2)
    print([thread.name for thread in threading.enumerate() if "bridge" in thread.name])
asyncio.run(main())
"""
    assert await run(program, tmp_path) == (0, "[]\n", "")

    states = await stored(tmp_path)
    assert {name: (state.status, state.progress.done) for name, state in states.items()} == {
        "one": (Status.COMPLETED, 3),
        "two": (Status.COMPLETED, 2),
    }


def test_what_wants_to_be_closed_is_closed_in_turn(own: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    """The latest first; one that fails is logged, and the others are closed."""
    closed = []

    def closing(name: str) -> None:
        async def close() -> None:
            if name == "broken":
                raise RuntimeError("no")
            closed.append((name, threading.current_thread().name))

        own.before_end(close)

    for name in ("first", "broken", "last"):
        closing(name)
    own.end()

    assert closed == [("last", "headway bridge"), ("first", "headway bridge")]
    assert "could not be closed" in caplog.text
    assert not own.running


def test_what_does_not_close_does_not_keep_the_program(own: Bridge) -> None:
    """After its time is over, what hangs is left behind."""

    async def hang() -> None:
        await asyncio.Event().wait()

    own.before_end(hang)
    own.end(0.01)

    assert not own.running


def test_one_that_has_ended_is_followed_by_another() -> None:
    """A process has one bridge at a time, begun when it is needed."""
    first = bridge()
    assert bridge() is first
    first.end()
    second = bridge()
    second.end()

    assert second is not first
