"""Runs: begun, watched, answered, repeated; what is kept of them, and who may see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import jwt
import pytest

from headway.apps.imports.app import Imports
from headway.apps.imports.engine.interface import Options
from headway.server.live import Headway
from headway.testing.serving import serving
from headway.testing.waiting import wait_until
from tests.apps.imports.office import COLUMNS, Json, Office, csv, elsewhere, office, row

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports."""
    async with office(tmp_path) as made:
        yield made


async def test_an_import_creates_each_user_once(at: Office) -> None:
    """The counts add up, and its channel has told of it under the seeds' names."""
    upload = await at.uploaded([row(number) for number in range(30)])
    run = await at.imported(upload)
    told = await at.events(run["id"])

    assert (run["status"], run["counts"]) == (
        "completed",
        {"created": 30, "updated": 0, "skipped": 0, "failed": 0, "not_attempted": 0},
    )
    assert sorted(await at.users()) == sorted(f"user{number}" for number in range(30))
    (completion,) = [event for event in told if event["type"] == "completion"]
    assert {"success": True, "total": 30, "created": 30, "notAttempted": 0}.items() <= completion.items()
    assert {"current": 30, "total": 30}.items() <= [event for event in told if event["type"] == "progress"][-1].items()


async def test_a_dry_run_writes_nothing(at: Office) -> None:
    """It counts what an import would do."""
    await at.imported(await at.uploaded([row(1)]))
    upload = await at.uploaded([row(1), row(2), row(3, email="nobody")])
    run = await at.imported(upload, dry_run=True)

    assert run["counts"] == {"created": 1, "updated": 0, "skipped": 1, "failed": 1, "not_attempted": 0}
    assert await at.users() == ["user1"]


async def test_failures_are_listed_page_by_page(at: Office) -> None:
    """Each with row, user, code, field and sentence."""
    upload = await at.uploaded([row(number, email="nobody") for number in range(5)] + [row(9)])
    run = await at.imported(upload)
    first = await at.get(f"/api/imports/runs/{run['id']}/failures?limit=3")
    second = await at.get(f"/api/imports/runs/{run['id']}/failures?limit=3&after={first['after']}")

    found = first["failures"] + second["failures"]
    assert sorted(one["row"] for one in found) == [1, 2, 3, 4, 5]
    assert {(one["code"], one["field"]) for one in found} == {("INVALID_VALUE", "email")}
    assert second["after"] is None


async def test_rejects_are_mended_and_imported_again(at: Office, tmp_path: Path) -> None:
    """They show no password; the password comes from the file that was uploaded first. Each user is there once."""
    upload = await at.uploaded([row(1), row(2, email="nobody"), row(3)])
    run = await at.imported(upload)
    _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
    mended = rejects.replace(b"nobody", b"user2@example.com")
    status, again = await at.upload(mended, "rejects.csv")
    second = await at.imported(again)

    assert b"Correct-horse" not in rejects
    assert status == 201
    assert second["counts"]["created"] == 1, second
    assert sorted(await at.users()) == ["user1", "user2", "user3"]


async def test_rejects_of_rejects_know_their_passwords(at: Office) -> None:
    """Through every file between them."""
    run = await at.imported(await at.uploaded([row(1, email="nobody")]))
    for address in (b"still nobody", b"user1@example.com"):
        _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
        cells = rejects.replace(b"still nobody", address).replace(b",nobody,", b"," + address + b",")
        _, upload = await at.upload(cells)
        run = await at.imported(upload)

    assert run["counts"]["created"] == 1, run


async def test_a_password_that_is_gone_is_asked_for(at: Office) -> None:
    """When the first file was removed, the row says what to do."""
    upload = await at.uploaded([row(1, email="nobody"), row(2)])
    run = await at.imported(upload)
    _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
    await at.ask("DELETE", f"/api/imports/files/{upload['id']}")
    _, again = await at.upload(rejects.replace(b"nobody", b"user1@example.com"))
    second = await at.imported(again)
    failed = (await at.get(f"/api/imports/runs/{second['id']}/failures"))["failures"]

    assert [one["field"] for one in failed] == ["password"]
    assert "empty the cell" in failed[0]["message"]


