"""The attributes a user may have in one environment, as paths: `username`, `name.given`, `department`.

Built from what `GET /schemas/{id}/attributes` answers, or PingOne's own without a tenant. What can be imported and is
in no schema (the password, the population, the lifecycle) is always there; what PingOne sets itself never is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

__all__ = ["READ_ONLY", "STANDARD", "Attribute", "Kind", "Schema"]


class Kind(StrEnum):
    """What a cell becomes."""

    STRING = "STRING"
    BOOLEAN = "BOOLEAN"
    JSON = "JSON"
    POPULATION = "POPULATION"
    """An id, or the name of a population of the environment."""
    PASSWORD = "PASSWORD"
    """As it stands, spaces included; never shown."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What one column may be."""

    path: str
    kind: Kind = Kind.STRING
    required: bool = False
    many: bool = False
    """Several values: a JSON array, or one value."""
    custom: bool = False
    allowed: tuple[str, ...] = ()
    """The values there are; empty: any."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Attributes by path."""

    attributes: Mapping[str, Attribute]

    def __contains__(self, path: object) -> bool:
        return path in self.attributes

    def __getitem__(self, path: str) -> Attribute:
        return self.attributes[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.attributes)

    def partial(self) -> Schema:
        """The same for users who are there already: nothing but the username has to be said again."""
        looser = {path: replace(one, required=path == "username") for path, one in self.attributes.items()}
        return Schema(MappingProxyType(looser))

    @classmethod
    def of(cls, listed: Iterable[Mapping[str, Any]]) -> Schema:
        """From a tenant's list. Any: JSON of PingOne, of which nothing is believed to be there but the name."""
        flat = [attribute for item in listed for attribute in _flat(item)]
        return cls(MappingProxyType({attribute.path: attribute for attribute in (*_ALWAYS, *flat)}))


READ_ONLY: Final = frozenset(
    {
        *("id", "createdAt", "updatedAt", "environment", "account", "lastSignOn", "mfaEnabled", "verifyStatus"),
        *("memberOfGroupIDs", "memberOfGroupNames", "account.status", "account.canAuthenticate", "lastSignOn.at"),
        *("lastSignOn.remoteIp", "environment.id", "identityProvider.type"),
    }
)
"""What PingOne sets itself: an export has it, an import leaves it out."""

_ALWAYS: Final = (
    Attribute("username", required=True),
    Attribute("population", Kind.POPULATION),
    Attribute("password", Kind.PASSWORD),
    Attribute("password.forceChange", Kind.BOOLEAN),
    Attribute("enabled", Kind.BOOLEAN),
    Attribute("emailVerified", Kind.BOOLEAN),
    Attribute("lifecycle.status", allowed=("ACCOUNT_OK", "VERIFICATION_REQUIRED")),
    Attribute("lifecycle.suppressVerificationCode", Kind.BOOLEAN),
    Attribute("identityProvider.id"),
)

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("given", "family", "middle", "formatted", "honorificPrefix", "honorificSuffix"),
    "address": ("streetAddress", "locality", "region", "postalCode", "countryCode"),
    "photo": ("href",),
}

_FILLED: Final = frozenset({"enabled", "emailVerified"})
"""Required in the schema, and filled in by PingOne where an import says nothing (L)."""

_NOT_LISTED: Final = frozenset({"lifecycle", "identityProvider", "population", "password"})
"""What a tenant may list as a whole, and `_ALWAYS` has in parts."""


def _flat(item: Mapping[str, Any], within: str = "") -> Iterator[Attribute]:
    path = within + str(item["name"])
    if item.get("enabled") is False or path in READ_ONLY or path in _NOT_LISTED:
        return
    if item.get("type") == "COMPLEX":
        parts = item.get("subAttributes") or [{"name": part, "type": "STRING"} for part in _PARTS.get(path, ())]
        for part in parts:
            yield from _flat({"schemaType": item.get("schemaType"), **part}, f"{path}.")
        return
    yield Attribute(
        path,
        Kind(item["type"]) if item.get("type") in ("BOOLEAN", "JSON") else Kind.STRING,
        required=item.get("required") is True and path not in _FILLED,
        many=item.get("multiValued") is True,
        custom=item.get("schemaType") == "CUSTOM",
        allowed=tuple(str(one.get("value")) for one in item.get("enumeratedValues") or () if not one.get("archived")),
    )


STANDARD: Final = Schema.of(
    [
        {"name": "email", "type": "STRING"},
        *({"name": name, "type": "COMPLEX"} for name in _PARTS),
        *(
            {"name": name, "type": "STRING"}
            for name in ("nickname", "title", "type", "locale", "preferredLanguage", "timezone", "primaryPhone")
        ),
        *({"name": name, "type": "STRING"} for name in ("mobilePhone", "externalId", "accountId")),
    ]
)
"""PingOne's own attributes, for a file that is looked at before there is a tenant."""
