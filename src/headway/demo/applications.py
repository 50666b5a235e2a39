"""Applications under watch: real ones, on a small web server of the demo, looked at by the real monitor.

They are made over HTTP, with the monitor's own routes, as anybody would. From then on the monitor does what it does: it
looks every few seconds, and every two minutes all of them are tested, logins too. One goes down for a while and comes
back, for as long as the demo lasts; the status page is public.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from headway.browsers.faults import BrowserError
from headway.browsers.finding import find
from headway.demo import simulator
from headway.demo.sites import Sites, serving
from headway.demo.stage import Stage
from headway.demo.watched import SECRET, definitions

__all__ = ["SHOWS", "play", "prepare", "secrets_in"]

SHOWS: Final = "applications under watch"

_EVERY_SECONDS: Final = 120.0
"""Between two test runs of all."""
_PARALLEL: Final = 2
"""Tests at once: few, so that a run lasts long enough to be watched."""
_WELL_SECONDS: Final = 40.0
_DOWN_SECONDS: Final = 25.0
"""Long enough that people are told: two looks that find it down."""
_TITLE: Final = "How the demo is"
_RUN: Final = "Test of all applications"


def secrets_in(folder: Path) -> Path:
    """The folder of secrets, within the demo's."""
    return folder / "secrets"


def prepare(stage: Stage) -> None:
    """The application brings its own jobs; add those of the simulator, which tells of others."""
    simulator.prepare(stage)


async def play(stage: Stage) -> None:
    """Serve what is watched, and have it watched, as long as the demo lasts: it has no second round."""
    password = secrets.token_urlsafe(12)
    sites = Sites(password, stage.random, stage.pace)
    async with serving(sites):
        await _watched(stage, sites, password)
        while True:
            await stage.pause(_WELL_SECONDS)
            sites.mail_down = True
            await stage.pause(_DOWN_SECONDS)
            sites.mail_down = False


async def _watched(stage: Stage, sites: Sites, password: str) -> None:
    """Have all of them watched, and tested now and from time to time."""
    await asyncio.to_thread(_keep, secrets_in(stage.folder), password)
    wanted = definitions(sites, browser=await asyncio.to_thread(_browser))
    headers = {} if stage.token is None else {"Authorization": f"Bearer {stage.token}"}
    async with aiohttp.ClientSession(stage.url.rstrip("/") + "/", headers=headers, raise_for_status=True) as http:
        await _put(http, "api/monitor/settings", {"public": {"on": True, "title": _TITLE}})
        # JSON is YAML. An import makes what is missing, and changes the others.
        text = msgspec.json.encode({"applications": wanted})
        async with http.post("api/applications/import", data=text, headers={"Content-Type": "text/yaml"}) as answer:
            skipped = (await answer.json())["skipped"]
        if skipped:
            raise ValueError(f"the monitor does not take {skipped}")
        run = {"parallel": _PARALLEL, "name": _RUN}
        again = {"name": _RUN, "every": _EVERY_SECONDS, "run": run}
        await _put(http, "api/monitor/schedules", {"schedules": [again]})
        async with http.post("api/tests/run-all", json=run):
            pass


async def _put(http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:  # Any: JSON values
    async with http.put(path, json=body):
        pass


def _keep(folder: Path, password: str) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / SECRET).write_text(password)


def _browser() -> bool:
    """Whether this machine has one."""
    try:
        find()
    except BrowserError:
        return False
    return True
