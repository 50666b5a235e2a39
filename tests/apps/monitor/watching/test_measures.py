"""Applications as Prometheus knows them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headway.testing.waiting import wait_until
from tests.apps.monitor.watching.stage import stage, target
from tests.apps.monitor.watching.test_watcher import check


async def test_prometheus_has_its_figures(tmp_path: Path) -> None:
    """Up, response time, uptime, budget, incidents."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        shop.status = 500
        shop.gate.clear()
        asking = asyncio.create_task(server.look("shop"))
        await wait_until(lambda: shop.at_once == 1)
        server.clock.advance(0.5)
        shop.gate.set()
        await asking
        await server.look("shop")
        await server.after(70)
        await server.looks("shop", 3)
        status, raw = await server.ask("GET", "/metrics")
        text = raw.decode()

        assert status == 200
        labels = '{application="shop",environment="production"}'
        assert f"headway_application_up{labels} 0" in text
        assert f"headway_application_incidents_total{labels} 1" in text
        assert f"headway_application_uptime_ratio{labels} 0" in text
