"""Headway shows people the live progress of long work, and never loses or repeats an update.

The public names, and nothing else; importing this loads neither a server nor a web framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headway.errors import HeadwayError
from headway.events import Draft, Event
from headway.limits import Limits, Retention
from headway.positions import Gap, Position
from headway.version import VERSION

if TYPE_CHECKING:
    from headway.reporting import Reporter, task
    from headway.server.live import Headway
    from headway.tasks.task import Cancelled

__all__ = [
    "Cancelled",
    "Draft",
    "Event",
    "Gap",
    "Headway",
    "HeadwayError",
    "Limits",
    "Position",
    "Reporter",
    "Retention",
    "__version__",
    "task",
]

__version__ = VERSION


def __getattr__(name: str) -> Any:  # Any: whatever the name stands for
    match name:
        case "Headway":
            from headway.server.live import Headway

            return Headway
        case "Cancelled":
            from headway.tasks.task import Cancelled

            return Cancelled
        case "Reporter" | "task":
            from headway import reporting

            return reporting.Reporter if name == "Reporter" else reporting.task
    raise AttributeError(f"module 'headway' has no attribute {name!r}")
