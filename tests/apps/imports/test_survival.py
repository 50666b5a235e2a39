"""What a server that is killed leaves behind: deletions, changes and exports come to their end with the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from headway.server.live import Headway
from headway.testing.serving import Process, process
from tests.apps.imports.office import Json, Office, elsewhere, row

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

USERS = 120


@asynccontextmanager
async def killable(data: Path) -> AsyncIterator[tuple[Office, Process]]:
    """A server in a process of its own, and what one can ask of it."""
    async with process(data, settings={"DURABLE": "false"}) as server, aiohttp.ClientSession() as http:
        yield Office(Headway(), server.address, http), server


async def begun(at: Office, target: str, upload: Json | None, confirm: int, **options: Json) -> str:
    """A run that is not dry, after its dry run."""
    wanted: dict[str, Json] = {"target": target, "parallel": 4, **options}
    if upload is not None:
        wanted["file"] = upload["id"]
        wanted["mapping"] = {one["column"]: one["attribute"] for one in upload["mapping"]}
    _, dry = await at.ask("POST", "/api/imports/runs", wanted | {"dry_run": True})
    await at.ended(dry["run"])
    status, run = await at.ask("POST", "/api/imports/runs", wanted | {"confirm": confirm})
    assert status == 201, run
    return str(run["run"])


async def halfway(at: Office, run: str) -> None:
    """Wait until some of it is done."""
    since = ""
    while sum((await at.get(f"/api/imports/runs/{run}"))["counts"].values()) == 0 or (
        (await at.get(f"/api/imports/runs/{run}"))["counts"]["not_attempted"] in (0, USERS)
    ):
        since = (await at.get(f"/api/channels/task:{run}/events?since={since}&wait=5"))["position"]


@pytest.mark.parametrize("by", ["file", "filter", "modify"])
async def test_each_user_is_touched_once(tmp_path: Path, by: str) -> None:
    """Killed in the middle, the run goes on after the restart, and its counts add up."""
    async with elsewhere() as (_, target):
        async with killable(tmp_path) as (at, server):
            _, added = await at.ask("POST", "/api/imports/targets", target)
            upload = await at.uploaded([row(number) for number in range(USERS)])
            await at.imported(upload, target=added["id"])
            faults = f"{target['api'].removesuffix('/v1')}/__sandbox/faults"
            async with at.http.put(faults, json={"latency": 30, "dropped": 5}) as answer:
                assert answer.status == 200
            if by == "modify":
                changed = await at.uploaded([row(number, **{"first name": "Grace"}) for number in range(USERS)])
                run = await begun(at, added["id"], changed, USERS, kind="modify")
            elif by == "file":
                run = await begun(at, added["id"], upload, USERS, kind="delete")
            else:
                run = await begun(at, added["id"], None, USERS, kind="delete", filter={"scim": 'username sw "user"'})
            await halfway(at, run)
            server.kill()
            await server.ended()
        async with killable(tmp_path) as (at, _):
            shown = await at.ended(run)
            completions = [event for event in await at.events(run) if event["type"] == "completion"]

    outcome = "updated" if by == "modify" else "deleted"
    assert (shown["status"], shown["counts"][outcome], shown["counts"]["not_attempted"]) == ("completed", USERS, 0)
    assert len(completions) == 1
