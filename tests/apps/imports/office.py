"""A server with imports on it, and what people do there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from headway.apps.imports.app import Imports
from headway.sandbox.server import Sandbox
from headway.server.live import Headway
from headway.testing.serving import Address, serving

Json = Any  # JSON

COLUMNS = ("username", "email", "first name", "last name", "password")
TERMINAL = ("completed", "failed", "cancelled")


def row(number: int, **more: str) -> dict[str, str]:
    """One good row."""
    good = {
        "username": f"user{number}",
        "email": f"user{number}@example.com",
        "first name": f"Ada{number}",
        "last name": "Lovelace",
        "password": f"Correct-horse-{number}!",
    }
    return good | more


def csv(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> bytes:
    """A file of them."""
    lines = [",".join(columns), *(",".join(one.get(name, "") for name in columns) for one in rows)]
    return "\n".join(lines).encode()


@dataclass(slots=True)
class Office:
    """What one can ask of the server."""

    live: Headway
    address: Address
    http: aiohttp.ClientSession
    token: str | None = None

    async def ask(
        self, method: str, path: str, body: Json = None, **options: Any
    ) -> tuple[int, Json]:  # Any: aiohttp's
        """One request; status and body."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        async with self.http.request(method, self.address.http(path), headers=headers, **options) as answer:
            raw = await answer.read()
            kind = answer.content_type
            return answer.status, (await answer.json() if kind == "application/json" and raw else raw)

    async def get(self, path: str) -> Json:
        """What is there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def upload(self, content: bytes, name: str = "users.csv") -> tuple[int, Json]:
        """Upload a file as a browser does."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="text/csv")
        return await self.ask("POST", "/api/imports/files", data=form)

    async def uploaded(self, rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> Json:
        """A file of rows, uploaded."""
        status, body = await self.upload(csv(rows, columns))
        assert status == 201, body
        return body

    async def begin(self, upload: Json, **options: Json) -> Json:
        """Begin a run of a file, with the mapping that was proposed."""
        mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
        wanted = {"kind": "import", "target": "sandbox", "file": upload["id"], "mapping": mapping, **options}
        status, body = await self.ask("POST", "/api/imports/runs", wanted)
        assert status == 201, body
        return body

    async def ended(self, run: str) -> Json:
        """The run, when it has ended."""
        events = f"/api/channels/task:{run}/events"
        since = ""
        while (shown := await self.get(f"/api/imports/runs/{run}"))["status"] not in TERMINAL:
            # What changes it is an event of its channel.
            since = (await self.get(f"{events}?since={since}&wait=5"))["position"]
        return shown

    async def imported(self, upload: Json, **options: Json) -> Json:
        """A run of a file, ended."""
        return await self.ended((await self.begin(upload, **options))["run"])

    async def events(self, run: str) -> list[Json]:
        """Everything its channel was told."""
        found, since = list[Json](), ""
        while (page := await self.get(f"/api/channels/task:{run}/events?limit=1000&since={since}"))["events"]:
            found += page["events"]
            since = page["position"]
        return found

    async def users(self) -> list[str]:
        """Who is in the embedded sandbox."""
        target = next(one for one in (await self.get("/api/imports/targets"))["targets"] if one["id"] == "sandbox")
        page = target["api"].removesuffix("/v1") + f"/__sandbox/usernames?environment={target['environment']}"
        async with self.http.get(page) as answer:
            assert answer.status == 200, await answer.text()
            return list((await answer.json())["usernames"])


def contains(folder: Path, text: str) -> list[str]:
    """Files below a folder that hold a text."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if text.encode() in file.read_bytes()]


@asynccontextmanager
async def office(data: Path | None = None, **options: Any) -> AsyncIterator[Office]:  # Any: Headway's
    """A server with imports."""
    live = Headway(data, apps=[Imports()], **options)
    async with serving(live) as address, aiohttp.ClientSession() as http:
        yield Office(live, address, http)


@asynccontextmanager
async def elsewhere(**options: Any) -> AsyncIterator[tuple[Sandbox, dict[str, Json]]]:  # Any: the sandbox's
    """A sandbox beside the server, and what a target of it is."""
    async with Sandbox(**options) as sandbox:
        known = sandbox.credentials
        yield (
            sandbox,
            {
                "name": "Elsewhere",
                "environment": sandbox.environment,
                "worker_environment": known.environment,
                "client_id": known.client_id,
                "secret": known.client_secret,
                "api": sandbox.api,
                "auth": sandbox.auth,
                "rate": 5_000,
            },
        )


__all__ = ["COLUMNS", "Office", "contains", "csv", "elsewhere", "office", "row"]
