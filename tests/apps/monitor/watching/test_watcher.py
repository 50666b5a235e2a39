"""Watching: real targets, a clock that stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.apps.monitor.alerts.receiving import receiving
from tests.apps.monitor.watching.stage import stage, target

HOUR = 3_600.0


def check(url: str, **more: object) -> dict[str, object]:
    """A check that is not repeated."""
    return {"url": url, "interval": 60, "retryAttempts": 0, **more}


async def test_an_application_is_looked_at_and_shown(tmp_path: Path) -> None:
    """From unknown to healthy, with its figures."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        shop.gate.clear()
        await server.after(11)
        await wait_until(lambda: shop.asked == 1)
        server.clock.advance(0.025)
        shop.gate.set()
        await server.looks("shop", 1)

        card = await server.card("shop")

        assert (card["status"], card["slaStatus"]) == ("healthy", "unknown")
        assert card["responseTime"] == 25
        assert card["lastChecked"] == server.clock.now()
        assert card["incident"] is None
        assert card["uptime"].keys() == {"1h", "24h", "7d", "30d", "90d"}


async def test_it_is_looked_at_again_after_its_interval(tmp_path: Path) -> None:
    """Give or take a tenth; never twice for one turn."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        await server.after(11)
        await server.looks("shop", 1)
        await server.after(43)  # eleven seconds at most were the first turn's own
        await server.looks("shop", 1)
        assert shop.asked == 1
        for count in range(2, 5):
            await server.after(67)
            await server.looks("shop", count)

        assert shop.asked == 4


async def test_a_flapping_target_is_one_incident_with_one_alert_and_one_recovery(tmp_path: Path) -> None:
    """However it flaps in between: two looks in a row decide."""
    async with target() as shop, receiving() as hook, stage(tmp_path) as server:
        await server.ask("PUT", "/api/monitor/alerts", {"channels": [{"name": "hook", "address": hook.address}]})
        await server.add("shop", check(shop.url(), interval=86_400))
        for status in (200, 500, 200, 500, 500, 200, 500, 200, 500, 500, 200, 200, 500, 200):
            shop.status = status
            await server.look("shop")
            await server.after(61)
        await wait_until(lambda: len(hook.told) == 2)

        card = await server.card("shop")

        assert card["status"] == "healthy"
        assert [one["title"].partition(" after")[0] for one in hook.told] == ["Shop is down", "Shop is up again"]
        notes = [(one["level"], one["before"], one["after"]) for one in await server.events("notification")]
        assert notes == [("error", "healthy", "error"), ("success", "error", "healthy")]
        incidents = (await server.get("/api/applications/shop/incidents"))["incidents"]
        assert len(incidents) == 1
        assert incidents[0]["ended"] is not None


async def test_one_application_is_never_looked_at_twice_at_once(tmp_path: Path) -> None:
    """Who asks in between gets the next look."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        shop.gate.clear()
        asking = [asyncio.create_task(server.look("shop")) for _ in range(4)]
        await wait_until(lambda: shop.asked == 1)
        await server.after(120)
        more = asyncio.create_task(server.look("shop"))
        application = server.watch.applications.get("shop")
        one = next(one for one in server.watch.watcher.watched() if one.application.id == application.id)
        await wait_until(lambda: len(one.wanted) >= 1)
        shop.gate.set()
        outcomes = await asyncio.gather(*asking, more)

        assert {outcome["status"] for outcome in outcomes} == {"healthy"}
        assert shop.most_at_once == 1


async def test_no_more_are_looked_at_at_once_than_may_be(tmp_path: Path) -> None:
    """The others wait for their turn, and have it."""
    async with target() as shop, stage(tmp_path, parallel=3) as server:
        shop.gate.clear()
        for number in range(8):
            await server.add(f"app{number}", check(shop.url()))
        await server.after(11)
        await wait_until(lambda: shop.at_once == 3)
        shop.gate.set()
        for number in range(8):
            await server.looks(f"app{number}", 1)

        assert shop.most_at_once == 3
        assert shop.asked == 8


