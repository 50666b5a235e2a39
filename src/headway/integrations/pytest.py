"""A test run that can be watched while it runs: a plugin that pytest finds by itself.

    pytest --headway http://127.0.0.1:4000        or HEADWAY_URL, and HEADWAY_TOKEN where the server wants one

    the run                    one task; its total is what was collected, its end that of pytest: exit status 0 is
                               completed, an interruption cancelled, everything else failed
    a test                     one done, counted as passed, failed, error, skipped, xfailed, xpassed
    a test that did not pass   an item: its node id, the outcome, why, where, and in which phase
    the test that runs         what the task is at

Under pytest-xdist it is the controller that tells, so a run is one task there as well. Pause holds between two tests
(not under xdist), cancel ends the run as Ctrl-C does, after the test that runs.

The law: whatever happens here, the run goes on, and ends as it would have ended. Not here: how reports travel.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec

import pytest

if TYPE_CHECKING:
    from headway.tasks.task import Task

__all__ = ["pytest_addoption", "pytest_configure"]

_NAME: Final = "headway-run"
_NOT_TOLD: Final = frozenset({"passed", ""})
_WORST: Final = ("error", "failed", "xpassed", "xfailed", "skipped", "passed")
"""Of two outcomes of one test, the first in this list is the test's."""
_LONGEST: Final = 2_000
"""Characters of an explanation: its end is in the terminal."""

Arguments = ParamSpec("Arguments")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of this plugin."""
    group = parser.getgroup("headway", "live progress in a browser")
    group.addoption("--headway", metavar="URL", help="Tell this Headway server how the run goes [HEADWAY_URL].")
    group.addoption("--headway-token", metavar="TOKEN", help="Access token for it [HEADWAY_TOKEN].")
    group.addoption(
        "--headway-name", metavar="NAME", help="What the run is called there. Else: the folder and the arguments."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to tell, if a server is named."""
    url = config.getoption("headway") or os.environ.get("HEADWAY_URL")
    # A worker of xdist is told of by its controller; a list of tests is no run.
    if not url or hasattr(config, "workerinput") or config.getoption("collectonly", False):
        return
    token = config.getoption("headway_token") or os.environ.get("HEADWAY_TOKEN")
    config.pluginmanager.register(Run(config, url, token), _NAME)


