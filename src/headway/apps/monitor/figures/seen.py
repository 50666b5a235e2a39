"""What a card shows of an application. Functions of a connection: one set of queries, however many cards there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from headway.apps.monitor.figures.incidents import Incident, open_ones
from headway.apps.monitor.figures.recording import standings
from headway.apps.monitor.figures.rollups import read_marks
from headway.apps.monitor.figures.sla import Sla, sla
from headway.apps.monitor.figures.status import Standing
from headway.apps.monitor.figures.totals import Totals
from headway.apps.monitor.figures.uptime import windows

__all__ = ["Seen", "look_up"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One application, as figures see it."""

    standing: Standing
    incident: Incident | None
    """The one that is open."""
    windows: Mapping[str, Totals]
    """By the names of `uptime.WINDOWS`; without percentiles."""

    @property
    def uptime(self) -> dict[str, float | None]:
        """In percent, by window."""
        return {name: totals.uptime for name, totals in self.windows.items()}

    def sla(self, target: float) -> Sla:
        """How it stands with a target over thirty days."""
        return sla(self.windows["30d"], target, self.windows["24h"])


def look_up(connection: Connection, numbers: Sequence[int], now: float) -> dict[int, Seen]:
    """Of each of these applications that is there."""
    known = standings(connection, numbers)
    found = windows(connection, list(known), now, read_marks(connection))
    incidents = {one.application: one for one in open_ones(connection, list(known))}
    return {number: Seen(standing, incidents.get(number), found[number]) for number, standing in known.items()}
