"""The simulator that only the demo has."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from headway.demo.simulator import APPLICATIONS, CHANNEL, SIMULATOR
from headway.demo.stage import Stage
from headway.server.live import Headway
from headway.tasks.model import Action, Status
from headway.testing.readers import fetch
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from tests.demo.stages import events_of, staged


async def press(stage: Stage, button: str) -> str:
    """What a page does when a button of the simulator is pressed. Returns the id of the task."""
    address = Address(int(stage.url.rpartition(":")[2]))
    answer = await fetch(address, "POST", "/api/tasks", body=json.dumps({"job": button}).encode())
    assert answer.status == 201
    return str(answer.json()["task"])


async def test_a_simulated_test_run_tells_what_the_dashboard_reads(tmp_path: Path) -> None:
    """Who follows the run's channel, its `testRunId`, gets all of it under the names of the seed."""
    async with staged(tmp_path) as stage:
        state = await stage.ended(await press(stage, "simulate-test-run"))
        told = [event for event in await events_of(stage, state.channel) if not event.type.startswith("task_")]

    types = Counter(event.type for event in told)
    assert {event.data["testRunId"] for event in told} == {state.channel}
    assert (told[0].type, told[0].data["applicationCount"]) == ("testRunStarted", len(APPLICATIONS))
    assert types["testStarted"] == types["testCompleted"] + types["testFailed"] == len(APPLICATIONS)
    assert told[-1].type == "testRunCompleted"
    assert told[-1].data["summary"] == state.result
    last = [event.data for event in told if event.type == "progressUpdate"][-1]
    assert (last["completed"], last["total"], last["status"]) == (len(APPLICATIONS), len(APPLICATIONS), "completed")
    assert all(
        event.data["duration"] and event.data["applicationId"] for event in told if event.type == "testCompleted"
    )


async def test_a_run_that_is_cancelled_says_so(tmp_path: Path) -> None:
    """The dashboard's cancel button is the task's."""
    async with staged(tmp_path, pace=0.2) as stage:
        run = await press(stage, "simulate-test-run")

        async def runs() -> bool:
            return (await stage.look(run)).status is Status.RUNNING

        await wait_until(runs)
        await stage.ask(run, Action.CANCEL, "ada")
        state = await stage.ended(run)
        told = [event.type for event in await events_of(stage, state.channel)]

    assert state.status is Status.CANCELLED
    assert "testRunCancelled" in told
    assert "testRunCompleted" not in told


async def test_a_status_update_is_told_and_touches_no_card(tmp_path: Path) -> None:
    """It stands on a channel of its own; among what is real comes a notification only, which says what it is."""
    async with staged(tmp_path) as stage:
        state = await stage.ended(await press(stage, "simulate-status-update"))
        (update,) = await events_of(stage, CHANNEL)
        (notification,) = await events_of(stage, "applications")

    assert (update.type, update.data) == ("applicationStatusUpdate", state.result)
    assert update.key == f"application/{update.data['id']}"
    assert (notification.type, notification.key) == ("notification", None)
    assert notification.data["message"].startswith(f"Simulated: {update.data['name']} ")


async def test_an_activity_is_a_test_with_its_outcome(tmp_path: Path) -> None:
    """It begins, and passes or fails."""
    async with staged(tmp_path) as stage:
        state = await stage.ended(await press(stage, "simulate-activity"))
        began, ended = await events_of(stage, CHANNEL)

    assert (began.type, ended.data) == ("testStarted", state.result)
    assert ended.type == ("testCompleted" if ended.data["status"] == "passed" else "testFailed")


@pytest.mark.parametrize("job", SIMULATOR)
async def test_a_server_has_no_simulator(job: str) -> None:
    """What makes things up is there only where nothing is real."""
    async with serving(Headway()) as address:
        listed = await fetch(address, "GET", "/api/jobs")
        refused = await fetch(address, "POST", "/api/tasks", body=json.dumps({"job": job}).encode())

    assert listed.json() == {"jobs": []}
    assert refused.status == 400
