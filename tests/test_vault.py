"""Secrets at rest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from headway.errors import UsageError
from headway.vault import Vault, variable


def test_a_secret_is_unreadable_until_it_is_unsealed(tmp_path: Path) -> None:
    """Also by whoever starts anew with the same key."""
    sealed = Vault(tmp_path / "key", {}).seal("hunter2 hunter2")

    assert "hunter2" not in sealed
    assert Vault(tmp_path / "key", {}).unseal(sealed) == "hunter2 hunter2"


def test_the_key_is_for_this_user_alone(tmp_path: Path) -> None:
    """Nobody else on the machine reads it."""
    Vault(tmp_path / "key", {})

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    """It says what to do."""
    sealed = Vault(tmp_path / "one", {}).seal("hunter2")

    with pytest.raises(UsageError, match="enter it again"):
        Vault(tmp_path / "other", {}).unseal(sealed)


def test_a_variable_is_looked_up_when_it_is_needed(tmp_path: Path) -> None:
    """Its name alone is stored."""
    environment = {"PINGONE_SECRET": "from outside"}
    vault = Vault(tmp_path / "key", environment)

    assert vault.seal("${env:PINGONE_SECRET}") == "${env:PINGONE_SECRET}"
    assert vault.unseal("${env:PINGONE_SECRET}") == "from outside"
    environment.clear()
    with pytest.raises(UsageError, match="PINGONE_SECRET"):
        vault.unseal("${env:PINGONE_SECRET}")


@pytest.mark.parametrize("text", ["", "plain", "${env:}", "${env:A B}", "x${env:A}", None])
def test_what_names_no_variable_is_a_secret_itself(text: str | None) -> None:
    """Only the whole of a text can name one."""
    assert variable(text) is None
