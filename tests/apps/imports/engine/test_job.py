"""Runs against the sandbox, from the file to the report."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headway.apps.imports.engine import dispatching
from headway.apps.imports.engine.interface import Choice
from headway.sandbox.faults import Faults
from headway.tasks.model import Action, Status
from headway.testing.waiting import wait_until
from tests.apps.imports.engine.stage import HIDDEN, PASSWORD, Stage, spelled, stage, users, way_to


def added_up(told: Mapping[str, Any]) -> int:  # Any: JSON
    """The sum that must be the total."""
    return sum(int(told[name]) for name in ("created", "updated", "skipped", "failed", "notAttempted"))


async def the_end(at: Stage, run: str) -> dict[str, Any]:  # Any: JSON
    """The one completion of a run, which adds up and agrees with the last progress, the task and the report."""
    (told,) = await at.told(run, "completion")
    last = (await at.told(run, "progress"))[-1]
    state = await at.state(run)
    report = at.bench.reports[-1]
    named = {name: told[name] for name in ("created", "updated", "skipped", "failed")}
    assert added_up(told) == told["total"]
    assert {name: last["counts"][name] for name in named} == named
    assert {name: report["counts"][name] for name in named} == named
    assert dict(state.progress.counts) == {name: count for name, count in named.items() if count}
    assert told["rejects"] == told["failed"]
    assert last["status"] == state.status
    return told


async def test_everybody_is_created_once_and_the_end_is_told_once(tmp_path: Path) -> None:
    """A run over a good file creates each user once, completes, and says so once."""
    async with stage(tmp_path) as at:
        run = await at.submit(at.file(users(300)))
        state = await at.ended(run)

        assert state.status is Status.COMPLETED, state
        assert at.made() == dict.fromkeys((f"user{n}" for n in range(300)), 1)
        told = await the_end(at, run)
        assert told["success"]
        assert told["created"] == 300
        (report,) = at.bench.reports
        assert report["rows"] == {"first": 1, "last": 300}
        assert report["environment"]["type"] == "SANDBOX"
        assert report["population"]["name"] == "Default"
        assert report["rate"] > 0


async def test_on_bad_days_each_user_is_created_once_all_the_same(tmp_path: Path) -> None:
    """Errors, 429 and connections that are cut before and after the deed change nothing about the result."""
    faults = Faults(errors=3, late=3, limited=1, vanished=3, dropped=5, lag=20, retry_after="seconds")
    async with stage(tmp_path, seed=3, faults=faults, existing_id=False) as at:
        run = await at.submit(at.file(users(150)))
        state = await at.ended(run)

        assert state.status is Status.COMPLETED, state
        assert at.made() == dict.fromkeys((f"user{n}" for n in range(150)), 1)
        assert (await the_end(at, run))["created"] == 150
        assert at.bench.reports[0]["retries"] > 0


async def test_rows_that_cannot_be_are_rejected_with_the_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    """What is wrong by the file's own rules, twice in it, or refused by PingOne ends in the rejects file."""
    rows = users(6)
    rows[1]["email"] = "nobody"
    rows[2]["username"] = "USER0"
    rows[3]["password"] = "abc"  # refused by the policy, which only PingOne knows
    async with stage(tmp_path) as at:
        run = await at.submit(at.file(rows))
        await at.ended(run)

        assert (await the_end(at, run))["failed"] == 3
        rejects = {row["headway.row"]: row for row in at.rejects(run)}
        assert {number: row["headway.code"] for number, row in rejects.items()} == {
            "2": "INVALID_VALUE",
            "3": "DUPLICATE_IN_FILE",
            "4": "INVALID_VALUE",
        }
        assert rejects["4"]["headway.field"].startswith("password")
        assert {row["password"] for row in rejects.values()} == {HIDDEN}
        items = {item["row"]: item for item in await at.told(run, "task_item")}
        assert set(items) == {2, 3, 4}
        assert items[4]["correlation_id"]
        assert items[2]["field"] == "email"


async def test_mended_rejects_import_and_then_nothing_is_left(tmp_path: Path) -> None:
    """The rejects file, mended and imported again, makes the users that were missing."""
    rows = users(5)
    rows[1]["email"] = "nobody"
    rows[3]["email"] = ""
    async with stage(tmp_path) as at:
        first = await at.submit(at.file(rows))
        await at.ended(first)
        mended = [{**row, "email": f"{row['username']}@example.com", "password": PASSWORD} for row in at.rejects(first)]
        second = await at.submit(at.file(mended))
        await at.ended(second)

        assert at.bench.reports[-1]["counts"]["created"] == 2
        assert at.made() == dict.fromkeys((f"user{n}" for n in range(5)), 1)


