"""Stages for tests: a real server in this loop, on which a second takes some milliseconds."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

from headway.apps.imports.app import Imports
from headway.apps.monitor.app import Monitor
from headway.apps.monitor.options import Options
from headway.client import Event, connect
from headway.demo.applications import secrets_in
from headway.demo.scenes import SCENES
from headway.demo.stage import Stage
from headway.server.live import Headway
from headway.tasks.records import Entry, Filters
from headway.tasks.service import Page
from headway.testing.serving import serving

__all__ = ["events_of", "history", "playable", "staged"]


@contextlib.asynccontextmanager
async def staged(folder: Path, *, pace: float = 0.02) -> AsyncIterator[Stage]:
    """A stage with the jobs and the applications of all scenes."""
    live = Headway(folder, durable=False, apps=[Imports(), Monitor(Options(secrets=secrets_in(folder)))])
    stage = Stage(live, folder, Random(7), pace=pace)
    for scene in SCENES:
        scene.prepare(stage)
    async with serving(live) as address:
        stage.url = address.http("")
        yield stage


async def playable(stage: Stage) -> Page:
    """The tasks there are."""
    return await stage.live.running.tasks.find(Filters(limit=100))


async def history(stage: Stage) -> list[Entry]:
    """What happened to the only task there is."""
    (state,) = (await playable(stage)).states
    return await stage.live.running.tasks.history(state.id)


async def events_of(stage: Stage, channel: str) -> list[Event]:
    """Everything that was told on a channel."""
    head = (await stage.live.publish(channel, "last")).offset
    events: list[Event] = []
    async with connect(stage.url) as client:
        async for told in client.channel(channel, since=""):
            assert isinstance(told, Event)
            if told.offset == head:
                return events
            events.append(told)
    raise AssertionError("the channel ended")
