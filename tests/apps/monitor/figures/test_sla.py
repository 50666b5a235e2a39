"""Targets and error budgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.figures.sla import SlaStatus, sla
from headway.apps.monitor.figures.totals import Totals

MONTH = 30 * 86_400.0


def month(down: float = 0.0, maintenance: float = 0.0, unknown: float = 0.0) -> Totals:
    """One of which everything else was up."""
    return Totals(MONTH, MONTH - down - maintenance - unknown, down, maintenance)


def test_the_budget_is_what_the_target_leaves() -> None:
    """99.9 % of thirty days are 43 minutes and 12 seconds."""
    found = sla(month(down=1_296.0), 99.9)

    assert found.budget_seconds == pytest.approx(2_592)
    assert found.budget_left == pytest.approx(0.5)
    assert found.value == pytest.approx(99.95)
    assert found.status is SlaStatus.MET


def test_little_of_it_left_is_a_warning_and_more_used_a_breach() -> None:
    """What is exactly used up is no breach yet."""
    assert sla(month(down=2_000.0), 99.9).status is SlaStatus.WARNING
    assert sla(month(down=2_592.0), 99.9).status is SlaStatus.WARNING
    assert sla(month(down=2_593.0), 99.9).status is SlaStatus.BREACH
    assert sla(month(down=2_593.0), 99.9).budget_left == 0.0


def test_maintenance_and_unknown_are_no_part_of_the_budget() -> None:
    """They are no part of the uptime either."""
    assert sla(month(maintenance=MONTH / 2), 99.0).budget_seconds == pytest.approx(MONTH / 200)
    assert sla(month(unknown=MONTH / 2), 99.0).budget_seconds == pytest.approx(MONTH / 200)


def test_too_little_says_nothing() -> None:
    """Less than a day of a month; but maintenance alone does not make it little."""
    assert sla(month(unknown=MONTH - 86_000), 99.9).status is SlaStatus.UNKNOWN
    assert sla(month(unknown=MONTH - 86_400), 99.9).status is SlaStatus.MET
    assert sla(month(maintenance=MONTH - 3_600), 99.9).status is SlaStatus.MET
    assert sla(Totals(MONTH), 99.9).value is None
    assert sla(Totals(MONTH), 99.9).status is SlaStatus.UNKNOWN


def test_a_target_of_everything_has_no_budget() -> None:
    """It is met or it is not."""
    assert (sla(month(), 100).status, sla(month(), 100).budget_left) == (SlaStatus.MET, 1.0)
    assert (sla(month(down=60), 100).status, sla(month(down=60), 100).budget_left) == (SlaStatus.BREACH, 0.0)
    assert sla(month(), 100, month()).burn is None


def test_burn_is_how_fast_it_goes() -> None:
    """With one the budget lasts as long as the window."""
    day = Totals(86_400.0, 86_400 - 86.4, 86.4)

    assert sla(month(), 99.9, day).burn == pytest.approx(1.0)
    assert sla(month(), 99.9).burn is None


@given(st.floats(0, MONTH), st.sampled_from([90.0, 99.0, 99.9, 99.99, 100.0]))
def test_a_breach_is_an_uptime_below_the_target(down: float, target: float) -> None:
    """And the other way round: both say the same of one window."""
    found = sla(month(down=down), target)
    assert found.value is not None

    if abs(found.value - target) > 1e-9:
        assert (found.status is SlaStatus.BREACH) == (found.value < target)
    assert 0 <= found.budget_left <= 1
