"""`headway import`, against a server with imports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from headway.testing.serving import listener
from tests.apps.imports.office import Office, csv, elsewhere, office, row
from tests.cli.harness import command, refusal, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A server with imports."""
    async with office(tmp_path / "data") as made:
        yield made


def written(folder: Path, rows: list[dict[str, str]]) -> str:
    """A CSV file."""
    file = folder / "users.csv"
    file.write_bytes(csv(rows, tuple(rows[0])))
    return str(file)


async def test_an_import_that_goes_well(at: Office, tmp_path: Path) -> None:
    """It is watched to its end, and its counts are said: 0."""
    file = written(tmp_path, [row(number) for number in range(20)])
    done = await run("import", file, "--target", "Sandbox", "--name", "Monday", "--url", at.address.http(""))

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "20 created. The import is complete."
    assert "Importing 20 rows of users.csv into Sandbox" in done.err
    assert [one["name"] for one in (await at.get("/api/imports/runs"))["runs"]] == ["Monday"]
    assert len(await at.users()) == 20


async def test_rows_that_are_rejected(at: Office, tmp_path: Path) -> None:
    """3, and the rows are in the file that was named; mended, they are imported."""
    file = written(tmp_path, [row(1), row(2, email="nobody")])
    rejects = tmp_path / "rejects.csv"
    url = ("--target", "sandbox", "--url", at.address.http(""))
    done = await run("import", file, "--rejects", str(rejects), *url)
    rejects.write_bytes(rejects.read_bytes().replace(b"nobody", b"user2@example.com"))
    again = await run("import", str(rejects), *url)

    assert (done.code, again.code) == (3, 0), done.err + again.err
    assert "1 created, 1 failed" in done.out
    assert "Correct-horse" not in done.out + done.err + rejects.read_text()
    assert sorted(await at.users()) == ["user1", "user2"]


async def test_a_dry_run_as_json(at: Office, tmp_path: Path) -> None:
    """The last line is the run; nothing was written."""
    file = written(tmp_path, [row(1)])
    done = await run("import", file, "--target", "sandbox", "--dry-run", "--json", "--url", at.address.http(""))
    lines = [msgspec.json.decode(line) for line in done.out.splitlines()]

    assert (done.code, lines[-1]["dry_run"], lines[-1]["counts"]["created"]) == (0, True, 1)
    assert {"progress", "completion", "task_progress"} <= {line.get("type") for line in lines}
    assert await at.users() == []


async def test_columns_that_are_named_otherwise(at: Office, tmp_path: Path) -> None:
    """`--map` says what a column is, and takes it from the one that was proposed."""
    rows = [{"Kennung": "ada", "login": "somebody", "email": "ada@example.com", "remark": "x"}]
    file = written(tmp_path, rows)
    url = ("--target", "sandbox", "--url", at.address.http(""))
    done = await run("import", file, "--map", "Kennung=username", "--map", "remark=", *url)
    wrong = await run("import", file, "--map", "Nothing=username", *url)

    assert done.code == 0, done.err
    assert await at.users() == ["ada"]
    assert (wrong.code, "Kennung, login, email, remark" in wrong.err) == (2, True)


async def test_a_population_is_made(at: Office, tmp_path: Path) -> None:
    """Only where that was asked for; else its absence is why nothing happened."""
    file = written(tmp_path, [row(1)])
    url = ("--target", "sandbox", "--url", at.address.http(""))
    absent = await run("import", file, "--population", "New ones", *url)
    made = await run("import", file, "--population", "New ones", "--create-population", *url)

    assert (absent.code, made.code) == (1, 0), absent.err + made.err
    assert "no population called 'New ones'" in absent.out


async def test_by_the_environment(at: Office, tmp_path: Path) -> None:
    """Instead of a target's name; what there is not is said with what there is."""
    file = written(tmp_path, [row(1)])
    target = (await at.get("/api/imports/targets"))["targets"][0]
    url = ("--url", at.address.http(""))
    done = await run("import", file, "--environment", target["environment"], *url)
    wrong = await run("import", file, "--target", "Elsewhere", *url)
    nowhere = await run("import", file, *url)

    assert (done.code, wrong.code, nowhere.code) == (0, 2, 2)
    assert "it has: Sandbox" in wrong.err
    assert "--target or --environment" in nowhere.err


async def test_a_question_and_a_refusal_pause_it(at: Office, tmp_path: Path) -> None:
    """5, with what to do; resumed after that was done, it comes to its end."""
    file = written(tmp_path, [row(1) | {"population": "Nowhere"}, row(2) | {"population": "Nowhere"}])
    url = ("--url", at.address.http(""))
    asks = await run("import", file, "--target", "sandbox", *url)
    async with elsewhere() as (_, target):
        faults = f"{target['api'].removesuffix('/v1')}/__sandbox/faults"
        await at.ask("POST", "/api/imports/targets", target)
        async with at.http.put(faults, json={"licence": 0}) as answer:
            assert answer.status == 200
        stops = await run("import", written(tmp_path, [row(1)]), "--target", "elsewhere", *url)
        async with at.http.put(faults, json={}) as answer:
            assert answer.status == 200
        (newest, *_) = (await at.get("/api/imports/runs"))["runs"]
        resumed = await run("import", "--resume", newest["id"], *url)

    assert (asks.code, stops.code, resumed.code) == (5, 5, 0), stops.err + resumed.err
    assert "no population called Nowhere" in asks.err
    assert f"headway import --resume {newest['id']}" in stops.err
    assert "1 created" in resumed.out


async def test_ctrl_c_leaves_it_running(at: Office, tmp_path: Path) -> None:
    """Of a script it is not asked anything: it is told how to watch and how to end it. Cancelled elsewhere: 4."""
    async with elsewhere(rate=2.0) as (_, target):
        await at.ask("POST", "/api/imports/targets", target)
        file = written(tmp_path, [row(number) for number in range(200)])
        url = ("--url", at.address.http(""))
        async with command("import", file, "--target", "elsewhere", *url) as watching:
            await watching.line()
            watching.interrupt()
            left = await watching.ended()
        (newest,) = (await at.get("/api/imports/runs"))["runs"]
        async with command("import", "--resume", f"task:{newest['id']}", *url) as watching:
            await watching.line()
            await at.ask("POST", f"/api/tasks/{newest['id']}/cancel")
            ended = await watching.ended()

    assert (left.code, ended.code) == (130, 4), left.err + ended.err
    assert f"headway import --resume {newest['id']}" in left.err
    assert "was cancelled" in ended.out


async def test_what_is_no_csv(at: Office, tmp_path: Path) -> None:
    """2, with the server's sentence."""
    file = tmp_path / "users.csv"
    file.write_bytes(b"\x00\x01" * 500)
    done = await run("import", str(file), "--target", "sandbox", "--url", at.address.http(""))

    assert (done.code, done.err.startswith("headway: ")) == (2, True)


def test_calls_that_go_nowhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Refused before anybody is asked."""
    file = written(tmp_path, [row(1)])
    for arguments in (
        (),
        (file, "--resume", "x"),
        ("nothing.csv",),
        (file, "--map", "Login"),
        (file, "--create-population"),
        (file, "--policy", "perhaps"),
    ):
        assert refusal(capsys, "import", *arguments).code == 2, arguments


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """1: trying again can help."""
    with listener() as socket:
        url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    gone = refusal(capsys, "import", written(tmp_path, [row(1)]), "--target", "sandbox", "--url", url)

    assert (gone.code, "connection refused" in gone.err) == (1, True)
