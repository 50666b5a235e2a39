"""Settings as flags."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from headway.cli.flags import flag_of, parameters, settings_from
from headway.errors import UsageError
from headway.server.settings import Settings
from tests.cli.harness import run

SECRET = "a secret of more than thirty-two bytes"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test says is in the environment."""
    for name in [name for name in os.environ if name.startswith("HEADWAY_")]:
        monkeypatch.delenv(name)


async def test_every_setting_is_a_flag() -> None:
    """No setting can be forgotten: the flags are made from the one declaration, with its sentences and defaults."""
    help = " ".join((await run("serve", "--help")).out.split())

    assert [parameter.name for parameter in parameters(Settings)] == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert flag_of(name, field) in help
        # Where a word has a hyphen the line may be broken behind it.
        assert str(field.description).replace(" ", "").replace("-", "") in help.replace(" ", "").replace("-", "")


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, then the environment, then the default."""
    monkeypatch.setenv("HEADWAY_PORT", "5000")
    monkeypatch.setenv("HEADWAY_HOST", "::1")

    settings = settings_from(Settings, {"port": "6000", "host": None, "data": None})

    assert (settings.port, settings.host, settings.data) == (6000, "::1", Path("headway-data"))


def test_flags_of_every_kind(tmp_path: Path) -> None:
    """Numbers, switches, sets, tables, secrets from a file, and nothing where nothing is allowed."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    given = {
        "durable": False,
        "origins": ["a", "b"],
        "secret": tmp_path / "secret",
        "data": "",
        "keep_seconds": "1.5",
        "limits": ["message_bytes=200_000", "wait_seconds=2.5"],
    }

    settings = settings_from(Settings, given)

    assert settings.secret is not None
    assert settings.secret.get_secret_value() == SECRET
    assert (settings.durable, settings.origins, settings.data) == (False, frozenset({"a", "b"}), None)
    assert settings.keep_seconds == 1.5
    assert settings.limits == {"message_bytes": 200_000, "wait_seconds": 2.5}


def test_a_wrong_flag_is_named() -> None:
    """The error says which flag, what is wrong, and what was given."""
    with pytest.raises(UsageError, match=r"^--keep-events: .* greater than or equal to 1, not '0'$"):
        settings_from(Settings, {"keep_events": "0"})


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("message_bytes", "a name and a number, such as message_bytes=200000, not 'message_bytes'"),
        ("mesage_bytes=1", "there is no limit mesage_bytes; did you mean message_bytes?"),
        ("message_bytes=1.5", "message_bytes is a whole number above 0, not '1.5'"),
    ],
)
def test_a_wrong_limit_is_named(limit: str, reason: str) -> None:
    """A limit that is none, or not what it must be, is named with what it takes."""
    with pytest.raises(UsageError, match=f"^--limit: {re.escape(reason)}$"):
        settings_from(Settings, {"limits": [limit]})


def test_the_place_that_is_wrong_is_named_for_each_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Limits from several places are one table; the error names the place whose value counts."""
    (tmp_path / "headway.toml").write_text("[limits]\nheaders = 0\n")
    monkeypatch.setenv("HEADWAY_LIMITS", '{"header_bytes": -1}')
    good = {"limits": ["message_bytes=5"]}

    with pytest.raises(UsageError, match=r"^HEADWAY_LIMITS: header_bytes is a whole number above 0, not -1$"):
        settings_from(Settings, good)
    with pytest.raises(UsageError, match=r"^--limit: header_bytes is a whole number above 0, not 'x'$"):
        settings_from(Settings, {"limits": ["header_bytes=x"]})
    monkeypatch.setenv("HEADWAY_LIMITS", '{"header_bytes": 1000}')
    with pytest.raises(UsageError, match=r"headway\.toml: limits: headers is a whole number above 0, not 0$"):
        settings_from(Settings, {**good, "config": str(tmp_path / "headway.toml")})
    together = settings_from(
        Settings, {"limits": ["message_bytes=5", "headers=7"], "config": str(tmp_path / "headway.toml")}
    )
    assert together.limits == {"message_bytes": 5, "header_bytes": 1000, "headers": 7}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWAY_PORT", "x"),
        ("HEADWAY_ORIGINS", '["https://a"'),
        ("HEADWAY_LIMITS", "x"),
        ("HEADWAY_LIMITS", "5"),
        ("HEADWAY_SECRET", ""),
        ("HEADWAY_JWKS", "https://me:CANARY@example.org/keys"),
        ("HEADWAY_SECRET_PREVIOUS", "CANARY, which is as long as a secret has to be"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Where the environment is wrong, the error names the variable and no flag."""
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match=f"^{name}: ") as raised:
        settings_from(Settings, {})
    assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("value", ["10.0.0.2, 10.1.0.0/16,", '["10.0.0.2", "10.1.0.0/16"]'])
def test_several_names_in_one_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """They stand between commas, or are JSON."""
    monkeypatch.setenv("HEADWAY_TRUSTED_PROXIES", value)

    assert settings_from(Settings, {}).trusted_proxies == {"10.0.0.2", "10.1.0.0/16"}


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_secret_that_cannot_be_read_is_no_open_door(tmp_path: Path, content: str | None) -> None:
    """A missing or empty secret file is an error, never a server without a secret."""
    if content is not None:
        (tmp_path / "secret").write_text(content)

    with pytest.raises(UsageError, match=r"^--secret-file: the secret cannot be read from"):
        settings_from(Settings, {"secret": tmp_path / "secret"})
