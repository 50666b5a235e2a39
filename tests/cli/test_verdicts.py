"""What `headway check` shows of a run, and how it exits."""

from __future__ import annotations

import io

import pytest

from headway.apps.monitor.runs.model import Summary
from headway.apps.monitor.runs.shown import Run
from headway.cli.verdicts import exit_of_run, showing, summary_line


def run(status: str, **numbers: int) -> Run:
    """A run with these numbers."""
    return Run(
        number=1, id="r", test_run_id="task:r", task="r", channel="task:r", name="All", status=status,
        trigger="manual", kinds=(), application_count=1, total=1, completed=1, summary=Summary(**numbers),
        created_at=0.0, started_at=0.0, ended_at=None, by=None, error=None, waiting=None, allowed=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "numbers", "code"),
    [
        ("completed", {"passed": 2, "skipped": 1}, 0),
        ("completed", {"passed": 2, "failed": 1}, 1),
        ("completed", {"skipped": 2}, 3),
        ("cancelled", {"passed": 2, "failed": 1}, 3),
        ("failed", {"passed": 2}, 3),
    ],
)
def test_the_exit_code_says_how_it_went(status: str, numbers: dict[str, int], code: int) -> None:
    """Nothing that could be tried is no success, and a run that was cancelled is no failure of an application."""
    assert exit_of_run(run(status, **numbers)) == code


def test_events_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One for each test that ended, without anything that could steer a terminal."""
    out = io.StringIO()
    with showing(out) as show:
        show("testStarted", {"applicationName": "One"})
        show("progressUpdate", {"completed": 0, "total": 2})
        good = {"applicationName": "One", "testType": "health_check", "status": "passed", "duration": 113}
        show("testCompleted", good)
        bad = {"applicationName": "Two\x1b[2J", "testType": "login_test", "status": "failed", "duration": 2140}
        show("testFailed", {**bad, "code": "TIMEOUT", "message": "it took\ntoo long"})

    assert out.getvalue().splitlines() == [
        "passed    One                           health check    113 ms",
        "FAILED    Two�[2J                       login test       2.1 s  TIMEOUT: it took too long",
    ]


def test_a_run_is_a_line() -> None:
    """Skipped ones are told where there are some."""
    assert summary_line(Summary(total=2, passed=1, failed=1, duration=12_400)) == "1 passed, 1 failed in 12.4 s"
    assert summary_line(Summary(skipped=3)) == "0 passed, 0 failed, 3 skipped in 0.0 s"
