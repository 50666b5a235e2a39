"""Which format a text has, and what it holds: ours by `applications`, Gatus' by `endpoints`, Upptime's by `sites`."""

from __future__ import annotations

from typing import Any, Final

from headway.apps.monitor.applications import gatus, upptime, yaml
from headway.apps.monitor.applications.documents import document
from headway.apps.monitor.applications.planning import Imported
from headway.errors import UsageError

__all__ = ["FORMATS", "read"]

FORMATS: Final = ("headway", "gatus", "upptime")
_MARKS: Final = {
    "applications": "headway",
    "endpoints": "gatus",
    "external-endpoints": "gatus",
    "suites": "gatus",
    "sites": "upptime",
}


def read(text: str | bytes, format: str | None = None) -> Imported:
    """What a text holds; of the format that is named, or looks so. Raises `UsageError`. As slow as `document`."""
    found = document(text)
    chosen = format or _format(found)
    if chosen == "headway":
        return yaml.imported(found)
    if not isinstance(found, dict):
        raise UsageError(f"this is no configuration of {chosen}: it is no mapping of names to values")
    match chosen:
        case "gatus":
            return gatus.imported(found)
        case "upptime":
            if not isinstance(found.get("sites"), list):
                raise UsageError("there are no `sites` in it")
            return upptime.imported(found)
        case _:
            raise UsageError(f"{chosen[:40]!r} is no format that is read; there are {', '.join(FORMATS)}")


def _format(found: Any) -> str:  # Any: JSON
    if isinstance(found, list):
        return "headway"
    if isinstance(found, dict):
        for mark, format in _MARKS.items():
            if mark in found:
                return format
    marks = ", ".join(f"`{mark}`" for mark in ("applications", "endpoints", "sites"))
    raise UsageError(f"this is of no format that is known here: it has none of {marks}")
