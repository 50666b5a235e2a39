"""What tasks can be measured by: a table beside that of `metrics`, shown with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headway.server.metrics import Kind, Metric
from headway.tasks.embedded import Runner
from headway.tasks.model import Happening, Status
from headway.tasks.service import Service
from headway.tasks.store import Store

__all__ = ["WORKLOAD", "Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """What counts tasks."""

    service: Service
    runner: Runner
    store: Store

    @property
    def states(self) -> Mapping[str, float]:
        """Tasks that have not ended, by state."""
        counted = self.service.open
        return {status.value: counted.get(status, 0) for status in Status if not status.terminal}

    @property
    def changes(self) -> Mapping[str, float]:
        """What happened to tasks in this process."""
        return {happening.value: self.service.happenings[happening] for happening in Happening}

    @property
    def turns(self) -> Mapping[str, float]:
        """How turns of jobs ended in this process."""
        return {happening.value: self.runner.ran[happening.value] for happening in _ENDS}


_ENDS: Final = (
    Happening.COMPLETED,
    Happening.FAILED,
    Happening.CANCELLED,
    Happening.RETRYING,
    Happening.INTERRUPTED,
)

_G, _C = Kind.GAUGE, Kind.COUNTER

WORKLOAD: Final[Sequence[Metric[Workload]]] = (
    Metric("headway_tasks", _G, ("status",), "Tasks that have not ended, by state.", lambda now: now.states),
    Metric(
        "headway_task_changes_total",
        _C,
        ("what",),
        "What happened to tasks: `queued`, `started`, … `completed`, `failed`, `cancelled`.",
        lambda now: now.changes,
    ),
    Metric("headway_task_reports_total", _C, (), "Reports taken, of all tasks.", lambda now: now.service.reports),
    Metric(
        "headway_task_changes_late",
        _G,
        (),
        "1 while changes of tasks are stored and the log cannot take them.",
        lambda now: now.service.late,
    ),
    Metric("headway_jobs_running", _G, (), "Tasks that this process runs.", lambda now: len(now.runner.running)),
    Metric("headway_job_turns_total", _C, ("end",), "Turns of jobs that ended here, by how.", lambda now: now.turns),
    Metric(
        "headway_task_store_calls_total",
        _C,
        (),
        "Questions and changes that the store of tasks did.",
        lambda now: now.store.calls,
    ),
    Metric("headway_task_store_commits_total", _C, (), "Transactions of these.", lambda now: now.store.commits),
    Metric("headway_task_store_errors_total", _C, (), "Transactions that failed.", lambda now: now.store.failures),
)
"""Every metric of tasks, in the order in which they are shown."""
