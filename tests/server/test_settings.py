"""Settings: from where they come, and what they refuse."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from headway.cli.logs import FORMATS, LEVELS
from headway.errors import UsageError
from headway.limits import Limits
from headway.server.settings import Settings

SECRET = "a secret of more than thirty-two bytes"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test says is in the environment."""
    for name in [name for name in os.environ if name.startswith("HEADWAY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a file of settings will be, which its owner alone can read."""
    file = tmp_path / "headway.toml"
    file.touch(0o600)
    return file


def test_a_file_comes_before_the_default_and_after_all_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument, environment, file, default: the first that has a value wins, of limits each for itself."""
    file.write_text(
        'port = 1\nhost = "::1"\nissuer = "file"\n[limits]\nheaders = 1\nsubscriptions = 1\npage_events = 1\n'
    )
    monkeypatch.setenv("HEADWAY_CONFIG", str(file))
    monkeypatch.setenv("HEADWAY_PORT", "2")
    monkeypatch.setenv("HEADWAY_HOST", "127.0.0.2")
    monkeypatch.setenv("HEADWAY_LIMITS", '{"headers": 2, "subscriptions": 2}')

    settings = Settings(port=3, limits={"headers": 3})

    assert (settings.port, settings.host, settings.issuer, settings.audience) == (3, "127.0.0.2", "file", None)
    assert settings.limits == {"headers": 3, "subscriptions": 2, "page_events": 1}


def test_an_argument_names_another_file_than_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, too, is chosen by whoever comes first; the other one is not read."""
    file.write_text("port = 1")
    monkeypatch.setenv("HEADWAY_CONFIG", "/nonexistent/headway.toml")

    assert Settings(config=file).port == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("prot = 1", "there is no setting prot; did you mean port?"),
        ("keep-events = 1", "there is no setting keep-events; did you mean keep_events?"),
        ("quux = 1", "there is no setting quux"),
        ('config = "other.toml"', "there is no setting config"),
        ("[[limits]]", None),
        ("port = ", "this is not TOML: Invalid value"),
        ('secret_file = "/nonexistent/secret"', "secret_file: the secret cannot be read from /nonexistent/secret"),
        ("secret_file = 5", "secret_file: the path of a file, in quotes"),
        (f'secret = "{SECRET}"\nsecret_file = "x"', "secret and secret_file both stand there; keep one of them"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(file: Path, content: str, reason: str | None) -> None:
    """No setting is passed over in silence because of how it was spelled."""
    file.write_text(content)

    with pytest.raises(UsageError if reason else ValidationError) as raised:
        Settings(config=file)

    if reason is not None:
        assert str(raised.value).startswith(f"{file}: {reason}")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A file that was asked for and is not there, or is no text, is an error."""
    if content is not None:
        (tmp_path / "headway.toml").write_bytes(content)

    with pytest.raises(UsageError, match=str(tmp_path / "headway.toml")):
        Settings(config=tmp_path / "headway.toml")


@pytest.mark.parametrize(("mode", "taken"), [(0o600, True), (0o640, True), (0o644, False), (0o602, False)])
def test_a_secret_stands_only_in_a_file_that_others_cannot_read(file: Path, mode: int, taken: bool) -> None:
    """A file that every user of the machine can read or write holds no secret; the sentence says what to do."""
    file.write_text(f'secret = "{SECRET}"')
    file.chmod(mode)

    if taken:
        secret = Settings(config=file).secret
        assert secret is not None
        assert secret.get_secret_value() == SECRET
    else:
        with pytest.raises(UsageError, match=r"secret: other users .* `chmod o= .*secret_file = …") as raised:
            Settings(config=file)
        assert SECRET not in str(raised.value)


def test_a_secret_in_a_file_of_its_own(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of settings and the environment can name one; the environment goes first, and never says two things."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name}: {SECRET}\n")
    file.write_text(f'secret_file = "{tmp_path / "one"}"')

    def secret() -> str | None:
        found = Settings(config=file).secret
        return found.get_secret_value() if found is not None else None

    assert secret() == f"one: {SECRET}"
    monkeypatch.setenv("HEADWAY_SECRET_FILE", str(tmp_path / "two"))
    assert secret() == f"two: {SECRET}"
    monkeypatch.setenv("HEADWAY_SECRET", SECRET)
    with pytest.raises(UsageError, match="HEADWAY_SECRET and HEADWAY_SECRET_FILE are both set"):
        secret()


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_every_limit_can_be_set(name: str) -> None:
    """A limit that was set is in force, with its own type; the others are as they were."""
    default = Limits()

    changed = Settings(limits={name: getattr(default, name) + 1}).limits_in_force()

    assert {
        field.name: getattr(changed, field.name)
        for field in fields(Limits)
        if getattr(changed, field.name) != getattr(default, field.name)
    } == {name: getattr(default, name) + 1}
    assert type(getattr(changed, name)) is type(getattr(default, name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": 0},
        {"headers": -1},
        {"headers": 1.5},
        {"headers": True},
        {"headers": None},
        {"headers": "ten"},
        {"headers": float("inf")},
        {"wait_seconds": float("nan")},
        {"wait_seconds": "inf"},
        {"wait_seconds": 0},
        {"user_connections": -1},
        {"quux": 1},
        {"": 1},
        5,
        ["headers"],
    ],
)
def test_a_limit_that_cannot_be_is_refused(wrong: object) -> None:
    """By name, type and sign; what is no number, or no bound, is none."""
    with pytest.raises(ValidationError, match="limits"):
        Settings.model_validate({"limits": wrong})


def test_some_limits_may_be_zero() -> None:
    """Where zero means something: no bound, or at once."""
    assert Settings(limits={"user_connections": 0, "drain_seconds": 0}).limits_in_force().user_connections == 0


def test_empty_is_none() -> None:
    """What may be missing is missing where a variable is set to nothing; but for a secret, where that is a mistake."""
    settings = Settings.model_validate(
        {"data": "", "jwks": "", "audience": "", "issuer": "", "users": "", "config": ""}
    )

    assert (settings.data, settings.jwks, settings.audience, settings.issuer, settings.users) == (None,) * 5
    assert settings.open
    with pytest.raises(ValidationError, match="the secret is empty"):
        Settings.model_validate({"secret": ""})


def test_a_short_secret_is_for_one_machine() -> None:
    """It works on loopback, where things are tried out, and nowhere else."""
    assert Settings.model_validate({"secret": "short"}).secret is not None
    with pytest.raises(ValidationError, match="the secret has 5 bytes and can be guessed"):
        Settings.model_validate({"host": "0.0.0.0", "secret": "short"})


def test_the_log_takes_what_the_settings_offer() -> None:
    """The words of the settings are those of the log."""
    assert get_args(Settings.model_fields["log_level"].annotation) == LEVELS
    assert set(get_args(Settings.model_fields["log_format"].annotation)) == set(FORMATS)


def test_users_are_kept_beside_the_events_unless_said_otherwise(tmp_path: Path) -> None:
    """In the data folder; in a file of their own; nowhere, where there is no folder."""
    assert Settings(data=tmp_path).users_file == tmp_path / "users.json"
    assert Settings(data=None).users_file is None
    assert Settings(data=None, users=tmp_path / "who").users_file == tmp_path / "who"


def test_jobs_are_named_in_every_way(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a list in a file, between commas in the environment, as arguments; and they are run, unless told otherwise."""
    file.write_text('jobs = ["app.jobs", "app.more:nightly"]\nrun_jobs = false')
    settings = Settings(config=file)
    assert (settings.jobs, settings.run_jobs) == (frozenset({"app.jobs", "app.more:nightly"}), False)

    monkeypatch.setenv("HEADWAY_JOBS", "a, b:c")

    assert (Settings().jobs, Settings().run_jobs) == (frozenset({"a", "b:c"}), True)
    assert Settings(jobs=frozenset({"x"})).jobs == frozenset({"x"})


def test_where_a_value_came_from_is_known(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first place that has it: the command line, the variable, the variable of a file, the file of settings."""
    file.write_text('issuer = "them"\nkeep_events = 7\n')
    held = file.with_name("secret")
    held.write_text("s" * 32)
    monkeypatch.setenv("HEADWAY_CONFIG", str(file))
    monkeypatch.setenv("HEADWAY_KEEP_EVENTS", "8")
    monkeypatch.setenv("HEADWAY_SECRET_FILE", str(held))
    settings = Settings(port=0)

    names = ("port", "keep_events", "secret", "issuer", "host", "config")
    assert [settings.origin(name) for name in names] == [
        "command line",
        "HEADWAY_KEEP_EVENTS",
        "HEADWAY_SECRET_FILE",
        str(file),
        "default",
        "HEADWAY_CONFIG",
    ]


def test_a_copy_with_other_values_owes_them_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program puts in the place of what was set did not come from there."""
    monkeypatch.setenv("HEADWAY_HOST", "127.0.0.2")
    copy = Settings().model_copy(update={"host": "127.0.0.3", "keep_events": 7})

    assert [copy.origin(name) for name in ("host", "keep_events", "port")] == ["program", "program", "default"]
