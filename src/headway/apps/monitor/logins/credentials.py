"""Where the name and the password of a login test come from, and how they are kept out of everything that is shown.

Who may write a login test decides where a password is typed, and so could have any secret of the server typed into a
page of their own. Therefore a variable is read only if its name matches one of the patterns that the operator allows,
and a file only if it lies in the secrets folder.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from headway.apps.monitor.logins.model import Credentials
from headway.errors import UsageError

__all__ = ["VARIABLES", "Secrets", "resolve"]

VARIABLES: Final = ("HEADWAY_LOGIN_*",)
"""Patterns of the variables that a login test may name, where the operator says nothing else."""
_OURS: Final = "HEADWAY_"
_OURS_FOR_LOGINS: Final = "HEADWAY_LOGIN_"
_FILE_MOST: Final = 4096
"""Bytes of a secret file: a password, not a document."""
_NAME_LEAST: Final = 3
"""Characters of a user name that is masked: shorter ones are in every sentence."""
_PLACEHOLDER: Final = re.compile(r"\{(username|password)\}")


@dataclass(frozen=True, slots=True)
class Secrets:
    """A name and a password, which do not show themselves."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    def fill(self, text: str) -> str:
        """Put both in place of `{username}` and `{password}`."""
        values = {"username": self.username, "password": self.password}
        return _PLACEHOLDER.sub(lambda found: values[found[1]], text)

    def mask(self, text: str) -> str:
        """Put the placeholders in place of both, however they are spelled: plain, in an address, in JSON, in HTML."""
        for value, placeholder in ((self.password, "{password}"), (self.username, "{username}")):
            if placeholder == "{username}" and len(value) < _NAME_LEAST:
                continue
            for spelled in _spellings(value):
                text = text.replace(spelled, placeholder)
        return text


def _spellings(value: str) -> list[str]:
    """Longest first, so that none is left half masked."""
    if not value:
        return []
    plain = json.dumps(value)[1:-1]
    spelled = {value, quote(value), quote(value, safe=""), quote_plus(value), html.escape(value), plain}
    spelled.add(json.dumps(value, ensure_ascii=False)[1:-1])
    return sorted(spelled, key=len, reverse=True)


def resolve(
    credentials: Credentials,
    *,
    environ: Mapping[str, str],
    folder: Path | None = None,
    variables: Sequence[str] = VARIABLES,
) -> Secrets:
    """Read both. `folder` holds the secret files. Raises `UsageError`, whose sentence says what to set."""
    username = credentials.username
    if credentials.username_env_var is not None:
        username = _variable(credentials.username_env_var, environ, variables)
    if credentials.password_env_var is not None:
        password = _variable(credentials.password_env_var, environ, variables)
    else:
        password = _file(credentials.password_file or "", folder)
    return Secrets(username or "", password)


def _variable(name: str, environ: Mapping[str, str], variables: Sequence[str]) -> str:
    ours = name.startswith(_OURS) and not name.startswith(_OURS_FOR_LOGINS)
    if ours or not any(fnmatchcase(name, pattern) for pattern in variables):
        raise UsageError(
            f"A login test may not read the variable {name}; give the secret a name that matches "
            f"{' or '.join(variables)}, and does not begin with {_OURS} otherwise."
        )
    value = environ.get(name)
    if not value:
        raise UsageError(f"The environment variable {name} is not set; set it where the server or worker is started.")
    return value


def _file(name: str, folder: Path | None) -> str:
    if folder is None:
        raise UsageError("There is no folder of secrets; name one in the settings, or use passwordEnvVar.")
    root = folder.resolve()
    file = (root / name.replace("\0", "/")).resolve()
    # The name came from whoever wrote the test: nothing outside the folder, by dots or by links.
    if not file.is_relative_to(root) or not file.is_file():
        raise UsageError(f'There is no file "{name}" in the folder of secrets.')
    try:
        with file.open("rb") as opened:
            content = opened.read(_FILE_MOST + 1)
        value = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f'The secret file "{name}" cannot be read as text.') from None
    if not value or len(content) > _FILE_MOST:
        raise UsageError(f'The secret file "{name}" is empty, or longer than {_FILE_MOST} bytes.')
    return value
