"""What cards show."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from headway.apps.monitor.figures.seen import look_up
from headway.apps.monitor.figures.sla import SlaStatus
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.figures.windows import DAY, HOUR
from tests.apps.monitor.figures.stage import MIDNIGHT, database, look, roll_all, take


def test_a_card_has_all_of_it() -> None:
    """Standing, uptime by window, SLA, the incident that is open."""
    now = MIDNIGHT + 2 * DAY
    with database(2) as connection:
        take(connection, *(look(MIDNIGHT + hour * HOUR, seconds=HOUR) for hour in range(47)))
        take(connection, *(look(now - HOUR + 60 * n, Status.ERROR, code="TIMEOUT", seconds=HOUR) for n in range(3)))
        roll_all(connection, now)
        found = look_up(connection, [1, 2, 99], now)

    assert list(found) == [1, 2]
    card = found[1]
    assert (card.standing.status, card.uptime["1h"]) == (Status.ERROR, 0.0)
    assert card.uptime["24h"] == pytest.approx(100 * 23 / 24)
    assert card.uptime["7d"] == card.uptime["90d"] == pytest.approx(100 * 47 / 48)
    assert card.incident is not None
    assert card.incident.id == card.standing.incident
    assert (card.sla(99.9).status, card.sla(90).status) == (SlaStatus.BREACH, SlaStatus.MET)
    assert card.sla(90).burn == pytest.approx(10 / 24)
    assert set(found[2].uptime.values()) == {None}


def test_queries_do_not_grow_with_applications() -> None:
    """As many for forty as for one."""
    asked: list[int] = []
    with database(40) as connection:
        for day in range(4):
            take(connection, *(look(MIDNIGHT + day * DAY + 60 * n, application=n) for n in range(1, 41)))
        roll_all(connection, MIDNIGHT + 4 * DAY)
        event.listen(connection, "before_cursor_execute", lambda *_: asked.append(1))

        counts = []
        for numbers in ([1], list(range(1, 41))):
            asked.clear()
            look_up(connection, numbers, MIDNIGHT + 4 * DAY + 100.0)
            counts.append(len(asked))

    assert counts[0] == counts[1] > 0
