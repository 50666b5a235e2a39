"""A Robot Framework run that can be watched while it runs: a listener.

    robot --listener "headway.integrations.robot.Listener;http://127.0.0.1:4000" suites/
    robot --listener headway.integrations.robot.Listener suites/      with HEADWAY_URL, and HEADWAY_TOKEN if needed

    the run       one task; its total is the number of tests, its end completed if none failed
    a suite       a part of it, with the number of its tests
    a test        one done, counted as passed, failed or skipped, and an item: its name, why, where, how long it took
    a keyword     what the task is at
    a message     of level WARN or above: a line

Pause holds before the next test. Cancel ends the run there: the tests that are left fail with that reason, as they do
after `Fatal Error`; teardowns still run.

The law: whatever happens here, the run goes on. Not here: how reports travel.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, Concatenate, Final, ParamSpec

from robot import result, running
from robot.api.interfaces import ListenerV3

from headway.server.masking import masked
from headway.tasks.task import Cancelled, Child, Task

__all__ = ["Listener"]

_OUTCOMES: Final = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}
_LEVELS: Final = {"WARN": "warning", "ERROR": "error"}
_CANCELLED: Final = "cancelled in Headway"

Arguments = ParamSpec("Arguments")


def _harmless(
    method: Callable[Concatenate[Listener, Arguments], None],
) -> Callable[Concatenate[Listener, Arguments], None]:
    """A method that says once what went wrong in it, instead of failing the run."""

    @functools.wraps(method)
    def harmless(listener: Listener, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            method(listener, *args, **kwargs)
        except Exception as error:  # whatever it is: the tests matter more than who watches them
            if not listener.broken:
                listener.broken = True
                print(f"headway: not everything is told ({type(error).__name__}: {error})", file=sys.stderr)

    return harmless


class Listener(ListenerV3):
    """The listener. Robot Framework makes it, with what follows the `;` of its option as arguments."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        from headway.reporting import Reporter

        self.broken = False
        self._reporter = Reporter(url, token)
        self._task: Task | None = None
        self._suites: list[Child | None] = []
        """The parts of the suites that run, the innermost last."""
        self._failed = 0
        self._cancelled = False

    @_harmless
    def start_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """A suite begins; the first is the run."""
        if self._task is None:
            self._task = self._reporter.task(f"robot {data.full_name}", data.test_count, unit="tests").start()
            return
        above = next((part for part in reversed(self._suites) if part is not None), self._task)
        self._suites.append(above.child(data.name, data.test_count, unit="tests"))

    @_harmless
    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:
        """A suite ends."""
        if result.setup.failed if result.has_setup else False:
            self._at.item(result.full_name, "error", masked(result.setup.message) or None, count=False, phase="setup")
        if not self._suites:
            return
        part = self._suites.pop()
        if part is not None:
            if result.failed:
                part.fail(f"{result.statistics.failed} of {result.test_count} failed")
            else:
                part.complete()

    @_harmless
    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:
        """A test begins, if nobody cancelled the run."""
        task = self._root
        task.update(current=data.full_name)
        try:
            task.point()
        except Cancelled:
            self._cancelled = True
            data.setup = data.teardown = None
            data.body.clear()
            data.body.create_keyword(name="BuiltIn.Fatal Error", args=[_CANCELLED])

    @_harmless
    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:
        """A test ends."""
        outcome = _OUTCOMES.get(result.status, "not_run")
        self._failed += outcome == "failed"
        for part in (self._root, *filter(None, self._suites)):
            part.advance(1, outcome=outcome)
        self._root.item(
            result.full_name,
            outcome,
            masked(result.message) or None,
            count=False,
            where=f"{data.source}:{data.lineno}" if data.source else None,
            seconds=round(result.elapsed_time.total_seconds(), 3),
        )

    @_harmless
    def start_body_item(self, data: Any, result: Any) -> None:  # Any: one of fifteen classes
        """A keyword begins, or a control structure."""
        name = getattr(result, "full_name", None)
        if name:
            self._root.update(current=name)

    @_harmless
    def log_message(self, message: result.Message) -> None:
        """A keyword says something."""
        level = _LEVELS.get(message.level)
        if level is not None and self._task is not None:
            self._task.log(masked(message.message), level, "robot")

    @_harmless
    def close(self) -> None:
        """The run is over."""
        task = self._root
        if self._cancelled:
            task.log(_CANCELLED)
            task.cancel()
        elif self._failed:
            task.fail(f"{self._failed} of {task.total} failed")
        task.close()

    @property
    def _root(self) -> Task:
        if self._task is None:
            raise RuntimeError("no suite has begun")
        return self._task

    @property
    def _at(self) -> Task | Child:
        return next((part for part in reversed(self._suites) if part is not None), self._root)
