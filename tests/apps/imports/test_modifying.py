"""Changes of users that a file names: what differs, after the number was confirmed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.apps.imports.office import Json, Office, csv, office, row

COLUMNS = ("username", "first name", "last name")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports, and users 0 to 4."""
    async with office(tmp_path) as made:
        await made.imported(await made.uploaded([row(number) for number in range(5)]))
        yield made


def renamed(*numbers: int) -> list[dict[str, str]]:
    """Rows that give users another name."""
    return [row(number, **{"first name": f"Grace{number}"}) for number in numbers]


async def ask(at: Office, upload: Json, **options: Json) -> tuple[int, Json]:
    """Begin a run that modifies."""
    mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
    wanted = {"kind": "modify", "target": "sandbox", "file": upload["id"], "mapping": mapping, **options}
    return await at.ask("POST", "/api/imports/runs", wanted)


async def modified(at: Office, upload: Json, **options: Json) -> Json:
    """The same, ended."""
    status, begun = await ask(at, upload, **options)
    assert status == 201, begun
    return await at.ended(begun["run"])


async def test_only_what_differs_is_changed(at: Office) -> None:
    """Who is not there is a failure, who is as the row says is skipped; a row needs no more than what it changes."""
    upload = await at.uploaded([*renamed(1, 2), row(3), row(9)], COLUMNS)
    dry = await modified(at, upload, dry_run=True)
    run = await modified(at, upload, confirm=2)
    again = await modified(at, upload, dry_run=True)
    failed = (await at.get(f"/api/imports/runs/{run['id']}/failures"))["failures"]

    expected = {"created": 0, "updated": 2, "skipped": 1, "failed": 1, "not_attempted": 0}
    assert (dry["counts"], run["counts"]) == (expected, expected)
    assert again["counts"] | {"skipped": 3, "updated": 0} == again["counts"]
    assert [(one["username"], one["code"]) for one in failed] == [("user9", "NOT_THERE")]


async def test_who_is_missing_is_created_if_that_was_wanted(at: Office) -> None:
    """As an import does it."""
    upload = await at.uploaded([*renamed(1), row(9)])
    dry = await modified(at, upload, dry_run=True, create_missing=True)
    run = await modified(at, upload, create_missing=True, confirm=2)

    assert dry["counts"] == run["counts"]
    assert (run["counts"]["created"], run["counts"]["updated"]) == (1, 1)
    assert "user9" in await at.users()


async def test_the_number_has_to_be_confirmed(at: Office) -> None:
    """Without a dry run it is refused; with another number, naming the right one; other options are another matter."""
    upload = await at.uploaded(renamed(1, 2, 3), COLUMNS)
    none, first = await ask(at, upload, confirm=3)
    dry = await modified(at, upload, dry_run=True)
    wrong, second = await ask(at, upload, confirm=2)
    other, _ = await ask(at, upload, confirm=3, create_missing=True)
    run = await modified(at, upload, confirm=3)

    assert (none, wrong, other, run["counts"]["updated"]) == (409, 409, 409, 3)
    assert "dry run first" in first["error"]["message"]
    assert second["error"]["details"] == {"field": "confirm", "confirm": 3, "dry_run": dry["id"]}
    assert "confirm 3" in second["error"]["message"]


async def test_nobody_is_moved_without_having_been_told_to(at: Office) -> None:
    """A file without a population leaves everybody where they are; one that was chosen moves them."""
    (_, second, *_) = (await at.get("/api/pingone/populations"))["populations"]
    upload = await at.uploaded(renamed(1), COLUMNS)
    there = {"population": {"id": second["id"]}}
    await modified(at, upload, dry_run=True, **there)
    moved = await modified(at, upload, confirm=1, **there)
    stays = await modified(at, upload, dry_run=True)

    assert (moved["counts"]["updated"], stays["counts"]["skipped"]) == (1, 1)
    users = {one["id"]: one["userCount"] for one in (await at.get("/api/pingone/populations"))["populations"]}
    assert users[second["id"]] == 1


async def test_the_events_speak_of_modifying(at: Office) -> None:
    """Under the names of an import's."""
    run = await modified(at, await at.uploaded(renamed(1), COLUMNS), dry_run=True)
    told = await at.events(run["id"])

    assert [event["type"] for event in told if event["type"] in ("progress", "completion")][-2:] == [
        "progress",
        "completion",
    ]


async def test_by_the_tools_route(at: Office) -> None:
    """The same file, uploaded once more, is confirmed by the number of its dry run."""
    content = csv(renamed(1, 2), COLUMNS)

    async def send(**fields: str) -> tuple[int, Json]:
        form = aiohttp.FormData()
        for name, value in fields.items():
            form.add_field(name, value)
        form.add_field("file", content, filename="users.csv")
        return await at.ask("POST", "/api/modify", data=form)

    refused, _ = await send()
    _, dry = await send(validateOnly="true")
    await at.ended(dry["sessionId"].removeprefix("task:"))
    named, body = await send()
    status, begun = await send(confirm="2")
    run = await at.ended(begun["sessionId"].removeprefix("task:"))

    assert (refused, named, status) == (409, 409, 201)
    assert (body["success"], body["error"]["details"]["confirm"]) == (False, 2)
    assert run["counts"]["updated"] == 2


async def test_rows_that_fail_are_mended_and_tried_again(at: Office) -> None:
    """Their file has the reason, and is a file like any other."""
    upload = await at.uploaded([row(1, **{"first name": "G" * 300}), *renamed(2)], COLUMNS)
    run = await modified(at, upload, dry_run=True)
    _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
    _, mended = await at.upload(rejects.replace(b"G" * 300, b"Grace"))

    assert (run["counts"]["failed"], run["counts"]["updated"]) == (1, 1)
    assert (await modified(at, mended, dry_run=True))["counts"]["updated"] == 1
