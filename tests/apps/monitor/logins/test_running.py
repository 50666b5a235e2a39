"""A login test in a real browser, against a real application."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headway.apps.monitor.logins import running
from headway.apps.monitor.logins.credentials import Secrets
from headway.apps.monitor.logins.model import LoginTest, Outcome, Result, StepResult, StepStatus
from headway.browsers.faults import Fault, NoBrowser
from headway.browsers.pool import Pool
from headway.browsers.session import Session
from headway.browsers.sources import Local
from headway.clock import SystemClock
from tests.browsers.site import PASSWORD, USERNAME, Site, programs, serving

pytestmark = pytest.mark.browser

_RIGHT = Secrets(USERNAME, PASSWORD)
_FILL = [
    {"type": "type", "selector": "#user", "text": "{username}"},
    {"type": "type", "selector": "label=User", "text": "{username}"},
    {"type": "type", "selector": "#password", "text": "{password}"},
]
_SEND = {"type": "click", "selector": "text=Sign in"}
_CRITERIA = {"selectors": ["#welcome"], "urlPattern": "/home$", "textContent": ["Welcome, probe"]}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The application to sign in to."""
    with serving() as found:
        yield found


@pytest.fixture
def local(tmp_path: Path) -> Local:
    """This machine's browsers."""
    return Local(programs(), tmp_path / "browsers", lambda: uuid.uuid4().hex)


def _login(site: Site, **fields: Any) -> LoginTest:  # Any: JSON
    written = {
        "url": f"{site.url}/login",
        "credentials": {"username": "x", "passwordEnvVar": "X"},
        "steps": [*_FILL, _SEND],
        "successCriteria": {**_CRITERIA, "timeout": 5.0},
        **fields,
    }
    return msgspec.convert(written, LoginTest)


async def _run(login: LoginTest, session: Session, site: Site, secrets: Secrets = _RIGHT) -> Result:
    return await running.run(login, session, secrets, allowed=site.allows, pause=lambda _: None, clock=SystemClock())


async def test_signs_in_and_out_again(local: Local, site: Site) -> None:
    """The steps pass, the criteria hold, the clean-up is done, and every step was told as it ended."""
    cleanup = [{"type": "click", "selector": "#out"}, {"type": "click", "selector": "#no", "timeout": 0.2}]
    custom = {**_CRITERIA, "customValidation": "() => document.cookie.includes('csrf')"}
    login = _login(site, cleanupSteps=cleanup, successCriteria=custom)
    told: list[StepResult] = []
    result = await running.run_in(
        Pool(1, lambda: Session.start(local)), login, _RIGHT,
        allowed=site.allows, pause=lambda _: None, clock=SystemClock(), told=told.append,
    )  # fmt: skip

    assert (result.outcome, result.fault, result.message) == (Outcome.PASSED, None, "")
    assert result.url == f"{site.url}/home"
    assert [step.kind for step in result.steps] == ["navigate", "type", "type", "type", "click"]
    assert {step.status for step in result.steps} == {StepStatus.PASSED}
    assert [step.status for step in result.cleanup] == [StepStatus.PASSED, StepStatus.FAILED]
    assert told == [*result.steps, *result.cleanup]
    assert result.page is not None
    assert result.page.status == 200
    assert result.pictures == ()
    assert PASSWORD not in str(dataclasses.asdict(result))


async def test_failures_are_told_apart_and_keep_the_secret(local: Local, site: Site) -> None:
    """A wrong password, a page that is not what it should be, a missing element and a slow page have codes of their
    own; each with a picture, and none with a secret."""
    wrong = Secrets(USERNAME, "not-the-one")
    async with Session.opened(local) as session:
        refused = await _run(_login(site), session, site, wrong)
        elsewhere = {"selectors": ["#no"], "timeout": 0.3}
        asserted = await _run(_login(site, successCriteria=elsewhere), session, site)
        optional = {"type": "click", "selector": "#no", "optional": True, "timeout": 0.2}
        missing = {"type": "click", "selector": "#gone", "timeout": 0.3, "description": f"press {USERNAME}"}
        absent = await _run(_login(site, steps=[optional, missing]), session, site)
        never = [{"type": "navigate", "url": "/never", "timeout": 0.3}]
        slow = await _run(_login(site, steps=never, screenshotOnFailure=False), session, site)

    assert (refused.outcome, refused.fault) == (Outcome.FAILED, Fault.AUTHENTICATION_FAILED)
    assert "Wrong user name or password." in refused.message
    assert (asserted.outcome, asserted.fault) == (Outcome.FAILED, Fault.ASSERTION_FAILED)
    assert (absent.outcome, absent.fault) == (Outcome.FAILED, Fault.ELEMENT_NOT_FOUND)
    assert [step.status for step in absent.steps] == [StepStatus.PASSED, StepStatus.SKIPPED, StepStatus.FAILED]
    assert (slow.outcome, slow.fault) == (Outcome.TIMEOUT, Fault.TIMEOUT)
    assert [picture.name for picture in refused.pictures] == ["01-failure.png"]
    assert refused.pictures[0].png.startswith(b"\x89PNG")
    assert slow.pictures == ()
    everything = str([dataclasses.asdict(result) for result in (refused, asserted, absent, slow)])
    assert "not-the-one" not in everything
    assert USERNAME not in everything


async def test_a_test_that_hangs_is_ended(local: Local, site: Site) -> None:
    """The test's own time bounds steps and criteria, and whatever is asked afterwards is bounded too."""
    hanging = [{"type": "waitForFunction", "condition": "false", "timeout": 100}]
    async with Session.opened(local) as session:
        result = await _run(_login(site, steps=hanging, timeout=2.0), session, site)

    assert len(result.pictures) == 1
    assert (result.outcome, result.fault) == (Outcome.TIMEOUT, Fault.TIMEOUT)
    assert result.message


async def test_a_browser_that_crashes_is_told(local: Local, site: Site, tmp_path: Path) -> None:
    """`kill -9` in the middle of a step ends the test at once with a code, and nothing is left."""
    steps = [{"type": "navigate", "url": "/empty"}, {"type": "waitForFunction", "condition": "false", "timeout": 100}]

    def kill(step: StepResult) -> None:
        # Chromium's lock is a link to nothing, whose text ends with its number.
        (lock,) = ((folder / "profile" / "SingletonLock") for folder in (tmp_path / "browsers").iterdir())
        os.kill(int(str(lock.readlink()).rpartition("-")[2]), signal.SIGKILL)

    result = await running.run_in(
        Pool(1, lambda: Session.start(local)), _login(site, steps=steps), _RIGHT,
        allowed=site.allows, pause=lambda _: None, clock=SystemClock(), told=kill,
    )  # fmt: skip

    assert (result.outcome, result.fault) == (Outcome.FAILED, Fault.BROWSER_CRASHED)
    assert await asyncio.to_thread(lambda: list((tmp_path / "browsers").iterdir())) == []


async def test_without_a_browser_the_test_is_skipped(site: Site) -> None:
    """It could not be tried, and the sentence says what to install."""

    async def start() -> Session:
        raise NoBrowser("There is no Chromium or Chrome on this machine; install one.")

    result = await running.run_in(
        Pool(1, start), _login(site), _RIGHT, allowed=site.allows, pause=lambda _: None, clock=SystemClock()
    )

    assert (result.outcome, result.fault) == (Outcome.SKIPPED, Fault.VALIDATION_FAILED)
    assert "install" in result.message
