"""An application as people write it: in YAML, over the API, and in the records.

    {
      "name": "user-service", "displayName": "User service", "environment": "production", "category": "Backend",
      "tags": ["eu"], "priority": "high", "isActive": true, "public": false,
      "owner": {"team": "Identity", "email": "identity@example.org"}, "slaTarget": 99.9,
      "healthCheck": {"kind": "http", "url": "https://user-service.example/health", …},
      "loginTest": {"url": …, "credentials": …, "steps": […]},
      "alertThresholds": {"consecutiveFailures": 2, "recoveries": 2, "responseTimeMs": null, "uptimePercentage": null},
      "maintenance": [{"kind": "weekly", "days": [6], "at": "02:00", "minutes": 60}]
    }

Without a `name` it is made from `displayName`. `dev` and `prod` are spellings of environments, and those thresholds may
be written with underscores, as the seed has them. A value of these types is valid: what is wrong is refused when it is
built, with a sentence. The path of a definition knows applications by id and by name alike.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from headway.apps.monitor.checks.configuration import Check, check_of
from headway.apps.monitor.checks.maintenance import Window
from headway.apps.monitor.logins.model import LoginTest
from headway.errors import UsageError

__all__ = [
    "AlertThresholds",
    "Application",
    "Change",
    "Definition",
    "Environment",
    "Owner",
    "Priority",
    "definition_of",
    "environment_of",
    "slug",
    "written",
]

Json = Any  # any JSON value
Environment = Literal["development", "staging", "production"]
Priority = Literal["critical", "high", "medium", "low"]

_SPELLINGS: Final = {"dev": "development", "stage": "staging", "prod": "production"}
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?")
_TAKEN: Final = frozenset({"bulk", "export", "import", "templates"})
"""Names that stand for something else in the same place of a path."""
_MAIL: Final = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,190}")
_TEXT: Final = 120
"""Characters of a name for people: what a card shows in one or two lines."""
_TAG: Final = 60
_TAGS: Final = 30
_WINDOWS: Final = 50
"""Maintenance windows: one a week for a year."""


def _text(field: str, text: str, most: int = _TEXT) -> None:
    if len(text) > most:
        raise UsageError(f"{field}: it is longer than {most} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise UsageError(f"{field}: it holds control characters")


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose it is."""

    team: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        _text("owner.team", self.team)
        if self.email and not _MAIL.fullmatch(self.email):
            raise UsageError(f"owner.email: {self.email[:_TEXT]!r} is no mail address")


