"""The rules of PingOne for one user, and those of the tenant's schema, before anything is sent.

Codes and bounds are PingOne's own; that a text of the wrong length is INVALID_VALUE, and the sentences, are
assumptions. Whether a password satisfies the policy, and whether an address takes mail, only PingOne knows. Lengths
are characters.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from headway.apps.imports.csv.building import Values, body
from headway.apps.imports.csv.problems import INVALID_VALUE, REQUIRED_VALUE, SIZE_LIMIT_EXCEEDED, Problem, shown
from headway.apps.imports.csv.schema import STANDARD, Schema

__all__ = ["PROFILE_BYTES", "Validator"]

PROFILE_BYTES: Final = 16 * 1024
"""A whole profile, as JSON."""

_TEXT: Final = 256
_LENGTHS: Final = {
    "username": 128,
    "primaryPhone": 32,
    "mobilePhone": 32,
    "address.postalCode": 40,
    "externalId": 1024,
    "photo.href": 2048,
}

_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PATTERNS: Final = {
    "email": (_EMAIL, "must be a well-formed email address"),
    "timezone": (re.compile(r"\w+/\w+", re.ASCII), "must be a name such as Europe/London"),
    "address.countryCode": (re.compile("[A-Z]{2}"), "must be two capital letters, such as GB"),
    "photo.href": (re.compile(r"https?://\S+"), "must be the address of a picture: http:// or https://"),
    "identityProvider.id": (_ID, "must be the id of an identity provider"),
    "population.id": (_ID, "must be the id of a population"),
}

_UNCHECKED: Final = "password.value"


@dataclass(frozen=True, slots=True)
class _Rule:
    most: int | None
    pattern: Callable[[str], object] | None
    wrong: str
    allowed: frozenset[str]


class Validator:
    """Knows the rules of one environment."""

    def __init__(self, schema: Schema = STANDARD) -> None:
        self._required = tuple(path for path in schema if schema[path].required)
        self._rules = {path: _rule(path, schema) for path in (*schema, "population.id")}
        # What most values are: texts with a bound and nothing else. This is asked of every cell of every row.
        self._plain = {
            path: PROFILE_BYTES if rule.most is None else rule.most
            for path, rule in self._rules.items()
            if rule.pattern is None and not rule.allowed
        }

    def validate(self, values: Values) -> list[Problem]:
        """Everything that is wrong, in the order of the values; empty where PingOne should take them."""
        problems = [_required(path) for path in self._required if path not in values]
        characters = 0
        plain = self._plain
        for path, value in values.items():
            if type(value) is str:
                length = len(value)
                characters += length
                if length <= plain.get(path, 0) and value.isprintable():
                    continue
                if path != _UNCHECKED and (wrong := self._wrong(path, value)):
                    problems.append(Problem(INVALID_VALUE, _name(path), f"{_name(path)} {wrong}"))
            elif type(value) is not bool:
                characters += PROFILE_BYTES  # a list or an object: measured as JSON below
        if values.get("lifecycle.status") == "VERIFICATION_REQUIRED" and "email" not in values:
            problems.append(_required("email"))
        if characters * _ESCAPED > PROFILE_BYTES:
            problems += _oversized(values)
        return problems

    def _wrong(self, path: str, text: str) -> str | None:
        rule = self._rules[path] if path in self._rules else _rule(path, STANDARD)
        if rule.most is not None and len(text) > rule.most:
            return f"has {len(text):,} characters; {rule.most:,} are the most"
        if not text.isprintable() and (character := _forbidden(text)):
            return f"has a character that is not allowed: {character}"
        if rule.allowed and text not in rule.allowed:
            return f"must be one of {', '.join(sorted(rule.allowed))}, not {shown(text)}"
        if rule.pattern is not None and not rule.pattern(text):
            return f"{rule.wrong}, not {shown(text)}"
        return None


_ESCAPED: Final = 8
"""Bytes that a character of a value can take in the profile, at most, with some of the attribute's name."""


def _rule(path: str, schema: Schema) -> _Rule:
    attribute = schema.attributes.get(path)
    pattern, wrong = _PATTERNS.get(path, (None, ""))
    # How long a custom attribute may be is not known; PingOne decides.
    most = None if attribute is not None and attribute.custom else _LENGTHS.get(path, _TEXT)
    allowed = frozenset(attribute.allowed) if attribute is not None else frozenset[str]()
    return _Rule(most, pattern.fullmatch if pattern is not None else None, wrong, allowed)


def _forbidden(text: str) -> str | None:
    r"""The first character outside `^[\p{L}\p{M}\p{Zs}\p{S}\p{N}\p{P}]*$`. What is printable is inside."""
    for character in text:
        if not character.isprintable() and unicodedata.category(character) != "Zs":
            name = unicodedata.name(character, "")
            return f"U+{ord(character):04X}{' ' + name if name else ''}"
    return None


def _name(path: str) -> str:
    return "population" if path == "population.id" else path


def _required(path: str) -> Problem:
    return Problem(REQUIRED_VALUE, path, f"{path} is required and empty")


def _oversized(values: Values) -> list[Problem]:
    """Measured only where it may be too much: of most rows the lengths alone tell."""
    size = len(json.dumps(body(values), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    if size <= PROFILE_BYTES:
        return []
    return [Problem(SIZE_LIMIT_EXCEEDED, "", f"The profile has {size:,} bytes; {PROFILE_BYTES:,} are the most")]
