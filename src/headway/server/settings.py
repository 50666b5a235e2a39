"""The settings of a server: one frozen value, read once. Each has a name, a type, a default and a sentence, and is set
by flag (`headway serve --port`), by environment (`HEADWAY_PORT`), by a file (`port = 8080`), or in Python.

Whichever of these comes first wins; of `limits` each one for itself. A secret is a `SecretStr`, which no text shows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_type_hints
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from headway.access.keys import secret_bytes, weakness
from headway.errors import UsageError
from headway.limits import Limits
from headway.server import sources
from headway.server.hosts import local

__all__ = ["APPS", "Settings"]

APPS: Final = ("imports", "monitor")
"""The applications that come with Headway; `applications` makes them."""

_NUMBERS: Final = get_type_hints(Limits)
"""Every limit and its type."""

_MAY_BE_ZERO: Final = frozenset(
    {
        "connections",
        "address_connections",
        "address_rate",
        "user_connections",
        "lag_events",
        "drain_seconds",
        "expiry_grace_seconds",
    }
)
"""Limits to which zero is a meaning: no bound, or at once."""


Names = Annotated[frozenset[str], NoDecode]
"""Several names: a list, or in the environment `a, b` or JSON."""


class Settings(BaseSettings):
    """What can be chosen about a server. Raises `UsageError` where a file of settings or of a secret is wrong."""

    model_config = SettingsConfigDict(
        env_prefix="HEADWAY_",
        frozen=True,
        extra="ignore",
        # The text of an error would show what was given: a secret, where a secret is wrong.
        hide_input_in_errors=True,
    )

    config: Path | None = Field(
        default=None, description="File of settings (TOML), each by its name; [limits] is a table of limits."
    )
    host: str = Field(
        default="127.0.0.1", description="Address to listen on. Anything but loopback needs a secret, or --insecure."
    )
    port: int = Field(default=4000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    data: Path | None = Field(
        default=Path("headway-data"),
        description="Folder of the durable log, made if missing, for one server at a time. Empty: in memory only.",
    )
    durable: bool = Field(
        default=True,
        description="Whether an event survives a power cut before anybody sees it; false: only a killed process.",
    )
    secret: SecretStr | None = Field(
        default=None, description="Signs tokens (HS256). With it every reader and writer needs a token."
    )
    secret_previous: SecretStr | None = Field(
        default=None,
        description="The secret before this one. What it signed counts on, so that a change locks nobody out.",
    )
    jwks: str | None = Field(
        default=None,
        description="Key set (JWKS) whose keys sign tokens with RS, PS, ES or EdDSA: an https address, or a file.",
    )
    audience: str | None = Field(default=None, description="What a token's `aud` must name, if anything.")
    issuer: str | None = Field(default=None, description="What a token's `iss` must be, if anything.")
    users: Path | None = Field(
        default=None,
        description="File of those who sign in with a password, as `headway user` writes it. Else: users.json in the "
        "data folder.",
    )
    jobs: Names = Field(
        default=frozenset(),
        description="Modules whose jobs the server runs, seen from the working directory: app.jobs, or "
        "app.jobs:nightly for one Jobs of several.",
    )
    apps: Names = Field(
        default=frozenset(APPS),
        description=f"Applications it hosts, of: {', '.join(APPS)}. Empty: none.",
    )
    database: SecretStr | None = Field(
        default=None,
        description="Where applications keep their records: a URL such as postgresql+psycopg://user@host/headway. "
        "Else: records.db in the data folder.",
    )
    monitor_file: Path | None = Field(
        default=None, description="YAML file of the applications that the monitor watches; followed while it runs."
    )
    monitor_secrets: Path | None = Field(
        default=None, description="Folder of files with secrets that checks and login tests may name."
    )
    monitor_variables: Names = Field(
        default=frozenset(),
        description="Patterns of environment variables that checks and login tests may name. Else: HEADWAY_LOGIN_* and "
        "HEADWAY_CHECK_*.",
    )
    egress_allow: Names = Field(
        default=frozenset(),
        description="Networks that checks, browsers and alerts may reach although they are link-local or for metadata.",
    )
    egress_deny: Names = Field(
        default=frozenset(), description="Networks that checks, browsers and alerts may not reach."
    )
    run_jobs: bool = Field(
        default=True,
        description="Whether the server runs its jobs itself; false: it takes them, and `headway worker` runs them.",
    )
    insecure: bool = Field(
        default=False,
        description="Listen beyond loopback without a secret: everybody who reaches it may do everything.",
    )
    origins: Names = Field(
        default=frozenset(),
        description="Web pages of other origins that may connect, such as https://app.example.org; * allows all.",
    )
    hosts: Names = Field(
        default=frozenset(),
        description="Host names by which an open server on loopback may be called besides localhost; * allows all.",
    )
    trusted_proxies: Names = Field(
        default=frozenset(),
        description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    recovery: bool = Field(
        default=True,
        description="Socket.IO connection state recovery: stock clients lose nothing through a disconnect.",
    )
    deflate: bool = Field(
        default=True,
        description="Compress WebSocket messages for clients that offer it; once per event, shared by all.",
    )
    keep_events: int = Field(default=100_000, ge=1, description="Events kept per channel.")
    keep_seconds: float = Field(default=7 * 86_400.0, gt=0, description="Seconds an event is kept.")
    keep_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Bytes of data kept per channel.")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is logged: debug, info, warning or error."
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto", description="How the log reads: text or json; auto is text on a terminal and JSON elsewhere."
    )
    limits: Mapping[str, int | float] = Field(
        default={}, description="Bounds other than the default, each by its name: message_bytes=200000."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags (or arguments), the environment, files that it names, the file of settings."""
        in_files = InitSettingsSource(settings_cls, sources.from_environment(settings_cls, os.environ))
        chosen = (init_settings, env_settings, in_files)
        file = next((path for source in (init_settings, env_settings) if (path := source().get("config"))), None)
        if file is None:
            return chosen
        return (*chosen, InitSettingsSource(settings_cls, sources.from_file(settings_cls, Path(file))))

    @field_validator(
        "config", "data", "jwks", "audience", "issuer", "users", "monitor_file", "monitor_secrets", mode="before"
    )
    @classmethod
    def _none(cls, value: object) -> object:
        """Empty is none, so that a variable can be set to nothing; a path would take it for the current folder."""
        return None if value == "" else value

    @field_validator(
        "apps",
        "jobs",
        "monitor_variables",
        "egress_allow",
        "egress_deny",
        "origins",
        "hosts",
        "trusted_proxies",
        mode="before",
    )
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            try:
                return json.loads(value)
            except ValueError:
                raise ValueError('names between commas, such as a, b, or JSON: ["a", "b"]') from None
        return [name.strip() for name in value.split(",") if name.strip()]

    @field_validator("apps")
    @classmethod
    def _known(cls, value: frozenset[str]) -> frozenset[str]:
        for name in sorted(value - set(APPS)):
            raise ValueError(f"there is no application {name!r}{sources.nearest(name, APPS)}")
        return value

    @field_validator("database")
    @classmethod
    def _an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and "://" not in value.get_secret_value():
            raise ValueError("a URL such as postgresql+psycopg://user@host/headway")
        return value

    @field_validator("secret", "secret_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """An empty secret is no open door. A short one can be guessed from any token: it is good enough to try things
        out on one machine, where the log says so, and for nothing else."""
        if value is None:
            return None
        try:
            secret_bytes(value.get_secret_value())
        except UsageError as error:  # the caller names where it came from
            raise ValueError(str(error)) from None
        weak = weakness(value.get_secret_value())
        if weak is not None and not local(info.data.get("host", "")):
            raise ValueError(weak)
        return value

    @field_validator("secret_previous")
    @classmethod
    def _beside_another(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and "secret" in info.data and info.data["secret"] is None:
            raise ValueError("there is one before the secret, but no secret; set both")
        return value

    @field_validator("jwks")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and "@" in urlsplit(value).netloc:
            raise ValueError("an address without a password in it: addresses stand in logs")
        return value

    @field_validator("limits", mode="before")
    @classmethod
    def _in_numbers(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            raise ValueError("a table of names and numbers, such as message_bytes = 200_000")
        return {str(name): _number(str(name), given) for name, given in value.items()}

    _read: Mapping[str, tuple[str, object]] = PrivateAttr(default={})
    """Where each value that is no default came from, and which that was."""

    def __init__(self, **given: Any) -> None:  # Any: as pydantic has it
        super().__init__(**given)
        environment = {variable.upper() for variable in os.environ}
        self._read = {
            name: (self._found(name, given, environment), getattr(self, name)) for name in self.model_fields_set
        }

    def origin(self, name: str) -> str:
        """Where the value of a setting came from, for people: the first place that has it."""
        value = getattr(self, name)
        found, read = self._read.get(name, ("", None))
        if found and read == value:
            return found
        return "default" if value == type(self).model_fields[name].default else "program"

    def _found(self, name: str, given: Mapping[str, object], environment: Collection[str]) -> str:
        if name in given:
            return "command line"
        variable = f"{self.model_config.get('env_prefix', '')}{name}".upper()
        found = next((one for one in (variable, f"{variable}_FILE") if one in environment), None)
        return found or str(self.config)

    def limits_in_force(self) -> Limits:
        """The limits, with those that were changed."""
        # Any: `replace` takes the fields by name, and each was checked against its type.
        changed: dict[str, Any] = dict(self.limits)
        return replace(Limits(), **changed)

    def secrets_in_use(self) -> list[str]:
        """Every secret, for whoever has to keep them out of something."""
        found = (getattr(self, name) for name in sources.secrets_of(type(self)))
        return [secret.get_secret_value() for secret in found if secret is not None]

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return local(self.host)

    @property
    def open(self) -> bool:
        """Whether nobody needs a token."""
        return self.secret is None and self.jwks is None

    @property
    def users_file(self) -> Path | None:
        """Where those who sign in with a password are kept; None where there is no folder for it."""
        if self.users is not None or self.data is None:
            return self.users
        return self.data / "users.json"


def _number(name: str, given: object) -> int | float:
    """The value of one limit. Raises an error that names it."""
    if name not in _NUMBERS:
        raise _wrong(name, f"there is no limit {name}{sources.nearest(name, _NUMBERS)}")
    whole = _NUMBERS[name] is int
    least = "0 or above" if name in _MAY_BE_ZERO else "above 0"
    sentence = f"{name} is a {'whole ' if whole else ''}number {least}, not {given!r}"
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise _wrong(name, sentence)
    try:
        number = int(given) if whole else float(given)
    except (ValueError, OverflowError):  # not a number; infinity has no whole one
        raise _wrong(name, sentence) from None
    # A part of a whole number is not dropped in silence; infinity is no bound, and what is no number compares as false.
    lost = isinstance(given, float) and number != given
    if lost or not 0 <= number < float("inf") or (number == 0 and name not in _MAY_BE_ZERO):
        raise _wrong(name, sentence)
    return number


def _wrong(name: str, sentence: str) -> PydanticCustomError:
    return PydanticCustomError("limit", "{sentence}", {"limit": name, "sentence": sentence})