class AlertThresholds(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """From when on it is bad, and good again."""

    consecutive_failures: int = 2
    """Bad looks until it is an error: one lost packet wakes nobody, and people still know within two minutes."""
    recoveries: int = 2
    """Good looks until it is healthy again; Gatus waits for as many."""
    response_time_ms: int | None = None
    """Slower answers are a warning."""
    uptime_percentage: float | None = None
    """Below it, over a day, people are told."""

    def __post_init__(self) -> None:
        for name, value in (("consecutiveFailures", self.consecutive_failures), ("recoveries", self.recoveries)):
            if not 1 <= value <= 100:
                raise UsageError(f"alertThresholds.{name}: {value} is not between 1 and 100")
        if self.response_time_ms is not None and not 1 <= self.response_time_ms <= 60_000:
            raise UsageError(f"alertThresholds.responseTimeMs: {self.response_time_ms} is not between 1 and 60000 ms")
        if self.uptime_percentage is not None and not 0 < self.uptime_percentage <= 100:
            raise UsageError(f"alertThresholds.uptimePercentage: {self.uptime_percentage:g} is no percentage above 0")


class Definition(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An application as it is written."""

    name: str
    display_name: str = ""
    environment: Environment = "production"
    category: str = ""
    tags: tuple[str, ...] = ()
    priority: Priority = "medium"
    is_active: bool = True
    public: bool = False
    """Whether the public status page shows it."""
    owner: Owner = Owner()
    sla_target: float = 99.9
    """Percent of the time it is to be up."""
    health_check: Check | None = None
    login_test: LoginTest | None = None
    alert_thresholds: AlertThresholds = AlertThresholds()
    maintenance: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        _name(self.name)
        _text("displayName", self.display_name)
        _text("category", self.category, _TAG)
        if len(self.tags) > _TAGS or len(set(self.tags)) < len(self.tags):
            raise UsageError(f"tags: there are at most {_TAGS}, and none twice")
        for tag in self.tags:
            _text("tags", tag, _TAG)
            if not tag.strip():
                raise UsageError("tags: a tag is not empty")
        if not 0 < self.sla_target <= 100:
            raise UsageError(f"slaTarget: {self.sla_target:g} is no percentage above 0; write one like 99.9")
        if len(self.maintenance) > _WINDOWS:
            raise UsageError(f"maintenance: there are more than {_WINDOWS} windows")

    @property
    def configured(self) -> bool:
        """Whether there is anything to look at."""
        return self.health_check is not None or self.login_test is not None


class Application(Definition, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One that is watched: its definition, and what this server says of it."""

    id: str
    managed_by: Literal["api", "file"] = "api"
    created_at: float
    """Seconds since 1970."""
    updated_at: float

    @property
    def definition(self) -> Definition:
        """What was written."""
        return Definition(**{name: getattr(self, name) for name in Definition.__struct_fields__})


class Change(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is to be different about one; what is left out stays. The shape, for the documentation."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType = msgspec.UNSET
    environment: Environment | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    is_active: bool | msgspec.UnsetType = msgspec.UNSET
    public: bool | msgspec.UnsetType = msgspec.UNSET
    owner: Owner | msgspec.UnsetType = msgspec.UNSET
    sla_target: float | msgspec.UnsetType = msgspec.UNSET
    health_check: Check | msgspec.UnsetType | None = msgspec.UNSET
    login_test: LoginTest | msgspec.UnsetType | None = msgspec.UNSET
    alert_thresholds: AlertThresholds | msgspec.UnsetType = msgspec.UNSET
    maintenance: tuple[Window, ...] | msgspec.UnsetType = msgspec.UNSET


def definition_of(data: Mapping[str, Json]) -> Definition:
    """A definition as it was written. Raises `UsageError` with what is wrong with it."""
    wanted = dict(data)
    name, shown = wanted.get("name"), wanted.get("displayName")
    if not name and isinstance(shown, str) and shown.strip():
        wanted["name"] = slug(shown)
    if not shown and isinstance(name, str):
        wanted["displayName"] = name
    if isinstance(wanted.get("environment"), str):
        wanted["environment"] = environment_of(wanted["environment"])
    if isinstance(wanted.get("alertThresholds"), Mapping):
        wanted["alertThresholds"] = {_camel(str(key)): value for key, value in wanted["alertThresholds"].items()}
    try:
        check = wanted.get("healthCheck")
        if isinstance(check, Mapping):
            wanted["healthCheck"] = _check(check)
        return msgspec.convert(wanted, Definition)
    except msgspec.ValidationError as error:
        raise UsageError(_sentence(str(error))) from error


def written(definition: Definition) -> dict[str, Json]:
    """A definition as it goes over the wire and into the records."""
    built: dict[str, Json] = msgspec.to_builtins(definition)
    return built


def environment_of(text: str) -> str:
    """An environment by any of its spellings; what is none stays as it is."""
    plain = text.strip().lower()
    return _SPELLINGS.get(plain, plain)


def slug(text: str) -> str:
    """A name for programs, made from one for people. The same text has the same one."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9._]+", "-", plain)[:80].strip("-._")
    if made in _TAKEN:
        return f"{made}-application"
    # A name of other letters has one of its own too, and not that of the next.
    return made or f"application-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _check(data: Mapping[str, Json]) -> Check:
    try:
        return check_of(data)
    except UsageError as error:
        raise UsageError(f"healthCheck: {error.message.removeprefix('this is no check: ')}") from error


def _name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"name: {name[:_TEXT]!r} is no name for addresses; write it like {slug(name)!r}, and the name for people "
            "as displayName"
        )
    if name in _TAKEN:
        raise UsageError(f"name: {name!r} stands for something else in addresses; choose another")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _sentence(said: str) -> str:
    """msgspec's words with the place in front: `loginTest.url: expected …`."""
    what, _, where = said.partition(" - at `$")
    place = where.rstrip("`").lstrip(".")
    return f"{place}: {what[:1].lower()}{what[1:]}" if place else f"{what[:1].lower()}{what[1:]}"
