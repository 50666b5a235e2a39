"""The table of what tasks are measured by."""

from __future__ import annotations

import asyncio

from prometheus_client import parser

from headway.server.live import Headway
from headway.server.metrics import METRICS, Kind
from headway.server.workload import WORKLOAD
from headway.tasks.interface import Beginning, Report
from headway.tasks.model import Action, Happening, Progress, Status
from headway.tasks.work import Work
from headway.testing.readers import fetch
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(address: Address) -> Samples:
    """Every sample of a scrape, by name and labels."""
    body = (await fetch(address, "GET", "/metrics")).body.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(body)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float:
    """One sample."""
    return samples[name, tuple(sorted(labels.items()))]


async def test_it_counts_what_happens_to_tasks() -> None:
    """States, changes, reports, turns, and what the store does."""
    live = Headway()
    begun, gate = asyncio.Event(), asyncio.Event()

    @live.jobs.job("wait", concurrency=1)
    async def wait(work: Work) -> None:
        begun.set()
        await gate.wait()

    async with serving(live) as address:
        service = live.running.tasks
        ids = [(await live.submit("wait")).id for _ in range(3)]
        owned = await service.begin(Beginning("Work"))
        for number in (1, 1, 2):
            await service.report(owned.id, owned.owner, Report(number, Progress(number)))
        await begun.wait()
        await service.keep()
        during = await scraped(address)
        await service.request(ids[2], Action.CANCEL)
        gate.set()

        async def done() -> bool:
            return (await service.get(ids[1])).status is Status.COMPLETED and not live.running.runner.running

        await wait_until(done)
        await service.keep()
        after = await scraped(address)

    assert {status: of(during, "headway_tasks", status=status) for status in ("queued", "running", "paused")} == {
        "queued": 2,
        "running": 2,
        "paused": 0,
    }
    assert of(during, "headway_jobs_running") == 1
    assert of(during, "headway_task_reports_total") >= 2
    assert of(after, "headway_jobs_running") == of(after, "headway_task_changes_late") == 0
    changes = {
        happening.value: of(after, "headway_task_changes_total", what=happening.value) for happening in Happening
    }
    assert changes == {
        **dict.fromkeys(changes, 0),
        "queued": 3,
        "started": 3,
        "completed": 2,
        "cancelled": 1,
    }
    assert of(after, "headway_job_turns_total", end="completed") == 2
    assert of(after, "headway_task_store_calls_total") >= of(after, "headway_task_store_commits_total") > 0
    assert of(after, "headway_task_store_errors_total") == 0


def test_the_table_keeps_the_rules_of_names() -> None:
    """Counters end in `_total` and nothing else does; no name is also one of the server's."""
    names = [metric.name for metric in WORKLOAD]

    assert len({*names, *(metric.name for metric in METRICS)}) == len(names) + len(METRICS)
    for metric in WORKLOAD:
        assert metric.name.startswith("headway_")
        assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
        assert metric.meaning.endswith(".")
