"""Applications as alerts know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headway.apps.monitor.alerts.rules import Subject
from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.checks.maintenance import in_maintenance, maintained

__all__ = ["Subjects", "subject_of"]

_MONTH: Final = 31 * 86_400.0
"""Seconds that the end of a window is looked for: no window of a week, nor several that overlap, last longer. One from
one moment to another may; then it is held so long, and again."""


class Subjects:
    """All of them. Implements what `alerts` ask for."""

    def __init__(self, applications: Applications) -> None:
        self._applications = applications

    def subjects(self, now: float) -> Mapping[int, Subject]:
        """By their number."""
        numbers = self._applications.numbers
        return {numbers[one.id]: subject_of(one, numbers[one.id], now) for one in self._applications.all()}


def subject_of(application: Application, number: int, now: float) -> Subject:
    """One of them, at this moment."""
    until = None
    if application.maintenance and in_maintenance(application.maintenance, now) is not None:
        spans = maintained(application.maintenance, now, now + _MONTH)
        until = next((end for begin, end in spans if begin <= now), None)
    return Subject(
        number,
        application.id,
        application.name,
        application.display_name or application.name,
        application.tags,
        until,
        application.is_active,
    )
