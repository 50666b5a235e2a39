"""The HTTP interface of runs: beginning, controlling, reading, and who may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import jwt
import pytest

from tests.apps.monitor.runs.stand import Json, Stand, Targets, health, stand, targets

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def there() -> AsyncIterator[Targets]:
    """Applications to be tested."""
    async with targets() as found:
        yield found


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Stand]:
    """A server that runs tests."""
    async with stand(tmp_path) as made:
        yield made


def token(**claims: Json) -> str:
    """Somebody's."""
    return jwt.encode({"sub": "ada", "exp": time.time() + 600, **claims}, SECRET, "HS256")


def contents(folder: Path) -> bytes:
    """Everything that files below a folder hold."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_chosen_applications_are_tested(at: Stand, there: Targets) -> None:
    """By name or id, or by what they are; the total is that of the plan."""
    await at.know(
        health("one", f"{there.url}/ok", tags=["eu"], environment="dev"),
        health("two", f"{there.url}/ok", tags=["eu", "blue"]),
        health("three", f"{there.url}/ok", isActive=False),
    )
    named = await at.ran("run-apps", applications=["three"])
    filtered = await at.ran("run-apps", filter={"tags": ["eu"], "environment": "prod"})
    everything = await at.ran("run-all", kinds=["health_check"], applications=["two"])

    assert [one["name"] for one in named["results"]] == ["three"]
    assert [one["name"] for one in filtered["results"]] == ["two"]
    assert [one["name"] for one in everything["results"]] == ["one", "two"]
    assert everything["applicationCount"] == 2


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("run-apps", {}, 400, "say which"),
        ("run-apps", {"applications": ["nobody"]}, 404, "no application 'nobody'"),
        ("run-all", {"kinds": ["login_test"]}, 400, "nothing to test"),
        ("run-all", {"kinds": []}, 400, "kinds names"),
        ("run-all", {"parallel": 1000}, 400, "parallel is between 1 and 50"),
        ("run-all", {"kindz": []}, 400, "kindz"),
    ],
)
async def test_what_cannot_be_run_is_refused(
    at: Stand, there: Targets, path: str, body: Json, status: int, said: str
) -> None:
    """With a sentence, before anything is begun."""
    await at.know(health("one", f"{there.url}/ok"))
    answered, told = await at.ask("POST", f"/api/tests/{path}", body)

    assert (answered, told["error"]["message"].count(said)) == (status, 1), told
    assert (await at.get("/api/tests/history"))["runs"] == []


async def test_failed_tests_are_repeated(at: Stand, there: Targets) -> None:
    """And they alone; where none failed there is nothing to repeat."""
    await at.know(health("bad", f"{there.url}/broken"), health("good", f"{there.url}/ok"))
    run = await at.ran()
    status, begun = await at.ask("POST", f"/api/tests/{run['id']}/retry")
    again = await at.ended(begun["task"])
    good = await at.ran("run-apps", applications=["good"])
    refused, _ = await at.ask("POST", f"/api/tests/{good['id']}/retry")

    assert (status, [one["name"] for one in again["results"]]) == (201, ["bad"])
    assert refused == 409


async def test_history_comes_in_pages(at: Stand, there: Targets) -> None:
    """Newest first, each once; what goes on is in the status."""
    await at.know(health("good", f"{there.url}/ok"), health("slow", f"{there.url}/slow"))
    ids = [(await at.ran("run-apps", applications=["good"]))["id"] for _ in range(3)]
    running = await at.begin("run-apps", applications=["slow"])
    status = await at.get("/api/tests/status")
    there.let_go.set()
    await at.ended(running)
    first = await at.get("/api/tests/history?limit=3")
    second = await at.get(f"/api/tests/history?limit=3&before={first['before']}")

    assert [one["id"] for one in status["running"]] == [running]
    assert [one["id"] for one in first["runs"] + second["runs"]] == [running, *ids[::-1]]
    assert second["before"] is None
    assert (await at.get("/api/tests/status"))["running"] == []


async def test_reports_can_be_had(at: Stand, there: Targets) -> None:
    """JUnit XML that a parser takes, JSON, and lines."""
    await at.know(health("bad", f"{there.url}/broken"), health("good", f"{there.url}/ok"))
    run = await at.ran()
    _, xml = await at.ask("GET", f"/api/tests/{run['id']}/report.xml")
    suite = ElementTree.fromstring(xml).find("testsuite")
    _, report = await at.ask("GET", f"/api/tests/task:{run['id']}/report.json")
    logs = (await at.get(f"/api/tests/{run['id']}/logs"))["logs"]

    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert report["summary"] == run["summary"]
    assert [one["level"] for one in logs if one["applicationName"] == "bad"] == ["warning", "error"]


async def test_a_run_that_is_begun_twice_by_one_key_is_one(at: Stand, there: Targets) -> None:
    """For a client that heard no answer."""
    await at.know(health("good", f"{there.url}/ok"))
    key = {"Idempotency_Key": "k1"}
    first, second = [(await at.ask("POST", "/api/tests/run-all", {}, **key))[1]["task"] for _ in range(2)]
    await at.ended(first)

    assert first == second
    assert len((await at.get("/api/tests/history"))["runs"]) == 1


async def test_a_deployment_begins_a_run(there: Targets, tmp_path: Path) -> None:
    """With the webhook's token and no other; the token is shown once, and kept nowhere as it is."""
    async with stand(tmp_path, secret=SECRET) as at:
        await at.know(health("good", f"{there.url}/ok"), health("bad", f"{there.url}/broken"))
        at.token = token(role="admin", channels=["*"])
        _, made = await at.ask("POST", "/api/monitor/webhook")
        admin, at.token = at.token, None
        body = {"application": "good", "version": "v7", "sender": {"whatever": 1}}
        hook = "/api/webhooks/deployment"
        nobody, _ = await at.ask("POST", hook, body)
        wrong, _ = await at.ask("POST", hook, body, X_Webhook_Token="no")
        right, begun = await at.ask("POST", hook, body, X_Webhook_Token=made["token"])
        at.token = admin
        run = await at.ended(begun["task"])
        shown = await at.get("/api/monitor/webhook")
        await at.ask("DELETE", "/api/monitor/webhook")
        at.token = None
        removed, _ = await at.ask("POST", hook, body, X_Webhook_Token=made["token"])
    kept = await asyncio.to_thread(contents, tmp_path)

    assert (nobody, wrong, right, removed) == (401, 401, 201, 401)
    assert (run["trigger"], run["name"], run["summary"]["total"]) == ("webhook", "After the deployment of v7", 1)
    assert "token" not in shown
    assert made["token"].encode() not in kept


