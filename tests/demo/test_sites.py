"""What the demo has watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import httpx2
import pytest

from headway.demo.sites import USERNAME, Sites, serving


@pytest.fixture
async def sites() -> AsyncIterator[Sites]:
    """All of them, at once."""
    made = Sites("the password", Random(7), 0.0)
    async with serving(made):
        yield made


@pytest.fixture
async def http(sites: Sites) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who asks."""
    async with httpx2.AsyncClient(base_url=sites.url, follow_redirects=True) as client:
        yield client


async def test_most_are_fine(http: httpx2.AsyncClient) -> None:
    """They answer, and one in JSON."""
    answers = [await http.get(path) for path in ("/shop", "/account", "/staff", "/search", "/mail")]
    payments = await http.get("/payments/health")

    assert {answer.status_code for answer in answers} == {200}
    assert (payments.json()["status"], payments.json()["database"]) == ("UP", {"connected": True})


async def test_one_fails_every_now_and_then(http: httpx2.AsyncClient) -> None:
    """And one as long as it is told to."""
    assert {(await http.get("/warehouse")).status_code for _ in range(40)} == {200, 500}


async def test_one_is_down_when_it_is_told_to(sites: Sites, http: httpx2.AsyncClient) -> None:
    """And back afterwards."""
    sites.mail_down = True
    down = await http.get("/mail")
    sites.mail_down = False

    assert (down.status_code, (await http.get("/mail")).status_code) == (503, 200)


async def test_who_knows_the_password_comes_in(http: httpx2.AsyncClient) -> None:
    """By a cookie, without which nobody is shown the page; and at one of the two nobody does."""
    before = await http.get("/account/home")
    wrong = await http.post("/account/login", data={"user": USERNAME, "password": "no"})
    right = await http.post("/account/login", data={"user": USERNAME, "password": "the password"})
    staff = await http.post("/staff/login", data={"user": USERNAME, "password": "the password"})

    assert before.status_code == 403
    assert "Wrong user name" in wrong.text
    assert (right.url.path, "Welcome" in right.text) == ("/account/home", True)
    assert "Wrong user name" in staff.text
