"""The side door."""

from __future__ import annotations

import pytest

from headway.sandbox.faults import Faults
from tests.sandbox.harness import Got, Place, standing


async def side(place: Place, method: str, name: str, body: object = None, **headers: str) -> Got:
    """Call the side door, without a token."""
    place.token = ""
    return await place.call(method, f"{place.sandbox.auth}/__sandbox/{name}", body, headers=headers)


async def test_it_shows_what_there_is_and_how_calls_were_answered() -> None:
    """Users of each environment, tokens, replies by status, faults by kind."""
    async with standing() as place:
        await place.add()
        await place.add()
        got = await side(place, "GET", "state")

    state = got.document
    assert (state["seed"], state["tokens"], state["replies"]) == (1, 1, {"200": 1, "201": 1, "400": 1})
    assert [(one["type"], one["users"], one["created"]) for one in state["environments"]] == [
        ("SANDBOX", 1, 1),
        ("PRODUCTION", 0, 0),
    ]


async def test_it_counts_users_per_username() -> None:
    """How many bear a name now, and how often one was made: exactly once is 1 and 1."""
    async with standing() as place:
        made = await place.add()
        await place.add(username="bob")
        await place.call("DELETE", f"/users/{made.id}")
        await place.add()
        await place.call("PATCH", f"/users/{(await place.add(username='eve')).id}", {"username": "eva"})
        got = await side(place, "GET", f"usernames?environment={place.sandbox.environment}")
        nowhere = await side(place, "GET", "usernames?environment=nowhere")

    assert got.document == {
        "usernames": {
            "ada": {"users": 1, "created": 2},
            "bob": {"users": 1, "created": 1},
            "eve": {"users": 0, "created": 1},
            "eva": {"users": 1, "created": 0},
        }
    }
    assert nowhere.status == 404


async def test_faults_are_read_and_replaced() -> None:
    """A PUT sets those that it names and clears the others."""
    async with standing(faults=Faults(lag=5)) as place:
        before = (await side(place, "GET", "faults")).document
        after = (await side(place, "PUT", "faults", {"errors": 100})).document
        broken = await place.get("/users")

    assert (before["lag"], before["errors"]) == (5, 0)
    assert (after["lag"], after["errors"]) == (0, 100)
    assert broken.status in (500, 502, 503)


async def test_faults_that_cannot_be_change_nothing() -> None:
    """400 with the reason."""
    async with standing() as place:
        got = await side(place, "PUT", "faults", {"errors": 3, "plague": 1})
        after = (await side(place, "GET", "faults")).document

    assert (got.status, "plague: no such fault" in got.document["message"], after["errors"]) == (400, True, 0)


async def test_a_reset_is_the_first_day() -> None:
    """The same environments with nobody in them, tokens that no longer count, faults as at the start."""
    async with standing() as place:
        first = await place.add()
        place.sandbox.set_faults(Faults(errors=100))
        old, environment = place.token, place.sandbox.environment
        state = (await side(place, "POST", "reset")).document
        place.token = old
        stale = await place.get("/users")
        await place.sign_in()
        again = await place.add()

    assert [one["users"] for one in state["environments"]] == [0, 0]
    assert (stale.status, again.status, again.id) == (401, 201, first.id)
    assert place.sandbox.environment == environment


async def test_the_side_door_is_open_on_the_worst_day() -> None:
    """Faults and rate are not for it."""
    async with standing(rate=1, burst=1) as place:
        place.sandbox.set_faults(Faults(vanished=100, latency=60_000))
        statuses = [(await side(place, "GET", "state")).status for _ in range(5)]

    assert statuses == [200] * 5


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Host": "[::"}])
async def test_the_side_door_is_not_for_pages(headers: dict[str, str]) -> None:
    """A page in a browser says where it comes from, or calls this machine by a name of its own."""
    async with standing() as place:
        got = await side(place, "GET", "state", **headers)
        right = await side(place, "GET", "state", Host="localhost:1")

    assert (got.status, right.status) == (403, 200)
    assert "access-control-allow-origin" not in right.headers


@pytest.mark.parametrize(("method", "name", "status"), [("GET", "nothing", 404), ("PUT", "state", 405)])
async def test_there_is_nothing_else(method: str, name: str, status: int) -> None:
    """404 and 405, as everywhere."""
    async with standing() as place:
        got = await side(place, method, name)

    assert got.status == status
