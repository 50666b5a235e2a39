"""The last days of applications, for the public page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.figures.facade import Figures
from headway.clock import Clock

__all__ = ["LastDays"]

_DAYS: Final = 90
_DAY: Final = 86_400


class LastDays:
    """Implements what `public.page` asks for."""

    def __init__(self, figures: Figures, numbers: Callable[[], Mapping[str, int]], clock: Clock) -> None:
        self._figures = figures
        self._numbers = numbers
        self._clock = clock

    async def days(self, applications: Sequence[Application]) -> Mapping[str, Sequence[float | None]]:
        """The uptime of each of the last days in percent, the oldest first, by id; None where nothing is known."""
        end = (int(self._clock.now()) // _DAY + 1) * _DAY
        numbers = self._numbers()
        found: dict[str, list[float | None]] = {}
        for one in applications:
            if one.id in numbers:
                buckets = await self._figures.series([numbers[one.id]], end - _DAYS * _DAY, end, _DAY)
                found[one.id] = [None if bucket.up is None else round(100 * bucket.up, 3) for bucket in buckets]
        return found
