"""The HTTP interface of reports: how it went, over all applications or some of them.

    GET /api/reports/summary | /sla | /trends | /failures     ?window=30d&environment=&category=&tag=

Where figures speak of an application by its number, the answer has its id and its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.apps.monitor.applications.model import Application, environment_of
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.watching.api import WINDOWS, window_of

__all__ = ["Reports"]

Json = Any  # any JSON value

_USUAL: Final = "30d"


class Reports:
    """Its routes. What they use is there from the start on."""

    applications: Applications
    figures: Figures
    context: Context

    def routes(self) -> Sequence[Route]:
        """All of them."""
        base = "/api/reports"
        asked = {"window": f"{', '.join(WINDOWS)}; {_USUAL} if not said", "environment": "", "category": "", "tag": ""}
        return (
            Route("GET", f"{base}/summary", self.summary, summary="How it went", query=asked),
            Route("GET", f"{base}/sla", self.sla, summary="How targets were met", query=asked),
            Route("GET", f"{base}/trends", self.trends, summary="Where it goes", query=asked),
            Route("GET", f"{base}/failures", self.failures, summary="What went wrong", query=asked),
        )

    async def summary(self, request: Request) -> Answer:
        """`GET /api/reports/summary`."""
        chosen, begin, end = self._asked(request)
        return self._answer(chosen, await self.figures.summary([*chosen], begin, end))

    async def sla(self, request: Request) -> Answer:
        """`GET /api/reports/sla`."""
        chosen, begin, end = self._asked(request)
        targets = {number: one.sla_target for number, one in chosen.items()}
        report = msgspec.to_builtins(await self.figures.slas(targets, begin, end), str_keys=True)
        lines = [{"application": int(number), **sla} for number, sla in report["applications"].items()]
        return self._answer(chosen, {**report, "applications": lines})

    async def trends(self, request: Request) -> Answer:
        """`GET /api/reports/trends`."""
        chosen, begin, end = self._asked(request)
        return self._answer(chosen, await self.figures.trends([*chosen], begin, end))

    async def failures(self, request: Request) -> Answer:
        """`GET /api/reports/failures`."""
        chosen, begin, end = self._asked(request)
        return self._answer(chosen, await self.figures.failures([*chosen], begin, end))

    def _asked(self, request: Request) -> tuple[dict[int, Application], float, float]:
        now = self.context.clock.now()
        numbers = self.applications.numbers
        chosen = {numbers[one.id]: one for one in self.applications.all() if _meant(one, request)}
        return chosen, now - window_of(request, _USUAL), now

    def _answer(self, chosen: Mapping[int, Application], report: Json) -> Answer:
        return json_answer(_named(msgspec.to_builtins(report, str_keys=True), chosen))


def _meant(application: Application, request: Request) -> bool:
    environment, category, tag = (request.first(name) for name in ("environment", "category", "tag"))
    return (
        (not environment or application.environment == environment_of(environment))
        and (not category or application.category == category)
        and (not tag or tag in application.tags)
    )


def _named(value: Json, chosen: Mapping[int, Application]) -> Json:
    """The same with ids and names in place of numbers."""
    if isinstance(value, list):
        return [_named(inner, chosen) for inner in value]
    if not isinstance(value, dict):
        return value
    named = {name: _named(inner, chosen) for name, inner in value.items() if name != "application"}
    if (one := chosen.get(value.get("application") or 0)) is not None:
        return {"applicationId": one.id, "applicationName": one.display_name or one.name, **named}
    return named
