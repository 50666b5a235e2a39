"""What a badge says of an application, and in which colour. Pure.

status      healthy, warning, error …              as it stands
uptime      99.95%                                 green from the SLA's target on, red where half a percent is missing
response    123 ms, 1.2 s                          amber from where a slow answer is a warning on
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.public.badges import Badge
from headway.errors import PeerError

__all__ = ["KINDS", "NOBODY", "WINDOWS", "badge"]

Json = Any  # any JSON value

KINDS: Final = ("status", "uptime", "response")
WINDOWS: Final = ("24h", "7d", "30d", "90d")
NOBODY: Final = Badge("status", "not found", "unknown")
"""Of an application that is not public, as of one that is not there."""
_SLOW: Final = 1_000.0
"""Milliseconds, where the application says nothing of its own."""
_MISSED: Final = 0.5
"""Percent below the target that are red: at 99.9 % over a month three hours more than promised."""


def badge(
    application: Application, shown: Mapping[str, Json], kind: str, window: str, label: str | None = None
) -> Badge:
    """The badge of an application as the page shows it. Raises `PeerError`."""
    if window not in WINDOWS:
        raise PeerError(f"window is one of {', '.join(WINDOWS)}", details={"field": "window"})
    match kind:
        case "status":
            made = Badge(shown["displayName"], shown["status"], _known(shown["status"]))
        case "uptime":
            made = _uptime(shown["uptime"].get(window), application.sla_target, f"uptime {window}")
        case "response":
            made = _response(shown["responseTime"], _slow(application))
        case _:
            raise PeerError(f"show is one of {', '.join(KINDS)}", details={"field": "show"})
    return made if label is None else Badge(label, made.message, made.status)


def percent(value: float) -> str:
    """A share of the time, never rounded up: whoever was down for a second was not up for 100 %."""
    # The nine is for values like 99.95 that no binary fraction hits.
    return f"{math.floor(value * 100 + 1e-9) / 100:.2f}".rstrip("0").rstrip(".") + "%"


def _uptime(value: float | None, target: float, label: str) -> Badge:
    if value is None:
        return Badge(label, "no data", "unknown")
    status = "healthy" if value >= target else "warning" if value >= target - _MISSED else "error"
    return Badge(label, percent(value), status)


def _response(value: float | None, slow: float) -> Badge:
    if value is None:
        return Badge("response time", "no data", "unknown")
    text = f"{value:.0f} ms" if value < 999.5 else f"{value / 1000:.1f} s"
    return Badge("response time", text, "healthy" if value < slow else "warning")


def _slow(application: Application) -> float:
    own = application.alert_thresholds.response_time_ms or getattr(application.health_check, "warn_after", None)
    return float(own or _SLOW)


def _known(status: str) -> str:
    return status if status in ("healthy", "warning", "error", "maintenance") else "unknown"
