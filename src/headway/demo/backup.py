"""A backup in parts, at the same time: each has numbers of its own, and they add up to the whole."""

from __future__ import annotations

import asyncio
from typing import Final

from headway.demo.stage import Stage
from headway.tasks.task import Child
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a backup in parts"

_DATABASES: Final = {"customers": 180, "orders": 420, "stock": 90}
"""Megabytes."""


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("backup", title="Back up three databases")
    async def backup(work: Work) -> dict[str, int]:
        work.unit = "MB"
        parts = {name: work.child(name, size, unit="MB") for name, size in _DATABASES.items()}
        async with asyncio.TaskGroup() as group:
            for name, part in parts.items():
                group.create_task(_copied(work, name, part))
        return dict(_DATABASES)

    async def _copied(work: Work, name: str, part: Child) -> None:
        table = 1
        with part:
            while part.done < _DATABASES[name]:
                await work.apoint()
                await stage.pause(stage.random.uniform(0.4, 0.8))
                part.advance(min(stage.random.randint(2, 9), _DATABASES[name] - part.done), current=f"table {table}")
                table += stage.random.random() < 0.2


async def play(stage: Stage) -> None:
    """Back up, and rest."""
    task = await stage.live.submit("backup")
    await stage.ended(task.id)
    await stage.pause(25)
