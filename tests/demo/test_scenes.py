"""The scenes: each plays its round to the end, by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from headway.demo import (
    applications,
    backup,
    browsers,
    catalogue,
    exchange,
    films,
    imports,
    invoices,
    mailbox,
    orders,
    photos,
    pictures,
    prices,
    search,
)
from headway.demo.scenes import SCENES, Scene, playing
from headway.demo.stage import Stage
from headway.server.live import Headway
from headway.tasks.model import Status
from headway.testing.waiting import wait_until
from tests.demo.stages import events_of, history, playable, staged

pytestmark = pytest.mark.timeout(60)

BY_THEMSELVES = [scene for scene in SCENES if scene not in (catalogue, imports, applications)]
"""Those whose pace we have. That of a worker in a process of its own is its own: see `tests/cli/test_demo.py`. What
plays with an application has tests of its own: `test_imports`, `test_applications`."""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A server with the jobs of all scenes, on which a second takes some milliseconds."""
    async with staged(tmp_path) as stage:
        yield stage


@pytest.mark.parametrize("scene", BY_THEMSELVES, ids=lambda scene: scene.SHOWS)
async def test_what_a_round_begins_ends_with_it(stage: Stage, scene: Scene) -> None:
    """When a round is over, so is every task of it: however long a demo runs, nothing gathers."""
    await scene.play(stage)

    counts = await stage.live.running.tasks.counts()
    assert sum(counts.values()) >= 1
    assert [status for status in counts if not status.terminal] == []


@pytest.mark.parametrize(
    ("scene", "happened"),
    [
        (exchange, ["queued", "started", "completed"]),
        (orders, ["queued", "started", "completed"]),
        (mailbox, ["queued", "started", "completed"]),
        (backup, ["queued", "started", "completed"]),
        (films, ["queued", "started", "completed"]),
        (photos, ["queued", "started", "pause_requested", "paused", "resume_requested", "resumed", "completed"]),
        (invoices, ["queued", "started", "retrying", "started", "completed"]),
        (prices, ["queued", "started", "failed"]),
        (search, ["queued", "started", "cancel_requested", "cancelled"]),
        (pictures, ["started", "completed"]),
    ],
    ids=lambda value: value.SHOWS if hasattr(value, "SHOWS") else "",
)
async def test_it_is_a_real_run(stage: Stage, scene: Scene, happened: list[str]) -> None:
    """What happened to a scene's task is what the scene is for; who asked for it has a name."""
    await scene.play(stage)

    assert [entry.what for entry in await history(stage)] == happened
    asked = [entry.by for entry in await history(stage) if entry.what.endswith("_requested")]
    assert None not in asked


async def test_the_counts_of_the_import_add_up(stage: Stage) -> None:
    """Every order has an outcome, and each that was refused a reason."""
    await orders.play(stage)

    (state,) = (await playable(stage)).states
    rejected = [event for event in await events_of(stage, state.channel) if event.type == "task_item"]
    assert sum(state.progress.counts.values()) == state.progress.done == state.progress.total
    assert state.result == {"file": "orders-yesterday.csv", **state.progress.counts}
    assert len(rejected) == state.progress.counts.get("failed", 0)
    assert all(event.data["code"] and event.data["message"] for event in rejected)


async def test_the_size_of_the_mailbox_is_never_known(stage: Stage) -> None:
    """There is no total, no percentage, and a result all the same."""
    await mailbox.play(stage)

    (state,) = (await playable(stage)).states
    assert (state.progress.total, state.progress.percent) == (None, None)
    assert state.result == {"archived": state.progress.done}


async def test_the_parts_of_the_backup_add_up(stage: Stage) -> None:
    """Three children, whose megabytes are the whole's."""
    await backup.play(stage)

    (state,) = (await playable(stage)).states
    events = await events_of(stage, state.channel)
    ends = {event.data["name"]: event.data for event in events if "parent" in event.data}
    assert {name: part["status"] for name, part in ends.items()} == dict.fromkeys(state.result, "completed")
    assert sum(part["done"] for part in ends.values()) == state.progress.done == state.progress.total


async def test_the_price_list_says_what_is_wrong_with_it(stage: Stage) -> None:
    """Each wrong line has a code and a sentence, and the error counts them."""
    await prices.play(stage)

    (state,) = (await playable(stage)).states
    wrong = [event.data for event in await events_of(stage, state.channel) if event.type == "task_item"]
    assert [(line["item"], line["outcome"]) for line in wrong][:2] == [("line 14", "failed"), ("line 31", "failed")]
    assert state.progress.counts == {"valid": 75, "failed": len(wrong)}
    assert state.error is not None
    assert state.error.message == "5 of 80 lines are wrong, the first is line 14"


async def test_the_third_site_waits_for_a_browser(tmp_path: Path) -> None:
    """And it is said for what."""
    async with staged(tmp_path, pace=0.2) as stage, playing(stage, [browsers]):

        async def waits() -> bool:
            return "for 1 of 2 browser slots" in [state.waiting for state in (await playable(stage)).states]

        await wait_until(waits)
        counts = await stage.live.running.tasks.counts()
        assert counts == {Status.RUNNING: 2, Status.QUEUED: 1}


async def test_no_invoice_is_sent_twice(stage: Stage) -> None:
    """The second attempt goes on where the first one was refused."""
    await invoices.play(stage)

    (state,) = (await playable(stage)).states
    assert (state.attempt, state.progress.counts, state.result) == (2, {"sent": 60}, {"sent": 60})


async def test_rounds_follow_each_other(stage: Stage) -> None:
    """New runs begin as old ones end."""

    async def three_rounds() -> bool:
        return len((await playable(stage)).states) >= 3

    async with playing(stage, [search]):
        await wait_until(three_rounds)


async def test_one_that_fails_does_not_stop_the_others(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and played again."""
    tried = asyncio.Semaphore(0)

    class Broken:
        SHOWS = "a mistake"

        def prepare(self, stage: Stage) -> None: ...

        async def play(self, stage: Stage) -> None:
            tried.release()
            raise RuntimeError("no light")

    async def both() -> bool:
        return len((await playable(stage)).states) >= 2

    with caplog.at_level(logging.ERROR, "headway.demo"):
        async with playing(stage, [Broken(), search]):
            await tried.acquire()
            await tried.acquire()
            await wait_until(both)

    assert "the scene with a mistake failed" in caplog.text


async def test_nothing_plays_on_after_the_block(tmp_path: Path) -> None:
    """In the middle of everything: no task of ours, no thread and no process is left, and no error."""
    async with staged(tmp_path, pace=1.0) as stage, playing(stage):
        await wait_until(lambda: _all_began(stage))


async def _all_began(stage: Stage) -> bool:
    return len((await playable(stage)).states) >= len(SCENES)


def test_a_job_has_one_scene(tmp_path: Path) -> None:
    """All scenes can be prepared on one server."""
    stage = Stage(Headway(), tmp_path, Random(1))
    for scene in SCENES:
        scene.prepare(stage)

    assert len(stage.live.jobs) >= len(SCENES) - 2
