"""What is watched, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps.monitor.watching.stage import stage, target
from tests.apps.monitor.watching.test_watcher import check


async def test_samples_series_and_beats_are_of_one_application(tmp_path: Path) -> None:
    """By id and by name; with bounds."""
    async with target() as shop, stage(tmp_path) as server:
        made = await server.add("shop", check(shop.url(), interval=86_400))
        await server.add("other", check(shop.url()))
        for _ in range(4):
            await server.look("shop")
            server.clock.advance(60)
        base = f"/api/applications/{made['id']}"

        samples = (await server.get(f"{base}/samples"))["samples"]
        assert 4 <= len(samples) <= 5, "its first turn may have come in between"
        assert [one["at"] for one in samples] == sorted((one["at"] for one in samples), reverse=True)
        assert len((await server.get(f"{base}/samples?limit=2"))["samples"]) == 2
        assert (await server.get(f"{base}/samples?to=5"))["samples"] == []
        beats = (await server.get("/api/applications/shop/beats?last=3"))["beats"]
        assert [one["at"] for one in beats] == [one["at"] for one in reversed(samples[:3])]
        series = await server.get(f"{base}/series?window=1h")
        assert sum(bucket["looks"] for bucket in series["series"]) == len(samples)


@pytest.mark.parametrize(
    "query", ["samples?limit=x", "samples?from=nan", "series?window=2h", "beats?last=1e400", "incidents?to=tomorrow"]
)
async def test_what_cannot_be_asked_is_said(tmp_path: Path, query: str) -> None:
    """With the name of the parameter."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        status, body = await server.ask("GET", f"/api/applications/shop/{query}")

        assert (status, body["error"]["details"]["field"]) == (400, query.partition("?")[2].partition("=")[0])
        assert (await server.ask("GET", f"/api/applications/nobody/{query}"))[0] in (400, 404)


async def test_what_has_no_check_cannot_be_checked(tmp_path: Path) -> None:
    """It says why."""
    async with stage(tmp_path) as server:
        await server.ask("POST", "/api/applications", {"name": "empty"})
        status, body = await server.ask("POST", "/api/applications/empty/test")

        assert status == 409
        assert "without a health check" in body["error"]["message"]
        assert (await server.card("empty"))["status"] == "unconfigured"