async def test_who_may_what(there: Targets, tmp_path: Path) -> None:
    """Watchers watch what their token covers; operators run; administrators set what runs by itself."""
    async with stand(tmp_path, secret=SECRET) as at:
        await at.know(health("good", f"{there.url}/ok"))
        at.token = token(role="operator", channels=["*"])
        run = await at.ran()
        operator = (await at.ask("PUT", "/api/monitor/schedules", {"schedules": []}))[0]
        at.token = token(role="viewer", channels=["task:*"])
        viewer = [
            (await at.ask(*one))[0] for one in (("POST", "/api/tests/run-all"), ("DELETE", f"/api/tests/{run['id']}"))
        ]
        sees = (await at.ask("GET", f"/api/tests/{run['id']}"))[0]
        at.token = token(role="operator", channels=["other:*"])
        hidden = [
            (await at.ask("GET", f"/api/tests/{run['id']}"))[0],
            (await at.ask("POST", f"/api/tests/{run['id']}/retry"))[0],
            (await at.ask("DELETE", f"/api/tests/{run['id']}"))[0],
            len((await at.get("/api/tests/history"))["runs"]),
        ]

    assert (operator, viewer, sees) == (403, [403, 403], 200)
    assert hidden == [404, 404, 404, 0]


@pytest.mark.parametrize("name", ["..%2F..%2Frecords.db", "x.png", "%00", "a" * 500])
async def test_no_other_file_is_a_screenshot(at: Stand, name: str) -> None:
    """Whatever the path says."""
    status, _ = await at.ask("GET", f"/api/applications/one/screenshots/{name}")

    assert status in (400, 404)