async def test_first_looks_are_spread(tmp_path: Path) -> None:
    """A hundred that are added together are not looked at together."""
    async with target() as shop, stage(tmp_path) as server:
        for number in range(20):
            await server.add(f"app{number}", check(shop.url()))
        dues = {one.due for one in server.watch.watcher.watched()}

        assert len(dues) == 20
        assert max(dues) - min(dues) > 3


async def test_a_restart_goes_on_with_the_old_times(tmp_path: Path) -> None:
    """Status, streaks, turns and the certificate are what they were."""
    clock = FakeClock()
    async with target() as shop, stage(tmp_path, clock) as server:
        await server.add("shop", check(shop.url(), interval=600))
        await server.look("shop")
        (one,) = server.watch.watcher.watched()
        before, standing = one.due, one.standing
    clock.advance(30)
    async with stage(tmp_path, clock) as server:
        (one,) = server.watch.watcher.watched()

        assert one.due == before
        assert one.standing == standing
        assert (await server.card("shop"))["status"] == "healthy"


async def test_what_was_missed_is_not_made_good_at_once(tmp_path: Path) -> None:
    """After a long rest turns are spread over seconds."""
    clock = FakeClock()
    async with target() as shop, stage(tmp_path, clock) as server:
        for number in range(10):
            await server.add(f"app{number}", check(shop.url()))
            await server.look(f"app{number}")
    clock.advance(24 * HOUR)
    async with stage(tmp_path, clock) as server:
        dues = sorted(one.due for one in server.watch.watcher.watched() if one.looking is None)

        assert all(due <= clock.now() + 10 for due in dues)
        assert max(dues) - min(dues) > 1


