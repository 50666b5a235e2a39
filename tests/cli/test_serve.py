"""`headway serve` in a process of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from headway.client import connect
from headway.testing.serving import listener
from tests.cli.harness import command, run, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


async def test_says_where_it_listens_once_it_does(tmp_path: Path) -> None:
    """With port 0 the line names the real port, and whoever reads it can connect at once."""
    async with serve(tmp_path / "data") as (_, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", url)

        assert (await connect(url).publish("run", "step")).offset == 1


async def test_says_who_may_come_and_where_the_data_is(tmp_path: Path) -> None:
    """The line tells the data folder, and whether a token is needed."""
    folder = tmp_path / "data"
    async with command("serve", "--port", "0", "--data", str(folder)) as server:
        assert f"data: {folder}, access: open to everybody on this machine, listening" in await server.line()
    async with command("serve", "--port", "0", "--data", "", settings={"HEADWAY_SECRET": "hush"}) as server:
        assert "data: memory only, access: with a token, listening" in await server.line()


async def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    """Ctrl-C: code 130, not a word."""
    async with serve(tmp_path / "data") as (server, _):
        server.interrupt()
        finished = await server.ended()

    assert (finished.code, finished.out, finished.err) == (130, "", "")


async def test_the_log_is_lines_of_names_and_values(tmp_path: Path) -> None:
    """What a server has to report stands on stderr, one line each, without colours where nobody looks at a terminal."""
    (tmp_path / "events.sqlite3").write_text("this is no database" * 100)

    async with serve(tmp_path) as (server, _):
        line = await server.error_line()

    assert re.fullmatch(r'timestamp=\S+Z level=error logger=headway\.log event="! the log in .* is damaged .*', line)


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
