"""Runs with real browsers, and what is left of them when the server is killed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from headway.testing.waiting import wait_until
from tests.apps.monitor.runs.stand import Json, Targets, health, milestones, process, stand, targets
from tests.browsers.site import PASSWORD, USERNAME, Site, programs, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """An application to sign in to."""
    programs()
    with serving() as found:
        yield found


@pytest.fixture
async def there() -> AsyncIterator[Targets]:
    """Applications to be tested."""
    async with targets() as found:
        yield found


def login(url: str, *steps: Json, **more: Json) -> Json:
    """A login test in a browser."""
    return {
        "url": url,
        "credentials": {"username": USERNAME, "passwordEnvVar": "HEADWAY_LOGIN_X"},
        "steps": steps,
        **more,
    }


SIGN_IN = (
    {"type": "type", "selector": "#user", "text": "{username}"},
    {"type": "type", "selector": "#password", "text": "{password}"},
    {"type": "click", "selector": "text=Sign in"},
)


def browsers_of(folder: Path) -> list[str]:
    """Processes that live in a folder of leases, and the dead that nobody of ours has buried."""
    living = [str(one) for one in psutil.process_iter() if str(folder) in " ".join(_words(one))]
    return living + [str(one) for one in psutil.Process().children(recursive=True) if _dead(one)]


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def _dead(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.status() == psutil.STATUS_ZOMBIE
    return False


async def test_login_tests_pass_and_fail_with_a_picture(site: Site, there: Targets, tmp_path: Path) -> None:
    """Side by side with a health check. A failure has its code and a screenshot that can be fetched; no secret is in
    any event, result, log or report, and no browser is left."""
    criteria = {"successCriteria": {"selectors": ["#welcome"], "timeout": 5.0}}
    right, wrong = (
        {"HEADWAY_LOGIN_X": PASSWORD, "HEADWAY_LOGIN_Y": "not-the-one"},
        {"passwordEnvVar": "HEADWAY_LOGIN_Y"},
    )
    bad = {"username": USERNAME, **wrong}
    async with stand(tmp_path, browsers=True, environ={"PATH": "/usr/bin:/bin", **right}) as at:
        await at.know(
            health("good", f"{there.url}/ok"),
            {"name": "in", "loginTest": login(f"{site.url}/login", *SIGN_IN, **criteria)},
            {"name": "refused", "loginTest": {**login(f"{site.url}/login", *SIGN_IN, **criteria), "credentials": bad}},
        )
        run = await at.ran()
        events = await at.events(run["channel"])
        (failed,) = [one for one in events if one["type"] == "testFailed"]
        _, picture = await at.ask("GET", failed["screenshot"])
        everything = [str(events), str(run)]
        for part in ("logs", "report.xml", "report.json"):
            everything.append(str((await at.ask("GET", f"/api/tests/{run['id']}/{part}"))[1]))

    status = {one["name"]: (one["status"], one["code"]) for one in run["results"]}
    assert status == {
        "good": ("passed", None),
        "in": ("passed", None),
        "refused": ("failed", "AUTHENTICATION_FAILED"),
    }
    assert picture.startswith(b"\x89PNG")
    assert len(next(one for one in run["results"] if one["name"] == "refused")["attempts"]) == 1
    assert not [text for text in everything if "not-the-one" in text or PASSWORD in text or USERNAME in text]
    assert await asyncio.to_thread(lambda: list((tmp_path / "monitor" / "browsers").iterdir())) == []


async def test_cancel_ends_browsers(site: Site, tmp_path: Path) -> None:
    """A page that never loads is left at once, and the browser is gone when the run has ended."""
    hanging = login(f"{site.url}/never", {"type": "click", "selector": "#no"})
    async with stand(tmp_path, browsers=True, environ={"PATH": "/usr/bin:/bin", "HEADWAY_LOGIN_X": "x-hush"}) as at:
        await at.know(*({"name": f"hangs-{number}", "loginTest": hanging} for number in range(3)))
        before = site.visited.count("/never")
        run = await at.begin()
        await wait_until(lambda: site.visited.count("/never") == before + 2, within=60)
        waiting = [one.get("waiting") for one in await at.events(f"task:{run}") if one["type"] == "progressUpdate"]
        await at.ask("DELETE", f"/api/tests/{run}")
        ended = await at.ended(run)
        left = await asyncio.to_thread(browsers_of, tmp_path)

    assert (ended["status"], ended["summary"]["skipped"]) == ("cancelled", 3)
    assert "waiting for 1 of 2 browsers" in waiting
    assert left == []


async def test_a_killed_server_goes_on_with_the_run(site: Site, there: Targets, tmp_path: Path) -> None:
    """`kill -9` in the middle of a run: after the restart it resumes, nothing is told twice, what was under way is one
    more attempt of the same result, and the browser that was left is gone."""
    known = [
        health("good", f"{there.url}/ok", priority="critical"),
        health("slow", f"{there.url}/slow"),
        {"name": "hangs", "loginTest": login(f"{site.url}/never", {"type": "click", "selector": "#no"}, timeout=2.0)},
    ]
    before = site.visited.count("/never")
    async with process(tmp_path, known, browsers=True) as at:
        run = await at.begin()
        await wait_until(
            lambda: site.visited.count("/never") > before and there.count("/slow") == 1 and there.count("/ok") == 1,
            within=60,
        )
        await at.until_told(run, "testCompleted good")
    orphans = await asyncio.to_thread(browsers_of, tmp_path)
    there.let_go.set()
    async with process(tmp_path, known, browsers=True) as at:
        ended = await at.ended(run)
        events, feed = await at.events(f"task:{run}"), await at.events("applications")
        left = await asyncio.to_thread(browsers_of, tmp_path)

    assert orphans
    assert left == []
    results = {one["name"]: one for one in ended["results"]}
    assert (ended["status"], ended["summary"]["total"]) == ("completed", 3)
    assert (results["good"]["status"], results["slow"]["status"]) == ("passed", "passed")
    assert results["hangs"]["status"] in ("timeout", "failed")
    assert [one["status"] for one in results["slow"]["attempts"]] == ["interrupted", "passed"]
    assert results["hangs"]["attempts"][0]["status"] == "interrupted"
    assert there.count("/ok") == 1
    for told in (Counter(milestones(events)), Counter(milestones(feed))):
        assert set(told.values()) == {1}
    assert milestones(events)[-1] == "testRunCompleted"
