"""What whoever watches a run is told, under the seed's names. Pure.

    testRunStarted    {testRunId, applicationCount}
    testStarted       {testRunId, applicationId, applicationName, testType}
    testCompleted     {…, status, duration}                    passed or skipped
    testFailed        {…, status, duration, error, code, message, screenshot?}      failed or timeout
    progressUpdate    {testRunId, completed, total, currentApplication, running, queued, status, waiting?}
    testRunCompleted  {testRunId, summary {total, passed, failed, skipped, duration}}
    testRunCancelled  {testRunId, summary, error?}             somebody ended it, or it could not go on

Each test that was started is told to have ended exactly once, as completed or as failed. Durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from headway.apps.monitor.runs.model import Ending, Result, Summary, Test

__all__ = [
    "FEED",
    "cancelled",
    "channel_of",
    "completed",
    "ended",
    "finale",
    "progress",
    "run_id",
    "run_started",
    "started",
]

FEED: Final = "applications"
"""The channel of all applications, which has copies for the activity feed."""
_MESSAGE: Final = 2_000
"""Characters of a message. What is longer is a page that was sent back."""

Json = dict[str, Any]
"""Any: JSON values."""


def channel_of(run: str) -> str:
    """A run's channel, which is its `testRunId`."""
    return f"task:{run}"


def run_id(spelled: str) -> str:
    """The id of a run, from a path: with `task:` before it or without."""
    return spelled.removeprefix("task:")


def run_started(run: str, tests: Sequence[Test]) -> Json:
    """A run began."""
    return {"testRunId": channel_of(run), "applicationCount": len({test.application for test in tests})}


def started(run: str, test: Test) -> Json:
    """A test began."""
    return {
        "testRunId": channel_of(run),
        "applicationId": test.application,
        "applicationName": test.title,
        "testType": str(test.kind),
    }


def ended(run: str, test: Test, result: Result) -> tuple[str, Json]:
    """How a test ended: the type and the data of its event."""
    duration = None if result.milliseconds is None else round(result.milliseconds)
    told: Json = {**started(run, test), "status": str(result.status), "duration": duration}
    message = result.message[:_MESSAGE]
    if not result.status.bad:
        return "testCompleted", {**told, "message": message} if result.status is Ending.SKIPPED else told
    told |= {"error": message, "code": result.code, "message": message}
    if name := result.detail.get("screenshot"):
        told["screenshot"] = f"/api/applications/{test.application}/screenshots/{name}"
    return "testFailed", told


def progress(
    run: str,
    *,
    completed: int,
    total: int,
    running: Sequence[Test] = (),
    status: str = "running",
    waiting: str | None = None,
) -> Json:
    """How far it is. `waiting` is why it does not begin more at once."""
    told: Json = {
        "testRunId": channel_of(run),
        "completed": completed,
        "total": total,
        "currentApplication": running[0].title if running else None,
        "running": len(running),
        "queued": max(0, total - completed - len(running)) if status in ("running", "paused") else 0,
        "status": status,
    }
    return {**told, "waiting": waiting} if waiting else told


def completed(run: str, summary: Summary) -> Json:
    """A run came to its end."""
    return {"testRunId": channel_of(run), "summary": msgspec.to_builtins(summary)}


def finale(run: str, status: str, summary: Summary, error: str | None) -> tuple[str, Json]:
    """How a run ended: the type and the data of its last event."""
    if status == "completed":
        return "testRunCompleted", completed(run, summary)
    return "testRunCancelled", cancelled(run, summary, error)


def cancelled(run: str, summary: Summary, error: str | None = None) -> Json:
    """A run was ended before its end."""
    told = completed(run, summary)
    return {**told, "error": error[:_MESSAGE]} if error else told