def _harmless(
    hook: Callable[Concatenate[Run, Arguments], None],
) -> Callable[Concatenate[Run, Arguments], None]:
    """A hook that notes what went wrong in it, instead of ending the run."""

    @functools.wraps(hook)
    def harmless(run: Run, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            hook(run, *args, **kwargs)
        except Exception as error:  # whatever it is: the tests matter more than who watches them
            run.broken = run.broken or f"{type(error).__name__}: {error}"

    return harmless


class Run:
    """One run, as a task."""

    def __init__(self, config: pytest.Config, url: str, token: str | None) -> None:
        self.broken: str | None = None
        """What went wrong first in telling."""
        self._config = config
        self._url = url
        self._token = token
        self._task: Task | None = None
        self._outcomes: dict[str, str] = {}
        """Of the tests that have begun and not ended, the worst so far."""
        self._counts: dict[str, int] = {}
        self._stopped: str | None = None
        """Why it was stopped, where somebody did that."""
        self._why = ""
        """Why pytest itself stopped."""
        self._session: pytest.Session | None = None

    # The run.

    @pytest.hookimpl(trylast=True)
    def pytest_report_header(self) -> str:
        """Say who is told."""
        return f"headway: telling {self._url}"

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """The run begins."""
        self._session = session
        self._begin()

    @_harmless
    def _begin(self) -> None:
        from headway.reporting import Reporter
        from headway.tasks.model import Action

        name = self._config.getoption("headway_name") or _named(self._config)
        # Under xdist nothing of this process stands between two tests, so nothing can hold them.
        alone = self._config.pluginmanager.get_plugin("dsession") is None
        honours = [Action.PAUSE, Action.RESUME, Action.CANCEL] if alone else [Action.CANCEL]
        self._task = Reporter(self._url, self._token).task(name, unit="tests", honours=honours).start()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What there is to do is known."""
        if session.items:
            self._known(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """As above, from each worker; all of them collect the same."""
        self._known(len(ids))

    @_harmless
    def _known(self, total: int) -> None:
        self.task.update(total=total)

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
        """The run ends."""
        self._finish(session, int(exitstatus))

    @_harmless
    def _finish(self, session: pytest.Session, status: int) -> None:
        for nodeid in list(self._outcomes):
            self._ended(nodeid)
        task, counts = self.task, ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._counts.items()))
        if self._stopped is not None:
            task.log(self._stopped)
            task.cancel()
        elif status == pytest.ExitCode.OK:
            task.complete({"exit": 0, "counts": self._counts})
        else:
            why = str(session.shouldfail or self._why or _WHY.get(status, ""))
            task.fail("; ".join(filter(None, [counts, why, f"exit status {status}"])))
        task.close()

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # Any: pytest does not export its type
        """Say where it can be seen, or why it cannot."""
        if self.broken is not None:
            terminalreporter.write_line(f"headway: not everything was told ({self.broken})")
        elif self._task is not None and self._task.id is not None:
            terminalreporter.write_line(f"headway: {self._task.url}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or `pytest.exit`; pytest itself stops like this as well."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            self._why = str(excinfo.value)
        else:
            self._stopped = str(excinfo.value) or "interrupted with Ctrl-C"

    # Its tests.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Between two tests, outside of their timeouts: hold, or stop."""
        self._point(wait=True)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str, location: object) -> None:
        """A test begins."""
        self._began(nodeid)

    @_harmless
    def _began(self, nodeid: str) -> None:
        self._outcomes.setdefault(nodeid, "passed")
        self.task.update(current=nodeid)
        self._point(wait=False)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test has ended."""
        self._phase(report)

    @_harmless
    def _phase(self, report: pytest.TestReport) -> None:
        outcome = self._outcome(report)
        if outcome not in _NOT_TOLD:
            self._tell(report, outcome)
        if outcome in _WORST:
            before = self._outcomes.get(report.nodeid, "passed")
            self._outcomes[report.nodeid] = min(before, outcome, key=_WORST.index)
        # A test whose worker died has no phase, and no other report.
        if report.when == "teardown" or report.when not in ("setup", "call"):
            self._ended(report.nodeid)

    def _outcome(self, report: pytest.TestReport) -> str:
        """As pytest and its plugins call it: rerun is one of theirs."""
        status = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        category = str(status[0]) if status else str(report.outcome)
        # Subtests have categories of their own, which begin or end with ours.
        return next((word for word in (*_WORST, "rerun") if word in category.split()), category)

    def _ended(self, nodeid: str) -> None:
        outcome = self._outcomes.pop(nodeid, "passed")
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        self.task.advance(1, outcome=outcome)

    def _tell(self, report: pytest.TestReport, outcome: str) -> None:
        from headway.server.masking import masked

        path, line, _ = report.location
        self.task.item(
            report.nodeid,
            outcome,
            masked(_why(report))[:_LONGEST] or None,
            count=False,
            where=path if line is None else f"{path}:{line + 1}",
            phase=str(report.when),
            seconds=round(report.duration, 3),
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file could not be read, or left itself out."""
        if report.failed:
            self._not_collected(report)

    @_harmless
    def _not_collected(self, report: pytest.CollectReport) -> None:
        from headway.server.masking import masked

        self.task.item(report.nodeid, "error", masked(report.longreprtext[-_LONGEST:]), count=False, phase="collect")

    # What was asked for.

    @_harmless
    def _point(self, *, wait: bool) -> None:
        from headway.tasks.model import Status
        from headway.tasks.task import Cancelled

        if self.task.wanted is Status.CANCELLED:
            self._stop()
        elif wait and self.task.wanted is not None:
            try:
                self.task.point()
            except Cancelled:
                self._stop()

    def _stop(self) -> None:
        self._stopped = "cancelled in Headway"
        # xdist has a session of its own, which looks at its own attribute.
        for session in (self._session, self._config.pluginmanager.get_plugin("dsession")):
            if session is not None:
                session.shouldstop = self._stopped

    @property
    def task(self) -> Task:
        """The run's task."""
        if self._task is None:
            raise RuntimeError("the run has not begun")
        return self._task


_WHY: Final = {
    2: "interrupted",
    3: "an internal error of pytest",
    4: "pytest was called wrongly",
    5: "no tests were found",
}


def _named(config: pytest.Config) -> str:
    """The folder, and what was asked to run of it."""
    arguments = [argument for argument in config.invocation_params.args if not str(argument).startswith("-")]
    given = [argument for argument in arguments if str(argument) in config.args and str(argument) != "."]
    return " ".join(["pytest", Path(config.rootpath).name, *map(str, given)])


def _why(report: pytest.TestReport) -> str:
    """Why a test did not pass, in a few lines."""
    reason = getattr(report, "wasxfail", None)
    if reason:
        return str(reason).removeprefix("reason: ")
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message) if crash is not None else report.longreprtext
