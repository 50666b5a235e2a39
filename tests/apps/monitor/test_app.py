"""The monitor as it is joined, on a real server: what one part finds, the others show."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from headway.apps.monitor.app import Monitor
from headway.apps.monitor.options import Options
from headway.server.live import Headway
from headway.testing.serving import Address, serving
from headway.testing.waiting import wait_until
from tests.apps.monitor.checks.targets import Asked, Target, answer, answering
from tests.apps.monitor.checks.targets import serving as serving_target

Json = Any  # JSON
TERMINAL = ("completed", "failed", "cancelled")
ONCE = {"interval": 86_400, "retryAttempts": 0}
"""Nobody looks but who is asked to."""


@dataclass(slots=True)
class Watch:
    """What one can ask of the server."""

    address: Address
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """One request; status and body."""
        async with self.http.request(method, self.address.http(path), json=body) as answer:
            raw = await answer.read()
            return answer.status, (await answer.json() if answer.content_type == "application/json" else raw.decode())

    async def get(self, path: str) -> Json:
        """What is there."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def add(self, name: str, target: Target, **more: Json) -> Json:
        """Have it watched."""
        check = {"url": target.url(), **ONCE}
        status, body = await self.ask("POST", "/api/applications", {"name": name, "healthCheck": check, **more})
        assert status == 201, body
        return body

    async def look(self, name: str) -> Json:
        """Check it now."""
        status, body = await self.ask("POST", f"/api/applications/{name}/test")
        assert status == 200, body
        return body

    async def card(self, name: str) -> Json:
        """As it is shown."""
        return await self.get(f"/api/applications/{name}")


@asynccontextmanager
async def watch(data: Path | None = None, **options: Any) -> AsyncIterator[Watch]:  # Any: the monitor's
    """A server with a monitor."""
    live = Headway(data, apps=[Monitor(Options(**options))])
    async with serving(live) as address, aiohttp.ClientSession() as http:
        yield Watch(address, http)


@asynccontextmanager
async def failing() -> AsyncIterator[Target]:
    """An application that answers with 500."""
    async with answering(answer(status="500 Oh")) as target:
        yield target


async def test_what_is_added_is_looked_at_and_its_card_says_so(tmp_path: Path) -> None:
    """Over REST, and on the channel of all applications; the sample stands in its history."""
    async with answering(answer()) as target, watch(tmp_path) as at:
        added = await at.add("shop", target)
        looked = await at.look("shop")

        card = await at.card("shop")
        assert (looked["status"], card["status"], card["id"]) == ("healthy", "healthy", added["id"])
        assert card["responseTime"] is not None
        assert card["lastChecked"] is not None
        assert (await at.get("/api/applications"))["counts"]["healthy"] == 1
        assert (await at.get("/api/applications/shop/samples"))["samples"]
        events = (await at.get("/api/channels/applications/events?since="))["events"]
        (told,) = [one for one in events if one["type"] == "applicationStatusUpdate"][-1:]
        assert (told["key"], told["status"]) == (f"application/{added['id']}", "healthy")
        assert target.asked


async def test_two_bad_looks_are_an_incident(tmp_path: Path) -> None:
    """One is none: the threshold of an application that says nothing else is two."""
    async with failing() as target, watch(tmp_path) as at:
        await at.add("shop", target)
        await at.look("shop")
        assert (await at.card("shop"))["incident"] is None
        await at.look("shop")

        card = await at.card("shop")
        assert card["status"] == "error"
        assert "500" in card["message"]
        (incident,) = (await at.get("/api/applications/shop/incidents"))["incidents"]
        assert card["incident"]["id"] == incident["id"]


