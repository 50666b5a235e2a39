"""Exports: whole, chosen, safe, and without anything secret."""

from __future__ import annotations

import csv as spreadsheets
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.apps.imports.csv.schema import STANDARD
from headway.apps.imports.exporting import columns
from headway.errors import UsageError
from tests.apps.imports.office import Json, Office, elsewhere, office, row


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports."""
    async with office(tmp_path) as made:
        yield made


async def exported(at: Office, target: str = "sandbox", **options: Json) -> Json:
    """A run that exports, ended."""
    status, begun = await at.ask("POST", "/api/imports/runs", {"kind": "export", "target": target, **options})
    assert status == 201, begun
    return await at.ended(begun["run"])


async def table(at: Office, run: Json) -> list[dict[str, str]]:
    """The rows of a result."""
    status, raw = await at.ask("GET", f"/api/imports/runs/{run['id']}/result")
    assert status == 200, raw
    return list(spreadsheets.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


async def test_everybody_is_exported_and_the_counts_add_up(at: Office) -> None:
    """Over several pages; progress and completion are told, and nothing is missing."""
    await at.imported(await at.uploaded([row(number) for number in range(450)]))
    run = await exported(at)
    rows = await table(at, run)
    told = await at.events(run["id"])

    assert (run["status"], run["total"], run["counts"]["exported"], run["counts"]["not_attempted"]) == (
        "completed",
        450,
        450,
        0,
    )
    assert sorted(one["username"] for one in rows) == sorted(f"user{number}" for number in range(450))
    assert {one["name.given"] for one in rows if one["username"] == "user7"} == {"Ada7"}
    (completion,) = [event for event in told if event["type"] == "completion"]
    assert {"success": True, "total": 450, "exported": 450, "notAttempted": 0}.items() <= completion.items()
    assert [event for event in told if event["type"] == "progress"][-1]["current"] == 450


async def test_no_password_leaves(at: Office, tmp_path: Path) -> None:
    """Neither a column nor a value."""
    await at.imported(await at.uploaded([row(1)]))
    _, raw = await at.ask("GET", f"/api/imports/runs/{(await exported(at))['id']}/result")
    _, documents = await at.ask("GET", f"/api/imports/runs/{(await exported(at, format='json'))['id']}/result")

    assert b"password" not in raw.splitlines()[0]
    assert b"Correct-horse" not in raw + json.dumps(documents).encode()


async def test_an_export_is_imported_again_as_it_was(at: Office) -> None:
    """Guarded cells too: nothing of it is a change."""
    await at.imported(await at.uploaded([row(1, **{"first name": "=1+1", "last name": "'-x"})]))
    run = await exported(at)
    _, raw = await at.ask("GET", f"/api/imports/runs/{run['id']}/result")
    _, upload = await at.upload(raw)
    again = await at.imported(upload, policy="update")

    assert b"'=1+1" in raw
    assert again["counts"]["skipped"] == 1, again


async def test_a_population_a_state_and_a_filter(at: Office) -> None:
    """Each leaves others out; together they leave out most."""
    rows = [row(number) | {"enabled": "false" if number % 2 else "true"} for number in range(6)]
    await at.imported(await at.uploaded(rows, tuple(rows[0])))
    (first, second, *_) = (await at.get("/api/pingone/populations"))["populations"]
    everybody = [await exported(at, filter={"population": one["id"]}) for one in (first, second)]
    enabled = await exported(at, filter={"enabled": True, "scim": 'username sw "user" and not (username eq "user0")'})
    wrong = await exported(at, filter={"scim": "username resembles ada"}, on_stop="fail")

    assert sorted(run["counts"].get("exported", 0) for run in everybody) == [0, 6]
    assert sorted(one["username"] for one in await table(at, enabled)) == ["user2", "user4"]
    assert (wrong["status"], wrong["stopped"]["code"]) == ("failed", "INVALID_FILTER")


async def test_some_attributes_and_no_more_than_so_many(at: Office) -> None:
    """In the order that was asked for."""
    await at.imported(await at.uploaded([row(number) for number in range(9)]))
    chosen = {"attributes": ["email", "username", "name.given"], "limit": 4}
    rows = await table(at, await exported(at, filter=chosen))
    run = await exported(at, filter=chosen, format="json")
    _, documents = await at.ask("GET", f"/api/imports/runs/{run['id']}/result")

    assert [list(one) for one in rows] == [["headway.id", "email", "username", "name.given"]] * 4
    assert [set(one) for one in documents] == [{"id", "email", "username", "name"}] * 4
    assert run["total"] == 4


async def test_nobody_is_exported_as_nobody(at: Office) -> None:
    """A file with a header, or an empty array."""
    _, documents = await at.ask("GET", f"/api/imports/runs/{(await exported(at, format='json'))['id']}/result")

    assert await table(at, await exported(at)) == []
    assert documents == []


async def test_a_dry_run_counts(at: Office) -> None:
    """And writes no file."""
    await at.imported(await at.uploaded([row(1), row(2)]))
    run = await exported(at, dry_run=True)

    assert (run["counts"]["exported"], run["result"]) == (2, False)
    assert (await at.ask("GET", f"/api/imports/runs/{run['id']}/result"))[0] == 404


async def test_the_total_may_be_unknown(at: Office) -> None:
    """A server that does not count its users is read to its end."""
    async with elsewhere(counts=False) as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", target)
        await at.imported(await at.uploaded([row(number) for number in range(3)]), target=added["id"])
        run = await exported(at, added["id"])

    assert (run["total"], run["counts"]["exported"]) == (3, 3)


async def test_an_export_by_the_tools_route(at: Office) -> None:
    """It says where the file will be."""
    await at.imported(await at.uploaded([row(1), row(2)]))
    body = {"populationId": "ALL", "format": "json", "includeDisabled": True, "maxResults": 1}
    status, begun = await at.ask("POST", "/api/export-users", body)
    await at.ended(begun["sessionId"].removeprefix("task:"))

    assert (status, begun["success"]) == (201, True)
    assert len(await at.get(begun["download"])) == 1


async def test_what_cannot_be_exported_is_refused(at: Office) -> None:
    """Before a run begins where that is possible."""
    for filter in ({"limit": 0}, {"enabled": "yes"}, {"whom": 1}, {"population": "../users"}):
        wanted = {"kind": "export", "target": "sandbox", "filter": filter}
        assert (await at.ask("POST", "/api/imports/runs", wanted))[0] == 400, filter
    with pytest.raises(UsageError, match="password"):
        columns(STANDARD, ["username", "password"])
    with pytest.raises(UsageError, match=r"password\.value"):
        columns(STANDARD, ["password.value"])


async def test_an_export_is_paused_and_cancelled(at: Office, tmp_path: Path) -> None:
    """It holds still between two pages; cancelled, it leaves no file, and its counts add up."""
    async with elsewhere(page_users=5, counts=True) as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", target)
        await at.imported(await at.uploaded([row(number) for number in range(60)]), target=added["id"])
        faults = f"{target['api'].removesuffix('/v1')}/__sandbox/faults"
        async with at.http.put(faults, json={"latency": 100}) as answer:
            assert answer.status == 200
        _, begun = await at.ask("POST", "/api/imports/runs", {"kind": "export", "target": added["id"]})
        path, since = f"/api/tasks/{begun['run']}", ""
        while (await at.get(path))["done"] == 0:
            since = (await at.get(f"/api/channels/{begun['channel']}/events?since={since}&wait=5"))["position"]
        await at.ask("POST", f"{path}/pause")
        while (await at.get(path))["status"] != "paused":
            since = (await at.get(f"/api/channels/{begun['channel']}/events?since={since}&wait=5"))["position"]
        await at.ask("POST", f"{path}/cancel")
        run = await at.ended(begun["run"])

    assert (run["status"], run["result"], run["total"]) == ("cancelled", False, 60)
    assert run["counts"]["exported"] + run["counts"]["not_attempted"] == 60
    assert list((tmp_path / "imports" / "runs" / run["id"]).iterdir()) == []
