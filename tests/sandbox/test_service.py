"""The gates every call goes through."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from headway.sandbox.faults import Faults
from tests.sandbox.harness import standing

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def test_every_answer_has_the_recorded_headers() -> None:
    """A correlation id of its own, twice; never cached; open to every origin; and the id of an error is the same."""
    async with standing() as place:
        good, bad = await place.get("/users"), await place.get("/nowhere")

    for got in (good, bad):
        assert UUID.fullmatch(got.headers["correlation-id"])
        assert got.headers["x-amzn-requestid"] == got.headers["correlation-id"]
        assert got.headers["cache-control"] == "no-cache, no-store, max-age=0, must-revalidate"
        assert (got.headers["pragma"], got.headers["expires"]) == ("no-cache", "0")
        assert got.headers["access-control-allow-origin"] == "*"
        assert got.headers["via"].startswith("1.1 ")
    assert good.headers["content-type"] == "application/hal+json;charset=UTF-8"
    assert good.headers["correlation-id"] != bad.headers["correlation-id"] == bad.id


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/users", "GET, POST"),
        ("POST", "/schemas", "GET"),
        ("PATCH", "/populations/x", "DELETE, GET, PUT"),
        ("POST", "/users/x/enabled", "GET, PUT"),
        ("OPTIONS", "/users", "GET, POST"),
        ("PROPFIND", "/users", "GET, POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: str) -> None:
    """405 METHOD_NOT_ALLOWED."""
    async with standing() as place:
        got = await place.call(method, path)

    assert (got.status, got.document["code"], got.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", allowed)


@pytest.mark.parametrize(
    "path", ["/users/", "/users//enabled", "/users/x/enabled/y", "//users", "/populations/x/users"]
)
async def test_a_path_that_leads_nowhere_is_not_found(path: str) -> None:
    """404 NOT_FOUND."""
    async with standing() as place:
        got = await place.get(path)

    assert (got.status, got.document["code"]) == (404, "NOT_FOUND")


async def test_a_rate_is_kept_to() -> None:
    """429 REQUEST_LIMITED once the bucket is empty, with `Retry-After` in seconds and as a date in turns; after that
    time it is open again."""
    async with standing(rate=2, burst=3) as place:
        good = [(await place.get("/users")).status for _ in range(3)]
        first, second = [await place.get("/users") for _ in range(2)]
        place.clock.advance(1)
        after = [(await place.get("/users")).status for _ in range(3)]

    (detail,) = first.document["details"]
    assert (good, first.status, after) == ([200] * 3, 429, [200, 200, 429])
    assert (first.document["code"], detail["code"]) == ("REQUEST_LIMITED", "LIMIT_EXCEEDED")
    assert detail["innerError"] == {"quotaLimit": 2, "retryAfter": "2023-11-14T22:13:21.000Z"}
    assert first.headers["retry-after"] == "1"
    assert parsedate_to_datetime(second.headers["retry-after"]) == datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)


@pytest.mark.parametrize(("form", "digits"), [("seconds", True), ("date", False)])
async def test_the_form_of_retry_after_can_be_chosen(form: str, digits: bool) -> None:
    """Always the same one then."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(limited=100, retry_after=form))
        headers = [(await place.get("/users")).headers["retry-after"] for _ in range(3)]

    assert {header.isdigit() for header in headers} == {digits}


async def test_asking_for_a_token_costs_nothing_of_the_rate() -> None:
    """The rate is that of the API."""
    async with standing(rate=1, burst=1) as place:
        tokens = [(await place.ask_token(place.sandbox.applications[0])).status for _ in range(5)]

    assert tokens == [200] * 5


async def test_permissions_come_into_force_after_a_while() -> None:
    """403 for everything in the first seconds, and then no more."""
    async with standing(faults=Faults(forbidden=5)) as place:
        early = await place.get("/users")
        place.clock.advance(5)
        late = await place.get("/users")

    assert (early.status, early.problems, late.status) == (403, [("INSUFFICIENT_PERMISSIONS", "")], 200)
    assert early.document["message"].endswith("You do not have access to this resource.")


async def test_an_error_does_nothing() -> None:
    """500 UNEXPECTED_ERROR as PingOne says it, 502 and 503 as what stands before it says it, 503 with `Retry-After`."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(errors=100))
        got = [await place.add() for _ in range(30)]
        place.sandbox.set_faults(Faults())
        users = (await place.get("/users")).usernames

    kinds = {one.status: one for one in got}
    assert (sorted(kinds), users) == ([500, 502, 503], [])
    assert kinds[500].document["code"] == "UNEXPECTED_ERROR"
    assert (kinds[502].document, kinds[503].headers["retry-after"]) == ({"message": "Bad Gateway"}, "1")


async def test_a_late_error_has_done_it() -> None:
    """5xx, and the user is there: the answer to the next try is UNIQUENESS_VIOLATION."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(late=100))
        got = await place.add()
        place.sandbox.set_faults(Faults())
        again = await place.add()

    assert got.status in (500, 502, 503)
    assert again.problems == [("UNIQUENESS_VIOLATION", "username")]


async def test_a_429_beside_the_rate_does_nothing() -> None:
    """As if others of the licence had used it up."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(limited=100))
        got = await place.add()

    assert (got.status, place.sandbox.usernames(place.sandbox.environment)) == (429, {})
