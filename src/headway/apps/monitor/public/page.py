"""What the public status page shows: gathered at most once in a few seconds, however many look.

    {"title": "Status", "status": "error", "time": 1763764840.0, "counts": {"healthy": 4, "error": 1, …},
     "applications": [{"name", "displayName", "category", "status", "since", "message", "responseTime",
                       "uptime": {"24h", "7d", "30d", "90d"}, "incident": {"began"} or null, "days": […] or null}]}

Everything is named here that goes out: what others come to know of an application stays inside by itself. `message` is
one of a few sentences of ours, for a real one may name a host.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.applications.seen import STATUSES, Seen, shown
from headway.apps.monitor.applications.store import Applications, Changed
from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError

__all__ = ["Days", "NoDays", "PublicPage", "PublicSettings"]

Json = Any  # any JSON value

FRESH_SECONDS: Final = 5.0
"""For which what was gathered is shown to everybody: shorter than any check's interval."""
_WINDOWS: Final = ("24h", "7d", "30d", "90d")
_MESSAGES: Final = {
    "healthy": "It works.",
    "warning": "It works, and not as well as it should.",
    "error": "It does not work.",
    "maintenance": "It is being worked on.",
    "paused": "Nobody looks at it at the moment.",
}
_UNKNOWN: Final = "Nothing is known of it at the moment."
_WORST_FIRST: Final = ("error", "warning", "maintenance", "healthy")


class PublicSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an administrator decides of the page as a whole."""

    on: bool = False
    title: str = "Status"


class Days(Protocol):
    """Who knows the last days."""

    async def days(self, applications: Sequence[Application]) -> Mapping[str, Sequence[float | None]]:
        """The uptime of each of the last days in percent, the oldest first, by id; None where nothing is known."""
        ...


class NoDays:
    """Where nobody knows them."""

    async def days(self, applications: Sequence[Application]) -> Mapping[str, Sequence[float | None]]:
        """Nothing."""
        return {}


class PublicPage:
    """What is shown."""

    def __init__(
        self, applications: Applications, seen: Seen, settings: Callable[[], PublicSettings], clock: Clock,
        days: Days | None = None,
    ) -> None:  # fmt: skip
        self._applications = applications
        self._seen = seen
        self._settings = settings
        self._clock = clock
        self._days = days or NoDays()
        self._turn = asyncio.Lock()
        self._found: dict[str, Json] | None = None
        self._until = 0.0
        self._changes = 0
        applications.on_change(self._forget)

    async def all(self) -> Mapping[str, Json]:
        """The page. Raises `HeadwayError` where there is none."""
        settings = self._settings()
        if not settings.on:
            raise HeadwayError("there is no public status page here", code=Code.NOT_FOUND)
        async with self._turn:
            if self._found is None or self._clock.monotonic() >= self._until:
                changes = self._changes
                found = await self._gathered()
                if changes != self._changes:  # what was gathered meanwhile may be public no more
                    found = await self._gathered()
                self._found, self._until = found, self._clock.monotonic() + FRESH_SECONDS
            return {"title": settings.title, **self._found}

    async def one(self, name: str) -> tuple[Application, Mapping[str, Json]] | None:
        """An application of the page; None for one that is not public as for one that is not there."""
        try:
            page = await self.all()
        except HeadwayError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            return None
        found = next((one for one in page["applications"] if one["name"] == name), None)
        application = self._applications.find(name)
        return (application, found) if found is not None and application is not None else None

    async def _gathered(self) -> dict[str, Json]:
        chosen = sorted(
            (one for one in self._applications.all() if one.public),
            key=lambda one: (one.category.casefold(), (one.display_name or one.name).casefold()),
        )
        seen, days = await self._seen.seen(chosen), await self._days.days(chosen)
        found = [_public(one, shown(one, seen.get(one.id)), days.get(one.id)) for one in chosen]
        statuses = Counter(one["status"] for one in found)
        return {
            "status": next((status for status in _WORST_FIRST if statuses[status]), "unknown"),
            "time": self._clock.now(),
            "counts": {status: statuses[status] for status in STATUSES},
            "applications": found,
        }

    def _forget(self, changed: Changed) -> None:
        if any(one is not None and one.public for one in (changed.before, changed.after)):
            self._found = None
            self._changes += 1


def _public(one: Application, fields: Mapping[str, Json], days: Sequence[float | None] | None) -> dict[str, Json]:
    status = fields["status"] if fields["status"] in STATUSES else "unknown"
    incident, uptime = fields["incident"], fields["uptime"] or {}
    return {
        "name": one.name,
        "displayName": one.display_name or one.name,
        "category": one.category,
        "status": status,
        "since": fields["since"],
        "message": _MESSAGES.get(status, _UNKNOWN),
        "responseTime": fields["responseTime"],
        "uptime": {window: uptime.get(window) for window in _WINDOWS},
        "incident": {"began": incident.get("began")} if isinstance(incident, Mapping) else None,
        "days": list(days) if days is not None else None,
    }
