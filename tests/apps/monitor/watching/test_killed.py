"""A server that watches is killed (SIGKILL), and another goes on where it stopped."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from headway.testing.clock import FakeClock
from headway.testing.serving import Address
from headway.testing.waiting import wait_until
from tests.apps.monitor.alerts.receiving import receiving
from tests.apps.monitor.watching import doomed
from tests.apps.monitor.watching.stage import Stage, Watch, stage, target

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]  # three processes, each of which loads apprise

_ROOT = Path(doomed.__file__).parents[4]
CHECK = {"interval": 86_400, "retryAttempts": 0}


@asynccontextmanager
async def process(folder: Path, ahead: float = 0) -> AsyncIterator[Stage]:
    """A server in a process of its own; killed at the end."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, doomed.__file__, str(folder), str(ahead),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    assert child.stdout is not None
    try:
        port = int(await child.stdout.readline())
        async with aiohttp.ClientSession() as http:
            yield Stage(Watch(), FakeClock(), Address(port), http)
    finally:
        child.kill()
        await child.wait()
        child._transport.close()  # type: ignore[attr-defined]  # or its pipe is told to be unclosed


async def statuses(server: Stage) -> list[str]:
    """Of its alerts, the oldest first."""
    alerts = (await server.get("/api/monitor/alerts/history"))["alerts"]
    return [one["status"] for one in reversed(alerts)]


async def test_an_incident_outlives_its_server_and_is_told_once(tmp_path: Path) -> None:
    """Killed right after the look that made it one; killed again after the alert; recovered under a third."""
    async with target() as shop, receiving() as hook:
        async with process(tmp_path) as server:
            await server.ask("PUT", "/api/monitor/alerts", {"channels": [{"name": "hook", "address": hook.address}]})
            await server.add("shop", {"url": shop.url(), **CHECK})
            await server.look("shop")
            hook.status = 503
            shop.status = 500
            await server.look("shop")
            await server.look("shop")
        assert hook.told == []

        hook.status = 200
        async with process(tmp_path, ahead=60) as server:
            card = await server.card("shop")
            assert (card["status"], card["incident"]["failures"]) == ("error", 2)
            await wait_until(lambda: len(hook.told) == 1, within=30)

            async def marked() -> bool:
                return await statuses(server) == ["sent"]

            await wait_until(marked)

        async with process(tmp_path, ahead=120) as server:
            await server.look("shop")
            shop.status = 200
            await server.look("shop")
            await server.look("shop")
            await wait_until(lambda: len(hook.told) == 2, within=30)
            incidents = (await server.get("/api/applications/shop/incidents"))["incidents"]
            notes = [one["after"] for one in await server.events("notification")]

        kinds = [key.rpartition("/")[2] for key in hook.keys]
        assert kinds == ["began", "ended"]
        assert len({key.split("/")[1] for key in hook.keys}) == len(incidents) == 1
        assert incidents[0]["failures"] == 3
        assert notes == ["error", "healthy"]


async def test_what_was_stored_and_not_told_is_told_at_the_next_start(tmp_path: Path) -> None:
    """A server that dies between the two: once, however often it is started."""
    clock = FakeClock()
    async with target() as shop:
        async with stage(tmp_path, clock) as server:
            await server.add("shop", {"url": shop.url(), **CHECK})
            await server.look("shop")
            shop.status = 500
            await server.look("shop")
            voice = server.watch.watcher._voice

            async def dies(*_: object, **__: object) -> None:
                raise asyncio.CancelledError

            voice.looked = dies  # type: ignore[method-assign]  # the moment of death, without the death
            asking = asyncio.create_task(server.look("shop"))
            await server.looks("shop", 3)
            assert await server.events("notification") == []
            assert await server.events("applicationStatusUpdate") != []
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        for _ in range(2):
            async with stage(tmp_path, clock) as server:
                notes = await server.events("notification")
                assert [(one["after"], one["level"]) for one in notes] == [("error", "error")]
                assert (await server.events("applicationStatusUpdate"))[-1]["status"] == "error"