@pytest.mark.parametrize(
    ("policy", "counts"),
    [
        ("skip", {"skipped": 3, "created": 1}),
        ("fail", {"failed": 3, "created": 1}),
        ("update", {"updated": 2, "skipped": 1, "created": 1}),
    ],
)
async def test_users_who_are_there_are_treated_as_chosen(
    tmp_path: Path, policy: str, counts: Mapping[str, int]
) -> None:
    """Skipped, failed, or changed where they differ; a dry run says the same before, and changes nothing."""
    async with stage(tmp_path) as at:
        await at.ended(await at.submit(at.file(users(3))))
        rows = [{**row, "enabled": "true"} for row in users(4)]
        rows[0]["name.given"] = "Grace"
        rows[1]["enabled"] = "false"
        file = at.file(rows)
        dry = await at.submit(file, policy=policy, dry_run=True)
        await at.ended(dry)
        between = at.made()
        run = await at.submit(file, policy=policy)
        await at.ended(run)

        for one in (dry, run):
            assert dict((await at.state(one)).progress.counts) == counts
        assert "user3" not in between
        async with at.bench.client() as client:
            found = {user.username: user async for page in client.user_pages() for user in page.entries}
        updated = policy == "update"
        assert found["user0"].attributes["name"] == {"given": "Grace" if updated else "Ada", "family": "L0"}
        assert found["user1"].enabled is not updated


async def test_a_dry_run_asks_for_each_row_where_that_is_cheaper(tmp_path: Path) -> None:
    """A short file against many users is looked up row by row, with the same result."""
    async with stage(tmp_path, page_users=5) as at:
        await at.ended(await at.submit(at.file(users(30))))
        run = await at.submit(at.file(users(3, first=28)), dry_run=True)
        await at.ended(run)

        assert dict((await at.state(run)).progress.counts) == {"created": 1, "skipped": 2}
        assert (await the_end(at, run))["dryRun"] is True
        assert len(at.made()) == 30


async def test_a_cancel_ends_it_and_what_was_not_attempted_is_counted(tmp_path: Path) -> None:
    """A cancelled run ends at once; what was done, what failed and what was not attempted add up."""
    async with stage(tmp_path, faults=Faults(latency=20)) as at:
        run = await at.submit(at.file(users(2_000)), parallel=5)
        await at.done(run, 20)
        await at.request(run, Action.CANCEL)
        state = await at.ended(run)

        assert state.status is Status.CANCELLED
        told = await the_end(at, run)
        assert not told["success"]
        assert told["notAttempted"] > 0
        assert told["failed"] == 0
        assert len(at.made()) == told["created"]


async def test_a_cancel_does_not_wait_for_a_limiter(tmp_path: Path) -> None:
    """Rows that queue for their turn have not been attempted when the run is cancelled."""
    async with stage(tmp_path, rate=2.0) as at:
        run = await at.submit(at.file(users(100)))
        await at.done(run, 1)
        await at.request(run, Action.CANCEL)
        await at.ended(run)

        told = await the_end(at, run)
        assert told["failed"] == 0
        assert told["notAttempted"] == 100 - told["created"]
        assert len(at.made()) == told["created"]


async def test_a_cancel_does_not_wait_for_a_throttle(tmp_path: Path) -> None:
    """Rows that PingOne has put off were not done: they are in no doubt, and whoever watches sees the wait."""
    async with stage(tmp_path, faults=Faults(latency=5)) as at:
        run = await at.submit(at.file(users(2_000)), parallel=4)
        await at.done(run, 20)
        at.sandbox.set_faults(Faults(limited=100, retry_after="seconds"))

        async def shown() -> bool:
            return any("throttled" in told for told in await at.told(run, "progress"))

        await wait_until(shown)
        await at.request(run, Action.CANCEL)
        await at.ended(run)

        told = await the_end(at, run)
        assert told["failed"] == 0
        assert told["created"] == len(at.made())
        assert at.bench.reports[0]["throttled"]["answers"] > 0


