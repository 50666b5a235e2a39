"""What a token's claims must be before they are believed, whoever signed it. All raise `Unauthorized`.

exp              a number: seconds since 1970 until which the token counts
nbf, iat         from when it counts; when it was made
sub, user_id     the user: 1 to 255 printable characters, or a whole number; `user_id` where there is no `sub`
channels         patterns of the channels that may be read; everything where it is missing
publish          patterns of the channels that may be published to; nothing where it is missing
role             viewer, operator or admin; viewer where it is missing
jti              the token's own id: 1 to 255 printable characters
"""

from __future__ import annotations

from typing import Final

from headway.access.identity import Role, Unauthorized
from headway.access.jws import Claims

__all__ = ["LAST_MOMENT", "channel", "lifetime", "moment", "patterns", "role", "token_id", "user"]

LAST_MOMENT: Final = 253_402_300_799.0
"""The last second of the year 9999. What lies beyond is a number, but no date that a calendar or a timer can take."""

_LEEWAY: Final = 60.0
"""Seconds by which the clocks of issuer and server may differ where a token begins. RFC 7519 speaks of a few minutes
at most."""
_PATTERNS: Final = 1_000
"""Patterns in one list; each channel is held against all of them."""
_PATTERN_CHARACTERS: Final = 255
"""As many as a channel's name has."""
_PATTERN_STARS: Final = 16
"""Stars in one pattern; people write one or two, and each costs a search through the name."""
_NAME_CHARACTERS: Final = 255


def lifetime(claims: Claims, now: float, grace: float) -> tuple[float, float | None]:
    """When the token ends and when it was made. It counts until `grace` seconds after its end."""
    ends = moment(claims, "exp")
    if ends is None:
        raise Unauthorized("the token has no expiry")
    begins, made = moment(claims, "nbf"), moment(claims, "iat")
    if now > ends + grace:
        raise Unauthorized("the token has expired")
    if any(now < start - _LEEWAY for start in (begins, made) if start is not None):
        raise Unauthorized("the token is not valid yet")
    return ends, made


def user(claims: Claims) -> str:
    """Whose token it is."""
    name = claims.get("sub")
    if name is None:
        name = claims.get("user_id")
    if isinstance(name, int) and not isinstance(name, bool) and abs(name) < 1 << 64:
        return str(name)
    return _name(name, "the token names no user")


def token_id(claims: Claims, name: str = "jti") -> str | None:
    """The token's own id, if it has one."""
    return None if claims.get(name) is None else _name(claims[name], f"the token's {name!r} is not an id")


def channel(claims: Claims, name: str) -> str | None:
    """One channel, if one is named."""
    return None if claims.get(name) is None else _name(claims[name], f"the token's {name!r} is not a channel")


def patterns(claims: Claims, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """A list of patterns."""
    value = claims.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(pattern, str) for pattern in value):
        raise Unauthorized(f"the token's {name!r} is not a list of patterns")
    if len(value) > _PATTERNS:
        raise Unauthorized(f"the token's {name!r} has more than {_PATTERNS} patterns")
    if any(len(pattern) > _PATTERN_CHARACTERS or pattern.count("*") > _PATTERN_STARS for pattern in value):
        most = f"{_PATTERN_CHARACTERS} characters or {_PATTERN_STARS} stars"
        raise Unauthorized(f"a pattern in the token's {name!r} has more than {most}")
    return tuple(value)


def role(claims: Claims) -> Role:
    """What its holder may do."""
    value = claims.get("role")
    try:
        return Role.VIEWER if value is None else Role(value)
    except ValueError:
        raise Unauthorized("the token's 'role' is none of viewer, operator, admin") from None


def moment(claims: Claims, name: str) -> float | None:
    """A moment, if one is named: neither a bool, which Python takes for a number, nor more than any calendar has."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unauthorized("the token has no expiry" if name == "exp" else f"the token's {name!r} is not a moment")
    if not abs(value) <= LAST_MOMENT:
        raise Unauthorized(f"the token's {name!r} is beyond the year 9999")
    return float(value)


def _name(value: object, sentence: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _NAME_CHARACTERS or not value.isprintable():
        raise Unauthorized(sentence)
    return value