async def test_a_password_goes_to_no_other_target(at: Office) -> None:
    """A rejects file that is imported elsewhere brings none along."""
    run = await at.imported(await at.uploaded([row(1, email="nobody")]))
    _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
    async with elsewhere() as (_, target):
        _, added = await at.ask("POST", "/api/imports/targets", target)
        _, upload = await at.upload(rejects.replace(b"nobody", b"user1@example.com"))
        second = await at.imported(upload, target=added["id"])

    assert second["counts"]["failed"] == 1


async def test_an_existing_user_is_treated_by_policy(at: Office) -> None:
    """Left alone, changed, or a failure."""
    await at.imported(await at.uploaded([row(1)]))
    changed = [row(1, **{"first name": "Grace"})]
    counts = {}
    for policy in ("skip", "update", "fail"):
        counts[policy] = (await at.imported(await at.uploaded(changed), policy=policy))["counts"]

    assert (counts["skip"]["skipped"], counts["update"]["updated"], counts["fail"]["failed"]) == (1, 1, 1)


async def test_a_run_that_is_begun_twice_by_one_key_is_one(at: Office) -> None:
    """For a client that heard no answer."""
    upload = await at.uploaded([row(1)])
    mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
    wanted = {"kind": "import", "target": "sandbox", "file": upload["id"], "mapping": mapping}
    headers = {"Idempotency-Key": "k1"}
    first, second = [(await at.ask("POST", "/api/imports/runs", wanted, headers=headers))[1] for _ in range(2)]

    assert first["run"] == second["run"]
    assert len((await at.get("/api/imports/runs"))["runs"]) == 1


async def test_the_same_once_more(at: Office) -> None:
    """Another run, which finds the users of the first."""
    run = await at.imported(await at.uploaded([row(1)]))
    status, begun = await at.ask("POST", f"/api/imports/runs/{run['id']}/again")
    again = await at.ended(begun["run"])

    assert (status, again["counts"]["skipped"]) == (201, 1)
    assert [one["id"] for one in (await at.get("/api/imports/runs"))["runs"]] == [again["id"], run["id"]]


async def test_pages_of_runs(at: Office) -> None:
    """Newest first, each once."""
    upload = await at.uploaded([row(1)])
    ids = [(await at.imported(upload))["id"] for _ in range(3)]
    first = await at.get("/api/imports/runs?limit=2")
    second = await at.get(f"/api/imports/runs?limit=2&before={first['before']}")

    assert [one["id"] for one in first["runs"] + second["runs"]] == ids[::-1]
    assert second["before"] is None


async def test_a_question_is_answered_and_the_run_goes_on(at: Office) -> None:
    """Where the file says one population and whoever began the run another."""
    columns = (*COLUMNS, "population")
    status, upload = await at.upload(csv([row(1, population="Guests")], columns))
    populations = {
        one["name"]: one["id"] for one in (await at.get("/api/imports/targets/sandbox/populations"))["populations"]
    }
    begun = await at.begin(upload, population={"id": populations["Default"]})
    since = ""
    while (shown := await at.get(f"/api/imports/runs/{begun['run']}"))["status"] != "paused":
        since = (await at.get(f"/api/channels/{begun['channel']}/events?since={since}&wait=5"))["position"]
    answered, _ = await at.ask("POST", f"/api/imports/runs/{begun['run']}/answer", {"population": "file"})
    run = await at.ended(begun["run"])

    assert status == 201
    assert shown["question"]["kind"] == "population_conflict"
    assert (answered, run["counts"]["created"], run["question"]) == (200, 1, None)


async def test_nobody_answers_what_was_not_asked(at: Office) -> None:
    """It is a conflict."""
    run = await at.imported(await at.uploaded([row(1)]))
    status, _ = await at.ask("POST", f"/api/imports/runs/{run['id']}/answer", {"population": "file"})

    assert status == 409


