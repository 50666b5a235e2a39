"""The scenes of the demo, and how they are played: each for itself, round after round, until the demo ends.

A scene is a module with three names:

    SHOWS = "an upload that stalls"         what is to be seen, for the list that the demo prints
    def prepare(stage: Stage) -> None       adds its jobs, before the server starts
    async def play(stage: Stage) -> None    one round: everything that is begun in it has ended when it returns

A new one goes into `SCENES`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from headway.demo import (
    applications,
    backup,
    browsers,
    catalogue,
    exchange,
    files,
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
from headway.demo.stage import Stage

__all__ = ["SCENES", "Scene", "playing"]

logger = logging.getLogger("headway.demo")

_AGAIN_SECONDS: Final = 10.0
"""Before a scene that failed is played again: a log must not fill with what fails at once."""


class Scene(Protocol):
    """A module of this package that plays something."""

    @property
    def SHOWS(self) -> str:
        """What is to be seen, in a few words."""
        ...

    def prepare(self, stage: Stage) -> None:
        """Add its jobs. The server has not started."""
        ...

    async def play(self, stage: Stage) -> None:
        """Play one round. Cancelled when the demo ends: nothing of it may stay."""
        ...


SCENES: Final[tuple[Scene, ...]] = (
    orders,
    files,
    browsers,
    backup,
    mailbox,
    pictures,
    films,
    photos,
    catalogue,
    invoices,
    prices,
    search,
    exchange,
    applications,
    imports,
)


@contextlib.asynccontextmanager
async def playing(stage: Stage, scenes: Sequence[Scene] = SCENES) -> AsyncIterator[None]:
    """Play scenes, all at once, as long as the block lasts."""
    rounds = [asyncio.create_task(_rounds(scene, stage), name=f"scene: {scene.SHOWS}") for scene in scenes]
    try:
        yield
    finally:
        for one in rounds:
            one.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)


async def _rounds(scene: Scene, stage: Stage) -> None:
    while True:
        try:
            await scene.play(stage)
        except Exception:  # whatever fails in one scene, the others go on
            logger.exception("! the scene with %s failed", scene.SHOWS)
            await stage.pause(_AGAIN_SECONDS)
