"""`headway user` in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from headway.access.identity import Role
from headway.access.passwords import matches
from headway.server.users import Users
from tests.cli.harness import Finished, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

PASSWORD = "correct horse CANARY"


async def user(*arguments: str, stdin: str = "") -> Finished:
    """What `headway user` does."""
    return await run("user", *arguments, stdin=stdin)


async def add(data: Path, name: str, *arguments: str, password: str = PASSWORD) -> Finished:
    """What becomes of an added user."""
    return await user("add", name, "--data", str(data), "--password-stdin", *arguments, stdin=f"{password}\n")


async def test_who_is_added_can_sign_in_as_what_was_said(tmp_path: Path) -> None:
    """A file in the data folder, which is made, holds the hash, the role and the patterns; the password is nowhere."""
    finished = await add(tmp_path / "data", "ann", "--role", "operator", "--channel", "run:*", "--publish", "run:7")
    found = Users(tmp_path / "data" / "users.json").find("ann")

    assert (finished.code, finished.out) == (0, "")
    assert finished.err == "added: ann, operator, reads run:*, publishes run:7\n"
    assert found is not None
    assert (found.role, found.readable, found.writable) == (Role.OPERATOR, ("run:*",), ("run:7",))
    assert matches(found.password, PASSWORD)
    assert "CANARY" not in (tmp_path / "data" / "users.json").read_text()


async def test_a_running_reader_sees_what_the_commands_do(tmp_path: Path) -> None:
    """Added, given another password, removed: each is so at once for who has the file open."""
    running = Users(tmp_path / "users.json")
    data = ("--data", str(tmp_path))

    await add(tmp_path, "ann", "--role", "admin")
    before = running.find("ann")
    changed = await user("passwd", "ann", *data, "--password-stdin", stdin="battery staple")
    after = running.find("ann")
    removed = await user("remove", "ann", *data)

    assert (changed.code, removed.code, running.names()) == (0, 0, ())
    assert before is not None
    assert after is not None
    assert matches(after.password, "battery staple")
    assert (after.role, after.created) == (Role.ADMIN, before.created)


async def test_the_list_is_for_people_and_for_programs(tmp_path: Path) -> None:
    """A line each, in order; with --json an object. No hash in either."""
    await add(tmp_path, "bob")
    await add(tmp_path, "ann", "--publish", "*")
    plain = await user("list", "--users", str(tmp_path / "users.json"))
    objects = await user("list", "--data", str(tmp_path), "--json")

    assert plain.out == "ann, viewer, reads *, publishes *\nbob, viewer, reads *, publishes nothing\n"
    assert [json.loads(line)["user"] for line in objects.out.splitlines()] == ["ann", "bob"]
    assert "argon2" not in plain.out + objects.out


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["add", "bob"], PASSWORD, "there is no terminal to ask for the password; --password-stdin reads it"),
        (["add", "bob", "--password-stdin"], "CANARY", "a password has 8 to 1024 bytes"),
        (["add", "bob", "--password-stdin"], "", "a password has 8 to 1024 bytes"),
        (["add", "bob", "--password-stdin"], "CANARY one\nCANARY two\n", "the password is one line"),
        (["add", " bob", "--password-stdin"], PASSWORD, "a name is 1 to 64 visible characters"),
        (["add", "b\x1b[2Job", "--password-stdin"], PASSWORD, "a name is 1 to 64 visible characters"),
        (["add", "bob", "--channel", "*" * 17, "--password-stdin"], PASSWORD, "more than 255 characters or 16 stars"),
        (["add", "ann", "--password-stdin"], PASSWORD, "there is a user ann already; `headway user passwd`"),
        (["passwd", "bob", "--password-stdin"], PASSWORD, "there is no user bob"),
        (["remove", "bob"], "", "there is no user bob"),
        (["list", "--data", ""], "", "name a file with --users"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_changes_nothing(
    tmp_path: Path, arguments: list[str], stdin: str, sentence: str
) -> None:
    """One sentence, code 2; whoever was there still is. The password is not repeated."""
    await add(tmp_path, "ann")
    before = (tmp_path / "users.json").read_bytes()
    place = [] if "--data" in arguments else ["--data", str(tmp_path)]
    finished = await user(*arguments, *place, stdin=stdin)

    assert (finished.code, finished.out, finished.err.count("\n")) == (2, "", 1)
    assert sentence in finished.err
    assert "CANARY" not in finished.err
    assert "\x1b" not in finished.err
    assert (tmp_path / "users.json").read_bytes() == before


async def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path) -> None:
    """Nobody is added to a file that cannot be understood: that would remove all others."""
    (tmp_path / "users.json").write_text('{"users": {')
    finished = await add(tmp_path, "ann")

    assert (finished.code, finished.out) == (2, "")
    assert f"the users cannot be read from {tmp_path / 'users.json'}" in finished.err
    assert (tmp_path / "users.json").read_text() == '{"users": {'


@pytest.mark.parametrize(("again", "code"), [(PASSWORD, 0), ("something else", 2)])
def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(tmp_path: Path, again: str, code: int) -> None:
    """Nothing that is typed comes back to the screen; two different ones change nothing."""
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "headway", "user", "add", "ann", "--data", str(tmp_path)]
    # A session of its own, whose terminal this is: that is where a password is asked.
    child = subprocess.Popen(["setsid", "-c", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    seen = b""
    for prompt, answer in ((b"Password for ann: ", PASSWORD), (b"The same again: ", again)):
        seen = read_until(ours, prompt, seen)
        os.write(ours, f"{answer}\n".encode())
    seen = read_until(ours, None, seen)
    os.close(ours)

    assert child.wait() == code
    assert b"CANARY" not in seen
    assert Users(tmp_path / "users.json").names() == (("ann",) if code == 0 else ())


def read_until(terminal: int, expected: bytes | None, seen: bytes) -> bytes:
    """What came through the terminal, until something did or the other side closed it."""
    while expected is None or expected not in seen:
        try:
            chunk = os.read(terminal, 1024)
        except OSError:  # Linux says so when the last process has left
            chunk = b""
        if not chunk:
            assert expected is None, seen
            return seen
        seen += chunk
    return seen
