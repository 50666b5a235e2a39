"""Health: alive, ready, and the whole report for those who may see it."""

from __future__ import annotations

import json

from headway.server import health
from tests.hub.harness import RestlessLog
from tests.server.watched import place


def test_who_answers_is_alive() -> None:
    """Nothing else is asked: a log that is ill is no reason to be restarted."""
    assert health.alive() == (200, {"status": "healthy"})


async def test_ready_means_that_events_can_be_stored_and_nobody_is_sent_away() -> None:
    """503 while the log is ill, and from the beginning of a shutdown on; the reason is not for everybody."""
    log = RestlessLog()
    async with place(log) as at:
        assert await at.watch.ready() == (200, {"status": "healthy"})

        log.ill = True
        assert await at.watch.ready() == (503, {"status": "degraded"})

        log.ill = False
        assert (await at.watch.ready())[0] == 200

        await at.registry.drain(0.0)
        assert await at.watch.ready() == (503, {"status": "degraded"})


async def test_the_report_tells_strangers_no_more_than_they_need() -> None:
    """Status, that it runs, and since when; no version, no reasons, no figures."""
    log = RestlessLog()
    async with place(log) as at:
        at.clock.advance(5.0)
        log.ill = True

        assert await at.watch.health(detailed=False) == (
            503,
            {"status": "degraded", "details": {"server": "running", "uptime": 5.0}},
        )


async def test_the_report_tells_operators_everything() -> None:
    """What is wrong, and what the parts count, as JSON."""
    log = RestlessLog()
    async with place(log) as at:
        await at.come("ada", "run")
        log.ill = True
        status, body = await at.watch.health(detailed=True)

        details = json.loads(json.dumps(body))["details"]
        assert (status, details["version"]) == (503, "1.2.3")
        assert details["checks"]["log"] == {"status": "degraded", "message": "the disk is gone"}
        assert details.keys() >= {"connections", "hub", "log", "figures", "messages", "audit"}
        assert details["hub"]["flush_seconds"]["count"] >= 0
        log.ill = False