async def test_a_run_tests_all_and_the_cards_know_it(tmp_path: Path) -> None:
    """The last test of a card is that of the run; a run decides nothing about how an application stands."""
    async with answering(answer()) as good, failing() as bad, watch(tmp_path) as at:
        await at.add("good", good)
        await at.add("bad", bad)
        status, begun = await at.ask("POST", "/api/tests/run-all", {})
        assert (status, begun["total"]) == (201, 2)

        async def over() -> bool:
            return (await at.get(f"/api/tests/{begun['task']}"))["status"] in TERMINAL

        await wait_until(over)
        run = await at.get(f"/api/tests/{begun['testRunId']}")
        assert (run["summary"]["passed"], run["summary"]["failed"]) == (1, 1)

        async def known() -> bool:
            cards = [await at.card(name) for name in ("good", "bad")]
            return [(one["lastTest"] or {}).get("status") for one in cards] == ["passed", "failed"]

        await wait_until(known)
        assert (await at.card("good"))["lastTest"]["testRunId"] == begun["testRunId"]
        assert (await at.get("/api/applications/bad/incidents"))["incidents"] == []


async def test_the_status_page_shows_what_is_public_alone(tmp_path: Path) -> None:
    """Nothing, until an administrator wants it."""
    async with answering(answer()) as target, watch(tmp_path) as at:
        await at.add("shop", target, public=True)
        await at.add("vault", target)
        await at.look("shop")
        assert (await at.ask("GET", "/api/status"))[0] == 404
        assert (await at.ask("PUT", "/api/monitor/settings", {"public": {"on": True}}))[0] == 200

        page = await at.get("/api/status")
        badge = await at.get("/api/status/badge/shop.json")
        assert "shop" in str(page)
        assert "vault" not in str(page)
        assert badge["message"] == "healthy"


async def test_metrics_name_each_application(tmp_path: Path) -> None:
    """Whether it is up, among others."""
    async with answering(answer()) as target, watch(tmp_path) as at:
        await at.add("shop", target)
        await at.look("shop")

        metrics = await at.get("/metrics")
        assert 'headway_application_up{application="shop",environment="production"} 1' in metrics


async def test_a_restart_keeps_how_applications_stand(tmp_path: Path) -> None:
    """And the incident, which another look does not begin again."""
    async with failing() as target:
        async with watch(tmp_path) as at:
            await at.add("shop", target)
            for _ in range(2):
                await at.look("shop")
            before = await at.card("shop")
        async with watch(tmp_path) as at:
            after = await at.card("shop")
            await at.look("shop")
            incidents = (await at.get("/api/applications/shop/incidents"))["incidents"]

    shown = ("id", "status", "since", "message", "lastChecked")
    assert [after[name] for name in shown] == [before[name] for name in shown]
    assert after["incident"]["id"] == before["incident"]["id"]
    assert [one["id"] for one in incidents] == [before["incident"]["id"]]


async def test_a_file_is_followed(tmp_path: Path) -> None:
    """What it has no more is gone, and the API leaves alone what is the file's."""
    file = tmp_path / "applications.yaml"
    async with answering(answer()) as target:
        text = "applications:\n" + "".join(
            f"  - name: {name}\n    healthCheck: {{url: '{target.url()}', interval: 86400}}\n" for name in ("a", "b")
        )
        file.write_text(text)
        async with watch(tmp_path / "data", file=file) as at:
            assert (await at.look("a"))["status"] == "healthy"
            assert (await at.card("b"))["managedBy"] == "file"
            assert (await at.ask("DELETE", "/api/applications/b"))[0] == 409
            assert (await at.get("/api/monitor/settings"))["file"] == {"name": file.name, "problem": None}

            file.write_text(text.partition("  - name: b")[0])

            async def gone() -> bool:
                return (await at.ask("GET", "/api/applications/b"))[0] == 404

            await wait_until(gone)
            assert (await at.card("a"))["status"] == "healthy"


async def test_what_is_under_way_ends_with_the_server(tmp_path: Path) -> None:
    """A look at somebody who never answers does not hold it up."""

    async def silent(asked: Asked, reader: Any, writer: Any) -> None:  # Any: asyncio's
        await reader.read()

    async with serving_target(silent) as target:
        async with watch(tmp_path) as at:
            await at.add("shop", target, healthCheck={"url": target.url(), "interval": 5, "timeout": 60_000})
            looking = asyncio.create_task(at.ask("POST", "/api/applications/shop/test"))
            await wait_until(lambda: bool(target.asked))
        with contextlib.suppress(aiohttp.ClientError):
            assert (await looking)[0] >= 400
