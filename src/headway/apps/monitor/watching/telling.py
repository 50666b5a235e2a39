"""What is told on the channel `applications`, under the seed's names. Pure.

applicationStatusUpdate    the application as its card shows it             key application/<id>
healthMetricUpdate         {applicationId, responseTime, status}            key health/<id>
notification               {level, message, applicationId, before, after}   a milestone
applicationStatusUpdate    {id, name, removed: true}                        key application/<id>, when it is gone
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.figures.recording import Transition
from headway.apps.monitor.figures.status import Status

__all__ = ["CHANNEL", "notification", "signature"]

Json = Any  # any JSON value

CHANNEL: Final = "applications"

_LEVELS: Final = {Status.ERROR: "error", Status.WARNING: "warning", Status.HEALTHY: "success"}
_SENTENCES: Final = {
    Status.ERROR: "{name} is down",
    Status.WARNING: "{name} needs attention",
    Status.HEALTHY: "{name} is healthy",
    Status.UNKNOWN: "Nobody knows how {name} is",
    Status.MAINTENANCE: "{name} is in maintenance",
    Status.PAUSED: "{name} is paused",
    Status.UNCONFIGURED: "{name} is not checked",
}
_PASSING: Final = ("responseTime", "lastChecked", "message", "updatedAt")
"""What each look changes, and `healthMetricUpdate` tells."""


def notification(application: Application, transition: Transition) -> dict[str, Json]:
    """A change of a status, in words. The same change has the same words."""
    name = application.display_name or application.name
    sentence = _SENTENCES[transition.after].format(name=name)
    if transition.reason and transition.after in (Status.ERROR, Status.WARNING, Status.UNKNOWN):
        sentence = f"{sentence}: {transition.reason}"
    return {
        "level": _LEVELS.get(transition.after, "info"),
        "message": sentence,
        "applicationId": application.id,
        "applicationName": name,
        "before": str(transition.before) if transition.before else None,
        "after": str(transition.after),
    }


def signature(card: Mapping[str, Json]) -> tuple[Json, ...]:
    """What somebody who sees the card would see change."""
    return tuple(_rounded(value) for name, value in sorted(card.items()) if name not in _PASSING)


def _rounded(value: Json) -> Json:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, Mapping):
        return tuple((name, _rounded(inner)) for name, inner in sorted(value.items()) if name != "budgetSeconds")
    if isinstance(value, list | tuple):
        return tuple(_rounded(inner) for inner in value)
    return value
