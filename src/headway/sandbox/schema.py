"""The user schema as a table: which attributes there are, of which type, and how long a text may be.

Texts hold 1 to 256 characters of `ALLOWED` unless their line says otherwise. The custom attributes are ours: one of
each kind, so that a mapping has something to find.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

__all__ = ["ALLOWED", "ATTRIBUTES", "READ_ONLY", "Attribute", "Text"]

ALLOWED: Final = r"^[\p{L}\p{M}\p{Zs}\p{S}\p{N}\p{P}]*$"
"""Letters, marks, spaces, symbols, numbers and punctuation of every script: no control character, no line break."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a text may be."""

    most: int = 256
    pattern: re.Pattern[str] | None = None
    shown: str = ""
    """The pattern as an error shows it, if it does."""
    wrong: str = ""
    """What an error says where the pattern does not fit."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a user."""

    name: str
    type: str = "STRING"
    """STRING, JSON, BOOLEAN or COMPLEX."""
    kind: str = "STANDARD"
    """CORE, STANDARD or CUSTOM."""
    text: Text = Text()
    required: bool = False
    unique: bool = False
    many: bool = False
    parts: Mapping[str, Attribute] = field(default_factory=lambda: MappingProxyType({}))


def _table(*attributes: Attribute) -> Mapping[str, Attribute]:
    return MappingProxyType({attribute.name: attribute for attribute in attributes})


_ATOM: Final = r"[^\s@<>()\[\],;:\\\".]+"
_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_EMAIL: Final = Text(
    pattern=re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"),
    wrong="must be a well-formed email address",
)
_PHONE: Final = Text(most=32)
_ADDRESS: Final = _table(
    Attribute("streetAddress"),
    Attribute("locality"),
    Attribute("region"),
    Attribute("postalCode", text=Text(most=40)),
    Attribute(
        "countryCode",
        text=Text(pattern=re.compile(r"[A-Z]{2}"), shown="[A-Z]{2}", wrong="must be two letters from A to Z"),
    ),
)
_NAME: Final = _table(
    *(Attribute(name) for name in ("given", "family", "middle", "formatted", "honorificPrefix", "honorificSuffix"))
)
_TIMEZONE: Final = Text(
    pattern=re.compile(r"\w+/\w+", re.ASCII), shown=r"^\w+/\w+$", wrong="must be a name such as Europe/London"
)
_PHOTO: Final = _table(Attribute("href", text=Text(2048, re.compile(r"https?://\S+"), "^https?://", "must be a URL")))

ATTRIBUTES: Final = _table(
    Attribute("username", kind="CORE", text=Text(most=128), required=True, unique=True),
    Attribute("email", text=_EMAIL),
    Attribute("name", "COMPLEX", parts=_NAME),
    Attribute("nickname"),
    Attribute("title"),
    Attribute("type"),
    Attribute("locale"),
    Attribute("preferredLanguage"),
    Attribute("timezone", text=_TIMEZONE),
    Attribute("primaryPhone", text=_PHONE),
    Attribute("mobilePhone", text=_PHONE),
    Attribute("address", "COMPLEX", parts=_ADDRESS),
    Attribute("photo", "COMPLEX", parts=_PHOTO),
    Attribute("externalId", text=Text(most=1024)),
    Attribute("accountId"),
    Attribute("emailVerified", "BOOLEAN"),
    Attribute("department", kind="CUSTOM"),
    Attribute("employeeNumber", kind="CUSTOM", unique=True),
    Attribute("costCenter", kind="CUSTOM"),
    Attribute("badges", kind="CUSTOM", many=True),
    Attribute("preferences", "JSON", "CUSTOM"),
)
"""What can be written, by name."""

READ_ONLY: Final = frozenset(
    {
        *("_links", "_embedded", "id", "environment", "account", "createdAt", "updatedAt", "lastSignOn", "mfaEnabled"),
        *("verifyStatus", "enabled", "population", "identityProvider", "lifecycle", "memberOfGroupIDs"),
        "memberOfGroupNames",
    }
)
"""What a PUT or PATCH of a user may hold, since it was read there, and does not change. [L]"""
