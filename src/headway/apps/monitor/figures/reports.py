"""Reports over a window, for many applications. Functions of a connection.

summary    how long each was up, how fast, how often in error        sla         how each stands with its target
trends     a chart of all, and each beside the window before         failures    incidents, the worst first
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from headway.apps.monitor.figures.incidents import Incident, overlapping
from headway.apps.monitor.figures.series import Bucket, series, step_for
from headway.apps.monitor.figures.sla import Sla, SlaStatus, sla
from headway.apps.monitor.figures.totals import Totals
from headway.apps.monitor.figures.uptime import stretch
from headway.apps.monitor.figures.windows import DAY, Marks

__all__ = [
    "Failures",
    "FailuresReport",
    "Line",
    "SlaReport",
    "Summary",
    "Trend",
    "Trends",
    "failures",
    "slas",
    "summary",
    "trends",
]

_SHOWN: Final = 500
"""Incidents in one report; the sums are of all."""


class Line(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A window of one application, or of all together."""

    application: int | None
    """None: all together."""
    uptime: float | None
    up: float
    down: float
    maintenance: float
    unknown: float
    looks: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    mean: float | None
    incidents: int
    incident_seconds: float
    """How much of the window incidents took."""
    recovery_seconds: float | None
    """How long those that ended in the window took from their beginning, on average."""

    @classmethod
    def of(cls, application: int | None, totals: Totals, incidents: Sequence[Incident], window: Window) -> Line:
        """One by what it adds up to."""
        begin, end = window
        over = [one.ended - one.began for one in incidents if one.ended is not None and one.ended < end]
        count = totals.histogram.count
        return cls(
            application=application,
            uptime=totals.uptime,
            up=totals.up,
            down=totals.down,
            maintenance=totals.maintenance,
            unknown=totals.unknown,
            looks=totals.looks,
            failures=totals.failures,
            p50=totals.percentile(0.5),
            p95=totals.percentile(0.95),
            p99=totals.percentile(0.99),
            max=totals.max_milliseconds,
            mean=totals.sum_milliseconds / count if count else None,
            incidents=len(incidents),
            incident_seconds=sum(one.seconds(begin, end) for one in incidents),
            recovery_seconds=sum(over) / len(over) if over else None,
        )


Window = tuple[float, float]
"""From, and to."""


class Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How it went."""

    begin: float
    end: float
    applications: Sequence[Line]
    total: Line


class SlaReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How targets were met."""

    begin: float
    end: float
    counts: Mapping[SlaStatus, int]
    applications: Mapping[int, Sla]


class Trend(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One application in this window and in the one before."""

    application: int
    uptime: float | None
    uptime_before: float | None
    p95: float | None
    p95_before: float | None
    failures: int
    failures_before: int


class Trends(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where it goes."""

    begin: float
    end: float
    step: int
    series: Sequence[Bucket]
    applications: Sequence[Trend]


class Failures(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong with one application."""

    application: int
    incidents: int
    incident_seconds: float
    longest_seconds: float
    failures: int
    looks: int


class FailuresReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong."""

    begin: float
    end: float
    incidents: Sequence[Incident]
    """The newest first, at most five hundred."""
    codes: Mapping[str, int]
    """How many incidents began with which code."""
    applications: Sequence[Failures]
    """Those with a failure, the longest in error first."""


def summary(connection: Connection, numbers: Sequence[int], window: Window, marks: Marks) -> Summary:
    """How it went."""
    found = stretch(connection, numbers, *window, marks)
    incidents = overlapping(connection, numbers, *window)
    by = _by_application(incidents)
    total = Totals()
    for totals in found.values():
        total.add(totals)
    return Summary(
        begin=window[0],
        end=window[1],
        applications=[Line.of(number, found[number], by.get(number, ()), window) for number in numbers],
        total=Line.of(None, total, incidents, window),
    )


def slas(connection: Connection, targets: Mapping[int, float], window: Window, marks: Marks) -> SlaReport:
    """How targets were met: of each application its own, in percent."""
    begin, end = window
    numbers = list(targets)
    found = stretch(connection, numbers, begin, end, marks, times=False)
    recent = stretch(connection, numbers, max(begin, end - DAY), end, marks, times=False)
    judged = {number: sla(found[number], target, recent[number]) for number, target in targets.items()}
    counts = Counter(one.status for one in judged.values())
    return SlaReport(begin=begin, end=end, counts={status: counts[status] for status in SlaStatus}, applications=judged)


def trends(connection: Connection, numbers: Sequence[int], window: Window, marks: Marks) -> Trends:
    """Where it goes."""
    begin, end = window
    now = stretch(connection, numbers, begin, end, marks)
    before = stretch(connection, numbers, begin - (end - begin), begin, marks)
    step = step_for(begin, end, marks)
    return Trends(
        begin=begin,
        end=end,
        step=step,
        series=series(connection, numbers, begin, end, step, marks),
        applications=[_trend(number, now[number], before[number]) for number in numbers],
    )


def _trend(number: int, now: Totals, before: Totals) -> Trend:
    return Trend(
        application=number,
        uptime=now.uptime,
        uptime_before=before.uptime,
        p95=now.percentile(0.95),
        p95_before=before.percentile(0.95),
        failures=now.failures,
        failures_before=before.failures,
    )


def failures(connection: Connection, numbers: Sequence[int], window: Window, marks: Marks) -> FailuresReport:
    """What went wrong."""
    found = stretch(connection, numbers, *window, marks, times=False)
    incidents = overlapping(connection, numbers, *window)
    by = _by_application(incidents)
    failed = [
        _failures(number, found[number], by.get(number, ()), window)
        for number in numbers
        if found[number].failures or number in by
    ]
    failed.sort(key=lambda one: (-one.incident_seconds, -one.failures, one.application))
    return FailuresReport(
        begin=window[0],
        end=window[1],
        incidents=incidents[:_SHOWN],
        codes=Counter(one.code or "" for one in incidents),
        applications=failed,
    )


def _failures(number: int, totals: Totals, incidents: Sequence[Incident], window: Window) -> Failures:
    lengths = [one.seconds(*window) for one in incidents]
    return Failures(
        application=number,
        incidents=len(incidents),
        incident_seconds=sum(lengths),
        longest_seconds=max(lengths, default=0.0),
        failures=totals.failures,
        looks=totals.looks,
    )


def _by_application(incidents: Sequence[Incident]) -> dict[int, list[Incident]]:
    by: dict[int, list[Incident]] = {}
    for one in incidents:
        by.setdefault(one.application, []).append(one)
    return by
