"""The HTTP interface of what is watched.

POST /api/applications/{application}/test           check now; the outcome
POST …/{application}/beat?token=&ok=&message=       it lives, or (ok=false) says what is wrong; its own token alone
GET  …/{application}/beat                           where to tell it, for who may change it
GET  …/{application}/samples?from=&to=&limit=       looks, the newest first
GET  …/{application}/series?window=24h              a chart: time, p50, p95, max, share that was up
GET  …/{application}/beats?last=60                  the latest looks, the oldest first: a heartbeat bar
GET  …/{application}/incidents?limit=               the newest first
POST …/{application}/incidents/{incident}/acknowledge
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from headway.access.identity import Role
from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.figures.incidents import Incident
from headway.apps.monitor.watching.beats import Tokens
from headway.apps.monitor.watching.watcher import Watcher
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, PeerError

__all__ = ["WINDOWS", "Api", "moment", "whole", "window_of"]

WINDOWS: Final = {"1h": 3_600.0, "24h": 86_400.0, "7d": 7 * 86_400.0, "30d": 30 * 86_400.0, "90d": 90 * 86_400.0}
_OPERATOR: Final = Role.OPERATOR
_MOST: Final = 2_000
"""Looks in one answer."""
_BEATS: Final = 200
_INCIDENTS: Final = 50
_FALSE: Final = ("false", "0", "no", "down")
_TEXT: Final = 1_000
"""Characters of what a beat says that are read."""


class Api:
    """Its routes. What they use is there from the start on."""

    applications: Applications
    figures: Figures
    watcher: Watcher
    tokens: Tokens
    context: Context

    def routes(self) -> Sequence[Route]:
        """All of them."""
        one = "/api/applications/{application}"
        said = {"token": "Its own", "ok": "false: something is wrong", "message": "What it has to say"}
        span = {"from": "Seconds since 1970; a day ago", "to": "Now", "limit": f"At most {_MOST}"}
        window = {"window": ", ".join(WINDOWS)}
        return (
            Route("POST", f"{one}/test", self.test, _OPERATOR, "Check an application now"),
            Route("POST", f"{one}/beat", self.beat, None, "An application tells that it lives", query=said),
            Route("GET", f"{one}/beat", self.where, Role.ADMIN, "Where an application tells that it lives"),
            Route("GET", f"{one}/samples", self.samples, summary="Looks at an application", query=span),
            Route("GET", f"{one}/series", self.series, summary="Response times and uptime, for a chart", query=window),
            Route("GET", f"{one}/beats", self.beats, summary="The latest looks", query={"last": f"At most {_BEATS}"}),
            Route("GET", f"{one}/incidents", self.incidents, summary="Incidents, newest first", query=span),
            Route(
                "POST",
                f"{one}/incidents/{{incident}}/acknowledge",
                self.acknowledge,
                _OPERATOR,
                "Take care of an incident: nobody is told of it again",
            ),
        )

    async def test(self, request: Request) -> Answer:
        """`POST …/test`."""
        application = self._application(request)
        looked = await self.watcher.check_now(application.id)
        self._note(request, "application_checked", application)
        return json_answer(looked)

    async def beat(self, request: Request) -> Answer:
        """`POST …/beat`. Who has no token learns nothing, not even whether there is such an application."""
        application = self.applications.find(request.parameters["application"])
        token = request.first("token") or request.headers.get("x-beat-token")
        if application is None or not self.tokens.holds(application.id, token):
            raise HeadwayError("this is not the token of this application", code=Code.FORBIDDEN)
        ok = (request.first("ok") or request.first("status") or "").lower() not in _FALSE
        message = (request.first("message") or request.first("msg") or "")[:_TEXT]
        looked = await self.watcher.beat(application.id, ok=ok, message=message)
        return json_answer({"ok": True, "status": looked.application_status})

    async def where(self, request: Request) -> Answer:
        """`GET …/beat`."""
        application = self._application(request)
        if not isinstance(application.health_check, PushCheck):
            raise Conflict(f"{application.name} is asked, and expects no beat", details={"field": "healthCheck"})
        path = f"/api/applications/{application.id}/beat"
        return json_answer({"path": path, "token": self.tokens.of(application.id)})

    async def samples(self, request: Request) -> Answer:
        """`GET …/samples`."""
        number = self._number(request)
        begin, end = self._span(request)
        limit = min(_MOST, max(1, whole(request, "limit") or _MOST))
        return json_answer({"samples": await self.figures.samples(number, begin, end, limit)})

    async def series(self, request: Request) -> Answer:
        """`GET …/series`."""
        number, now = self._number(request), self.context.clock.now()
        begin = now - window_of(request)
        return json_answer({"from": begin, "to": now, "series": await self.figures.series([number], begin, now)})

    async def beats(self, request: Request) -> Answer:
        """`GET …/beats`."""
        last = min(_BEATS, max(1, whole(request, "last") or 60))
        return json_answer({"beats": await self.figures.beats(self._number(request), last)})

    async def incidents(self, request: Request) -> Answer:
        """`GET …/incidents`."""
        number = self._number(request)
        begin, end = moment(request, "from") or 0.0, moment(request, "to") or self.context.clock.now() + 1
        limit = min(_MOST, max(1, whole(request, "limit") or _INCIDENTS))
        found = await self.figures.incidents([number], begin, end, limit)
        return json_answer({"incidents": [_shown(one) for one in found]})

    async def acknowledge(self, request: Request) -> Answer:
        """`POST …/incidents/{incident}/acknowledge`."""
        application, id = self._application(request), request.parameters["incident"]
        incident = await self.figures.incident(id)
        if incident.application != self.applications.numbers[application.id]:
            raise HeadwayError(f"{application.name} has no such incident", code=Code.NOT_FOUND)
        taken = await self.figures.acknowledge(id, request.identity.user or "somebody")
        self._note(request, "incident_acknowledged", application)
        await self.watcher.refresh(application.id)
        return json_answer(_shown(taken))

    def _application(self, request: Request) -> Application:
        return self.applications.get(request.parameters["application"])

    def _number(self, request: Request) -> int:
        return self.applications.numbers[self._application(request).id]

    def _span(self, request: Request) -> tuple[float, float]:
        end = moment(request, "to") or self.context.clock.now() + 1
        begin = moment(request, "from")
        return end - WINDOWS["24h"] if begin is None else begin, end

    def _note(self, request: Request, what: str, application: Application) -> None:
        self.context.note(what, user=request.identity.user, target=application.name, address=request.address)


def _shown(incident: Incident) -> dict[str, Any]:  # Any: JSON
    shown: dict[str, Any] = msgspec.to_builtins(incident)
    del shown["application"]  # the number is nobody's but ours
    return shown


def whole(request: Request, name: str) -> int | None:
    """A whole number that was asked for. Raises `PeerError`."""
    found = moment(request, name)
    return None if found is None else int(found)


def moment(request: Request, name: str) -> float | None:
    """A number that was asked for. Raises `PeerError`."""
    text = request.first(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12:
        raise PeerError(f"{name}: {text[:40]!r} is no number", details={"field": name})
    return number


def window_of(request: Request, usual: str = "24h") -> float:
    """The length of the window that was asked for. Raises `PeerError`."""
    name = request.first("window") or usual
    if name not in WINDOWS:
        raise PeerError(f"window: write one of {', '.join(WINDOWS)}", details={"field": "window"})
    return WINDOWS[name]
