"""Alerts over HTTP."""

from __future__ import annotations

from pathlib import Path

from headway.testing.waiting import wait_until
from tests.apps.monitor.alerts.receiving import receiving
from tests.apps.monitor.watching.stage import stage, target

BASE = "/api/monitor/alerts"


async def test_rules_are_read_as_they_were_written_but_for_addresses(tmp_path: Path) -> None:
    """Defaults are spelled out."""
    async with receiving() as hook, stage(tmp_path) as server:
        assert (await server.get(BASE))["channels"] == []
        wanted = {
            "level": "warnings",
            "quietHours": {"begin": "22:00", "end": "07:00", "zone": "Europe/Berlin"},
            "channels": [{"name": "hook", "address": hook.address, "tags": ["eu"]}],
        }
        status, body = await server.ask("PUT", BASE, wanted)

        assert status == 200
        assert body == await server.get(BASE)
        assert body["certificateDays"] == [30, 14, 7, 1]
        assert body["quietHours"]["days"] == [0, 1, 2, 3, 4, 5, 6]
        (channel,) = body["channels"]
        assert channel["id"]
        assert channel["address"] == f"json://127.0.0.1:{hook.port}/…"
        status, again = await server.ask("PUT", BASE, body)
        assert (status, again) == (200, body), "what was read can be written"


async def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    """And names the channel."""
    async with stage(tmp_path) as server:
        status, body = await server.ask(
            "PUT", BASE, {"channels": [{"name": "x", "address": "json://169.254.169.254/"}]}
        )
        assert status == 400
        assert body["error"]["message"].startswith("channels: x: 169.254.169.254 is the metadata service")
        assert (await server.ask("PUT", BASE, {"level": "loud"}))[0] == 400
        assert (await server.ask("POST", f"{BASE}/test", {}))[0] == 404
        assert (await server.ask("GET", f"{BASE}/history?limit=x"))[0] == 400


async def test_a_test_says_what_came_of_each(tmp_path: Path) -> None:
    """Of all, of one, of an address that is not stored."""
    async with receiving() as hook, receiving() as bad, stage(tmp_path) as server:
        bad.status = 500
        channels = [{"name": "good", "address": hook.address}, {"name": "bad", "address": bad.address}]
        await server.ask("PUT", BASE, {"channels": channels})

        _, every = await server.ask("POST", f"{BASE}/test", {})
        _, one = await server.ask("POST", f"{BASE}/test", {"channel": "good"})
        _, new = await server.ask("POST", f"{BASE}/test", {"address": hook.address})
        _, refused = await server.ask("POST", f"{BASE}/test", {"address": "json://169.254.169.254/"})

        assert [(found["channel"], found["ok"]) for found in every["results"]] == [("good", True), ("bad", False)]
        assert "geheim" not in str(every)
        assert [found["ok"] for found in one["results"] + new["results"]] == [True, True]
        assert "metadata" in refused["results"][0]["error"]
        assert hook.titles == ["This is a test"] * 3


async def test_the_history_tells_what_was_sent_and_what_waits(tmp_path: Path) -> None:
    """Newest first, a page at a time."""
    async with target() as shop, receiving() as hook, stage(tmp_path) as server:
        hook.status = 500
        await server.ask("PUT", BASE, {"channels": [{"name": "hook", "address": hook.address}]})
        await server.add("shop", {"url": shop.url(), "retryAttempts": 0})
        shop.status = 500
        for _ in range(2):
            await server.look("shop")
        await wait_until(lambda: len(hook.refused) == 1)

        async def noted() -> bool:
            return bool((await server.get(f"{BASE}/history"))["alerts"][0]["tries"] == 1)

        await wait_until(noted)
        (waiting,) = (await server.get(f"{BASE}/history"))["alerts"]
        assert (waiting["status"], waiting["channel"], waiting["kind"]) == ("waiting", "hook", "began")
        assert waiting["error"].startswith("json://127.0.0.1")

        hook.status = 200
        await server.after(20)

        async def sent() -> bool:
            return bool((await server.get(f"{BASE}/history"))["alerts"][0]["status"] == "sent")

        await wait_until(sent)
        number = waiting["number"]
        assert (await server.get(f"{BASE}/history?before={number}"))["alerts"] == []
