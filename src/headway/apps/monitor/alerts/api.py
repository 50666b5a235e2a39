"""The HTTP interface of alerts.

    GET  /api/monitor/alerts             the rules and channels; addresses masked        PUT   other ones
    POST /api/monitor/alerts/test        {} all · {"channel": …} one · {"address": …} one that is not stored yet
    GET  /api/monitor/alerts/history     what was sent, waits, or was given up, newest first

For administrators, but for the history: an address often holds a token, and whoever may set one has the server send.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from headway.access.identity import Role
from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.apps.monitor.alerts import outbox
from headway.apps.monitor.alerts.alerts import Alerts
from headway.apps.monitor.alerts.book import Book
from headway.apps.monitor.alerts.rules import Rules
from headway.errors import PeerError, UsageError

__all__ = ["Api"]

_PAGE: Final = 50
_MOST: Final = 500


class Try(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is tried."""

    channel: str | None = None
    """Its id or name; neither this nor an address: all."""
    address: str | None = None


class Api:
    """Its routes. What they use is there from the start on."""

    alerts: Alerts
    book: Book
    context: Context

    def routes(self) -> Sequence[Route]:
        """All of them."""
        base = "/api/monitor/alerts"
        page = {"limit": "Most alerts in the answer", "before": "An alert's number, to go on before it"}
        return (
            Route("GET", base, self.show, Role.ADMIN, "Who is told of what"),
            Route("PUT", base, self.replace, Role.ADMIN, "Have other rules hold", Rules),
            Route("POST", f"{base}/test", self.test, Role.ADMIN, "Send a test", Try),
            Route("GET", f"{base}/history", self.history, Role.OPERATOR, "What was sent, newest first", query=page),
        )

    async def show(self, request: Request) -> Answer:
        """`GET /api/monitor/alerts`."""
        return json_answer(await self.book.shown())

    async def replace(self, request: Request) -> Answer:
        """`PUT /api/monitor/alerts`."""
        await self.book.replace(await request.body.json(Rules))
        self.context.note("alerts_changed", user=request.identity.user, address=request.address)
        return json_answer(await self.book.shown())

    async def test(self, request: Request) -> Answer:
        """`POST /api/monitor/alerts/test`."""
        wanted = await request.body.json(Try)
        if wanted.channel and wanted.address:
            raise UsageError("give a channel or an address, not both")
        results = await self.alerts.test(wanted.channel, wanted.address)
        self.context.note("alerts_tested", user=request.identity.user, address=request.address)
        return json_answer({"results": results})

    async def history(self, request: Request) -> Answer:
        """`GET /api/monitor/alerts/history`."""
        limit = min(_MOST, max(1, _number(request, "limit") or _PAGE))
        before = _number(request, "before")
        rows = await self.context.records.read(lambda connection: outbox.history(connection, limit, before, None))
        names = {one.id: one.name for one in (await self.book.rules()).recipients}
        return json_answer({"alerts": [_shown(row, names) for row in rows]})


def _shown(row: RowMapping, names: dict[str, str]) -> dict[str, Any]:  # Any: JSON
    recipient, _, key = row["key"].partition(":")
    state = "sent" if row["sent_at"] is not None else "given_up" if row["tries"] < 0 else "waiting"
    return {
        "number": row["number"],
        "key": key,
        "kind": row["kind"],
        "channel": names.get(recipient),
        "incident": row["incident"],
        "title": row["title"],
        "body": row["body"],
        "status": state,
        "madeAt": row["made_at"],
        "dueAt": row["due_at"],
        "sentAt": row["sent_at"],
        "tries": abs(row["tries"]),
        "error": row["error"],
    }


def _number(request: Request, name: str) -> int | None:
    text = request.first(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise PeerError(f"{name}: {text[:40]!r} is no whole number") from None
