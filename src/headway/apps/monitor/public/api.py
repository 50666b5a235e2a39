"""The HTTP interface for everybody: no token is asked for, and nothing is told but of what is public.

    GET /api/status                              the page as JSON
    GET /api/status/badge/{application}.svg      ?show=status|uptime|response&window=24h|7d|30d|90d&label=
    GET /api/status/badge/{application}.json     the same as shields.io wants it from an endpoint

Applications are named by their names. Whether one is not public or not there cannot be told from outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from headway.apps.interface import Answer, Request, Route
from headway.apps.monitor.public.badges import Badge, drawn
from headway.apps.monitor.public.figures import KINDS, NOBODY, WINDOWS, badge
from headway.apps.monitor.public.page import FRESH_SECONDS, PublicPage

__all__ = ["PublicApi"]

_BADGE_SECONDS: Final = 60
"""For which a badge may be kept. GitHub's proxy of images keeps to it; shorter ones it takes for a minute anyway."""
_SVG: Final = "image/svg+xml; charset=utf-8"
_ANYWHERE: Final = {"cross-origin-resource-policy": "cross-origin"}
"""A badge stands on other people's pages."""


class PublicApi:
    """Its routes. What they use is there from the start on."""

    page: PublicPage

    def routes(self) -> Sequence[Route]:
        """All of them."""
        base = "/api/status/badge/{application}"
        asked = {"show": ", ".join(KINDS), "window": ", ".join(WINDOWS), "label": "Instead of what it says on the left"}
        return (
            Route("GET", "/api/status", self.status, None, "The public status page"),
            Route("GET", f"{base}.svg", self.svg, None, "A badge", query=asked),
            Route("GET", f"{base}.json", self.json, None, "A badge as shields.io reads it", query=asked),
        )

    async def status(self, request: Request) -> Answer:
        """`GET /api/status`."""
        body = msgspec.json.encode(await self.page.all())
        return _cached(request, Answer(body), int(FRESH_SECONDS))

    async def svg(self, request: Request) -> Answer:
        """`GET /api/status/badge/{application}.svg`."""
        found = await self._badge(request)
        made = Answer(drawn(found or NOBODY), 200 if found else 404, _SVG, _ANYWHERE)
        return _cached(request, made, _BADGE_SECONDS)

    async def json(self, request: Request) -> Answer:
        """`GET /api/status/badge/{application}.json`."""
        found = await self._badge(request)
        said = found or NOBODY
        body = {
            "schemaVersion": 1,
            "label": said.label,
            "message": said.message,
            "color": said.colour.lstrip("#"),
            "isError": found is None or said.status == "error",
            "cacheSeconds": _BADGE_SECONDS,
        }
        return _cached(request, Answer(msgspec.json.encode(body), 200 if found else 404), _BADGE_SECONDS)

    async def _badge(self, request: Request) -> Badge | None:
        found = await self.page.one(request.parameters["application"])
        if found is None:
            return None
        window = request.first("window") or "24h"
        return badge(*found, request.first("show") or "status", window, request.first("label"))


def _cached(request: Request, answer: Answer, seconds: int) -> Answer:
    assert isinstance(answer.body, bytes)  # whoever made it made it whole
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:20]}"'
    headers = {**answer.headers, "cache-control": f"public, max-age={seconds}", "etag": tag}
    if answer.status == 200 and tag in request.headers.get("if-none-match", ""):
        return Answer(status=304, headers=headers)
    return Answer(answer.body, answer.status, answer.type, headers)
