"""Headway inside an application of your own: mounted, started and stopped with it, and published to in process.

uvicorn fastapi_mount:app        then http://127.0.0.1:8000/live/ watches, and POST /reports/june begins something
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI

from headway import Headway

live = Headway("headway-data")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A mounted application is told of no start and no end, so the outer one tells it."""
    async with live:
        yield


app = FastAPI(lifespan=lifespan)
app.mount("/live", live)


@app.post("/reports/{name}", status_code=202)
async def begin(name: str, background: BackgroundTasks) -> dict[str, str]:
    """Begin a report, and say where it can be watched."""
    background.add_task(write, f"report:{name}")
    return {"watch": f"/live/#channel=report:{name}"}


async def write(channel: str) -> None:
    """The work itself: progress has a key, since newer replaces older; the end has none, since it must arrive."""
    for page in range(1, 11):
        await asyncio.sleep(0.1)
        await live.publish(channel, "progress", {"current": page, "total": 10}, key="progress")
    await live.publish(channel, "completion", {"pages": 10})
