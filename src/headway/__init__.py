"""Headway shows people the live progress of long work, and never loses or repeats an update.

The public names, and nothing else; importing this loads neither a server nor a web framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headway.errors import HeadwayError
from headway.events import Draft, Event
from headway.limits import Limits, Retention
from headway.positions import Gap, Position

if TYPE_CHECKING:
    from headway.server.live import Headway

__all__ = ["Draft", "Event", "Gap", "Headway", "HeadwayError", "Limits", "Position", "Retention", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # Any: whatever the name stands for
    if name == "Headway":
        from headway.server.live import Headway

        return Headway
    raise AttributeError(f"module 'headway' has no attribute {name!r}")
