"""The public status page: what everybody may see, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from headway.apps.monitor.applications.model import definition_of
from headway.apps.monitor.public.page import FRESH_SECONDS, PublicSettings
from tests.apps.monitor.applications.desk import HTTP, Desk, desk

BADGE = "/api/status/badge"
SECRETS = ("shop.example.org", "10.0.0.7", "HEADWAY_LOGIN", "identity@", "Tills")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """A server that wants tokens, with a public page; who asks has none."""
    async with desk(tmp_path, secret="a secret of thirty-two characters, or more") as made:
        made.app.settings = PublicSettings(on=True, title="Our services")
        login = {
            "url": "https://shop.example.org/login",
            "credentials": {"username": "probe", "passwordEnvVar": "HEADWAY_LOGIN_SHOP"},
        }
        owner = {"team": "Tills", "email": "identity@example.org"}
        await add(made, name="shop", displayName="Shop", public=True, healthCheck=HTTP, loginTest=login, owner=owner)
        await add(made, name="hidden", displayName="Hidden", healthCheck=HTTP)
        made.app.known.fields = {
            "shop": {
                "status": "error",
                "since": 1_700_000_000.0,
                "message": "no connection to 10.0.0.7:443",
                "responseTime": 12.5,
                "uptime": {"1h": 0.0, "24h": 99.951, "7d": 98.0, "30d": None, "90d": None},
                "incident": {"id": "i", "began": 1_700_000_000.0, "message": "10.0.0.7 refused"},
                "certificate": {"issuer": "shop.example.org"},
            },
            "hidden": {"status": "healthy"},
        }
        yield made


async def add(at: Desk, **fields: object) -> None:
    """One more, by an administrator."""
    await at.app.applications.add(definition_of(fields))


async def test_the_page_shows_what_is_public_to_everybody(at: Desk) -> None:
    """Without a token: the status in a word, and no address, no message of a machine, no owner."""
    page = await at.get("/api/status")
    (shop,) = page["applications"]

    assert (page["title"], page["status"], page["counts"]["error"]) == ("Our services", "error", 1)
    assert (shop["name"], shop["displayName"], shop["status"]) == ("shop", "Shop", "error")
    assert (shop["message"], shop["incident"]) == ("It does not work.", {"began": 1_700_000_000.0})
    assert shop["uptime"] == {"24h": 99.951, "7d": 98.0, "30d": None, "90d": None}
    assert [one for one in (*SECRETS, "Hidden", "hidden") if one in str(page)] == []


async def test_there_is_no_page_until_it_is_switched_on(at: Desk) -> None:
    """Nor is there a badge."""
    at.app.settings = PublicSettings()

    assert (await at.ask("GET", "/api/status"))[0] == 404
    assert (await at.ask("GET", f"{BADGE}/shop.svg"))[0] == 404


async def test_many_who_look_ask_once(at: Desk) -> None:
    """For a few seconds; then it is gathered again."""
    for _ in range(5):
        await at.get("/api/status")
        await at.ask("GET", f"{BADGE}/shop.svg")
    once = at.app.known.asked
    at.app.known.fields["shop"] = {"status": "healthy"}
    kept = (await at.get("/api/status"))["status"]
    at.app.clock.advance(FRESH_SECONDS)
    fresh = (await at.get("/api/status"))["status"]

    assert once == 1
    assert (kept, fresh) == ("error", "healthy")


async def test_what_is_public_no_more_is_gone_at_once(at: Desk) -> None:
    """Whatever was gathered before."""
    await at.get("/api/status")
    await at.app.applications.change("shop", {"public": False})

    assert (await at.get("/api/status"))["applications"] == []
    assert (await at.ask("GET", f"{BADGE}/shop.json"))[0] == 404


async def test_a_hidden_application_is_not_told_from_none(at: Desk) -> None:
    """Not by its badge, in either form, nor by its id."""
    hidden, shop = (at.app.applications.get(name).id for name in ("hidden", "shop"))
    for ending in ("svg", "json"):
        answers = {msgspec.json.encode(str(await at.ask("GET", f"{BADGE}/{name}.{ending}"))) for name in
                   ("hidden", "nobody", hidden, shop)}  # fmt: skip

        assert len(answers) == 1
        assert b"404" in answers.pop()


async def test_a_badge_is_an_image_that_may_be_kept(at: Desk) -> None:
    """For a minute, on anybody's page; asked again with its tag, it is not sent again."""
    async with at.answer("GET", f"{BADGE}/shop.svg?show=uptime&window=24h") as answer:
        body, headers = await answer.read(), answer.headers
    async with at.answer("GET", f"{BADGE}/shop.svg?show=uptime", headers={"If-None-Match": headers["ETag"]}) as again:
        status = again.status
    said = [one.text for one in ElementTree.fromstring(body).iter("{http://www.w3.org/2000/svg}text")]

    assert headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert (headers["Cache-Control"], headers["Cross-Origin-Resource-Policy"]) == ("public, max-age=60", "cross-origin")
    assert said == ["uptime 24h", "99.95%"]
    assert status == 304


@pytest.mark.parametrize(
    ("query", "label", "message", "bad"),
    [
        ("", "Shop", "error", True),
        ("?show=uptime&window=7d", "uptime 7d", "98%", True),
        ("?show=uptime&window=30d", "uptime 30d", "no data", False),
        ("?show=response", "response time", "12 ms", False),
        ("?label=%3Cb%3E", "<b>", "error", True),
    ],
)
async def test_a_badge_is_what_shields_reads(at: Desk, query: str, label: str, message: str, bad: bool) -> None:
    """The schema of its endpoint badge."""
    badge = await at.get(f"{BADGE}/shop.json{query}")

    assert (badge["schemaVersion"], badge["label"], badge["message"], badge["isError"]) == (1, label, message, bad)
    assert len(badge["color"]) == 6


async def test_a_badge_of_something_else_is_refused(at: Desk) -> None:
    """With what there is."""
    status, error = await at.ask("GET", f"{BADGE}/shop.svg?show=colour")

    assert (status, error["error"]["message"]) == (400, "show is one of status, uptime, response")


async def test_the_worst_stands_for_the_page(at: Desk) -> None:
    """Error before warning before maintenance; what nobody looks at says nothing."""
    for name in ("one", "two", "three"):
        await add(at, name=name, public=True, healthCheck=HTTP)

    async def status(**statuses: str) -> str:
        at.app.known.fields = {name: {"status": one} for name, one in statuses.items()}
        at.app.clock.advance(FRESH_SECONDS)
        return str((await at.get("/api/status"))["status"])

    assert await status(shop="healthy", one="warning", two="maintenance") == "warning"
    assert await status(shop="healthy", one="maintenance") == "maintenance"
    assert await status(shop="healthy", one="paused") == "healthy"
    assert await status() == "unknown"