async def test_a_request_without_an_answer_is_in_doubt_after_a_cancel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cancels while PingOne keeps silent is told which rows may have been done."""
    monkeypatch.setattr(dispatching.Dispatcher.__init__, "__kwdefaults__", {"linger": 0.2})
    async with stage(tmp_path, faults=Faults(latency=5)) as at:
        run = await at.submit(at.file(users(2_000)), parallel=2)
        await at.done(run, 20)
        at.sandbox.set_faults(Faults(latency=30_000))
        looks: list[int] = []

        def silent() -> bool:
            looks.append(len(at.made()))
            return len(looks) > 40 and looks[-1] == looks[-40]

        await wait_until(silent)
        await at.request(run, Action.CANCEL)
        await at.ended(run)

        told = await the_end(at, run)
        assert told["failed"] == 2
        assert [row["headway.code"] for row in at.rejects(run)] == ["IN_DOUBT", "IN_DOUBT"]


async def test_it_holds_still_while_paused_and_goes_on(tmp_path: Path) -> None:
    """While a run is paused nothing is under way, and when it is resumed the rest is done."""
    async with stage(tmp_path, faults=Faults(latency=5)) as at:
        run = await at.submit(at.file(users(400)), parallel=5)
        await at.done(run, 20)
        await at.request(run, Action.PAUSE)
        await at.reached(run, Status.PAUSED)
        made = len(at.made())
        replies = dict(at.sandbox.state()["replies"])
        paused = (await at.told(run, "progress"))[-1]
        await at.request(run, Action.RESUME)
        state = await at.ended(run)

        assert 20 <= made < 400
        assert paused["status"] == "paused"
        assert paused["current"] == made
        assert replies != at.sandbox.state()["replies"]
        assert state.status is Status.COMPLETED
        assert (await the_end(at, run))["created"] == 400
        assert set(at.made().values()) == {1}


async def test_a_full_licence_stops_and_explains_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """A licence without room pauses the run with a reason; no row fails, and resumed it does the rest."""
    async with stage(tmp_path, faults=Faults(licence=30)) as at:
        run = await at.submit(at.file(users(60)))
        await at.reached(run, Status.PAUSED)
        (error,) = await at.told(run, "error")
        stopped = at.bench.stops[-1]
        at.sandbox.set_faults(Faults())
        await at.request(run, Action.RESUME)
        state = await at.ended(run)

        assert error["code"] == stopped[0] == "LICENSE_EXCEEDED"
        assert "resume" in error["message"]
        assert at.bench.stops[-1] == ("", "")
        assert state.status is Status.COMPLETED
        assert (await the_end(at, run))["created"] == 60
        assert set(at.made().values()) == {1}


async def test_it_fails_where_it_is_not_to_be_paused(tmp_path: Path) -> None:
    """With `on_stop` fail, what stops the run ends it, and everything adds up."""
    async with stage(tmp_path, faults=Faults(licence=5)) as at:
        run = await at.submit(at.file(users(20)), on_stop="fail", parallel=3)
        state = await at.ended(run)

        assert state.status is Status.FAILED
        assert state.error is not None
        assert "licence" in state.error.message
        told = await the_end(at, run)
        assert (told["created"], told["notAttempted"], told["failed"]) == (5, 15, 0)
        assert len(await at.told(run, "error")) == 1


async def test_a_tenant_that_cannot_be_reached_stops_it_before_the_first_row(tmp_path: Path) -> None:
    """What PingOne refuses before the first row is no row's fault: the run pauses, and begins when it is resumed."""
    async with stage(tmp_path, faults=Faults(forbidden=86_400)) as at:
        run = await at.submit(at.file(users(3)))
        await at.reached(run, Status.PAUSED)
        at.sandbox.set_faults(Faults())
        await at.request(run, Action.RESUME)
        state = await at.ended(run)

        assert state.status is Status.COMPLETED
        assert len(at.made()) == 3


async def test_a_file_that_is_gone_fails_the_run_with_a_sentence(tmp_path: Path) -> None:
    """A run that cannot be opened has failed, and says so where it is watched."""
    async with stage(tmp_path) as at:
        file = at.file(users(3))
        file.write_bytes(b"")
        run = await at.submit(file)
        state = await at.ended(run)

        assert state.status is Status.FAILED
        (error,) = await at.told(run, "error")
        (told,) = await at.told(run, "completion")
        assert error["message"]
        assert not told["success"]
        assert added_up(told) == 0


async def test_a_chosen_population_is_made_and_used(tmp_path: Path) -> None:
    """A population that there is not is made where that was chosen, and a dry run makes none."""
    async with stage(tmp_path) as at:
        file = at.file(users(3))
        choice = Choice(name="Engineers", create=True)
        await at.ended(await at.submit(file, population=choice, dry_run=True))
        async with at.bench.client() as client:
            before = {one.name for one in await client.populations()}
            await at.ended(await at.submit(file, population=choice))
            after = {one.name: one for one in await client.populations()}

        assert "Engineers" not in before
        assert after["Engineers"].user_count == 3
        assert at.bench.reports[-1]["population"]["id"] == after["Engineers"].id


async def test_the_file_says_where_each_user_goes(tmp_path: Path) -> None:
    """A population column holds ids and names; an empty cell is the default, one that is unknown fails its row."""
    async with stage(tmp_path) as at:
        async with at.bench.client() as client:
            listed = {one.name: one.id for one in await client.populations()}
        named = ["Guests", listed["Guests"].upper(), "", "Nowhere"]
        rows = [{**row, "population": name} for row, name in zip(users(4), named, strict=True)]
        run = await at.submit(at.file(rows), unknown_population="fail")
        await at.ended(run)

        async with at.bench.client() as client:
            counted = {one.name: one.user_count for one in await client.populations()}
        assert counted == {"Default": 1, "Guests": 2}
        (reject,) = at.rejects(run)
        assert (reject["headway.code"], reject["headway.field"]) == ("UNKNOWN_POPULATION", "population")


