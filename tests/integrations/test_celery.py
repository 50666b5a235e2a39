"""The adapter for Celery: its tasks are seen. With a real worker, whose processes are forked, on the filesystem's
broker."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.integrations.watched import Finished, Watched, command, request, watched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

JOBS = """
import os, time
from celery import Celery
from headway.integrations.celery import connect, task_of

folder = os.environ["FOLDER"]
app = Celery("jobs", broker="filesystem://", backend=f"file://{folder}/results")
app.conf.update(
    broker_transport_options={
        "data_folder_in": f"{folder}/queue", "data_folder_out": f"{folder}/queue", "control_folder": f"{folder}/control"
    },
    worker_prefetch_multiplier=1,
)
connect(app)

@app.task(bind=True)
def rows(self, total):
    for n in range(total):
        self.update_state(state="PROGRESS", meta={"current": n + 1, "total": total, "description": f"row {n}"})
    task_of(self).item("row 2", "failed", "why")
    return "secret"

@app.task(bind=True)
def percent(self):
    self.update_state(state="PROGRESS", meta={"percent": 40})

@app.task
def fails(password):
    raise ValueError(f"password={password} was refused")

@app.task(bind=True, max_retries=3)
def twice(self):
    if self.request.retries < 2:
        raise self.retry(exc=OSError("not yet"), countdown=0)

@app.task(time_limit=1)
def hangs():
    time.sleep(60)

@app.task(bind=True)
def endless(self):
    n = 0
    while True:
        n += 1
        self.update_state(state="PROGRESS", meta={"current": n})
        time.sleep(0.02)
"""


class Shop:
    """Where tasks are ordered, and the worker that does them."""

    def __init__(self, folder: Path, server: Address) -> None:
        self._folder = folder
        self._server = server

    async def run(self, program: str) -> Finished:
        """Run a program that orders something."""
        return await command(
            None, sys.executable, "-c", f"import jobs\n{program}", cwd=self._folder, FOLDER=str(self._folder)
        )

    async def task(self, name: str, *statuses: str) -> Watched:
        """A task, once it has one of these states."""
        found: list[Watched] = []

        async def there() -> bool:
            task = (await watched(self._server)).get(f"jobs.{name}")
            found[:] = [task] if task is not None and task.state["status"] in statuses else []
            return bool(found)

        await wait_until(there, within=30)
        return found[0]


@pytest.fixture
async def shop(server: Address, tmp_path: Path) -> AsyncIterator[Shop]:
    """A worker of two processes."""
    (tmp_path / "jobs.py").write_text(JOBS)
    for folder in ("queue", "control", "results"):
        (tmp_path / folder).mkdir()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "celery", "-A", "jobs", "worker", "--concurrency", "2", "--loglevel", "ERROR"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        cwd=tmp_path,
        env={**os.environ, "HEADWAY_URL": server.http(""), "FOLDER": str(tmp_path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Shop(tmp_path, server)
    finally:
        # The whole group: what a worker's processes do at its end is Celery's, and no part of these tests.
        os.killpg(worker.pid, signal.SIGKILL)
        await worker.wait()


async def test_tasks_are_tasks(shop: Shop) -> None:
    """What a task says of itself with `update_state` are its numbers; its arguments and its result are not told."""
    await shop.run("jobs.rows.delay(30); jobs.percent.delay(); jobs.fails.delay('hunter22')")
    rows, fails = await shop.task("rows", "completed"), await shop.task("fails", "failed")

    assert (rows.state["done"], rows.state["total"], rows.state["current"]) == (30, 30, "row 29")
    assert rows.items()["row 2"]["outcome"] == "failed"
    assert rows.state["result"] is None
    assert fails.state["error"] == {"code": "ValueError", "message": "password=*** was refused"}
    assert (await shop.task("percent", "completed")).state["percent"] == 40


async def test_a_retry_is_no_end(shop: Shop) -> None:
    """A task that is tried again is one task with several attempts, whichever process takes them."""
    await shop.run("jobs.twice.delay()")
    twice = await shop.task("twice", "completed")

    assert twice.state["attempt"] == 3
    assert twice.types("task_progress") == [
        "task_started",
        "task_retrying",
        "task_started",
        "task_retrying",
        "task_started",
        "task_completed",
    ]


async def test_who_is_killed_is_told_of(shop: Shop) -> None:
    """A task that overruns its time is failed, and one that is revoked is cancelled, with what it had done."""
    await shop.run("jobs.hangs.delay()")
    hangs = await shop.task("hangs", "failed")
    await shop.run("jobs.endless.apply_async(task_id='e')")
    await shop.task("endless", "running")
    await shop.run("jobs.app.control.revoke('e', terminate=True)")
    endless = await shop.task("endless", "cancelled")

    assert hangs.state["error"]["code"] == "TimeLimitExceeded"
    assert endless.state["done"] > 0
    assert endless.lines() == ["it was revoked and stopped"]


async def test_cancelled_in_a_browser(shop: Shop, server: Address) -> None:
    """A cancel ends the task where it says how far it is; for Celery it was revoked."""
    await shop.run("jobs.endless.apply_async(task_id='e')")
    await request(server, (await shop.task("endless", "running")).state["task"], "cancel")
    await shop.task("endless", "cancelled")

    assert (await shop.run("print(jobs.app.AsyncResult('e').state)")).out == "REVOKED\n"


async def test_who_only_orders_tells_nothing(tmp_path: Path, server: Address) -> None:
    """A program that imports the application and orders tasks tells nobody, and is not held up."""
    (tmp_path / "jobs.py").write_text(JOBS)
    for folder in ("queue", "control", "results"):
        (tmp_path / folder).mkdir()
    shop = Shop(tmp_path, server)

    assert (await shop.run("jobs.rows.delay(3)")).status == 0
    assert await watched(server) == {}
