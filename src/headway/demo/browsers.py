"""Screenshots by browsers, of which there are two: the third site waits for one."""

from __future__ import annotations

import asyncio
from typing import Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a queue for two browsers"

_SITES: Final = ("the shop", "the blog", "the help pages")
_PAGES: Final = ("home", "search", "product", "basket", "login", "account", "contact", "imprint", "press", "jobs")
_SIZES: Final = ("phone", "tablet", "desktop")


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("screenshots", title="Screenshots", pool="browser", concurrency=2)
    async def shoot(work: Work, site: str) -> dict[str, object]:
        work.unit = "screenshots"
        views = [f"{page} on a {size}" for page in _PAGES for size in _SIZES]
        async for view in work.track(views, outcome="taken"):
            work.update(current=view)
            await stage.pause(stage.random.uniform(0.5, 1.1))
        return {"site": site, "taken": len(views)}


async def play(stage: Stage) -> None:
    """Have all sites done, and rest."""
    submitted = [
        await stage.live.submit("screenshots", {"site": site}, name=f"Screenshots of {site}") for site in _SITES
    ]
    await asyncio.gather(*(stage.ended(task.id) for task in submitted))
    await stage.pause(10)
