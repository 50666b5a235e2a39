"""What the tests of the pages of imports share: a server, a target that the test has in its hand, files, and runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import FilePayload, Locator, Page, WebSocketRoute, expect

from headway.sandbox.faults import Faults
from headway.sandbox.server import Sandbox
from headway.testing.serving import Address
from tests.apps.imports.office import Office, csv, elsewhere, office, row

__all__ = [
    "QUICK",
    "SLOW",
    "SOON",
    "Desk",
    "Door",
    "desk",
    "downloaded",
    "field",
    "file",
    "is_chosen",
    "people",
    "press",
    "step",
]

SOON = 20_000
"""Milliseconds: a page waits for seconds before it goes round what blocks it."""
QUICK = Faults()
SLOW = Faults(latency=120.0)
"""Two requests at once at this pace are some sixteen rows a second: a run that lasts as long as a look at it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A server with imports, and a PingOne that does what the test says."""

    office: Office
    sandbox: Sandbox
    target: str
    """Id of that PingOne as a target; it is called Elsewhere."""

    @property
    def address(self) -> Address:
        """Where the server is."""
        return self.office.address

    def set_faults(self, faults: Faults) -> None:
        """Have the PingOne be like this from now on."""
        self.sandbox.set_faults(faults)

    async def begin(self, rows: int = 200, **options: Any) -> str:  # Any: JSON
        """Begin a run of so many rows that lasts until it is hurried; its id."""
        upload = await self.office.uploaded([row(number) for number in range(1, rows + 1)])
        self.set_faults(SLOW)
        return str((await self.office.begin(upload, target=self.target, parallel=2, **options))["run"])

    async def run(self, id: str) -> Any:  # Any: JSON
        """What is known of a run."""
        return await self.office.get(f"/api/imports/runs/{id}")


@contextlib.asynccontextmanager
async def desk(*, production: bool = False, **options: Any) -> AsyncIterator[Desk]:  # Any: Headway's
    """Both of them."""
    async with elsewhere() as (sandbox, wanted), office(**options) as served:
        if production:
            wanted = {**wanted, "environment": sandbox.production, "name": "Elsewhere"}
        status, target = await served.ask("POST", "/api/imports/targets", wanted)
        assert status == 201, target
        status, tested = await served.ask("POST", f"/api/imports/targets/{target['id']}/test")
        assert tested["ok"], tested
        yield Desk(served, sandbox, target["id"])
        sandbox.set_faults(QUICK)  # what goes on ends soon


class Door:
    """WebSockets of one path, which can be shut while they are open."""

    def __init__(self) -> None:
        self.opened = 0
        self._open = True
        self._sockets: list[WebSocketRoute] = []

    async def guard(self, tab: Page, pattern: str) -> Door:
        """Stand before a path; to be called before the page is opened."""
        await tab.route_web_socket(pattern, self._pass)
        return self

    async def shut(self) -> None:
        """Cut what is open, and refuse what comes."""
        self._open = False
        for socket in self._sockets:
            await socket.close(code=3000, reason="a proxy")

    async def _pass(self, socket: WebSocketRoute) -> None:
        if not self._open:
            await socket.close(code=3000, reason="a proxy")
            return
        self.opened += 1
        self._sockets.append(socket)
        socket.connect_to_server()


def people(rows: int, *bad: int) -> bytes:
    """A file of users, some of them with an address that is none."""
    return csv([row(number, **({"email": "nonsense"} if number in bad else {})) for number in range(1, rows + 1)])


def file(content: bytes, name: str = "users.csv") -> FilePayload:
    """As a person chooses it."""
    return {"name": name, "mimeType": "text/csv", "buffer": content}


async def downloaded(tab: Page, button: str) -> str:
    """What a button gives to keep."""
    async with tab.expect_download() as getting:
        await press(tab, button)
    return await asyncio.to_thread(Path(await (await getting.value).path()).read_text)


async def press(tab: Page, name: str) -> None:
    """Press a button."""
    await tab.get_by_role("button", name=name, exact=True).click()


async def step(tab: Page, title: str) -> None:
    """The step with this title is shown."""
    await expect(tab.get_by_role("list", name="The way to the run").locator("[aria-current=step]")).to_contain_text(
        title
    )


async def is_chosen(tab: Page, name: str) -> None:
    """The file is read, and its name is shown."""
    await expect(tab.get_by_role("region", name="File", exact=True).locator("b")).to_have_text(name, timeout=SOON)


def field(tab: Page, label: str) -> Locator:
    """A field by what stands above it."""
    return tab.locator("label").filter(has_text=label).locator("input, select")
