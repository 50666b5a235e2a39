"""One test, from its first attempt to its result."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headway.apps.monitor.checks.configuration import check_of
from headway.apps.monitor.logins.model import LoginTest
from headway.apps.monitor.runs import plan
from headway.apps.monitor.runs.conducting import Conductor
from headway.apps.monitor.runs.equipment import Equipment
from headway.apps.monitor.runs.model import Attempt, Kind, Result, Subject
from headway.clock import SystemClock
from tests.apps.monitor.runs.stand import Targets, no_browser, targets
from tests.browsers.site import PASSWORD, USERNAME, Site, serving


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """An application to sign in to."""
    with serving() as found:
        yield found


@pytest.fixture
async def there() -> AsyncIterator[Targets]:
    """Applications to be tested."""
    async with targets() as found:
        yield found


@pytest.fixture
async def equipment(tmp_path: Path) -> AsyncIterator[Equipment]:
    """That of a machine without a browser."""
    made = Equipment(
        tmp_path,
        clock=SystemClock(),
        new_id=lambda: uuid.uuid4().hex,
        environ={"HEADWAY_LOGIN_A": PASSWORD, "HEADWAY_LOGIN_B": "not-the-one"},
        finding=no_browser,
    )
    await made.open()
    yield made
    await made.close()


async def conducted(
    conductor: Conductor, earlier: tuple[Attempt, ...] = (), **fields: Any
) -> Result:  # Any: a subject's
    """One test of a subject."""
    subject = Subject("id", 1, "one", "One", **fields)
    (test,) = plan.tests_of(subject, Kind)
    return await conductor.conduct(test, subject, lambda why: None, earlier)


def form(site: Site, variable: str, path: str = "/login") -> LoginTest:
    """A login without a browser."""
    return msgspec.convert(
        {
            "url": site.url + path,
            "credentials": {"username": USERNAME, "passwordEnvVar": variable},
            "successCriteria": {"selectors": ["#welcome"]},
        },
        LoginTest,
    )


@pytest.mark.parametrize(
    ("check", "status", "code", "attempts"),
    [
        ({"url": "{}/ok"}, "passed", None, 1),
        ({"url": "{}/broken"}, "failed", "VALIDATION_FAILED", 2),
        ({"url": "{}/slow", "timeout": 100, "retryAttempts": 0}, "timeout", "TIMEOUT", 1),
        ({"url": "http://127.0.0.1:1/"}, "failed", "NETWORK_ERROR", 2),
        ({"url": "http://169.254.169.254/"}, "failed", "VALIDATION_FAILED", 1),
    ],
)
async def test_checks_end_in_a_code(
    equipment: Equipment, there: Targets, check: dict[str, Any], status: str, code: str | None, attempts: int
) -> None:
    """What may pass the second time is tried twice; what this server does not fetch is not."""
    written = {**check, "url": check["url"].format(there.url), "retryDelay": 0}
    result = await conducted(Conductor(equipment), health=check_of(written))

    assert (result.status, result.code, len(result.attempts)) == (status, code, attempts)


async def test_all_attempts_together_are_bounded(equipment: Equipment, there: Targets) -> None:
    """Whatever the check itself would allow; what was tried before it is kept."""
    check = check_of({"url": f"{there.url}/slow", "timeout": 60_000})
    result = await conducted(Conductor(equipment, bound=0.2), (Attempt("interrupted"),), health=check)

    assert (result.status, result.code) == ("timeout", "TIMEOUT")
    assert [one.status for one in result.attempts] == ["interrupted", "timeout"]
    assert there.count("/slow") == 1


async def test_a_wrong_password_is_sent_once(equipment: Equipment, site: Site) -> None:
    """Accounts are locked for less. No secret is in the result."""
    conductor = Conductor(equipment)
    right = await conducted(conductor, login=form(site, "HEADWAY_LOGIN_A"))
    wrong = await conducted(conductor, login=form(site, "HEADWAY_LOGIN_B"))

    assert (right.status, right.code) == ("passed", None)
    assert (wrong.status, wrong.code, len(wrong.attempts)) == ("failed", "AUTHENTICATION_FAILED", 1)
    assert not any(secret in str((right, wrong)) for secret in ("not-the-one", PASSWORD, USERNAME))


async def test_an_application_that_is_gone_is_skipped(equipment: Equipment) -> None:
    """So is one that has the test no more."""
    conductor = Conductor(equipment)
    had = Subject("id", 1, "one", "One", health=check_of({"url": "http://localhost/"}))
    (test,) = plan.tests_of(had, Kind)
    results = [
        await conductor.conduct(test, subject, lambda why: None) for subject in (None, Subject("id", 1, "one", "One"))
    ]

    assert [result.status for result in results] == ["skipped", "skipped"]
    assert "removed" in results[0].message


async def test_a_mistake_of_ours_is_a_result(equipment: Equipment, caplog: pytest.LogCaptureFixture) -> None:
    """It ends one test, not the run."""

    class Broken(Equipment):
        async def health(self, check: object) -> Any:  # Any: it never returns
            raise RuntimeError("hush")

    broken = Broken(Path("/nowhere"), clock=SystemClock(), new_id=lambda: "x", finding=no_browser)
    result = await conducted(Conductor(broken), health=check_of({"url": "http://localhost/"}))

    assert (result.status, "hush" in result.message) == ("failed", False)
    assert "could not be done" in caplog.text


async def test_cancelling_leaves_nothing(equipment: Equipment, there: Targets) -> None:
    """It is not a result."""
    check = check_of({"url": f"{there.url}/slow"})
    running = asyncio.create_task(conducted(Conductor(equipment), health=check))
    await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
