"""An application as clients see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import insert

from headway.apps.monitor.figures.incidents import Incident
from headway.apps.monitor.figures.seen import Seen
from headway.apps.monitor.figures.status import Last, Standing, Status
from headway.apps.monitor.figures.totals import Totals
from headway.apps.monitor.records import DATA, RESULTS
from headway.apps.monitor.watching.seen import LastTest, fields, last_tests
from headway.records.records import Records, sqlite_url
from tests.apps.monitor.watching.test_verdict import application

NOW = 1_700_000_000.0
DAY = 86_400.0


def seen(incident: Incident | None = None, **standing: Any) -> Seen:  # Any: of each field its own
    """What figures know."""
    windows = {name: Totals(seconds=DAY, up=DAY - 0.1, down=0.1) for name in ("1h", "24h", "7d", "30d", "90d")}
    return Seen(Standing(**standing), incident, windows)


def test_it_has_every_field() -> None:
    """Of what was measured and of what was tested."""
    last = Last(at=NOW, status=Status.HEALTHY, milliseconds=12.345, message="ok")
    about = {"certificate": {"notAfter": NOW + 12.9 * DAY, "issuer": "CN=x", "problem": None}}
    known = seen(status=Status.HEALTHY, since=5.0, last=last, about=about)
    shown = fields(application(), known, LastTest(3.0, "login_test", "passed", "abc"), NOW)

    assert (shown["status"], shown["since"], shown["responseTime"], shown["lastChecked"]) == ("healthy", 5.0, 12.3, NOW)
    assert shown["lastTest"] == {"kind": "login_test", "status": "passed", "testRunId": "task:abc"}
    assert shown["certificate"]["daysLeft"] == 12
    assert shown["uptime"]["24h"] == 99.999, "what was down is never shown as 100"
    assert shown["sla"].keys() == {"target", "value", "status", "budgetSeconds", "budgetLeft", "burn"}
    assert shown["slaStatus"] == shown["sla"]["status"] == "met"


def test_an_incident_has_no_number_of_ours() -> None:
    """But all else."""
    incident = Incident(id="i", application=7, began=1.0, failures=2, message="it answers 500")
    shown = fields(application(), seen(incident), None, NOW)["incident"]

    assert "application" not in shown
    assert (shown["id"], shown["failures"], shown["acknowledgedBy"]) == ("i", 2, None)


def test_who_is_paused_shows_so_at_once() -> None:
    """Before the figures have heard of it, and as long as they have not heard of the end."""
    assert fields(application(isActive=False), seen(status=Status.ERROR), None, NOW)["status"] == "paused"
    assert fields(application(healthCheck=None), seen(), None, NOW)["status"] == "unconfigured"
    assert fields(application(), seen(status=Status.PAUSED, aside=Status.PAUSED), None, NOW)["status"] == "unknown"


async def test_the_latest_test_is_the_last_that_was_not_skipped(tmp_path: Path) -> None:
    """Of each application."""
    records = Records(sqlite_url(tmp_path / "records.db"))
    await records.write(DATA.create_all)
    ended = [("a", 1, "passed", 1.0), ("b", 1, "failed", 2.0), ("c", 1, "skipped", 3.0), ("a", 2, "passed", 1.0)]
    rows = [
        {"run": run, "application": number, "kind": "health_check", "status": status, "began": began, "attempts": []}
        for run, number, status, began in ended
    ]
    await records.write(lambda connection: connection.execute(insert(RESULTS), rows))
    found = await records.read(last_tests)
    await records.close()

    assert {number: (one.run, one.status) for number, one in found.items()} == {1: ("b", "failed"), 2: ("a", "passed")}
