"""What a scene plays on: a server, seen by its public faces, and time that passes at a pace."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from headway.server.live import Headway
from headway.tasks.model import Action, IllegalTransition, State
from headway.tasks.work import Work

__all__ = ["Stage"]

_POINT: Final = 0.25
"""Seconds between two points: who presses a button sees at once that it counts."""

_LOOK: Final = 0.5
"""Seconds between two looks at a task that a scene waits for. Nobody waits for a scene."""


class Stage:
    """One server, and what is around it."""

    def __init__(
        self, live: Headway, folder: Path, random: Random, *, url: str = "", token: str | None = None, pace: float = 1.0
    ) -> None:
        """`pace` is how long a second takes."""
        self.live = live
        self.folder = folder
        """The server's data folder, for processes that share it."""
        self.random = random
        self.url = url
        """Where the server is found; known once it listens."""
        self.token = token
        """With it another process may publish, where one is needed."""
        self.pace = pace

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds * self.pace)

    async def labour(self, work: Work, seconds: float) -> None:
        """Let time pass in which a task works: it can be paused and cancelled at any moment of it."""
        for _ in range(max(1, round(seconds / _POINT))):
            await work.apoint()
            await self.pause(_POINT)

    async def look(self, id: str) -> State:
        """How a task stands. Raises `HeadwayError` where nobody knows it any more."""
        return await self.live.running.tasks.get(id)

    async def until(self, id: str, holds: Callable[[State], bool]) -> State:
        """Wait until this holds of a task, or it has ended. How it stands then."""
        while True:
            state = await self.look(id)
            if state.status.terminal or holds(state):
                return state
            await asyncio.sleep(min(_LOOK, _LOOK * self.pace))

    async def ended(self, id: str) -> State:
        """Wait for the end of a task."""
        return await self.until(id, lambda state: False)

    async def ask(self, id: str, action: Action, by: str) -> None:
        """Ask for something as somebody. Whoever watches the demo may have been quicker: then nothing is asked."""
        with contextlib.suppress(IllegalTransition):
            await self.live.running.tasks.request(id, action, by)