async def test_who_may_not_read_a_run_does_not_see_it(tmp_path: Path) -> None:
    """Nor that it is there. Files and targets are for operators."""

    def token(**claims: Json) -> str:
        return jwt.encode({"sub": "ada", "exp": time.time() + 600, **claims}, SECRET, "HS256")

    async with office(tmp_path, secret=SECRET) as at:
        at.token = token(role="operator", channels=["*"], publish=["*"])
        run = await at.imported(await at.uploaded([row(1)]))
        at.token = token(role="viewer", channels=["other:*"])
        hidden = await at.ask("GET", f"/api/imports/runs/{run['id']}")
        listed = await at.get("/api/imports/runs")
        refused = [
            (await at.ask("GET", path))[0]
            for path in ("/api/imports/targets", "/api/imports/mappings", f"/api/imports/runs/{run['id']}/rejects.csv")
        ]
        begun = (await at.ask("POST", "/api/imports/runs", {"kind": "import", "target": "sandbox"}))[0]
        at.token = token(role="viewer", channels=["task:*"])
        seen = await at.get(f"/api/imports/runs/{run['id']}")

    assert (hidden[0], listed["runs"], refused, begun) == (404, [], [403, 403, 403], 403)
    assert seen["counts"]["created"] == 1


async def test_several_imports_at_once(at: Office) -> None:
    """None waits for another, and each counts its own."""
    uploads = [
        await at.uploaded([row(number, username=f"u{batch}.{number}") for number in range(20)]) for batch in range(4)
    ]
    runs = await asyncio.gather(*(at.imported(upload) for upload in uploads))

    assert [run["counts"]["created"] for run in runs] == [20] * 4
    assert len(await at.users()) == 80


async def test_no_run_is_asked_for_by_a_name_of_a_folder(at: Office) -> None:
    """An id from outside names a folder only if it is one of ours."""
    for id in ("..", "%2E%2E%2Ffiles", "x"):
        assert (await at.ask("GET", f"/api/imports/runs/{id}/rejects.csv"))[0] == 404


async def test_a_run_that_is_cancelled_while_nobody_works_on_it_is_told_to_have_ended(tmp_path: Path) -> None:
    """Queued behind what no runner takes: its end is told all the same, once, and nothing was attempted."""
    async with office(tmp_path, run_jobs=False) as at:
        upload = await at.uploaded([row(1), row(2)])
        begun = await at.begin(upload)
        await at.ask("POST", f"/api/tasks/{begun['task']}/cancel")
        await wait_until(lambda: _reported(at, begun["run"]))
        run = await at.get(f"/api/imports/runs/{begun['run']}")
        told = [event for event in await at.events(begun["run"]) if event["type"] == "completion"]

    assert (run["status"], run["counts"]["not_attempted"]) == ("cancelled", 2)
    assert [(event["success"], event["notAttempted"]) for event in told] == [(False, 2)]


async def _reported(at: Office, run: str) -> bool:
    return (await at.get(f"/api/imports/runs/{run}"))["report"] is not None


async def test_an_update_moves_nobody_where_nobody_chose_a_population(at: Office) -> None:
    """Who is among the guests stays there; what the row says of them is changed."""
    columns = (*COLUMNS, "population")
    _, guests = await at.upload(csv([row(1, population="Guests")], columns))
    await at.imported(guests)
    run = await at.imported(await at.uploaded([row(1, **{"first name": "Grace"})]), policy="update")
    populations = (await at.get("/api/imports/targets/sandbox/populations"))["populations"]

    assert run["counts"]["updated"] == 1
    assert {one["name"]: one["users"] for one in populations} == {"Default": 0, "Guests": 1}