async def test_questions_about_populations_hold_it_until_they_are_answered(tmp_path: Path) -> None:
    """Where the file and the choice disagree, and where the file names nothing that there is, somebody is asked."""
    async with stage(tmp_path) as at:
        async with at.bench.client() as client:
            guests = next(one.id for one in await client.populations() if one.name == "Guests")
        rows = [{**row, "population": "Nowhere"} for row in users(3)]
        run = await at.submit(at.file(rows), population=Choice(id=guests))
        await at.reached(run, Status.PAUSED)
        (conflict,) = await at.told(run, "population_conflict")
        at.bench.answers["population_conflict"] = "file"
        await at.request(run, Action.RESUME)
        pick = await at.heard(run, "pick_population_required")
        await at.reached(run, Status.PAUSED)
        nobody = at.made()
        at.bench.answers["pick_population_required"] = Choice(id=guests)
        await at.request(run, Action.RESUME)
        state = await at.ended(run)

        assert (conflict["columns"], conflict["choice"]) == (["population"], "Guests")
        assert pick["names"] == ["Nowhere"]
        assert nobody == {}
        assert state.status is Status.COMPLETED
        async with at.bench.client() as client:
            assert {one.name: one.user_count for one in await client.populations()} == {"Default": 0, "Guests": 3}


async def test_several_runs_at_once_do_not_mind_each_other(tmp_path: Path) -> None:
    """Four runs at once each do their own file."""
    async with stage(tmp_path) as at:
        runs = [await at.submit(at.file(users(50, first=50 * n))) for n in range(4)]
        states = [await at.ended(run) for run in runs]

        assert {state.status for state in states} == {Status.COMPLETED}
        assert at.made() == dict.fromkeys((f"user{n}" for n in range(200)), 1)


async def test_no_password_is_written_anywhere(tmp_path: Path) -> None:
    """Neither events nor journal, rejects, log or checkpoint hold a password, whatever happens to its row."""
    rows = users(40)
    rows[5]["password"] = PASSWORD + " "  # as a cell that is refused would have it
    rows[7]["email"] = PASSWORD.replace("-", "@", 1).replace("-", "") + "..x"
    async with stage(tmp_path, faults=Faults(errors=5, dropped=5)) as at:
        await at.ended(await at.submit(at.file(rows)))
        second = await at.submit(at.file([*rows[:20], *users(5, first=90)]), policy="fail")
        await at.ended(second)
        told = repr([await at.events(run) for run in (second,)])

        assert PASSWORD not in told
        held = [
            path for path in (tmp_path / "data").rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()
        ]
        assert not held
    held = [
        path for path in (tmp_path / "data").rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]
    assert not held


@pytest.mark.timeout(60)
async def test_killed_again_and_again_it_does_each_row_once(tmp_path: Path) -> None:
    """A run whose process is killed twice in the middle goes on, and each user was created once, with counts that add
    up and rejects that have each failed row once."""
    rows = users(600)
    for row in rows[::20]:
        row["email"] = "nobody"
    faults = Faults(latency=10, dropped=3, late=2)
    async with stage(tmp_path / "own", faults=faults) as at:
        file = at.file(rows)
        way = way_to(at.sandbox)
        folder = tmp_path / "killed"
        folder.mkdir()
        run: str | None = None
        for wanted in (100, 250):
            process = await _begin(folder, spelled(way, file, run, parallel=10))
            assert process.stdout is not None
            run = (await process.stdout.readline()).decode().strip()
            while len(at.made()) < wanted:
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.01)  # the sandbox tells nobody
            process.kill()
            await process.communicate()
        before = len(at.made())
        process = await _begin(folder, spelled(way, file, run))
        out, _ = await process.communicate()

        assert 250 <= before < 570
        assert out.split()[-1] == b"completed", out
        assert at.made() == {row["username"]: 1 for row in rows if row["email"] != "nobody"}
    async with stage(folder, way=way) as after:
        assert run is not None
        (told,) = await after.told(run, "completion")
        assert added_up(told) == 600
        assert (told["created"], told["failed"]) == (570, 30)
        numbers = [int(row["headway.row"]) for row in after.rejects(run)]
        assert sorted(numbers) == list(range(1, 600, 20))


async def _begin(folder: Path, settings: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.apps.imports.engine.stage", str(folder), settings),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": "."},
    )
