"""Passwords: which clear texts the policy takes, and which are encoded already and not looked at. None is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from headway.sandbox.errors import Problem

__all__ = ["CLASSES", "PasswordPolicy", "PasswordStatus", "check_password", "is_encoded"]

CLASSES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "upper": re.compile(r"[A-Z]"),
        "lower": re.compile(r"[a-z]"),
        "digit": re.compile(r"[0-9]"),
        "special": re.compile(r"[^A-Za-z0-9]"),
    }
)
_MOST: Final = 255
"""PingOne's own longest password."""
_ENCODED: Final = re.compile(
    r"\{(?:PBKDF2|ARGON2|MSKCC_PBKDF2|SCRYPT|SCRYPT_RFC7914|BCRYPT|SSHA|SSHA256|SSHA384|SSHA512)\}."
)


class PasswordStatus(Enum):
    """What there is to say of a user's password."""

    OK = "OK"
    """It can be used."""
    MUST_CHANGE = "MUST_CHANGE_PASSWORD"
    """It has to be changed at the next sign-on."""
    NONE = "NO_PASSWORD"
    """There is none."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a clear text has to hold."""

    least: int = 8
    classes: frozenset[str] = frozenset(CLASSES)


def is_encoded(password: str) -> bool:
    """Whether it is `{SCHEME}` and a hash."""
    return _ENCODED.match(password) is not None


def check_password(password: object, policy: PasswordPolicy, target: str = "password") -> list[Problem]:
    """What is wrong with a password."""
    if not isinstance(password, str):
        return [Problem("INVALID_VALUE", target, "must be a string")]
    if not password:
        return [Problem("EMPTY_VALUE", target, "must not be empty")]
    if is_encoded(password):
        return []
    missing = [] if policy.least <= len(password) <= _MOST else ["length"]
    if not all(CLASSES[name].search(password) for name in policy.classes):
        missing.append("minCharacters")
    if not missing:
        return []
    return [
        Problem(
            "INVALID_VALUE",
            target,
            "User password did not satisfy password policy requirements",
            {"unsatisfiedRequirements": missing},
        )
    ]
