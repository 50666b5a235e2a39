"""Where name and password come from, and how they are kept out of sight."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from headway.apps.monitor.logins.credentials import Secrets, resolve
from headway.apps.monitor.logins.model import Credentials
from headway.errors import UsageError

_SECRETS = Secrets("probe@example.org", 'pa"ss & wörd')


def test_both_come_from_the_environment() -> None:
    """The test names variables, and their values are read when it runs."""
    credentials = Credentials(username_env_var="HEADWAY_LOGIN_NAME", password_env_var="HEADWAY_LOGIN_SHOP")
    found = resolve(credentials, environ={"HEADWAY_LOGIN_NAME": "probe", "HEADWAY_LOGIN_SHOP": "hush"})

    assert found == Secrets("probe", "hush")


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    """A secret file holds the password and perhaps the end of a line."""
    (tmp_path / "shop").write_text("hush \n")
    found = resolve(Credentials(username="probe", password_file="shop"), environ={}, folder=tmp_path)

    assert found == Secrets("probe", "hush ")


@pytest.mark.parametrize("name", ["HEADWAY_SECRET", "HEADWAY_ADMIN_PASSWORD", "PATH", "AWS_SECRET_ACCESS_KEY"])
def test_not_every_variable_is_for_logins(name: str) -> None:
    """Whoever writes a test cannot have the server's own secrets typed into a page."""
    with pytest.raises(UsageError, match=f"may not read the variable {name}"):
        resolve(Credentials(username="x", password_env_var=name), environ={name: "hush"})


def test_a_missing_variable_is_told() -> None:
    """The sentence names the variable and where to set it."""
    with pytest.raises(UsageError, match="HEADWAY_LOGIN_PASS is not set; set it where the server"):
        resolve(Credentials(username="x", password_env_var="HEADWAY_LOGIN_PASS"), environ={"HEADWAY_LOGIN_PASS": ""})


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/hostname", "link", "missing", "", "a\0b", "empty", "long", "binary"]
)
def test_a_secret_file_lies_in_the_folder(tmp_path: Path, name: str) -> None:
    """Nothing outside is read, by dots, by links or by a whole path, and nothing that is no password."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "outside").write_text("hush")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "empty").write_text("\n")
    (folder / "long").write_text("x" * 5000)
    (folder / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="secret"):
        resolve(Credentials(username="x", password_file=name), environ={}, folder=folder)


def test_without_a_folder_there_are_no_files() -> None:
    """The sentence says what to set."""
    with pytest.raises(UsageError, match="no folder of secrets"):
        resolve(Credentials(username="x", password_file="shop"), environ={})


def test_placeholders_are_filled_once() -> None:
    """What stands in a value is not a placeholder."""
    secrets = Secrets("{password}", "hush")

    assert secrets.fill("{username} {password} {other}") == "{password} hush {other}"


def test_both_are_masked_however_they_are_spelled() -> None:
    """Plain, in an address, in JSON and in HTML; and they do not show themselves."""
    spelled = [
        _SECRETS.password,
        urlencode({"p": _SECRETS.password, "u": _SECRETS.username}),
        json.dumps([_SECRETS.password, _SECRETS.username]),
        json.dumps(_SECRETS.password, ensure_ascii=False),
        "pa&quot;ss &amp; wörd probe@example.org",
    ]
    masked = _SECRETS.mask(" ".join(spelled)) + repr(_SECRETS)

    assert "rd " not in masked
    assert "pa" not in masked.replace("{password}", "")
    assert "example" not in masked
    assert masked.count("{password}") == 5
    assert masked.count("{username}") == 3


def test_a_short_name_is_not_masked() -> None:
    """It stands in every sentence; a short password is masked all the same."""
    assert Secrets("a", "b").mask("a b") == "a {password}"
    assert Secrets("probe", "").mask("a b") == "a b"
