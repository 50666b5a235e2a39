"""What is known of an application beside its definition, as clients see it: status, figures, the last tests.

Whoever watches knows it; here is only what it looks like, and what can be said where nobody has looked yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from headway.apps.monitor.applications.model import Application

__all__ = ["STATUSES", "Seen", "Unseen", "shown"]

Json = Any  # any JSON value

STATUSES: Final = ("healthy", "warning", "error", "unconfigured", "unknown", "maintenance", "paused")
_WINDOWS: Final = ("1h", "24h", "7d", "30d", "90d")


class Seen(Protocol):
    """Who knows it."""

    async def seen(self, applications: Sequence[Application]) -> Mapping[str, Mapping[str, Json]]:
        """The fields of each, by id: `status`, `since`, `responseTime`, `uptime` and so on. Those of whom nothing is
        known may be missing. Raises `StorageError`."""
        ...


class Unseen:
    """Where nobody looks."""

    async def seen(self, applications: Sequence[Application]) -> Mapping[str, Mapping[str, Json]]:
        """Nothing."""
        return {}


def shown(application: Application, fields: Mapping[str, Json] | None) -> dict[str, Json]:
    """An application as clients see it. Every field is there, whatever is known."""
    written: dict[str, Json] = msgspec.to_builtins(application)
    return written | _unknown(application) | dict(fields or {})


def _unknown(application: Application) -> dict[str, Json]:
    status = "paused" if not application.is_active else "unknown" if application.configured else "unconfigured"
    return {
        "status": status,
        "since": None,
        "message": None,
        "responseTime": None,
        "lastChecked": None,
        "lastTested": None,
        "lastTest": None,
        "uptime": dict.fromkeys(_WINDOWS),
        "sla": {
            "target": application.sla_target,
            "value": None,
            "status": "unknown",
            "budgetSeconds": None,
            "budgetLeft": None,
        },
        "slaStatus": "unknown",
        "certificate": None,
        "incident": None,
    }