async def test_a_run_without_failures_has_no_rejects(at: Office) -> None:
    """An empty list of failures, rather than a sentence about a file that nobody uploaded."""
    run = await at.imported(await at.uploaded([row(1)]))

    assert run["rejects"] is False
    assert await at.get(f"/api/imports/runs/{run['id']}/failures") == {"failures": [], "after": None}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parallel": 0}, "parallel is 1 to"),
        ({"parallel": -1}, "parallel is 1 to"),
        ({"parallel": 10**9}, "parallel is 1 to"),
        ({"name": "x" * 201}, "a run's name is"),
        ({"name": "a\nb"}, "a run's name is"),
        ({"name": " "}, "a run's name is"),
        ({"population": {}}, "by its id or by its name"),
        ({"population": {"id": "a", "name": "b"}}, "by its id or by its name"),
        ({"population": {"name": " ", "create": True}}, "by its id or by its name"),
        ({"mapping": {}}, "No column is mapped to username"),
        ({"mapping": {"email": "email"}}, "No column is mapped to username"),
        ({"mapping": {"username": "username", "ghost": "email"}}, "has no column 'ghost'"),
        ({"mapping": {"username": "username", "email": "username"}}, "both mapped to username"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_there_is_a_run(at: Office, options: Json, said: str) -> None:
    """With the sentence, and nothing in the list of runs."""
    upload = await at.uploaded([row(1)])
    mapping = {one["column"]: one["attribute"] for one in upload["mapping"]}
    wanted = {"kind": "import", "target": "sandbox", "file": upload["id"], "mapping": mapping, **options}
    status, body = await at.ask("POST", "/api/imports/runs", wanted)

    assert (status, said in body["error"]["message"]) == (400, True), body
    assert (await at.get("/api/imports/runs"))["runs"] == []


async def test_no_password_is_in_rejects_or_events_wherever_it_stands(at: Office, tmp_path: Path) -> None:
    """In a row of too many or too few cells, behind a quote that never closes, and in a column that is not mapped."""
    lines = ["username,email,first name,last name,password"]
    lines += ["ada,ada@example.com,Lovelace, Ada,L,Hidden-horse-1!", "bob,bob@example.com,Hidden-horse-2!"]
    lines += ['"eve,eve@example.com,Eve,E,Hidden-horse-3!', "dan,nobody,Dan,D,Hidden-horse-4!"]
    _, upload = await at.upload("\n".join(lines).encode())
    left_out = {one["column"]: one["attribute"] for one in upload["mapping"] if one["attribute"] != "password"}
    for mapping in ({one["column"]: one["attribute"] for one in upload["mapping"]}, left_out):
        run = await at.imported(upload, mapping=mapping)
        _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
        failures = await at.get(f"/api/imports/runs/{run['id']}/failures")

        assert run["counts"]["failed"] == 4
        assert "Hidden-horse" not in f"{rejects}{failures}{await at.events(run['id'])}"


async def test_what_a_rejects_file_does_not_show_is_not_imported(at: Office) -> None:
    """A row that was mended but for a cell that was hidden fails, and says which; no user is called by dots."""
    content = b"username,email,first name,password\nada,ada@example.com,Ada,B,Hidden-horse-1!\n"
    _, upload = await at.upload(content)
    run = await at.imported(upload)
    _, rejects = await at.ask("GET", f"/api/imports/runs/{run['id']}/rejects.csv")
    cells = "••••••"
    mended = rejects.decode().replace(f"Ada,{cells},{cells}", f"{cells},New-horse-1!")
    assert mended != rejects.decode()
    _, again = await at.upload(mended.encode())
    second = await at.imported(again)
    told = await at.get(f"/api/imports/runs/{second['id']}/failures")

    assert [(one["code"], one["field"]) for one in told["failures"]] == [("REQUIRED_VALUE", "name.given")]


async def test_a_run_that_was_quicker_than_who_began_it_is_known_all_the_same(tmp_path: Path) -> None:
    """Its file, its target and whether that is a production environment are kept, whoever noted it first."""
    app = Imports()
    options = Options(target="sandbox", file="f")
    about = {"file_name": "users.csv", "target": {"id": "t", "name": "Live", "environment_type": "PRODUCTION"}}
    async with serving(Headway(tmp_path, apps=[app])) as address, aiohttp.ClientSession() as http:
        for told in (None, about, {"file_name": "another"}):
            await app._workbench.note("run", options, told)
        async with http.get(address.http("/api/imports/runs/run")) as answer:
            run = await answer.json()

    assert (run["file_name"], run["target"]) == ("users.csv", about["target"])
