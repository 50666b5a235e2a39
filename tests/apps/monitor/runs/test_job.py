"""Runs of a real server, against real applications."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.testing.waiting import wait_until
from tests.apps.monitor.runs.stand import Stand, Targets, health, stand, targets


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


async def test_a_run_tells_every_test_once(at: Stand, there: Targets) -> None:
    """Under the seed's names, in its own channel and, for the feed, in that of all applications; its total is what is
    configured, and the numbers add up to it."""
    await at.know(health("good", f"{there.url}/ok"), health("bad", f"{there.url}/broken"), {"name": "nothing"})
    run = await at.ran()
    events = await at.events(run["channel"])
    (good,) = [one for one in events if one["type"] == "testCompleted"]
    (bad,) = [one for one in events if one["type"] == "testFailed"]
    last = [one for one in events if one["type"] == "progressUpdate"][-1]
    feed = [one["type"] for one in await at.events("applications")]

    assert run["status"] == "completed"
    summary = run["summary"]
    assert (summary["total"], summary["passed"], summary["failed"], summary["skipped"]) == (2, 1, 1, 0)
    told = await at.told(run["id"])
    assert sorted(told[1:-1]) == ["testCompleted good", "testFailed bad", "testStarted bad", "testStarted good"]
    assert (told[0], told[-1]) == ("testRunStarted", "testRunCompleted")
    assert {"testRunId": run["testRunId"], "testType": "health_check", "status": "passed"}.items() <= good.items()
    assert {"status": "failed", "code": "VALIDATION_FAILED", "error": bad["message"]}.items() <= bad.items()
    assert {"completed": 2, "total": 2, "running": 0, "queued": 0, "status": "completed"}.items() <= last.items()
    assert sorted(feed) == ["testCompleted", "testFailed", "testStarted", "testStarted"]
    assert sorted(at.monitor.heard) == [("bad", "failed"), ("good", "passed")]


async def test_a_retry_is_an_attempt_and_no_result(at: Stand, there: Targets) -> None:
    """What failed once and then passed has passed, has one result, and was told once."""
    await at.know(health("flapping", f"{there.url}/flapping"))
    run = await at.ran()

    (result,) = run["results"]
    assert (result["status"], [one["status"] for one in result["attempts"]]) == ("passed", ["failed", "passed"])
    assert await at.told(run["id"]) == [
        "testRunStarted", "testStarted flapping", "testCompleted flapping", "testRunCompleted",
    ]  # fmt: skip


async def test_what_is_more_important_goes_first(at: Stand, there: Targets) -> None:
    """Critical, high, medium, low; then by name."""
    order = ("low", "critical", "medium", "high")
    await at.know(*(health(f"one-{priority}", f"{there.url}/ok", priority=priority) for priority in order))
    run = await at.ran(parallel=1)

    started = [one for one in await at.told(run["id"]) if one.startswith("testStarted")]
    assert [one.removeprefix("testStarted one-") for one in started] == ["critical", "high", "medium", "low"]


async def test_pause_begins_nothing_and_ends_what_is_under_way(at: Stand, there: Targets) -> None:
    """Then it holds still, says so, and goes on when told; nothing is tested twice."""
    await at.know(*(health(f"slow-{number}", f"{there.url}/slow/{number}") for number in range(4)))
    run = await at.begin(parallel=2)
    await wait_until(lambda: len(there.asked) == 2)
    status, asked = await at.ask("POST", f"/api/tests/{run}/pause")
    there.let_go.set()
    await at.until(run, "paused")
    held = await at.get(f"/api/tests/{run}")
    again, refused = await at.ask("POST", f"/api/tests/{run}/pause")
    await at.ask("POST", f"/api/tests/task:{run}/resume")
    ended = await at.ended(run)

    assert (status, asked["status"], held["completed"], held["total"]) == (200, "running", 2, 4)
    assert (again, refused["error"]["code"]) == (409, "illegal_transition")
    assert (ended["status"], ended["summary"]["passed"], len(there.asked)) == ("completed", 4, 4)
    told = [one["status"] for one in await at.events(f"task:{run}") if one["type"] == "progressUpdate"]
    assert told[-1] == "completed"


async def test_cancel_ends_what_is_under_way(at: Stand, there: Targets) -> None:
    """At once; what did not end is skipped, each test that was started is told to have ended, and nothing that comes
    late changes the result."""
    await at.know(*(health(f"slow-{number}", f"{there.url}/slow/{number}") for number in range(3)))
    run = await at.begin(parallel=2)
    await wait_until(lambda: len(there.asked) == 2)
    await at.ask("DELETE", f"/api/tests/{run}")
    ended = await at.ended(run)
    there.let_go.set()

    summary = ended["summary"]
    assert (ended["status"], summary["total"], summary["skipped"]) == ("cancelled", 3, 3)
    assert {one["status"] for one in ended["results"]} == {"skipped"}
    told = await at.told(run)
    assert (told[0], told[-1]) == ("testRunStarted", "testRunCancelled")
    assert sum(one.startswith("testStarted") for one in told) == 2
    assert sum(one.startswith("testCompleted") for one in told) == 2
    assert (await at.get(f"/api/tests/{run}"))["summary"] == summary


async def test_a_run_that_nobody_works_on_is_closed_when_it_is_cancelled(at: Stand, there: Targets) -> None:
    """Also one that waits for its turn: it ends, and says so once."""
    await at.know(health("slow", f"{there.url}/slow"))
    busy = [await at.begin() for _ in range(4)]
    run = await at.begin()
    status, ended = await at.ask("DELETE", f"/api/tests/{run}")
    there.let_go.set()
    for one in busy:
        await at.ended(one)

    assert (status, ended["status"], ended["summary"]["skipped"]) == (200, "cancelled", 1)
    assert await at.told(run) == ["testRunCancelled"]


async def test_without_a_browser_login_tests_are_skipped(there: Targets, tmp_path: Path) -> None:
    """With the sentence what to install. A secret that is not there is a failure, with the sentence what to set. The
    rest of the run goes on."""
    login = {"url": there.url, "steps": [{"type": "click", "selector": "#go"}]}
    known = {**login, "credentials": {"username": "x", "passwordEnvVar": "HEADWAY_LOGIN_A"}}
    unknown = {**login, "credentials": {"username": "x", "passwordEnvVar": "HEADWAY_LOGIN_B"}}
    async with stand(tmp_path, environ={"HEADWAY_LOGIN_A": "hush"}) as at:
        await at.know(health("known", f"{there.url}/ok", loginTest=known), {"name": "unknown", "loginTest": unknown})
        run = await at.ran()

    told = {(one["name"], one["testType"]): (one["status"], one["message"]) for one in run["results"]}
    assert told["known", "health_check"][0] == "passed"
    assert told["known", "login_test"][0] == "skipped"
    assert "install" in told["known", "login_test"][1]
    assert told["unknown", "login_test"][0] == "failed"
    assert "HEADWAY_LOGIN_B is not set" in told["unknown", "login_test"][1]


async def test_a_server_that_stops_goes_on_with_the_run(there: Targets, tmp_path: Path) -> None:
    """After the restart: what had ended is not tested again, what was under way is, and everything is told once."""
    async with stand(tmp_path) as at:
        await at.know(health("good", f"{there.url}/ok", priority="high"), health("slow", f"{there.url}/slow"))
        run = await at.begin(parallel=1)
        await wait_until(lambda: there.count("/slow") == 1)
    there.let_go.set()
    async with stand(tmp_path) as at:
        ended = await at.ended(run)
        told = await at.told(run)

    assert (ended["status"], ended["summary"]["passed"], there.count("/ok")) == ("completed", 2, 1)
    assert [one["status"] for one in ended["results"][1]["attempts"]] == ["interrupted", "passed"]
    assert told == [
        "testRunStarted", "testStarted good", "testCompleted good", "testStarted slow", "testCompleted slow",
        "testRunCompleted",
    ]  # fmt: skip


async def test_bad_applications_end_in_a_code(at: Stand, there: Targets) -> None:
    """Unreachable, hanging, looping, endless, no TLS, an address that is not fetched from: each is told what it is, and
    none holds up the run."""
    quick = {"timeout": 500, "retryAttempts": 0}
    nasty = {"expectedPattern": "y"}
    await at.know(
        health("endless", f"{there.url}/endless", check={**quick, **nasty}),
        health("hanging", f"{there.url}/slow", check=quick),
        health("looping", f"{there.url}/loop/0", check=quick),
        health("metadata", "http://169.254.169.254/latest", check=quick),
        health("plain", there.url.replace("http:", "https:"), check=quick),
        health("unknown", "http://nobody.invalid/", check=quick),
        health("unreachable", "http://127.0.0.1:1/", check=quick),
    )
    run = await at.ran()

    codes = {one["name"]: (one["status"], one["code"]) for one in run["results"]}
    assert codes == {
        "endless": ("failed", "VALIDATION_FAILED"),
        "hanging": ("timeout", "TIMEOUT"),
        "looping": ("failed", "NETWORK_ERROR"),
        "metadata": ("failed", "VALIDATION_FAILED"),
        "plain": ("failed", "NETWORK_ERROR"),
        "unknown": codes["unknown"],
        "unreachable": ("failed", "NETWORK_ERROR"),
    }
    assert codes["unknown"][1] in ("NETWORK_ERROR", "TIMEOUT")
    assert all(one["message"] for one in run["results"])
