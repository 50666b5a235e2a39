"""Runs that begin by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.apps.monitor.runs.schedules import Schedule
from headway.errors import UsageError
from tests.apps.monitor.runs.stand import Stand, Targets, health, stand, targets


@pytest.fixture
async def there() -> AsyncIterator[Targets]:
    """Applications to be tested."""
    async with targets() as found:
        yield found


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Stand]:
    """A server that runs tests."""
    async with stand(tmp_path) as made:
        yield made


async def test_a_due_time_begins_one_run(at: Stand, there: Targets) -> None:
    """However many look, and however many times passed while nobody did; then it is due again later."""
    await at.know(health("good", f"{there.url}/ok"), health("other", f"{there.url}/ok"))
    wanted = {"applications": ["good"], "kinds": ["health_check"]}
    schedule = {"name": "Often", "every": 3600, "run": wanted}
    off = {"name": "Off", "cron": "* * * * *", "enabled": False}
    status, told = await at.ask("PUT", "/api/monitor/schedules", {"schedules": [schedule, off]})
    first = told["schedules"][0]["due"]
    schedules, bench = at.monitor.tests.schedules, at.monitor.tests.bench

    class Later:
        """Five and a half hours on."""

        def now(self) -> float:
            return float(first) + 4.5 * 3600

        def monotonic(self) -> float:
            return 0.0

    bench.clock = Later()
    await asyncio.gather(*(schedules.come_round() for _ in range(3)))
    (run,) = (await at.get("/api/tests/history"))["runs"]
    ended = await at.ended(run["id"])
    listed = (await at.get("/api/monitor/schedules"))["schedules"]

    assert (status, told["schedules"][1]["due"]) == (200, None)
    assert (ended["trigger"], ended["name"], ended["total"]) == ("scheduled", "Often", 1)
    assert listed[0]["due"] == first + 5 * 3600


@pytest.mark.parametrize(
    "schedule",
    [
        {"name": "Both", "cron": "* * * * *", "every": 600},
        {"name": "Neither"},
        {"name": "Too often", "every": 1},
        {"name": "No cron", "cron": "every day"},
        {"name": "Nowhere", "cron": "0 0 * * *", "timezone": "Mars/Olympus"},
    ],
)
async def test_what_never_comes_is_refused(at: Stand, schedule: dict[str, object]) -> None:
    """With a sentence; what was set before stays."""
    status, told = await at.ask("PUT", "/api/monitor/schedules", {"schedules": [schedule]})

    assert (status, bool(told["error"]["message"])) == (400, True)
    assert (await at.get("/api/monitor/schedules"))["schedules"] == []


async def test_two_of_one_name_are_refused(at: Stand) -> None:
    """The name is what their times are kept by."""

    with pytest.raises(UsageError, match="no two of one name"):
        await at.monitor.tests.schedules.set([Schedule(name="a", every=600), Schedule(name="a", every=700)])
