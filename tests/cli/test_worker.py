"""`headway worker` as it is called; what it does is in tests/server/test_working.py."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from headway.testing.waiting import wait_until
from tests.cli.harness import command, run, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

JOBS = """
from pathlib import Path
from headway.tasks.jobs import Jobs
from headway.tasks.work import ThreadWork, Work

jobs = Jobs()

@jobs.job("touch")
def touch(work: ThreadWork, path: str) -> None:
    Path(path).touch()

@jobs.job("deaf")
def deaf(work: ThreadWork, path: str) -> None:
    Path(path).touch()
    while True:
        pass
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a module of jobs."""
    (tmp_path / "chores.py").write_text(JOBS)
    return tmp_path


async def test_a_server_leaves_its_jobs_to_a_worker(place: Path) -> None:
    """It says what it runs; what is asked for at the server is done."""
    settings = {"PYTHONPATH": str(place)}
    serving = serve(place / "data", "--jobs", "chores", "--no-run-jobs", settings=settings)
    async with serving as (_, url):
        arguments = ("worker", "--data", str(place / "data"), "--jobs", "chores", "--url", url)
        async with command(*arguments, cwd=place) as worker:
            line = await worker.line()
            begun = await run("task", "run", "touch", "--arg", f"path={place / 'done'}", "--follow", "--url", url)
            worker.send(signal.SIGTERM)
            finished = await worker.ended()

    assert line.endswith(f" runs touch, deaf, data: {place / 'data'}")
    assert (begun.code, finished.code) == (0, 0)
    assert (place / "done").exists()


async def test_the_second_signal_ends_it_at_once(place: Path) -> None:
    """A job that comes to no point does not keep the worker for longer than somebody waits."""
    settings = {"PYTHONPATH": str(place)}
    async with serve(place / "data", "--jobs", "chores", "--no-run-jobs", settings=settings) as (_, url):
        arguments = ("worker", "--data", str(place / "data"), "--jobs", "chores", "--url", url)
        async with command(*arguments, cwd=place) as worker:
            await worker.line()
            await run("task", "run", "deaf", "--arg", f"path={place / 'begun'}", "--url", url)
            await wait_until((place / "begun").exists)
            worker.send(signal.SIGTERM)
            assert (await worker.error_line()).startswith("stopping: ")
            worker.send(signal.SIGTERM)
            finished = await worker.ended()

    assert finished.code == -signal.SIGTERM


async def test_what_it_cannot_begin_without_is_named(place: Path) -> None:
    """Jobs, a folder on disk, and one in which a server has run."""
    refused = [
        await run("worker", *arguments, settings={"PYTHONPATH": str(place)})
        for arguments in (
            ["--data", str(place)],
            ["--jobs", "chores", "--data", ""],
            ["--jobs", "chores", "--data", str(place)],
            ["--jobs", "nowhere", "--data", str(place)],
        )
    ]

    assert {(one.code, one.out) for one in refused} == {(2, "")}
    for one, sentence in zip(
        refused,
        (
            "--jobs: a worker runs jobs",
            "--data: tasks that are in the memory",
            "there are no tasks in",
            "no module nowhere",
        ),
        strict=True,
    ):
        assert sentence in one.err
