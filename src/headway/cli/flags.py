"""Settings as flags: each field of a settings class becomes an option, made from its own declaration.

    bool                    --durable / --no-durable
    a secret                --secret-file PATH: a secret on a command line can be read by every user of the machine
    a set                   --origins A --origins B
    anything else           --port TEXT, read and checked by the settings class; where it may be None, '' means that

A flag that is not given is left to the environment, and that to the default.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsError

from headway.errors import UsageError

__all__ = ["parameters", "settings_from"]

Chosen = TypeVar("Chosen", bound=BaseSettings)

_METAVARS: Final[dict[object, str]] = {int: "INTEGER", float: "NUMBER", Path: "PATH"}


def parameters(settings: type[BaseSettings]) -> list[inspect.Parameter]:
    """The parameters of a command that takes these settings; what is not given is None."""
    return [_parameter(name, field) for name, field in settings.model_fields.items()]


def settings_from(settings: type[Chosen], given: Mapping[str, Any]) -> Chosen:  # Any: flags of every type
    """The settings as flags, environment and defaults say. Raises `UsageError` naming the flag or the variable that
    is wrong."""
    chosen = {name: _value(settings.model_fields[name], value) for name, value in given.items() if value is not None}
    try:
        return settings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise UsageError(
            f"{_source(settings, name, chosen)}: {_lowered(first['msg'])}, not {first['input']!r}"
        ) from None
    except SettingsError as error:
        # Raised where a set is not JSON; it says which only in its text.
        name = next((name for name in settings.model_fields if f'"{name}"' in str(error)), "")
        raise UsageError(
            f'{_source(settings, name, {})}: in the environment this is JSON, such as ["a", "b"]'
        ) from None


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = f"--{name.replace('_', '-')}"
    common: dict[str, Any] = {"help": _help(field), "show_default": False}
    kind: Any  # Any: a type for typer
    match _kind(field):
        case "bool":
            kind, option = bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", **common)
        case "secret":
            kind, option = Path | None, typer.Option(f"{flag}-file", metavar="FILE", **common)
        case "set":
            kind, option = list[str] | None, typer.Option(flag, metavar="TEXT", **common)
        case _:
            metavar = next((_METAVARS[part] for part in _parts(field) if part in _METAVARS), "TEXT")
            kind, option = str | None, typer.Option(flag, metavar=metavar, **common)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def _kind(field: FieldInfo) -> str:
    parts = _parts(field)
    if bool in parts:
        return "bool"
    if SecretStr in parts:
        return "secret"
    return "set" if frozenset in parts else "text"


def _parts(field: FieldInfo) -> list[object]:
    """The types a field may have: of a union its members, of a set the set."""
    annotation = field.annotation
    origin = typing.get_origin(annotation)
    if origin is None or isinstance(annotation, type):
        return [origin or annotation]
    return (
        [typing.get_origin(part) or part for part in typing.get_args(annotation)]
        if origin is not frozenset
        else [origin]
    )


def _help(field: FieldInfo) -> str:
    """The field's sentence, and its default where there is one to show."""
    if field.default is None or field.default == frozenset():
        return str(field.description)
    shown = ("yes" if field.default else "no") if isinstance(field.default, bool) else field.default
    return f"{field.description}  [default: {shown}]"


def _value(field: FieldInfo, given: Any) -> Any:  # Any: see `settings_from`
    match _kind(field):
        case "secret":
            return _read_secret(given)
        case "set":
            return frozenset(given)
        case _:
            return None if given == "" and type(None) in _parts(field) else given


def _read_secret(file: Path) -> str:
    try:
        secret = file.read_text().strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"the secret cannot be read from {file}: {reason}") from None
    if not secret:
        raise UsageError(f"the secret cannot be read from {file}: the file is empty")
    return secret


def _source(settings: type[BaseSettings], name: str, chosen: Mapping[str, Any]) -> str:  # Any: see `settings_from`
    if name in chosen:
        return f"--{name.replace('_', '-')}"
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