async def test_a_pause_ends_looks_and_alarms(tmp_path: Path) -> None:
    """It shows at once; going on begins anew."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        shop.status = 500
        for _ in range(2):
            await server.look("shop")
        assert (await server.card("shop"))["incident"] is not None
        await server.ask("PATCH", "/api/applications/shop", {"isActive": False})
        await wait_until(lambda: server.watch.watcher.watched()[0].standing.aside is not None)
        assert (await server.ask("POST", "/api/applications/shop/test"))[0] == 409
        asked = shop.asked
        await server.after(HOUR)

        card = await server.card("shop")
        assert (card["status"], card["incident"]) == ("paused", None)
        assert shop.asked == asked

        shop.status = 200
        await server.ask("PATCH", "/api/applications/shop", {"isActive": True})
        await server.looks("shop", 3)
        assert (await server.card("shop"))["status"] == "healthy"


async def test_another_definition_holds_at_once(tmp_path: Path) -> None:
    """A look by the old one is broken off, and leaves nothing."""
    async with target() as old, target() as new, stage(tmp_path) as server:
        old.gate.clear()
        old.status = 500
        await server.add("shop", check(old.url()))
        await server.after(11)
        await wait_until(lambda: old.at_once == 1)

        await server.ask("PATCH", "/api/applications/shop", {"healthCheck": check(new.url())})
        await server.looks("shop", 1)

        assert new.asked == 1
        samples = (await server.get("/api/applications/shop/samples"))["samples"]
        assert [one["status"] for one in samples] == ["healthy"]


async def test_maintenance_is_shown_and_alarms_nobody(tmp_path: Path) -> None:
    """From its beginning to its end; the samples are marked."""
    async with target() as shop, receiving() as hook, stage(tmp_path) as server:
        await server.ask("PUT", "/api/monitor/alerts", {"channels": [{"name": "hook", "address": hook.address}]})
        now = server.clock.now()
        window = {"kind": "once", "begin": now + 600, "end": now + 1_200, "title": "Upgrade"}
        await server.add("shop", check(shop.url(), interval=3_600), maintenance=[window])
        await server.look("shop")
        shop.status = 500
        await server.after(600.5)
        await server.looks("shop", 2)
        assert (await server.card("shop"))["status"] == "maintenance"
        for _ in range(3):
            await server.look("shop")
        shop.status = 200
        await server.after(600)
        await server.looks("shop", 6)
        await server.look("shop")

        assert (await server.card("shop"))["status"] == "healthy"
        assert hook.told == []
        samples = (await server.get("/api/applications/shop/samples"))["samples"]
        marked = [one for one in samples if one["status"] == "maintenance"]
        assert len(marked) == 4
        assert marked[0]["message"].startswith("in maintenance (Upgrade): ")


async def test_a_beat_that_does_not_come_is_late_and_then_missing(tmp_path: Path) -> None:
    """At the right moments, without anybody asking."""
    async with stage(tmp_path) as server:
        await server.add("nightly", {"kind": "push", "interval": 300, "grace": 60})
        path, token = (await server.get("/api/applications/nightly/beat")).values()
        await server.looks("nightly", 1)
        assert (await server.card("nightly"))["status"] == "unknown"
        status, body = await server.ask("POST", f"{path}?token={token}")
        assert (status, body) == (200, {"ok": True, "status": "healthy"})

        async def stands(seconds: float, status: str) -> None:
            await server.after(seconds)

            async def stood() -> bool:
                return bool((await server.card("nightly"))["status"] == status)

            await wait_until(stood)

        await stands(299, "healthy")
        await stands(2, "warning")
        await stands(60, "error")
        assert (await server.card("nightly"))["incident"] is not None
        await server.ask("POST", f"{path}?token={token}&ok=false&message=disk+full")
        await stands(0, "error")
        await server.ask("POST", f"{path}?token={token}")
        await stands(0, "healthy")


async def test_a_beat_needs_its_own_token(tmp_path: Path) -> None:
    """Neither another's, nor none; and who has none does not learn which applications there are."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("one", {"kind": "push"})
        await server.add("two", {"kind": "push"})
        await server.add("shop", check(shop.url()))
        token = (await server.get("/api/applications/two/beat"))["token"]

        refused = [
            await server.ask("POST", f"/api/applications/{name}/beat{query}")
            for name, query in (("one", ""), ("one", f"?token={token}"), ("nobody", f"?token={token}"))
        ]

        assert [status for status, _ in refused] == [403, 403, 403]
        assert len({str(body) for _, body in refused}) == 1
        assert (await server.ask("GET", "/api/applications/shop/beat"))[0] == 409


async def test_a_beat_outlives_a_restart(tmp_path: Path) -> None:
    """It is not late because we were away."""
    clock = FakeClock()
    async with stage(tmp_path, clock) as server:
        await server.add("nightly", {"kind": "push", "interval": 300, "grace": 60})
        path, token = (await server.get("/api/applications/nightly/beat")).values()
        await server.ask("POST", f"{path}?token={token}")
    clock.advance(200)
    async with stage(tmp_path, clock) as server:
        await wait_until(lambda: server.watch.watcher.watched()[0].about.look >= 2)
        assert (await server.card("nightly"))["status"] == "healthy"
        assert (await server.get("/api/applications/nightly/beat"))["token"] == token


async def test_a_card_is_told_only_when_it_shows_something_else(tmp_path: Path) -> None:
    """The response time is told by itself."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        for _ in range(3):
            await server.look("shop")
        before = len(await server.events("applicationStatusUpdate"))
        for _ in range(3):
            await server.look("shop")
        same = len(await server.events("applicationStatusUpdate"))
        shop.status = 500
        for _ in range(2):
            await server.look("shop")
        told = await server.events("applicationStatusUpdate")

        assert same == before
        assert [one["status"] for one in told[before:]] == ["error"]
        assert told[-1]["incident"]["failures"] == 2
        assert len(await server.events("healthMetricUpdate")) == 8


async def test_a_slow_answer_is_a_warning(tmp_path: Path) -> None:
    """By the threshold of the application itself."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()), alertThresholds={"responseTimeMs": 1, "consecutiveFailures": 1})
        shop.gate.clear()
        asking = asyncio.create_task(server.look("shop"))
        await wait_until(lambda: shop.at_once == 1)
        server.clock.advance(0.02)
        shop.gate.set()
        outcome = await asking

        assert (outcome["status"], outcome["reason"], outcome["responseTime"]) == ("warning", "slow", 20)
        assert (await server.card("shop"))["status"] == "warning"


