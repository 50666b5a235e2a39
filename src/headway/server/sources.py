"""Where settings come from beside flags and the environment: a file, and files that hold a secret.

    port = 8080                          the file that --config or HEADWAY_CONFIG names: TOML
    secret_file = "/run/secrets/key"     or HEADWAY_SECRET_FILE: the secret stands in a file of its own
    [limits]
    message_bytes = 200_000

A secret may stand in the file of settings itself where other users of the machine cannot read that. No sentence from
here holds a value: it may be a secret that was put in the wrong place.
"""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, get_args

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from headway.errors import UsageError

__all__ = ["from_environment", "from_file", "nearest", "read_secret", "secrets_of"]

_OF_FLAGS_ONLY: Final = "config"
"""A file of settings names no other one."""


def from_file(settings: type[BaseSettings], file: Path) -> dict[str, Any]:  # Any: values of every type
    """What the file says, by field. Raises `UsageError` naming the file, and the key where one is wrong."""
    try:
        with file.open("rb") as opened:
            private = not os.fstat(opened.fileno()).st_mode & stat.S_IRWXO
            found = _read(file, opened)
    except OSError as error:
        raise UsageError(f"the settings cannot be read from {file}: {error.strerror}") from None
    of_file = {f"{name}_file": name for name in secrets_of(settings)}
    _require_known(file, found, {*settings.model_fields, *of_file} - {_OF_FLAGS_ONLY})
    for key, name in of_file.items():
        if name in found and not private:
            raise UsageError(
                f"{file}: {name}: other users of this machine can read the file; take that from them with "
                f"`chmod o= {file}`, or name a file that holds the secret alone: {key} = …"
            )
        if key in found:
            if name in found:
                raise UsageError(f"{file}: {name} and {key} both stand there; keep one of them")
            found[name] = read_secret(_path(file, key, found.pop(key)), f"{file}: {key}")
    return found


def from_environment(settings: type[BaseSettings], environment: Mapping[str, str]) -> dict[str, str]:
    """The secrets that are in files which the environment names. Raises `UsageError` naming the variable."""
    prefix, found = settings.model_config.get("env_prefix", ""), {}
    for name in secrets_of(settings):
        variable = f"{prefix}{name}".upper()
        file = environment.get(f"{variable}_FILE")
        if file:
            if variable in environment:
                raise UsageError(f"{variable} and {variable}_FILE are both set; keep one of them")
            found[name] = read_secret(Path(file), f"{variable}_FILE")
    return found


def secrets_of(settings: type[BaseSettings]) -> list[str]:
    """The names of the fields that hold a secret."""
    return [
        name
        for name, field in settings.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    ]


def read_secret(file: Path, source: str) -> str:
    """The secret that a file holds, without the line's end. Raises `UsageError`, naming the source that named it."""
    try:
        secret = file.read_text().strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{source}: the secret cannot be read from {file}: {reason}") from None
    if not secret:
        raise UsageError(f"{source}: the secret cannot be read from {file}: the file is empty")
    return secret


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that nobody has: the one that was probably meant."""
    found = difflib.get_close_matches(word.replace("-", "_").lower(), list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _read(file: Path, opened: BinaryIO) -> dict[str, Any]:  # Any: see `from_file`
    try:
        return tomllib.load(opened)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: this is not TOML: {error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: this is not TOML: it is not text in UTF-8") from None


def _require_known(file: Path, found: Iterable[str], known: set[str]) -> None:
    for key in found:
        if key not in known:
            raise UsageError(f"{file}: there is no setting {key}{nearest(key, known)}")


def _path(file: Path, key: str, value: object) -> Path:
    if not isinstance(value, str):
        raise UsageError(f"{file}: {key}: the path of a file, in quotes")
    return Path(value)
