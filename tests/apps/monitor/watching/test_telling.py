"""What is told."""

from __future__ import annotations

import pytest

from headway.apps.monitor.figures.recording import Transition
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.watching.telling import notification, signature
from tests.apps.monitor.watching.test_verdict import application


@pytest.mark.parametrize("after", list(Status))
def test_each_change_has_a_sentence(after: Status) -> None:
    """With a level, and the reason where it is bad."""
    one = application(displayName="Shop")
    told = notification(one, Transition(application=1, at=5.0, before=Status.UNKNOWN, after=after, reason="because"))

    assert "Shop" in told["message"]
    assert ("because" in told["message"]) == (after in (Status.ERROR, Status.WARNING, Status.UNKNOWN))
    assert told["level"] in ("error", "warning", "success", "info")


def test_a_card_changes_by_what_people_see() -> None:
    """Not by what each look changes, nor by the fourth digit."""
    card = {"status": "healthy", "responseTime": 5.0, "uptime": {"1h": 99.991}, "sla": {"budgetSeconds": 1.0}}
    same = {"status": "healthy", "responseTime": 9.0, "uptime": {"1h": 99.994}, "sla": {"budgetSeconds": 2.0}}

    assert signature(card) == signature(same)
    assert signature(card) != signature({**card, "uptime": {"1h": 99.98}})
    assert signature(card) != signature({**card, "status": "error"})
    assert signature({"tags": ["a"]}) != signature({"tags": ["b"]})
