"""A target, and how much of its error budget is left. Pure.

budget    the seconds it may be down: (1 − target) of what is known of the window, without maintenance
left      the share of it that is not used up; 0 where it is
burn      how fast it goes, by the latest day: with 1 it lasts exactly as long as the window

unknown   less than a thirtieth of the window is known: a day of a month
breach    it was down for longer than the budget           warning    less than a quarter is left
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

import msgspec

from headway.apps.monitor.figures.totals import Totals

__all__ = ["Sla", "SlaStatus", "sla"]

_LITTLE: Final = 1 / 30
"""Of the window. With a day of 99.9 %, a single failed look of a minute is no breach yet."""
_LOW: Final = 0.25
_ROUNDING: Final = 1e-6
"""Seconds that are none: sums of fractions."""


@unique
class SlaStatus(StrEnum):
    """Whether the target is met."""

    MET = "met"
    WARNING = "warning"
    BREACH = "breach"
    UNKNOWN = "unknown"


class Sla(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How it stands with a target."""

    target: float
    """In percent."""
    value: float | None
    """The uptime, in percent."""
    status: SlaStatus
    budget_seconds: float
    budget_left: float
    """A ratio; 1 where nothing is known."""
    burn: float | None
    """None where nothing is known, or there is no budget to burn: a target of 100."""


def sla(totals: Totals, target: float, recent: Totals | None = None) -> Sla:
    """How a window stands. `recent` is its latest day."""
    allowed = 1 - target / 100
    budget = allowed * totals.known
    left = max(0.0, 1 - totals.down / budget) if budget > 0 else float(totals.down <= _ROUNDING)
    burn = None
    if recent is not None and recent.known > 0 and allowed > 0:
        burn = recent.down / recent.known / allowed
    return Sla(
        target=target,
        value=totals.uptime,
        status=_status(totals, budget, left),
        budget_seconds=budget,
        budget_left=left,
        burn=burn,
    )


def _status(totals: Totals, budget: float, left: float) -> SlaStatus:
    if totals.known <= 0 or totals.known < _LITTLE * (totals.seconds - totals.maintenance):
        return SlaStatus.UNKNOWN
    if totals.down > budget + _ROUNDING:
        return SlaStatus.BREACH
    return SlaStatus.WARNING if left < _LOW else SlaStatus.MET
