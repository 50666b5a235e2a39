"""Settings as flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.cli.flags import parameters, settings_from
from headway.errors import UsageError
from headway.server.settings import Settings
from tests.cli.harness import run


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test says is in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HEADWAY_{name.upper()}", raising=False)


async def test_every_setting_is_a_flag() -> None:
    """No setting can be forgotten: the flags are made from the one declaration, with its sentences and defaults."""
    help = " ".join((await run("serve", "--help")).out.split())

    assert [parameter.name for parameter in parameters(Settings)] == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in help
        # Where a word has a hyphen the line may be broken behind it.
        assert str(field.description).replace(" ", "").replace("-", "") in help.replace(" ", "").replace("-", "")


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, then the environment, then the default."""
    monkeypatch.setenv("HEADWAY_PORT", "5000")
    monkeypatch.setenv("HEADWAY_HOST", "::1")

    settings = settings_from(Settings, {"port": "6000", "host": None, "data": None})

    assert (settings.port, settings.host, settings.data) == (6000, "::1", Path("headway-data"))


def test_flags_of_every_kind(tmp_path: Path) -> None:
    """Numbers, switches, sets, secrets from a file, and nothing where nothing is allowed."""
    (tmp_path / "secret").write_text("hush\n")
    given = {"durable": False, "origins": ["a", "b"], "secret": tmp_path / "secret", "data": "", "keep_seconds": "1.5"}

    settings = settings_from(Settings, given)

    assert settings.secret is not None
    assert settings.secret.get_secret_value() == "hush"
    assert (settings.durable, settings.origins, settings.data) == (False, frozenset({"a", "b"}), None)
    assert settings.keep_seconds == 1.5


def test_a_wrong_flag_is_named() -> None:
    """The error says which flag, what is wrong, and what was given."""
    with pytest.raises(UsageError, match=r"^--keep-events: .* greater than or equal to 1, not '0'$"):
        settings_from(Settings, {"keep_events": "0"})


@pytest.mark.parametrize(("name", "value"), [("HEADWAY_PORT", "x"), ("HEADWAY_ORIGINS", "https://a")])
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Where the environment is wrong, the error names the variable and no flag."""
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match=f"^{name}: "):
        settings_from(Settings, {})


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_secret_that_cannot_be_read_is_no_open_door(tmp_path: Path, content: str | None) -> None:
    """A missing or empty secret file is an error, never a server without a secret."""
    if content is not None:
        (tmp_path / "secret").write_text(content)

    with pytest.raises(UsageError, match="the secret cannot be read from"):
        settings_from(Settings, {"secret": tmp_path / "secret"})
