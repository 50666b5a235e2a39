"""The file of those who sign in with a password."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from headway.access.identity import Role
from headway.errors import StorageError, UsageError
from headway.server.users import User, Users, user_name

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"
ANN = User("ann", HASH, Role.OPERATOR, ("run:*",), ("run:7",), "2026-01-31T09:30:00+00:00")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the users will be."""
    return tmp_path / "data" / "users.json"


def test_who_was_put_is_found_by_every_reader(file: Path) -> None:
    """Everything about a user comes back, in this process and in a new one."""
    Users(file).put(ANN)

    assert Users(file).find("ann") == ANN
    assert Users(file).names() == ("ann",)
    assert Users(file).find("bob") is None


def test_nobody_is_added_in_the_place_of_another(file: Path) -> None:
    """A name that is taken stays whose it is."""
    users = Users(file)

    assert users.add(ANN)
    assert not users.add(User("ann", HASH))
    assert users.find("ann") == ANN


def test_who_is_changed_is_changed_as_the_file_has_it(file: Path) -> None:
    """What another process changed meanwhile is kept; nobody is made by a change."""
    users = Users(file)
    Users(file).put(ANN)
    after = users.change("ann", lambda user: replace(user, role=Role.ADMIN))

    assert after == users.find("ann") == replace(ANN, role=Role.ADMIN)
    assert users.change("bob", lambda user: user) is None
    assert users.names() == ("ann",)


def test_a_file_that_is_not_there_has_nobody_in_it(file: Path) -> None:
    """A server may start before the first user is added; looking makes no file."""
    assert Users(file).names() == ()
    assert not file.parent.exists()


def test_only_its_owner_can_read_the_file(file: Path) -> None:
    """The mode is 0600 from the first moment, whatever the mask, and after a change too; nothing is left beside it."""
    before = os.umask(0)
    try:
        users = Users(file)
        users.put(ANN)
        file.chmod(0o644)
        users.put(User("bob", HASH))
    finally:
        os.umask(before)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["users.json", "users.json.lock"]


def test_a_running_reader_sees_each_change(file: Path) -> None:
    """Somebody added, changed or removed elsewhere is so here at the next look."""
    running, elsewhere = Users(file), Users(file)

    elsewhere.put(ANN)
    assert running.find("ann") == ANN
    elsewhere.put(User("ann", HASH, Role.VIEWER))
    assert running.find("ann") == User("ann", HASH, Role.VIEWER)
    assert elsewhere.remove("ann")
    assert running.find("ann") is None
    assert not elsewhere.remove("ann")


def test_a_file_that_was_deleted_has_nobody_in_it_again(file: Path) -> None:
    """Deleting the file locks everybody out, in a running server too."""
    users = Users(file)
    users.put(ANN)

    file.unlink()

    assert users.names() == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "truncated"),
        ('{"users": {"ann": {"password": "', "truncated"),
        ('{"users": []}', "Expected `object`"),
        ('{"users": {"ann": {"password": "CANARY"}}}', "the password is not hashed"),
        ('{"users": {"ann": {"password": 5}}}', "Expected `str`"),
        (f'{{"users": {{"ann": {{"password": "{HASH}", "role": "root"}}}}}}', "Invalid enum value 'root'"),
        (f'{{"users": {{"ann": {{"password": "{HASH}", "chanels": []}}}}}}', "unknown field `chanels`"),
        (f'{{"users": {{" ann": {{"password": "{HASH}"}}}}}}', "a name is 1 to 64 visible characters"),
        ("[" * 100_000, "Expected `object`"),
        ("\udcff", "malformed"),
    ],
)
def test_a_file_that_cannot_be_understood_is_never_taken_for_nobody(
    file: Path, caplog: pytest.LogCaptureFixture, content: str, reason: str
) -> None:
    """Opening raises, with a sentence that names the file and shows no password. Who reads it already keeps what was
    there, says so once, and goes on when the file is whole again."""
    running = Users(file)
    running.put(ANN)
    whole = file.read_bytes()

    file.write_bytes(content.encode(errors="surrogateescape"))

    with pytest.raises(StorageError, match=reason) as raised:
        Users(file)
    assert str(file) in str(raised.value)
    assert "CANARY" not in str(raised.value)
    with caplog.at_level(logging.ERROR, "headway.users"):
        assert running.find("ann") == running.find("ann") == ANN
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    with pytest.raises(StorageError):
        running.put(User("bob", HASH))
    file.write_bytes(whole.replace(b'"ann"', b'"bob"'))
    assert running.names() == ("bob",)


def test_writers_in_several_processes_lose_nobody(file: Path) -> None:
    """Two that write at once wait for each other: each of their users is there in the end, and a reader meanwhile never
    sees a part of a file."""
    program = (
        "import sys; from pathlib import Path; from headway.server.users import User, Users\n"
        "for number in range(25): Users(Path(sys.argv[1])).put(User(f'{sys.argv[2]}{number}', sys.argv[3]))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, file, name, HASH]) for name in "ab"]
    seen = []
    while any(writer.poll() is None for writer in writers):
        seen.append(len(Users(file).names()))

    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(Users(file).names()) == 50
    assert seen == sorted(seen)


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Where the folder cannot be used the error names the file, and there is still nobody."""
    (tmp_path / "file").write_text("in the way")
    users = Users(tmp_path / "users.json")
    blocked = Users(tmp_path / "folder")
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageError, match="folder"):
        blocked.put(ANN)
    with pytest.raises(StorageError, match=r"file/users\.json"):
        Users(tmp_path / "file" / "users.json").put(ANN)

    assert users.names() == ()


@pytest.mark.parametrize("name", ["", " ann", "ann ", "a" * 65, "a\nb", "a\x1b[0m", "a\u202eb", "a\u2028b"])
def test_a_name_that_nobody_can_see_is_refused(file: Path, name: str) -> None:
    """A name is what people see: printable, short, nothing at its ends."""
    with pytest.raises(UsageError, match="a name is 1 to 64 visible characters"):
        Users(file).put(User(name, HASH))

    assert not file.exists()


@pytest.mark.parametrize("name", ["ann", "Ann B. Cölln", "ann@example.org", "安", "a" * 64])
def test_a_name_is_what_people_are_called(name: str) -> None:
    """Spaces inside, addresses and every script are names."""
    assert user_name(name) == name


def test_a_hash_is_shown_by_nothing_but_the_file(file: Path) -> None:
    """The text of a user has no hash in it; the file has, under the name, beside patterns called as in a token."""
    Users(file).put(ANN)

    assert HASH not in repr(ANN)
    assert json.loads(file.read_text())["users"]["ann"] == {
        "password": HASH,
        "role": "operator",
        "channels": ["run:*"],
        "publish": ["run:7"],
        "created": "2026-01-31T09:30:00+00:00",
    }
