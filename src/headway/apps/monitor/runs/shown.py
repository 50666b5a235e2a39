"""A run and its tests as clients see them. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from headway.apps.monitor.runs.model import OPEN, Ending, Kind, Result, Summary, Test, Wanted
from headway.tasks.model import State, Status

__all__ = ["Begun", "Run", "Tested", "counted", "named", "status_of", "tested"]


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Begun(_Wire, frozen=True, kw_only=True):
    """A run that was begun."""

    test_run_id: str
    task: str
    channel: str
    total: int


class Tested(_Wire, frozen=True, kw_only=True):
    """A test of a run, and what came of it."""

    application_id: str
    application_name: str
    name: str
    environment: str
    test_type: Kind
    status: str
    """As of a result; `pending` before."""
    code: str | None = None
    message: str = ""
    began: float | None = None
    duration: int | None = None
    """Milliseconds."""
    attempts: tuple[dict[str, Any], ...] = ()  # Any: JSON
    detail: dict[str, Any] = {}  # Any: JSON
    screenshot: str | None = None


class Run(_Wire, frozen=True, kw_only=True):
    """A run as it is shown."""

    number: int
    id: str
    test_run_id: str
    task: str
    channel: str
    name: str
    status: str
    """pending, running, paused, completed, failed, cancelled."""
    trigger: str
    kinds: tuple[str, ...]
    application_count: int
    total: int
    completed: int
    summary: Summary
    created_at: float
    started_at: float | None
    ended_at: float | None
    by: str | None
    error: str | None
    waiting: str | None
    allowed: tuple[str, ...]
    """The actions that may be asked for now."""
    results: tuple[Tested, ...] | None = None
    """Of one run alone; in the order of the plan."""


def named(wanted: Wanted) -> str:
    """What a run is called."""
    kind = wanted.kinds[0] if len(set(wanted.kinds)) == 1 else None
    kinds = "Tests" if kind is None else {Kind.HEALTH: "Health checks", Kind.LOGIN: "Login tests"}[kind]
    if wanted.applications:
        count = len(wanted.applications)
        return f"{kinds} of {'1 application' if count == 1 else f'{count} applications'}"
    chosen = [one for one in (*msgspec.structs.astuple(wanted.filter)[:-1], *wanted.filter.tags) if one]
    return f"{kinds} of {', '.join(chosen)}"[:200] if chosen else f"{kinds} of all applications"


def status_of(kept: str, state: State | None) -> str:
    """How a run stands, by what is kept and what its task says."""
    if kept not in OPEN or state is None:
        return kept
    match state.status:
        case Status.PAUSED:
            return "paused"
        case Status.QUEUED:
            return "pending"
        case Status.RUNNING | Status.INTERRUPTED:
            return "running"
        case Status.COMPLETED | Status.FAILED | Status.CANCELLED:
            return str(state.status)


def counted(total: int, results: dict[tuple[int, str], Result], state: State | None) -> Summary:
    """The numbers of a run that goes on."""
    counts = Counter(result.status for result in results.values())
    failed = sum(count for status, count in counts.items() if status.bad)
    elapsed = 0.0 if state is None else state.progress.elapsed
    return Summary(
        total=total,
        passed=counts[Ending.PASSED],
        failed=failed,
        skipped=counts[Ending.SKIPPED],
        duration=round(1000 * elapsed),
    )


def tested(test: Test, result: Result | None) -> Tested:
    """A test as it is shown."""
    told = Tested(
        application_id=test.application,
        application_name=test.title,
        name=test.name,
        environment=test.environment,
        test_type=test.kind,
        status="pending",
    )
    if result is None:
        return told
    name = result.detail.get("screenshot")
    return msgspec.structs.replace(
        told,
        status=str(result.status),
        code=result.code,
        message=result.message,
        began=result.began,
        duration=None if result.milliseconds is None else round(result.milliseconds),
        attempts=tuple(msgspec.to_builtins(one) for one in result.attempts),
        detail=dict(result.detail),
        screenshot=f"/api/applications/{test.application}/screenshots/{name}" if name else None,
    )
