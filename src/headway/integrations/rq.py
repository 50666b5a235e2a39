"""RQ's jobs, seen in Headway: a worker that tells of what it runs.

    rq worker --worker-class headway.integrations.rq.Worker        with HEADWAY_URL, and HEADWAY_TOKEN if it is needed

    a job starts           a task of Headway, named by its function
    job.save_meta()        its numbers: meta's current (or done, completed), total, percent; description, message or
                           status is what it is at. `current_task()` is the handle, with items, lines and parts
    a retry                no end: it waits again, and its next start is its next attempt, on whichever worker
    finished, failed       completed, failed; also where the work horse died, which its worker tells
    stopped                cancelled

Cancel and pause from a browser are followed where the job calls `save_meta` (or `current_task().point()`); a cancelled
job has failed with `Cancelled` for RQ, and is not tried again. Arguments and results are not sent.

The law: whatever happens here, the job goes on.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, Final

import rq
from rq.exceptions import InvalidJobOperation
from rq.job import Job, JobStatus

from headway.integrations.attempts import Attempt, Attempts, tell
from headway.tasks.task import Cancelled

__all__ = ["Reporting", "SimpleWorker", "Worker", "current_task"]

logger = logging.getLogger("headway.tasks")

_running: dict[str, Attempt] = {}
"""The jobs that run in this process."""
_WAITS: Final = frozenset({JobStatus.QUEUED, JobStatus.SCHEDULED, JobStatus.DEFERRED})
_KEPT: Final = 30 * 86_400
"""Seconds for which a retry may be put off, and still be known as one."""


def current_task() -> Attempt | None:
    """The handle of the job that runs now, from within it. None where nobody is told."""
    job = rq.get_current_job()
    return None if job is None else _running.get(job.id)


class Reporting:
    """What a worker needs to tell: put it before any worker class of RQ's."""

    attempts: Attempts | None = None
    """Who tells. None: made with the first job; HEADWAY_URL and HEADWAY_TOKEN say which server is told."""

    connection: Any  # Any: what a worker of RQ's has
    _error: BaseException | None = None

    def perform_job(self, job: Job, queue: Any, *rest: Any) -> bool:  # Any: what RQ's release has here
        """Run a job, in the process that it runs in."""
        self._error = None
        attempt = self._begun(job)
        try:
            done: bool = super().perform_job(job, queue, *rest)  # type: ignore[misc]  # a worker's
        finally:
            _running.pop(job.id, None)
            if attempt is not None:
                # The process may end with the job, without a word.
                _harmless(lambda: self._ended(job, attempt))
        return done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:  # Any: RQ's own
        """A job raised."""
        self._error = exc_info[1] if len(exc_info) > 1 else None
        super().handle_exception(job, *exc_info)  # type: ignore[misc]  # a worker's

    def handle_job_failure(self, job: Job, queue: Any, *rest: Any, **more: Any) -> None:  # Any: RQ's own
        """A job failed. Where it ran in another process, that one is gone, and this is its parent."""
        here = job.id in _running or self.is_horse  # type: ignore[attr-defined]  # a worker's
        super().handle_job_failure(job, queue, *rest, **more)  # type: ignore[misc]  # a worker's
        if not here:
            why = str(more.get("exc_string") or "its process ended").strip().rstrip(";")
            _harmless(lambda: self._teller.end(_key(job), _name(job), lambda attempt: self._end(job, attempt, why)))

    @property
    def _teller(self) -> Attempts:
        if self.attempts is None:
            self.attempts = Attempts()
        return self.attempts

    def _begun(self, job: Job) -> Attempt | None:
        def begin() -> None:
            again = bool(self.connection.delete(_retrying(job)))
            _running[job.id] = self._teller.begin(_key(job), _name(job), again=again)
            job.save_meta = functools.partial(_save_meta, job, job.save_meta)  # type: ignore[method-assign]

        _harmless(begin)
        return _running.get(job.id)

    def _ended(self, job: Job, attempt: Attempt) -> None:
        self._end(job, attempt, self._error or "it failed")
        attempt.close()

    def _end(self, job: Job, attempt: Attempt, why: BaseException | str) -> None:
        try:
            status = job.get_status(refresh=True)
        except InvalidJobOperation:
            status = JobStatus.FINISHED if self._error is None else JobStatus.FAILED  # its result is not kept at all
        if isinstance(why, Cancelled) or status is JobStatus.STOPPED:
            attempt.cancel()
        elif status in _WAITS and not (self._error is None and job.repeats_left is not None):
            self.connection.set(_retrying(job), 1, ex=_KEPT)
            attempt.retry(why)
        elif status is JobStatus.FAILED:
            attempt.fail(why)
        else:
            attempt.complete()


class Worker(Reporting, rq.Worker):
    """RQ's worker, which tells."""


class SimpleWorker(Reporting, rq.SimpleWorker):
    """RQ's worker that runs jobs in its own process, which tells."""


def _save_meta(job: Job, original: Callable[[], None]) -> None:
    original()
    attempt = _running.get(job.id)
    if attempt is None:
        return
    _harmless(lambda: tell(attempt, job.meta))
    try:
        attempt.point()
    except Cancelled:
        job.retries_left = None  # who cancels does not want it tried again
        raise


def _harmless(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # whatever it is: the job matters more than who watches it
        logger.exception("! a job of RQ is not told of")


def _key(job: Job) -> str:
    """A job that is repeated has one id for all its runs, and each of them is a task."""
    return f"rq/{job.id}" + ("" if job.repeats_left is None else f"/{job.repeats_left}")


def _retrying(job: Job) -> str:
    """What of Redis says that the next run of a job is its next attempt: RQ itself does not."""
    return f"headway:retrying:{job.id}"


def _name(job: Job) -> str:
    return str(job.func_name or job.id)
