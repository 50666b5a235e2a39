"""Celery's tasks, seen in Headway: connected once, in the module that makes the application.

    from headway.integrations.celery import connect

    app = Celery(...)
    connect(app)                    # HEADWAY_URL and HEADWAY_TOKEN say which server is told

    a task starts                 a task of Headway, with the task's name
    self.update_state(meta=…)     its numbers: current (or done, completed), total, percent; description, message or
                                  status is what it is at. `task_of(self)` is the handle, with items, lines and parts
    a retry                       no end: it waits again, and its next start is its next attempt, on whichever worker
    success, failure              completed, failed
    revoked, killed, timed out    cancelled or failed, told by the worker's main process where the other one is gone

Cancel and pause from a browser are followed where the task calls `update_state` (or `task_of(self).point()`): a
cancelled task ends there, as revoked. Arguments and results are not sent: they are often secret, and rarely small.

The law: whatever happens here, Celery's task goes on.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from celery import Celery, Task, signals
from celery.exceptions import Ignore

from headway.integrations.attempts import Attempt, Attempts, tell
from headway.tasks.task import Cancelled

__all__ = ["connect", "disconnect", "task_of"]

logger = logging.getLogger("headway.tasks")

_ENDED_SILENTLY: Final = frozenset({"IGNORED", "REJECTED"})

_connected: dict[int, _Adapter] = {}
"""By the id of the application: signals are the whole process's, and reach every application in it."""


def connect(app: Celery, url: str | None = None, token: str | None = None) -> None:
    """Tell Headway of this application's tasks. In the processes of workers and nowhere else anything happens."""
    if id(app) not in _connected:
        _connected[id(app)] = adapter = _Adapter(app, Attempts(url, token))
        adapter.connect()


def disconnect(app: Celery) -> None:
    """Tell no more."""
    adapter = _connected.pop(id(app), None)
    if adapter is not None:
        adapter.disconnect()


def task_of(task: Task) -> Attempt | None:
    """The handle of the Celery task that runs now, from within it. None where nobody is told."""
    adapter = _connected.get(id(task.app))
    return None if adapter is None else adapter.open.get(task.request.id)


def _harmless(receiver: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(receiver)
    def harmless(*args: Any, **kwargs: Any) -> None:  # Any: a signal's
        try:
            receiver(*args, **kwargs)
        except Exception:  # whatever it is: the task matters more than who watches it
            logger.exception("! a task of Celery is not told of")

    return harmless


class _Adapter:
    """The signals of one application."""

    def __init__(self, app: Celery, attempts: Attempts) -> None:
        self._app = app
        self._attempts = attempts
        self.open: dict[str, Attempt] = {}
        """The attempts that run in this process, by Celery's id."""
        self._receivers: Mapping[Any, Callable[..., None]] = {  # Any: Celery's signals
            signals.task_prerun: _harmless(self._starts),
            signals.task_success: _harmless(self._succeeded),
            signals.task_retry: _harmless(self._retries),
            signals.task_failure: _harmless(self._failed),
            signals.task_postrun: _harmless(self._over),
            signals.task_revoked: _harmless(self._revoked),
        }

    def connect(self) -> None:
        """Hear of everything."""
        for signal, receiver in self._receivers.items():
            signal.connect(receiver, weak=False)

    def disconnect(self) -> None:
        """Hear of nothing."""
        for signal, receiver in self._receivers.items():
            signal.disconnect(receiver)

    def _starts(self, task_id: str, task: Task, **_: object) -> None:
        if task.app is not self._app:
            return
        self.open[task_id] = self._attempts.begin(f"celery/{task_id}", _name(task), again=bool(task.request.retries))
        # There is no signal for it. The instance is this process's alone, one for each task.
        if "update_state" not in vars(task):
            task.update_state = functools.partial(self._update_state, task, task.update_state)

    def _update_state(
        self,
        task: Task,
        original: Callable[..., None],
        task_id: str | None = None,
        state: str | None = None,
        meta: Any = None,  # Any: whatever the task says of itself
        **kwargs: Any,  # Any: Celery's own
    ) -> None:
        original(task_id=task_id, state=state, meta=meta, **kwargs)
        attempt = self.open.get(task_id or task.request.id)
        if attempt is None:
            return
        _harmless(tell)(attempt, meta)
        try:
            attempt.point()
        except Cancelled as error:
            original(task_id=task_id, state="REVOKED", meta=None)
            attempt.cancel()
            raise Ignore(str(error)) from None

    def _succeeded(self, sender: Task, **_: object) -> None:
        attempt = self.open.get(sender.request.id)
        if attempt is not None:
            attempt.complete()

    def _retries(self, sender: Task, request: Any, reason: Any, **_: object) -> None:  # Any: Celery's own
        attempt = self.open.get(request.id)
        if attempt is not None:
            attempt.retry(reason if isinstance(reason, BaseException) else str(reason))

    def _failed(self, sender: Task, task_id: str, exception: BaseException, **_: object) -> None:
        if sender.app is not self._app:
            return
        attempt = self.open.get(task_id)
        if attempt is not None:
            attempt.fail(exception)
        else:  # the process that ran it is gone, and this is its parent
            self._attempts.end(f"celery/{task_id}", sender.name, lambda attempt: attempt.fail(exception))

    def _over(self, task_id: str, state: str | None = None, **_: object) -> None:
        attempt = self.open.pop(task_id, None)
        if attempt is None:
            return
        if attempt.ended is None and state in _ENDED_SILENTLY:
            attempt.cancel()
        if attempt.ended is not None:
            attempt.close()  # the process may be replaced by another one now, without a word
        # Else this process is being stopped, and its parent tells.

    def _revoked(
        self, sender: Task, request: Any, terminated: bool, expired: bool, **_: object
    ) -> None:  # Any: as above
        if sender.app is not self._app or request.id in self.open:
            return
        why = "it expired before it began" if expired else "it was revoked" + (" and stopped" if terminated else "")
        self._attempts.end(f"celery/{request.id}", sender.name, lambda attempt: _cancel(attempt, why))


def _cancel(attempt: Attempt, why: str) -> None:
    attempt.log(why)
    attempt.cancel()


def _name(task: Task) -> str:
    return str(getattr(task.request, "shadow", None) or task.name)
