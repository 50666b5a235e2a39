"""`headway worker`: runs a server's jobs in a process of its own. Ctrl-C or SIGTERM: what runs comes to its next point
and is given back; a second one ends it at once, and what it had goes to others when its lease is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import Annotated, Any

import typer

from headway.cli import flags, logs
from headway.cli.options import DEFAULT_URL, Token, Url
from headway.cli.output import note
from headway.clock import SystemClock
from headway.errors import UsageError
from headway.server.modules import load_jobs
from headway.server.settings import Settings
from headway.server.working import Worker
from headway.tasks.embedded import AT_ONCE, LEASE_SECONDS

__all__ = ["worker"]


@flags.taking(Settings, ("config", "data", "jobs", "durable", "log_level", "log_format"))
def worker(
    url: Url = DEFAULT_URL,
    token: Token = None,
    at_once: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="Tasks that it runs at once.")] = AT_ONCE,
    lease: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=3.0,
            help="Without a sign of life for so long it counts as dead, and others take its tasks.",
        ),
    ] = LEASE_SECONDS,
    **given: Any,  # Any: values of settings
) -> None:
    """Run jobs of a server on this machine in a process of its own.

    It takes tasks from the server's --data folder, and tells of them through the server. As many workers as you like
    share them; no two run one task. The server needs no job's code to run, but knows with --jobs what can be asked for,
    and leaves the running to workers with --no-run-jobs.

    A token has to allow to read and publish to the channels `tasks` and `task:*`, and to those that tasks name.

    \b
    headway serve --jobs app.jobs --no-run-jobs
    headway worker --jobs app.jobs
    """
    settings = flags.settings_from(Settings, given)
    logs.set_up(sys.stderr, settings.log_format, settings.log_level, settings.secrets_in_use())
    if settings.data is None:
        raise UsageError("--data: tasks that are in the memory of a server cannot be shared; name its folder")
    jobs = load_jobs(settings.jobs)
    if not len(jobs):
        raise UsageError("--jobs: a worker runs jobs; name the modules that have them, such as app.jobs")
    made = Worker(
        settings.data,
        url,
        token,
        jobs,
        clock=SystemClock(),
        lease=lease,
        at_once=at_once,
        durable=settings.durable,
    )
    asyncio.run(_work(made, str(settings.data.resolve())))


async def _work(worker: Worker, data: str) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def told() -> None:
        # The next one ends the process, as it would any other.
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(one)
        note("stopping: what runs comes to its next point and is given back; once more ends it at once")
        stop.set()

    with contextlib.suppress(NotImplementedError):  # not on Windows
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, told)
    async with worker:
        names = ", ".join(job.name for job in worker.jobs)
        print(f"worker {worker.name} runs {names}, data: {data}", flush=True)
        await stop.wait()
