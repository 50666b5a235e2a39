"""An import of users into the sandbox, as anybody would begin it: over HTTP, with the application's own routes.

Some rows are wrong, and PingOne is made to fail and to throttle now and then while the import runs. Each round the file
has the same users with other titles: the first creates them, the others change some, so nothing gathers.
"""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import aiohttp

from headway.demo.stage import Stage

__all__ = ["ROWS", "SHOWS", "play", "prepare"]

SHOWS: Final = "users into a sandbox"

ROWS: Final = 400
_WRONG: Final = 0.03
"""Of the rows: a file that people made."""
_PARALLEL: Final = 4
_LATENCY: Final = 400.0
"""Milliseconds of an answer, at the pace of the stage."""
_FAULTS: Final = {"errors": 2, "limited": 1, "dropped": 1, "retry_after": "seconds"}
"""In percent of the calls."""
_TITLES: Final = ("Engineer", "Analyst", "Director", "Assistant", "Consultant")
_NAMES: Final = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia", "Alan", "Hedy", "Tim", "Margaret")
_FAMILIES: Final = ("Ames", "Bell", "Cole", "Dunn", "Ellis", "Ford", "Gray", "Hale", "Irwin", "Jones")
_COLUMNS: Final = ("username", "email", "first name", "last name", "title", "country", "password")

Json = dict[str, Any]
"""Any: JSON values."""


def prepare(stage: Stage) -> None:
    """The application brings its own job."""


async def play(stage: Stage) -> None:
    """Import, and rest."""
    headers = {} if stage.token is None else {"Authorization": f"Bearer {stage.token}"}
    async with aiohttp.ClientSession(stage.url.rstrip("/") + "/", headers=headers, raise_for_status=True) as http:
        faults = await _faults_at(http)
        async with aiohttp.ClientSession() as side:  # our token is no business of the sandbox's
            await side.put(faults, json={**_FAULTS, "latency": _LATENCY * stage.pace})
            try:
                await stage.ended(await _begun(http, stage))
            finally:
                await side.put(faults, json={})
    await stage.pause(90)


async def _faults_at(http: aiohttp.ClientSession) -> str:
    """Where the sandbox is told what is to go wrong."""
    async with http.get("api/imports/targets") as answer:
        targets: list[Json] = (await answer.json())["targets"]
    (sandbox,) = [one for one in targets if one["kind"] == "sandbox"]
    return f"{str(sandbox['api']).removesuffix('/v1')}/__sandbox/faults"


async def _begun(http: aiohttp.ClientSession, stage: Stage) -> str:
    """Upload a file, and have it imported. The task's id."""
    async with http.post("api/imports/files?name=new-joiners.csv", data=_file(stage)) as answer:
        upload: Json = await answer.json()
    options = {
        "target": "sandbox",
        "file": upload["id"],
        "mapping": {one["column"]: one["attribute"] for one in upload["mapping"]},
        "policy": "update",
        "parallel": _PARALLEL,
        "name": "Import the new joiners",
    }
    async with http.post("api/imports/runs", json=options) as answer:
        return str((await answer.json())["run"])


def _file(stage: Stage) -> bytes:
    """The same users each time. Some have moved up, and some rows are wrong."""
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS)
    table.writeheader()
    for number in range(ROWS):
        table.writerow(_row(stage, number))
    return text.getvalue().encode()


def _row(stage: Stage, number: int) -> dict[str, str]:
    given, family = _NAMES[number % 10], _FAMILIES[number // 10 % 10]
    username = f"{given}.{family}.{number:03}".lower()
    row = {
        "username": username,
        "email": f"{username}@example.com",
        "first name": given,
        "last name": family,
        "title": stage.random.choice(_TITLES) if stage.random.random() < 0.5 else "Trainee",
        "country": "GB",
        "password": f"Welcome-{number:03}-aboard!",
    }
    if stage.random.random() < _WRONG:
        row |= stage.random.choice(({"email": "unknown"}, {"email": ""}, {"username": ""}))
    return row
