"""Applications as Prometheus knows them. From memory: a scrape asks nobody and waits for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from headway.apps.interface import Figure
from headway.apps.monitor.figures.status import Status
from headway.apps.monitor.watching.watched import Watched

__all__ = ["measures"]

Measure = Callable[[Watched, float], float | None]


def measures(watched: Iterable[Watched], now: float) -> Iterable[Figure]:
    """Six numbers of each that is active. What is not known has no sample."""
    active = [one for one in watched if one.looked_at]
    labels = [_labels(one) for one in active]

    def figure(name: str, help: str, measure: Measure, kind: str = "gauge") -> Figure:
        found = [(label, measure(one, now)) for label, one in zip(labels, active, strict=True)]
        samples = [(label, value) for label, value in found if value is not None]
        return Figure(f"headway_application_{name}", help, kind, samples)

    yield figure("up", "Whether it is up: 1, or 0 in error; absent where nobody knows.", _up)
    yield figure("response_seconds", "How long the latest answer took.", _response)
    yield figure("uptime_ratio", "Share of the last 24 hours in which it was up.", _uptime)
    yield figure("sla_budget_left_ratio", "Share of the error budget of 30 days that is left.", _budget)
    yield figure("certificate_days", "Days until its certificate expires.", _certificate)
    yield figure("incidents_total", "Incidents since it is watched.", _incidents, "counter")


def _labels(one: Watched) -> Mapping[str, str]:
    application = one.application
    return {"application": application.name, "environment": application.environment}


def _up(one: Watched, now: float) -> float | None:
    return {Status.HEALTHY: 1.0, Status.WARNING: 1.0, Status.ERROR: 0.0}.get(one.standing.status)


def _response(one: Watched, now: float) -> float | None:
    last = one.standing.last
    return last.milliseconds / 1_000 if last and last.milliseconds is not None else None


def _uptime(one: Watched, now: float) -> float | None:
    uptime = one.seen.uptime["24h"] if one.seen else None
    return None if uptime is None else uptime / 100


def _budget(one: Watched, now: float) -> float | None:
    sla = one.seen.sla(one.application.sla_target) if one.seen else None
    return sla.budget_left if sla and sla.value is not None else None


def _certificate(one: Watched, now: float) -> float | None:
    shown = one.about.certificate
    return None if shown is None else round((shown.not_after - now) / 86_400, 2)


def _incidents(one: Watched, now: float) -> float | None:
    return float(one.about.incidents)
