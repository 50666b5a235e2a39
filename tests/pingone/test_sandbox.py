"""The client against the sandbox, on its worst days."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headway.clock import SystemClock
from headway.pingone.client import PingOne
from headway.pingone.errors import PingOneError
from headway.pingone.limiter import Limiters
from headway.pingone.records import Evidence
from headway.pingone.regions import Addresses
from headway.pingone.retries import Patience
from headway.pingone.token import Credential, Method
from headway.sandbox.faults import Faults
from headway.sandbox.server import Sandbox

BAD_DAY = Faults(errors=8, late=8, vanished=5, dropped=8, lag=50)
QUICK = Patience(first=0.02, most=0.2, tries=30)
"""Pauses for a server on this machine."""


def client_of(sandbox: Sandbox, application: int = 0, **given: Any) -> PingOne:
    """A client of the sandbox. Any: arguments of `PingOne`."""
    credentials = sandbox.credentials_of(sandbox.applications[application])
    return PingOne(
        Credential(credentials.environment, credentials.client_id, credentials.client_secret),
        Addresses(sandbox.api, sandbox.auth),
        sandbox.environment,
        Limiters(SystemClock()),
        **{"rate": 100_000, "patience": QUICK, **given},
    )


def row(number: int) -> dict[str, object]:
    """A user that nothing is wrong with."""
    return {"username": f"user-{number}", "email": f"user-{number}@example.com"}


@pytest.mark.slow
@pytest.mark.parametrize("existing_id", [True, False])
async def test_a_bad_day(existing_id: bool) -> None:
    """Whatever is lost, cut or refused in passing, every user is created, exactly once, and counts as created."""
    rows = iter(range(80))
    evidence: list[Evidence] = []
    sandbox = Sandbox(seed=7, faults=BAD_DAY, token_seconds=3, existing_id=existing_id)
    async with sandbox, client_of(sandbox) as pingone:

        async def work() -> None:
            for number in rows:
                evidence.append((await pingone.import_user(row(number))).ours_by)

        await asyncio.gather(*(work() for _ in range(8)))
        sandbox.set_faults(Faults())
        listed = [user.username async for page in pingone.user_pages(limit=50) for user in page.entries]

    assert sorted(listed) == sorted(f"user-{number}" for number in range(80))
    assert len(evidence) == 80
    assert Evidence.LOOKUP in evidence


async def test_the_rest_of_it() -> None:
    """Everything else the client knows, the sandbox knows too."""
    sandbox = Sandbox(seed=7)
    async with sandbox, client_of(sandbox) as pingone:
        created = await pingone.import_user(row(1))
        population = await pingone.create_population("Staff")
        await pingone.patch_user(created.id, {"title": "Countess"})
        await pingone.set_enabled(created.id, False)
        await pingone.move_user(created.id, population.id)
        state = await pingone.set_password(created.id, "2Federate!today")
        user = await pingone.user(created.id)
        named = await pingone.user_named("USER-1")
        environment = await pingone.environment()
        attributes = {attribute.name for attribute in await pingone.attributes()}

        assert (user.attributes["title"], user.enabled, user.population_id) == ("Countess", False, population.id)
        assert named is not None
        assert named.id == created.id
        assert state == "OK"
        assert not environment.production
        assert {"username", "email", "name"} <= attributes
        assert await pingone.total_identities() == 1
        assert "Staff" in [each.name for each in await pingone.populations()]
        await pingone.delete_user(created.id)
        assert await pingone.user_named("user-1") is None


async def test_an_application_that_takes_its_secret_in_the_body() -> None:
    """The method of an application is found out."""
    sandbox = Sandbox(seed=7)
    async with sandbox, client_of(sandbox, 1) as pingone:
        await pingone.environment()

        assert pingone.tokens.method is Method.POST


async def test_what_stops() -> None:
    """Missing roles, a licence that is full and an unknown environment stop; a row that is wrong does not."""
    sandbox = Sandbox(seed=7)
    async with sandbox, client_of(sandbox, patience=Patience(settling=0)) as pingone:
        with pytest.raises(PingOneError) as wrong:
            await pingone.import_user({"username": "", "email": "x"})
        sandbox.set_faults(Faults(licence=0))
        with pytest.raises(PingOneError) as full:
            await pingone.import_user(row(1))
        async with client_of(sandbox, 2, patience=Patience(settling=0)) as reader:
            with pytest.raises(PingOneError) as denied:
                await reader.import_user(row(1))

    assert not wrong.value.verdict.stops
    assert {detail.target for detail in wrong.value.refusal.details} == {"username", "email"}
    assert full.value.license_exceeded
    assert full.value.verdict.stops
    assert denied.value.verdict.stops
    assert wrong.value.correlation_id


@pytest.mark.slow
async def test_rate_limits() -> None:
    """A sandbox that lets through less than is sent slows the client down, and every row arrives."""
    sandbox = Sandbox(seed=7, rate=1, burst=1)
    async with sandbox, client_of(sandbox, rate=1000) as pingone:
        await asyncio.gather(*(pingone.import_user(row(number)) for number in range(3)))

        assert pingone.limiter.state().throttled > 0
        assert pingone.limiter.state().rate < 1000
        assert len(sandbox.usernames(sandbox.environment)) == 3
