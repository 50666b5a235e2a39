"""Settings as flags: each field of a settings class becomes an option, made from its own declaration.

    bool                    --durable / --no-durable
    a secret                --secret-file FILE: a secret on a command line can be read by every user of the machine
    a set                   --origins A --origins B
    a table                 --limit NAME=NUMBER --limit NAME=NUMBER
    anything else           --port TEXT, read and checked by the settings class; where it may be None, '' means that

A flag that is not given is left to the environment, that to the file of settings, and that to the default.
"""

from __future__ import annotations

import inspect
import json
import os
import typing
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsError

from headway.errors import UsageError
from headway.server.sources import read_secret

__all__ = ["flag_of", "parameters", "settings_from", "taking", "variable_of"]

Chosen = TypeVar("Chosen", bound=BaseSettings)

_METAVARS: Final[dict[object, str]] = {int: "INTEGER", float: "NUMBER", Path: "PATH"}


def parameters(settings: type[BaseSettings], only: Collection[str] | None = None) -> list[inspect.Parameter]:
    """The parameters of a command that takes these settings, or some of them; what is not given is None."""
    return [_parameter(name, field) for name, field in settings.model_fields.items() if only is None or name in only]


def taking(
    settings: type[BaseSettings], only: Collection[str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command that takes these settings, or some of them, as `**given` after its own options."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters.values()
        named = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
        signature = inspect.Signature([*named, *parameters(settings, only)])
        command.__signature__ = signature  # type: ignore[attr-defined]  # read by `inspect`
        return command

    return decorate


def settings_from(settings: type[Chosen], given: Mapping[str, Any]) -> Chosen:  # Any: flags of every type
    """The settings as flags, environment, file and defaults say. Raises `UsageError` naming the flag, the variable, or
    the file and its key that is wrong; never with a secret in it."""
    chosen = {
        name: _value(name, settings.model_fields[name], value) for name, value in given.items() if value is not None
    }
    try:
        return settings(**chosen)
    except ValidationError as error:
        raise UsageError(_sentence(settings, error.errors()[0], chosen)) from None
    except SettingsError as error:
        # Raised where a variable is not JSON; it says which only in its text.
        name = next((name for name in settings.model_fields if f'"{name}"' in str(error)), "")
        example = '{"message_bytes": 200000}' if _kind(settings.model_fields[name]) == "table" else '["a", "b"]'
        raise UsageError(f"{variable_of(settings, name)}: in the environment this is JSON, such as {example}") from None


def flag_of(name: str, field: FieldInfo) -> str:
    """The flag of a field."""
    flag = f"--{name.replace('_', '-')}"
    match _kind(field):
        case "secret":
            return f"{flag}-file"
        case "table":
            return flag.removesuffix("s")
        case _:
            return flag


def variable_of(settings: type[BaseSettings], name: str) -> str:
    """The environment variable of a field."""
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = flag_of(name, field)
    common: dict[str, Any] = {"help": _help(field), "show_default": False}
    kind: Any  # Any: a type for typer
    match _kind(field):
        case "bool":
            kind, option = bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", **common)
        case "secret":
            kind, option = Path | None, typer.Option(flag, metavar="FILE", **common)
        case "set":
            kind, option = list[str] | None, typer.Option(flag, metavar="TEXT", **common)
        case "table":
            kind, option = list[str] | None, typer.Option(flag, metavar="NAME=NUMBER", **common)
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
    if any(isinstance(part, type) and issubclass(part, Mapping) for part in parts):
        return "table"
    return "set" if frozenset in parts else "text"


def _parts(field: FieldInfo) -> list[object]:
    """The types a field may have: of a union its members, of a set the set, of a table the table."""
    annotation = field.annotation
    origin = typing.get_origin(annotation)
    if origin is None or (isinstance(origin, type) and issubclass(origin, Collection)):
        return [origin or annotation]
    return [typing.get_origin(part) or part for part in typing.get_args(annotation)]


def _help(field: FieldInfo) -> str:
    """The field's sentence, and its default where there is one to show."""
    if field.default in (None, frozenset(), {}):
        return str(field.description)
    return f"{field.description}  [default: {_shown(field.default)}]"


def _shown(default: object) -> object:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ", ".join(sorted(default)) if isinstance(default, frozenset) else default


def _value(name: str, field: FieldInfo, given: Any) -> Any:  # Any: see `settings_from`
    match _kind(field):
        case "secret":
            return read_secret(given, flag_of(name, field))
        case "set":
            return frozenset(filter(None, given))  # so that nothing is a choice, too
        case "table":
            return dict(_pair(flag_of(name, field), text) for text in given)
        case _:
            return None if given == "" and type(None) in _parts(field) else given


def _pair(flag: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{flag}: a name and a number, such as message_bytes=200000, not {text!r}")
    return name.strip(), value.strip()


def _sentence(settings: type[BaseSettings], error: ErrorDetails, chosen: Mapping[str, Any]) -> str:  # Any: as above
    """What is wrong, and where it was said."""
    name = str(error["loc"][0])
    field = settings.model_fields[name]
    reason = error["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    # Our own sentences are whole. To pydantic's belongs what was given, unless nobody may see that.
    if error["type"] not in ("value_error", "limit") and _kind(field) != "secret":
        reason = f"{reason}, not {error['input']!r}"
    return f"{_source(settings, name, error.get('ctx', {}).get('limit'), chosen)}: {reason}"


def _source(
    settings: type[BaseSettings], name: str, entry: str | None, chosen: Mapping[str, Any]
) -> str:  # Any: as above
    """Where the value of a field came from, or of an entry of a table: the first place that has it."""
    variable = variable_of(settings, name)
    if name in chosen and (entry is None or entry in chosen[name]):
        return flag_of(name, settings.model_fields[name])
    if variable in os.environ and (entry is None or entry in json.loads(os.environ[variable])):
        return variable
    if f"{variable}_FILE" in os.environ:
        return f"{variable}_FILE"
    file = chosen.get("config") or os.environ.get(variable_of(settings, "config"))
    return f"{file}: {name}" if file else variable
