"""Somebody who is told: a webhook on loopback, and alerts that know a few applications."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import insert, update

from headway.apps.monitor.alerts.alerts import Alerts
from headway.apps.monitor.alerts.book import Book
from headway.apps.monitor.alerts.rules import Rules, Subject
from headway.apps.monitor.alerts.sending import Sending
from headway.apps.monitor.records import DATA, INCIDENTS, TRANSITIONS
from headway.clock import Clock
from headway.egress import Egress
from headway.records.records import Records, sqlite_url
from headway.testing.clock import FakeClock
from headway.vault import Vault

__all__ = ["Desk", "Receiver", "desk", "receiving"]

Json = Any  # JSON


@dataclass
class Receiver:
    """A webhook."""

    port: int = 0
    status: int = 200
    asked: int = 0
    told: list[Json] = field(default_factory=list)
    refused: list[Json] = field(default_factory=list)

    @property
    def address(self) -> str:
        """As apprise writes it."""
        return f"json://127.0.0.1:{self.port}/hook?:token=geheim"

    @property
    def titles(self) -> list[str]:
        """What was told, in short."""
        return [one["title"] for one in self.told]

    @property
    def keys(self) -> list[str]:
        """Of all alerts that were told."""
        return [key for one in self.told for key in one["keys"].split()]

    async def take(self, request: web.Request) -> web.Response:
        """One message."""
        self.asked += 1
        (self.told if self.status < 300 else self.refused).append(await request.json())
        return web.Response(status=self.status, headers={"Location": "/elsewhere"} if 300 <= self.status < 400 else {})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A webhook, listening."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


SHOP = Subject(1, "id-shop", "shop", "Shop", ("eu", "web"))
LEDGER = Subject(2, "id-ledger", "ledger", "Ledger", ("us",))


class Known:
    """The applications that alerts know."""

    def __init__(self) -> None:
        self.all = {1: SHOP, 2: LEDGER}

    def subjects(self, now: float) -> Mapping[int, Subject]:
        """All of them."""
        return self.all


@dataclass
class Desk:
    """Alerts, and what makes them."""

    records: Records
    book: Book
    alerts: Alerts
    clock: FakeClock
    known: Known
    notes: list[Json] = field(default_factory=list)

    async def wish(self, address: str, **wanted: Json) -> Rules:
        """Rules with one channel, or those that are given."""
        channels = wanted.pop("channels", [{"name": "hook", "address": address}])
        return await self.book.replace(msgspec.convert({**wanted, "channels": channels}, Rules))

    async def began(self, id: str, application: int = 1, message: str = "it answers 500") -> None:
        """An incident begins."""
        values = {"id": id, "application": application, "began": self.clock.now(), "message": message}
        await self.records.write(
            lambda connection: connection.execute(insert(INCIDENTS).values(failures=2, told=0, **values))
        )

    async def ended(self, id: str, **also: Json) -> None:
        """It ends, or something else about it changes."""
        values = also or {"ended": self.clock.now()}
        await self.records.write(
            lambda connection: connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == id).values(**values))
        )

    async def changed(self, before: str, after: str, application: int = 1) -> None:
        """A status changes."""
        values = {"application": application, "at": self.clock.now(), "before": before, "after": after}
        await self.records.write(
            lambda connection: connection.execute(insert(TRANSITIONS).values(reason="slow", **values))
        )

    async def round(self) -> None:
        """What the loop does, once."""
        await self.alerts.settle()
        await self.alerts.send()

    async def after(self, seconds: float) -> None:
        """Let time pass, and do it."""
        self.clock.advance(seconds)
        await self.round()


def made_of(records: Records, folder: Path, clock: Clock, known: Known, notes: list[Json]) -> tuple[Book, Alerts]:
    """The parts, joined as the application joins them."""
    sending = Sending(Egress())
    ids = iter(f"way{number}" for number in range(1, 1_000))
    book = Book(records, Vault(folder / "key", {"HOOK": "json://127.0.0.1:9/x"}), sending, clock, lambda: next(ids))
    alerts = Alerts(
        records, book, sending, known, clock, note=lambda what, **more: notes.append({"what": what, **more})
    )
    return book, alerts


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """Alerts over a database of their own."""
    records = Records(sqlite_url(folder / "records.db"))
    await records.write(DATA.create_all)
    clock, known, notes = FakeClock(), Known(), list[Json]()
    book, alerts = made_of(records, folder, clock, known, notes)
    try:
        yield Desk(records, book, alerts, clock, known, notes)
    finally:
        await records.close()
