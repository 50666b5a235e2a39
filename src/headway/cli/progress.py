"""How far work is, read from an event's data, whoever made it:

    {"current": 3, "total": 10}                        also processed, completed or done for current
    {"percent": 40}                                    also percentage, progress_percent, progress_percentage, progress
    {"progress": {"current": 3, "total": 10}}          either of the two, one level down

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Progress", "progress_of"]

_CURRENT: Final = ("current", "processed", "completed", "done")
_PERCENT: Final = ("percent", "percentage", "progress_percentage", "progress_percent", "progress")
_TEXT: Final = ("message", "current_file", "file", "step", "text", "stage")

Data = Mapping[str, Any]  # Any: the producer's own JSON values


@dataclass(frozen=True, slots=True)
class Progress:
    """So much of so much."""

    current: float
    total: float
    text: str = ""
    """What is being worked on."""


def progress_of(data: Data) -> Progress | None:
    """How far the work is; None where the data does not say."""
    inner = data.get("progress")
    measured = _counted(data) or _percentage(data)
    if measured is None and isinstance(inner, Mapping):
        measured = _counted(inner) or _percentage(inner)
    if measured is None:
        return None
    current, total = measured
    return Progress(min(max(current, 0.0), total), total, _text(data))


def _counted(data: Data) -> tuple[float, float] | None:
    total = _number(data.get("total"))
    current = next((number for name in _CURRENT if (number := _number(data.get(name))) is not None), None)
    return None if total is None or total <= 0 or current is None else (current, total)


def _percentage(data: Data) -> tuple[float, float] | None:
    percent = next((number for name in _PERCENT if (number := _number(data.get(name))) is not None), None)
    return None if percent is None else (percent, 100.0)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _text(data: Data) -> str:
    return next((value for name in _TEXT if isinstance(value := data.get(name), str)), "")
