"""Deletions: by a file or a filter, only after their number was confirmed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.apps.imports.office import Json, Office, contains, elsewhere, office, row


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports, and users 0 to 5."""
    async with office(tmp_path) as made:
        await made.imported(await made.uploaded([row(number) for number in range(6)]))
        yield made


async def ask(at: Office, upload: Json | None = None, **options: Json) -> tuple[int, Json]:
    """Begin a run that deletes."""
    wanted = {"kind": "delete", "target": "sandbox", **options}
    if upload is not None:
        mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
        wanted |= {"file": upload["id"], "mapping": mapping}
    return await at.ask("POST", "/api/imports/runs", wanted)


async def deleted(at: Office, upload: Json | None = None, **options: Json) -> Json:
    """The same, ended."""
    status, begun = await ask(at, upload, **options)
    assert status == 201, begun
    return await at.ended(begun["run"])


async def there(at: Office) -> list[str]:
    """Who is in the embedded sandbox now."""
    target = next(one for one in (await at.get("/api/imports/targets"))["targets"] if one["id"] == "sandbox")
    page = f"{target['api'].removesuffix('/v1')}/__sandbox/usernames?environment={target['environment']}"
    async with at.http.get(page) as answer:
        names = (await answer.json())["usernames"]
    return [name for name, counted in names.items() if counted["users"]]


async def test_the_users_of_a_file(at: Office, tmp_path: Path) -> None:
    """Who is not there is skipped; whatever else is wrong with a row does not keep its user."""
    upload = await at.uploaded([row(1), row(2, email="nobody"), row(9)])
    dry = await deleted(at, upload, dry_run=True)
    before = await there(at)
    run = await deleted(at, upload, confirm=2)
    told = await at.events(run["id"])

    expected = {"created": 0, "updated": 0, "deleted": 2, "skipped": 1, "failed": 0, "not_attempted": 0}
    assert (dry["counts"], run["counts"], len(before)) == (expected, expected, 6)
    assert sorted(await there(at)) == ["user0", "user3", "user4", "user5"]
    (completion,) = [event for event in told if event["type"] == "completion"]
    assert {"success": True, "total": 3, "deleted": 2, "notAttempted": 0}.items() <= completion.items()
    assert [event["message"] for event in told if event["type"] == "progress"][-1] == "Completed: 3 of 3 rows"
    assert contains(tmp_path / "imports" / "runs", "Correct-horse") == []


async def test_whom_a_filter_finds(at: Office) -> None:
    """The others stay."""
    filter = {"scim": 'username eq "user1" or username eq "user4"'}
    dry = await deleted(at, filter=filter, dry_run=True)
    run = await deleted(at, filter=filter, confirm=2)

    assert (dry["counts"]["deleted"], run["counts"]["deleted"], run["total"]) == (2, 2, 2)
    assert sorted(await there(at)) == ["user0", "user2", "user3", "user5"]


async def test_a_filter_that_finds_others_than_were_confirmed_deletes_nobody(at: Office) -> None:
    """Between the dry run and the deletion somebody was added."""
    filter = {"scim": 'username sw "user"'}
    await deleted(at, filter=filter, dry_run=True)
    await at.imported(await at.uploaded([row(7)]))
    run = await deleted(at, filter=filter, confirm=6)
    told = await at.events(run["id"])

    assert (run["status"], run["stopped"]["code"], len(await there(at))) == ("failed", "NOT_CONFIRMED", 7)
    assert [event["type"] for event in told if event["type"] in ("error", "completion")] == ["error", "completion"]


async def test_a_filter_that_finds_nobody(at: Office) -> None:
    """Is done at once."""
    filter = {"scim": 'username eq "nobody"'}
    await deleted(at, filter=filter, dry_run=True)
    run = await deleted(at, filter=filter, confirm=0)

    assert (run["status"], run["total"]) == ("completed", 0)


async def test_whom_has_to_be_said(at: Office) -> None:
    """Everybody is nobody's wish, and a file and a filter are two."""
    upload = await at.uploaded([row(1)])

    assert (await ask(at, dry_run=True))[0] == 400
    assert (await ask(at, dry_run=True, filter={}))[0] == 400
    assert (await ask(at, upload, dry_run=True, filter={"enabled": True}))[0] == 400
    assert (await ask(at, filter={"enabled": True}, confirm=6))[0] == 409


async def test_a_deletion_whose_answers_are_lost_counts_each_user_once(at: Office) -> None:
    """A connection that breaks after the deletion leaves it open, and trying again settles it."""
    async with elsewhere() as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", target)
        upload = await at.uploaded([row(number) for number in range(40)])
        await at.imported(upload, target=added["id"])
        await deleted(at, upload, target=added["id"], dry_run=True)
        async with at.http.put(f"{target['api'].removesuffix('/v1')}/__sandbox/faults", json={"dropped": 30}) as answer:
            assert answer.status == 200, await answer.text()
        run = await deleted(at, upload, target=added["id"], confirm=40)

    assert (run["counts"]["deleted"], run["counts"]["failed"]) == (40, 0)