async def test_what_is_removed_is_gone_with_its_history(tmp_path: Path) -> None:
    """Also for who watches."""
    async with target() as shop, stage(tmp_path) as server:
        made = await server.add("shop", check(shop.url()))
        await server.look("shop")
        await server.ask("DELETE", "/api/applications/shop")
        await wait_until(lambda: not server.watch.watcher.watched())

        async def told() -> bool:
            return (await server.events("applicationStatusUpdate"))[-1].get("removed") is True

        await wait_until(told)
        assert (await server.ask("GET", f"/api/applications/{made['id']}"))[0] == 404


async def test_an_incident_is_acknowledged_once(tmp_path: Path) -> None:
    """Who was first stays; another application's incident is none of this one."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        await server.add("ledger", check(shop.url()))
        shop.status = 500
        for _ in range(2):
            await server.look("shop")
        id = (await server.card("shop"))["incident"]["id"]

        status, _ = await server.ask("POST", f"/api/applications/ledger/incidents/{id}/acknowledge")
        assert status == 404
        _, taken = await server.ask("POST", f"/api/applications/shop/incidents/{id}/acknowledge")
        assert taken["acknowledgedBy"] == "somebody"
        assert (await server.card("shop"))["incident"]["acknowledgedBy"] == "somebody"


async def test_an_uptime_below_what_is_promised_is_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    """Over a day of which an hour at least is known."""
    async with target() as shop, receiving() as hook, stage(tmp_path) as server:
        await server.ask("PUT", "/api/monitor/alerts", {"channels": [{"name": "hook", "address": hook.address}]})
        await server.add("shop", check(shop.url(), interval=3_600), alertThresholds={"uptimePercentage": 90})

        async def hours(count: int) -> None:
            for _ in range(count):
                await server.look("shop")
                server.clock.advance(HOUR)

        shop.status = 500
        await hours(3)
        shop.status = 200
        await hours(30)
        await server.after(0)
        await wait_until(lambda: len(hook.told) == 4)

        assert sorted(one["title"].partition(" after")[0] for one in hook.told) == [
            "Shop is down",
            "Shop is up again",
            "Shop is up as promised again",
            "Shop is up less than promised",
        ]


async def test_changes_in_a_row_leave_what_the_last_one_says(tmp_path: Path) -> None:
    """Paused and not, faster than it is stored; added and removed at once."""
    async with target() as shop, stage(tmp_path) as server:
        applications = server.watch.applications
        for number in range(5):
            await server.add(f"gone{number}", check(shop.url()))
            await applications.remove(f"gone{number}")
        await server.add("shop", check(shop.url()))
        for active in (False, True, False, True):
            await applications.change("shop", {"isActive": active})
        await server.looks("shop", 1)

        async def healthy() -> bool:
            return bool((await server.card("shop"))["status"] == "healthy")

        await wait_until(healthy)
        assert [one.application.name for one in server.watch.watcher.watched()] == ["shop"]


async def test_a_clock_that_is_set_back_stops_no_looks(tmp_path: Path) -> None:
    """The next turn is an interval away, not an hour."""
    async with target() as shop, stage(tmp_path) as server:
        await server.add("shop", check(shop.url()))
        await server.look("shop")
        server.clock.jump(-HOUR)
        await server.after(0)
        await wait_until(lambda: server.watch.watcher.watched()[0].due < server.clock.now() + 120)
        await server.after(61)
        await server.looks("shop", 2)

        assert shop.asked == 2
