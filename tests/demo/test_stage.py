"""What a scene plays on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.demo.stage import Stage
from headway.tasks.model import Action, Status
from headway.testing.waiting import wait_until
from tests.demo.stages import staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A server, and no scene on it yet."""
    async with staged(tmp_path) as stage:
        yield stage


async def test_who_waits_for_something_is_told_of_an_end_instead(stage: Stage) -> None:
    """Whoever watches may cancel what a scene wants to pause: the scene goes on."""
    task = await stage.live.submit("move-photos")
    waiting = asyncio.create_task(stage.until(task.id, lambda state: False))
    await stage.ask(task.id, Action.CANCEL, "a visitor")

    assert (await waiting).status is Status.CANCELLED


async def test_what_cannot_be_asked_any_more_is_not(stage: Stage) -> None:
    """A visitor was quicker: that is no error of a scene."""
    task = await stage.live.submit("move-photos")
    await stage.ask(task.id, Action.CANCEL, "a visitor")
    await stage.ended(task.id)
    await stage.ask(task.id, Action.PAUSE, "ada")

    history = await stage.live.running.tasks.history(task.id)
    assert [entry.by for entry in history if entry.what.endswith("_requested")] == ["a visitor"]


async def test_labour_can_be_paused_and_cancelled_in_its_midst(tmp_path: Path) -> None:
    """Not only between two steps of the work, which may be long."""
    async with staged(tmp_path, pace=1.0) as stage:
        task = await stage.live.submit("upload-films")

        async def is_silent() -> bool:
            return (await stage.look(task.id)).progress.done == 5

        async def is_paused() -> bool:
            return (await stage.look(task.id)).status is Status.PAUSED

        await wait_until(is_silent)
        await stage.ask(task.id, Action.PAUSE, "a visitor")
        await wait_until(is_paused)
        await stage.ask(task.id, Action.CANCEL, "a visitor")

        assert (await stage.ended(task.id)).status is Status.CANCELLED
