"""Targets: what is shown of them, what is refused, and whether they can be used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.apps.imports.office import Json, Office, contains, elsewhere, office, row


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports."""
    async with office(tmp_path) as made:
        yield made


async def test_the_sandbox_is_always_there(at: Office) -> None:
    """It can be used at once, and is neither changed nor removed."""
    targets = (await at.get("/api/imports/targets"))["targets"]
    status, tested = await at.ask("POST", "/api/imports/targets/sandbox/test")

    assert [(target["id"], target["kind"], target["environment_type"]) for target in targets] == [
        ("sandbox", "sandbox", "SANDBOX")
    ]
    assert (status, tested["ok"], tested["environment"]["type"], tested["populations"]) == (200, True, "SANDBOX", 2)
    assert (await at.ask("DELETE", "/api/imports/targets/sandbox"))[0] == 409
    assert (await at.ask("PATCH", "/api/imports/targets/sandbox", {"name": "Other"}))[0] == 409


async def test_a_secret_is_written_and_never_read(at: Office, tmp_path: Path) -> None:
    """No answer and no file of the server's has it."""
    async with elsewhere() as (_, target):
        status, added = await at.ask("POST", "/api/imports/targets", target)
        shown = await at.get("/api/imports/targets")
        tested = await at.ask("POST", f"/api/imports/targets/{added['id']}/test")

    assert (status, added["secret"]) == (201, "set")
    assert tested[1]["ok"] is True
    assert target["secret"] not in str(shown) + str(added)
    assert contains(tmp_path, target["secret"]) == []


async def test_what_was_seen_of_a_target_is_kept(at: Office) -> None:
    """Its environment's name and type, for the warning before a run."""
    async with elsewhere() as (sandbox, target):
        _, added = await at.ask("POST", "/api/imports/targets", {**target, "environment": sandbox.production})
        await at.ask("POST", f"/api/imports/targets/{added['id']}/test")
        shown = (await at.get("/api/imports/targets"))["targets"][1]

    assert (shown["environment_type"], shown["method"]) == ("PRODUCTION", "CLIENT_SECRET_BASIC")


async def test_a_wrong_secret_is_told_as_pingone_tells_it(at: Office) -> None:
    """The test fails with a sentence, and the sentence has no secret."""
    async with elsewhere() as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", {**target, "secret": "not-the-secret"})
        status, tested = await at.ask("POST", f"/api/imports/targets/{added['id']}/test")

    assert (status, tested["ok"]) == (200, False)
    assert "not-the-secret" not in str(tested)


async def test_a_target_that_cannot_be_reached_says_so(at: Office) -> None:
    """To somebody who waits for it, and not after a job's two minutes."""
    async with elsewhere() as (_, target):
        pass
    _, added = await at.ask("POST", "/api/imports/targets", target)
    status, refused = await at.ask("GET", f"/api/imports/targets/{added['id']}/populations")
    tested = await at.ask("POST", f"/api/imports/targets/{added['id']}/test")

    assert (status, tested[1]["ok"]) == (502, False), refused
    assert "no connection" in tested[1]["message"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"api": "http://example.com/v1"}, None),
        ({"auth": None}, "api"),
        ({"api": None, "auth": None, "region": "XX"}, "region"),
        ({"environment": "not an id"}, None),
        ({"rate": 0}, "rate"),
    ],
)
async def test_what_cannot_be_a_target_is_refused(at: Office, changed: dict[str, Json], field: str | None) -> None:
    """With what is wrong."""
    async with elsewhere() as (_, target):
        status, body = await at.ask("POST", "/api/imports/targets", {**target, **changed})

    assert status == 400, body
    assert field is None or body["error"]["details"]["field"] == field


async def test_two_targets_have_two_names(at: Office) -> None:
    """The second one is refused."""
    async with elsewhere() as (_, target):
        assert (await at.ask("POST", "/api/imports/targets", target))[0] == 201
        assert (await at.ask("POST", "/api/imports/targets", target))[0] == 409


async def test_a_change_leaves_the_rest(at: Office) -> None:
    """The secret most of all."""
    async with elsewhere() as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", target)
        status, changed = await at.ask("PATCH", f"/api/imports/targets/{added['id']}", {"name": "Renamed"})
        tested = await at.ask("POST", f"/api/imports/targets/{added['id']}/test")

    assert (status, changed["name"], tested[1]["ok"]) == (200, "Renamed", True)


async def test_a_target_is_removed_when_no_run_uses_it(at: Office) -> None:
    """Before, it says which run goes on with it."""
    async with elsewhere(rate=5) as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", target)
        upload = await at.uploaded([row(number) for number in range(200)])
        begun = await at.begin(upload, target=added["id"])
        refused = await at.ask("DELETE", f"/api/imports/targets/{added['id']}")
        await at.ask("POST", f"/api/tasks/{begun['task']}/cancel")
        await at.ended(begun["run"])
        removed = await at.ask("DELETE", f"/api/imports/targets/{added['id']}")

    assert (refused[0], removed[0]) == (409, 200)
    assert len((await at.get("/api/imports/targets"))["targets"]) == 1


async def test_a_population_is_created(at: Office) -> None:
    """And listed afterwards, with how many users it has."""
    status, made = await at.ask("POST", "/api/imports/targets/sandbox/populations", {"name": "Pilots"})
    listed = (await at.get("/api/imports/targets/sandbox/populations"))["populations"]

    assert status == 201
    assert {"id": made["id"], "name": "Pilots", "users": 0}.items() <= listed[-1].items()


async def test_the_schema_has_custom_attributes(at: Office) -> None:
    """As columns may be mapped to them."""
    attributes = (await at.get("/api/imports/targets/sandbox/schema"))["attributes"]

    assert {"username", "name.given", "population", "password"} <= {one["name"] for one in attributes}
    assert any(one["custom"] for one in attributes)
