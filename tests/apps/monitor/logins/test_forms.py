"""The light login test, against a real application."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from headway.apps.monitor.logins import forms
from headway.apps.monitor.logins.credentials import Secrets
from headway.apps.monitor.logins.model import LoginTest, Outcome, Result
from headway.apps.monitor.logins.visiting import connect_by
from headway.browsers.faults import Fault
from headway.browsers.gate import Gate
from headway.clock import SystemClock
from headway.egress import Egress
from tests.browsers.site import PASSWORD, USERNAME, Site, serving

_RIGHT = Secrets(USERNAME, PASSWORD)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The application to sign in to."""
    with serving() as found:
        yield found


async def _run(site: Site, path: str = "/login", secrets: Secrets = _RIGHT, **fields: Any) -> Result:  # Any: JSON
    written = {"url": site.url + path, "credentials": {"username": "x", "passwordEnvVar": "X"}, **fields}
    return await forms.run(msgspec.convert(written, LoginTest), secrets, allowed=site.allows, clock=SystemClock())


async def test_signs_in(site: Site) -> None:
    """Cookies and the token against forgery go back, the redirect is followed, and the criteria hold."""
    criteria = {"selectors": ["h1#welcome"], "urlPattern": "/home$", "textContent": ["Welcome, probe"]}
    result = await _run(site, successCriteria=criteria)

    assert (result.outcome, result.fault, result.message) == (Outcome.PASSED, None, "")
    assert result.url == f"{site.url}/home"
    assert [step.kind for step in result.steps] == ["navigate", "submit"]


async def test_a_wrong_password_is_told(site: Site) -> None:
    """It is the credentials' fault, the page is quoted, and no secret is in the result."""
    result = await _run(site, secrets=Secrets(USERNAME, "not-the-one"), successCriteria={"selectors": ["#welcome"]})

    assert (result.outcome, result.fault) == (Outcome.FAILED, Fault.AUTHENTICATION_FAILED)
    assert "Wrong user name or password." in result.message
    assert "not-the-one" not in str(dataclasses.asdict(result))


@pytest.mark.parametrize(
    ("path", "fields", "fault", "sentence"),
    [
        ("/login", {"successCriteria": {"textContent": ["Goodbye"]}}, Fault.ASSERTION_FAILED, 'does not say "Goodbye"'),
        ("/empty", {}, Fault.ELEMENT_NOT_FOUND, "no form with a password field"),
        ("/login", {"form": {"password": "pin"}}, Fault.ELEMENT_NOT_FOUND, "no form with a field pin"),
        ("/status/503", {}, Fault.NAVIGATION_FAILED, "answered with status 503"),
        ("/loop", {}, Fault.NAVIGATION_FAILED, "redirects more than 10 times"),
        ("/huge", {}, Fault.NAVIGATION_FAILED, "is larger than"),
        ("/away", {}, Fault.VALIDATION_FAILED, "must not be visited"),
        ("/login", {"successCriteria": {"customValidation": "1"}}, Fault.VALIDATION_FAILED, "needs a browser"),
        ("/login", {"successCriteria": {"selectors": ["a b"]}}, Fault.VALIDATION_FAILED, "without a browser"),
    ],
)
async def test_what_fails_is_named(site: Site, path: str, fields: dict[str, Any], fault: Fault, sentence: str) -> None:
    """Each failure has its fault and a sentence."""
    result = await _run(site, path, **fields)

    assert (result.outcome, result.fault) == (Outcome.FAILED, fault)
    assert sentence in result.message


async def test_a_page_that_never_comes_is_a_timeout(site: Site) -> None:
    """The test's own time bounds it."""
    result = await _run(site, "/never", timeout=0.2)

    assert (result.outcome, result.fault) == (Outcome.TIMEOUT, Fault.TIMEOUT)
    assert [step.fault for step in result.steps] == [Fault.TIMEOUT]


async def test_an_unreachable_server_is_a_network_error(unused_tcp_port: int) -> None:
    """Nobody takes the connection."""
    login = msgspec.convert(
        {"url": f"http://127.0.0.1:{unused_tcp_port}/", "credentials": {"username": "x", "passwordEnvVar": "X"}},
        LoginTest,
    )
    result = await forms.run(login, _RIGHT, allowed=lambda _: True, clock=SystemClock())

    assert (result.outcome, result.fault) == (Outcome.FAILED, Fault.NETWORK_ERROR)


async def test_every_connection_asks_at_the_gate(site: Site) -> None:
    """Through a gate the same login works, and where the gate refuses nothing is sent."""
    login = msgspec.convert(
        {"url": f"{site.url}/login", "credentials": {"username": "x", "passwordEnvVar": "X"}}, LoginTest
    )
    gates = [Gate(connect_by(Egress())), Gate(connect_by(Egress(allow_private=False)))]
    site.visited.clear()
    results = [
        await forms.run(login, _RIGHT, allowed=site.allows, clock=SystemClock(), proxy=await gate.open())
        for gate in gates
    ]
    for gate in gates:
        await gate.close()

    assert [result.fault for result in results] == [None, Fault.NETWORK_ERROR]
    assert site.visited == ["/login", "/home"]
