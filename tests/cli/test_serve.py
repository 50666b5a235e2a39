"""`headway serve` in a process of its own."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from headway.client import connect
from headway.testing.serving import listener
from tests.cli.harness import command, run, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
SECRET = "a secret of more than thirty-two bytes"


async def test_says_where_it_listens_once_it_does(tmp_path: Path) -> None:
    """With port 0 the line names the real port, and whoever reads it can connect at once."""
    async with serve(tmp_path / "data") as (_, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", url)

        async with connect(url) as client:
            assert (await client.publish("run", "step")).offset == 1


async def test_says_who_may_come_and_where_the_data_is(tmp_path: Path) -> None:
    """The line tells the data folder, and whether a token is needed."""
    folder = tmp_path / "data"
    async with command("serve", "--port", "0", "--data", str(folder)) as server:
        assert f"data: {folder}, access: open to everybody on this machine, listening" in await server.line()
    async with command("serve", "--port", "0", "--data", "", settings={"HEADWAY_SECRET": SECRET}) as server:
        assert "data: memory only, access: with a token, signed by the secret, listening" in await server.line()


async def test_says_which_limits_were_changed_and_how_many_sign_in(tmp_path: Path) -> None:
    """What differs from the default is in the line; a running server has read it all from one file."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "headway.toml").write_text(
        f'port = 0\ndata = "{tmp_path / "data"}"\nsecret_file = "{tmp_path / "secret"}"\n[limits]\nheaders = 50\n'
    )
    config = ("--config", str(tmp_path / "headway.toml"))
    assert (await run("user", "add", "ann", "--password-stdin", *config, stdin="correct horse\n")).code == 0

    async with command("serve", *config, "--limit", "wait_seconds=5") as server:
        line = await server.line()

    assert "access: with a token, signed by the secret, users: 1, limits: headers=50 wait_seconds=5.0, list" in line


async def test_check_ends_with_a_verdict_and_touches_nothing(tmp_path: Path) -> None:
    """`--check` is for deployments: it says whether a server would start, beside the one that runs."""
    async with serve(tmp_path / "data") as (_, url):
        beside = ("serve", "--check", "--data", str(tmp_path / "data"), "--port", url.rpartition(":")[2])
        good = await run(*beside, "--limit", "headers=50")
        bad = [
            await run("serve", "--check", *wrong)
            for wrong in (
                ["--host", "0.0.0.0"],
                ["--limit", "headers=0"],
                ["--jwks", str(tmp_path / "nowhere")],
                ["--users", str(tmp_path)],
            )
        ]

    assert (good.code, good.err) == (0, "")
    assert re.fullmatch(r"the settings are in order: data: .*, access: open .*, limits: headers=50\n", good.out)
    assert [(one.code, one.out, one.err.count("\n")) for one in bad] == [(2, "", 1)] * 4


async def test_an_empty_secret_is_no_open_door(tmp_path: Path) -> None:
    """A variable that is set to nothing must not open a server to the world."""
    settings = {"HEADWAY_SECRET": ""}
    finished = await run("serve", "--port", "0", "--host", "0.0.0.0", "--data", str(tmp_path / "d"), settings=settings)

    assert_refused(finished.code, finished.out, finished.err, "HEADWAY_SECRET: the secret is empty")


async def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    """Ctrl-C: code 130, not a word."""
    async with serve(tmp_path / "data") as (server, _):
        server.interrupt()
        finished = await server.ended()

    assert (finished.code, finished.out, finished.err) == (130, "", "")


async def test_the_log_is_a_json_object_a_line(tmp_path: Path) -> None:
    """What a server has to report stands on stderr, for programs where nobody looks at a terminal."""
    (tmp_path / "events.sqlite3").write_text("this is no database" * 100)

    async with serve(tmp_path) as (server, _):
        line = json.loads(await server.error_line())

    assert (line["level"], line["logger"]) == ("error", "headway.log")
    assert line["event"].startswith("! the log in")


async def test_the_log_can_be_text_and_say_less(tmp_path: Path) -> None:
    """Its format and the least that is logged are settings."""
    (tmp_path / "events.sqlite3").write_text("this is no database" * 100)

    async with serve(tmp_path, "--log-format", "text", "--log-level", "error") as (server, url):
        line = await server.error_line()
        async with connect(url) as client:
            assert (await client.publish("run", "step")).offset == 1
        server.interrupt()
        finished = await server.ended()

    assert "[error" in line
    assert "the log in" in line
    assert finished.err == ""


async def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Two servers never write one log."""
    async with serve(tmp_path):
        finished = await run("serve", "--port", "0", "--data", str(tmp_path))

    assert_refused(finished.code, finished.out, finished.err, f"the data folder {tmp_path} is used by another Headway")


async def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    """A port that is taken is named, with what to do."""
    with listener() as taken:
        taken.listen()
        port = taken.getsockname()[1]
        finished = await run("serve", "--port", str(port), "--data", str(tmp_path / "data"))

    assert_refused(finished.code, finished.out, finished.err, f"port {port} is taken by another program; .*--port 0")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "can be reached from other machines, .* HEADWAY_SECRET .* --insecure"),
        (["--host", "192.0.2.1", "--insecure"], "192.0.2.1 is no address of this machine"),
        (["--port", "70000"], "--port: .* less than or equal to 65535"),
        (["--secret-file", "/nonexistent/secret"], "the secret cannot be read from /nonexistent/secret"),
    ],
)
async def test_what_cannot_be_served_is_refused(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """One clear sentence and code 2; a server never begins half."""
    finished = await run("serve", "--port", "0", "--data", str(tmp_path / "data"), *arguments)

    assert_refused(finished.code, finished.out, finished.err, sentence)


async def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """A folder that cannot be made or written is named."""
    (tmp_path / "file").write_text("in the way")
    places = [tmp_path / "file"]
    if os.geteuid() != 0:  # root may write everywhere
        (tmp_path / "closed").mkdir(mode=0o500)
        places.append(tmp_path / "closed" / "data")
    for place in places:
        finished = await run("serve", "--port", "0", "--data", str(place))

        assert_refused(finished.code, finished.out, finished.err, f"the data folder {place} cannot be used: ")


def assert_refused(code: int, out: str, err: str, sentence: str) -> None:
    """One line on stderr, nothing on stdout, code 2."""
    assert (code, out) == (2, "")
    assert re.fullmatch(f"headway: .*{sentence}.*\n", err), err


async def test_the_jobs_of_a_module_are_run(tmp_path: Path) -> None:
    """From the working directory; the line says which modules; one that is not there keeps it from starting."""
    (tmp_path / "chores.py").write_text(
        "from headway.tasks.jobs import Jobs\njobs = Jobs()\n@jobs.job()\nasync def sweep(work):\n    work.advance()\n"
    )
    arguments = ("serve", "--port", "0", "--data", "")
    async with command(*arguments, "--jobs", "chores", cwd=tmp_path) as server:
        line = await server.line()
        swept = await run("task", "run", "sweep", "--follow", "--url", line.rpartition(" ")[2])
    async with command(*arguments, "--jobs", "nowhere", cwd=tmp_path) as server:
        refused = await server.ended()

    assert ", jobs: chores, listening" in line
    assert swept.code == 0, swept.err
    assert_refused(refused.code, refused.out, refused.err, "there is no module nowhere")
