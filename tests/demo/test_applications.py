"""The scene with applications under watch: the monitor looks, and finds what there is to be found."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from headway.client import Event, connect
from headway.demo import applications
from headway.demo.stage import Stage
from headway.testing.readers import fetch
from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.demo.stages import staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

Json = Mapping[str, Any]  # Any: JSON values


@contextlib.asynccontextmanager
async def played(stage: Stage) -> AsyncIterator[None]:
    """The scene goes on as long as the block lasts."""
    playing = asyncio.create_task(applications.play(stage))
    try:
        yield
        assert not playing.done()
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def get(stage: Stage, path: str) -> Any:  # Any: JSON values
    """What the server answers."""
    return (await fetch(Address(int(stage.url.rpartition(":")[2])), "GET", path)).json()


async def the_run(stage: Stage) -> Json:
    """The first test run, when it has ended."""
    found: list[Json] = []

    async def ended() -> bool:
        found[:] = [run for run in (await get(stage, "/api/tests/history"))["runs"] if run["status"] == "completed"]
        return bool(found)

    await wait_until(ended, within=60)
    return dict(await get(stage, f"/api/tests/{found[-1]['id']}"))


async def test_all_are_tested_and_one_login_fails(tmp_path: Path) -> None:
    """The form takes the password of the demo, and nobody's where somebody changed it; nothing is skipped."""
    async with staged(tmp_path) as stage, played(stage):
        run = await the_run(stage)

    results = {(one["applicationName"], one["testType"]): one["status"] for one in run["results"]}
    assert results["Customer account", "login_test"] == "passed"
    assert results["Staff portal", "login_test"] == "failed"
    assert results["Payments", "health_check"] == results["Stock database", "health_check"] == "passed"
    assert run["summary"]["skipped"] == 0


async def test_everybody_may_see_how_they_are(tmp_path: Path) -> None:
    """The status page is on. What is not public is not on it."""
    async with staged(tmp_path) as stage, played(stage):

        async def shown() -> bool:
            page = await get(stage, "/api/status")
            return "applications" in page and {"shop", "mail"} <= {one["name"] for one in page["applications"]}

        await wait_until(shown, within=30)
        page = await get(stage, "/api/status")

    assert "stock-database" not in {one["name"] for one in page["applications"]}


async def test_mail_goes_down_and_comes_back(tmp_path: Path) -> None:
    """The monitor notices by itself, and tells both."""
    told: list[str] = []
    # Slow enough that two looks find it down, and two that it is back.
    async with staged(tmp_path, pace=0.8) as stage, played(stage), connect(stage.url) as client:
        async for event in client.channel("applications", since=""):
            if isinstance(event, Event) and event.type == "notification" and event.data["applicationName"] == "Mail":
                told.append(event.data["after"])
            if told[-1:] == ["healthy"] and "error" in told:
                break

    assert told[-2:] == ["error", "healthy"]


async def test_it_can_be_played_again(tmp_path: Path) -> None:
    """Who failed is played again: the same applications are watched at another port, and none twice."""
    async with staged(tmp_path) as stage:
        counts = []
        for _ in range(2):
            async with played(stage):
                await the_run(stage)
                counts.append(len((await get(stage, "/api/applications"))["applications"]))

    assert counts[0] == counts[1] > 7
