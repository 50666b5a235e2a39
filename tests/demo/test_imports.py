"""The scene with an import: a real one, whose rows add up."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from headway.apps.imports.app import Imports
from headway.demo import imports
from headway.demo.stage import Stage
from headway.server.live import Headway
from headway.tasks.model import Status
from headway.testing.serving import serving
from tests.demo.stages import events_of, playable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_a_round_is_an_import_with_rejects(tmp_path: Path) -> None:
    """It completes, each row has an outcome, and what was rejected says why."""
    live = Headway(tmp_path, durable=False, apps=[Imports()])
    async with serving(live) as address:
        stage = Stage(live, tmp_path, Random(7), url=address.http(""), pace=0.01)
        await imports.play(stage)
        (state,) = (await playable(stage)).states
        told = await events_of(stage, state.channel)

    assert state.status is Status.COMPLETED
    assert sum(state.progress.counts.values()) == state.progress.total == imports.ROWS
    assert state.progress.counts["failed"] == len([event for event in told if event.type == "task_item"]) > 0
    assert state.progress.counts["created"] > 300
    assert [event.type for event in told if event.type == "completion"] == ["completion"]
