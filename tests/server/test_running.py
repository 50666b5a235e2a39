"""The parts of a started server, joined."""

from __future__ import annotations

from headway.limits import Retention
from headway.server.live import Headway
from headway.tasks.model import Status
from headway.testing.clock import FakeClock

SWEEP_SECONDS = 60.0
"""As often as ended tasks are looked at."""


async def test_a_task_is_listed_as_long_as_its_events_are_kept() -> None:
    """A retention bounds the tasks as well: a server that is left on does not grow."""
    clock = FakeClock()
    async with Headway(retention=Retention(seconds=600.0), clock=clock) as live:
        async with live.task("short") as task:
            id = task.id
        assert id is not None
        await live.running.tasks.keep()

        clock.advance(599.0)
        await live.running.tasks.keep()
        listed = await live.running.tasks.counts()
        clock.advance(SWEEP_SECONDS + 1.0)
        await live.running.tasks.keep()
        afterwards = await live.running.tasks.counts()

    assert listed == {Status.COMPLETED: 1}
    assert afterwards == {}
