"""What administrators choose while the monitor runs: the public page.

GET, PUT /api/monitor/settings      {"public": {"on", "title"}, "file": {"name", "problem"} | null}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, insert, select

from headway.access.identity import Role
from headway.apps.interface import Answer, Context, Request, Route, json_answer
from headway.apps.monitor.public.page import PublicSettings
from headway.apps.monitor.records import SETTINGS

__all__ = ["Preferences"]

_NAME: Final = "public"


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change."""

    public: PublicSettings


class Preferences:
    """All of them. Load them before they are asked for."""

    context: Context

    def __init__(self) -> None:
        self.public = PublicSettings()
        self.on_change: Callable[[], None] = lambda: None
        self.file: Callable[[], dict[str, Any] | None] = lambda: None  # Any: JSON

    async def load(self, context: Context) -> None:
        """Read what was chosen. Raises `StorageError`."""
        self.context = context
        wanted = select(SETTINGS.c.value).where(SETTINGS.c.name == _NAME)
        stored = await context.records.read(lambda connection: connection.execute(wanted).scalar())
        if stored is not None:
            self.public = msgspec.convert(stored, PublicSettings)

    def routes(self) -> Sequence[Route]:
        """All of them."""
        path = "/api/monitor/settings"
        return (
            Route("GET", path, self.show, summary="What was chosen about the monitor"),
            Route("PUT", path, self.replace, Role.ADMIN, "Choose otherwise", Chosen),
        )

    async def show(self, request: Request) -> Answer:
        """`GET /api/monitor/settings`."""
        return json_answer({"public": self.public, "file": self.file()})

    async def replace(self, request: Request) -> Answer:
        """`PUT /api/monitor/settings`."""
        chosen = await request.body.json(Chosen)
        value, now = msgspec.to_builtins(chosen.public), self.context.clock.now()

        def keep(connection: Connection) -> None:
            connection.execute(delete(SETTINGS).where(SETTINGS.c.name == _NAME))
            connection.execute(insert(SETTINGS).values(name=_NAME, value=value, updated_at=now))

        await self.context.records.write(keep)
        self.public = chosen.public
        self.on_change()
        self.context.note("monitor_settings_changed", user=request.identity.user, address=request.address)
        return await self.show(request)
