"""Reports over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.apps.monitor.watching.stage import stage, target
from tests.apps.monitor.watching.test_watcher import check


async def test_reports_name_applications(tmp_path: Path) -> None:
    """By id and name, never by number."""
    async with target() as shop, stage(tmp_path) as server:
        made = await server.add("shop", check(shop.url()))
        shop.status = 500
        for _ in range(2):
            await server.look("shop")
            await server.after(61)
        for name in ("summary", "sla", "trends", "failures"):
            report = await server.get(f"/api/reports/{name}?window=24h")
            (line,) = report["applications"]
            assert (line["applicationId"], line["applicationName"]) == (made["id"], "Shop")
            assert '"application":' not in str(report)
        assert (await server.ask("GET", "/api/reports/sla?window=2h"))[0] == 400
