"""Reports over a window."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from headway.apps.monitor.figures import reports
from headway.apps.monitor.figures.rollups import read_marks
from headway.apps.monitor.figures.sla import SlaStatus
from headway.apps.monitor.figures.status import Status, Thresholds
from headway.apps.monitor.figures.windows import DAY, HOUR
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, roll_all, take

WINDOW = (float(MIDNIGHT), float(MIDNIGHT + DAY))
ONCE = Thresholds(failures=1, recoveries=1)
NUMBERS = [1, 2, 3]


def fill(connection: Connection) -> None:
    """A day: the first in error for two hours of it, the second never, the third was never looked at."""
    for half in range(48):
        at = MIDNIGHT + half * HOUR / 2
        failing = 20 <= half < 24
        take(
            connection,
            look(
                at,
                Status.ERROR if failing else Status.HEALTHY,
                50.0,
                code="TIMEOUT" if failing else None,
                thresholds=ONCE,
                seconds=HOUR,
            ),
            look(at, milliseconds=200.0, application=2, thresholds=ONCE, seconds=HOUR),
        )
    roll_all(connection, MIDNIGHT + 2 * DAY)


def test_a_summary_has_a_line_for_each_and_one_for_all() -> None:
    """Who was never looked at has one of nothing."""
    with database(3) as connection:
        fill(connection)
        found = reports.summary(connection, NUMBERS, WINDOW, read_marks(connection))

    first, second, third = found.applications
    assert first.uptime == pytest.approx(100 * 22 / 24)
    assert (first.down, first.failures) == (2 * HOUR, 4)
    assert (first.incidents, first.incident_seconds, first.recovery_seconds) == (1, 2 * HOUR, 2 * HOUR)
    assert first.p95 == pytest.approx(50.0, rel=0.025)
    assert first.mean == 50.0
    assert (second.uptime, second.looks, second.incidents, second.recovery_seconds) == (100.0, 48, 0, None)
    assert (third.uptime, third.unknown, third.mean) == (None, DAY, None)
    assert (found.total.application, found.total.looks) == (None, 96)
    assert found.total.uptime == pytest.approx(100 * 46 / 48)
    assert (found.total.max, found.total.incidents) == (200.0, 1)


def test_targets_are_judged_each_by_its_own() -> None:
    """And counted."""
    with database(3) as connection:
        fill(connection)
        found = reports.slas(connection, {1: 99.9, 2: 99.9, 3: 99.9}, WINDOW, read_marks(connection))

    assert [found.applications[number].status for number in NUMBERS] == ["breach", "met", "unknown"]
    assert found.counts == {
        SlaStatus.BREACH: 1,
        SlaStatus.MET: 1,
        SlaStatus.UNKNOWN: 1,
        SlaStatus.WARNING: 0,
    }
    assert found.applications[1].burn == pytest.approx(2 / 24 / 0.001)


def test_trends_stand_beside_the_window_before() -> None:
    """Of each; the chart is of all."""
    noon = (MIDNIGHT + 12.0 * HOUR, MIDNIGHT + 24.0 * HOUR)
    with database(3) as connection:
        fill(connection)
        found = reports.trends(connection, NUMBERS, noon, read_marks(connection))

    first = found.applications[0]
    assert first.uptime == 100.0
    assert first.uptime_before == pytest.approx(100 * 10 / 12)
    assert (first.failures, first.failures_before) == (0, 4)
    assert found.applications[2].p95_before is None
    assert sum(one.looks for one in found.series) == 48
    assert found.series[0].time == noon[0]


def test_failures_are_the_worst_first() -> None:
    """Those without one are left out."""
    with database(3) as connection:
        fill(connection)
        take(connection, look(MIDNIGHT + 23.9 * HOUR, Status.ERROR, application=2, code="STATUS", thresholds=ONCE))
        found = reports.failures(connection, NUMBERS, WINDOW, read_marks(connection))

    assert [one.application for one in found.applications] == [1, 2]
    assert found.applications[1].longest_seconds == pytest.approx(0.1 * HOUR)
    assert [one.code for one in found.incidents] == ["STATUS", "TIMEOUT"]
    assert found.codes == {"TIMEOUT": 1, "STATUS": 1}
