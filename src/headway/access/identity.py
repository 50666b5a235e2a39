"""Who somebody is, and what that covers. `Access` turns a token into an `Identity`.

Open access, the default on loopback without a secret: everybody is the same anonymous user and may read and write every
channel. With a secret every reader and writer needs a token (HS256, `exp` required); `channels` and `publish` in it are
lists of patterns (`*` matches any run of characters) and default to everything and to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import jwt

from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError

__all__ = ["ANONYMOUS", "Access", "Identity", "OpenAccess", "TokenAccess", "Unauthorized"]

_LEEWAY: Final = 60.0
"""Seconds by which the clocks of issuer and server may differ."""


class Unauthorized(HeadwayError):
    """No token, or not a valid one. The sentence never contains the token."""

    default = Code.UNAUTHORIZED


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, for as long as the token holds."""

    user: str | None
    readable: tuple[str, ...] = ("*",)
    writable: tuple[str, ...] = ("*",)
    expires: float | None = field(default=None, compare=False)
    """Seconds since 1970; None: never."""

    def may_read(self, channel: str) -> bool:
        """Whether the channel may be followed and read."""
        return _matches(channel, self.readable)

    def may_publish(self, channel: str) -> bool:
        """Whether events may be published to the channel."""
        return _matches(channel, self.writable)


ANONYMOUS: Final = Identity(None)


class Access(Protocol):
    """How somebody is recognised."""

    open: bool
    """Whether everybody is welcome without a token."""

    def authenticate(self, token: str | None) -> Identity:
        """Who holds this token. Raises `Unauthorized`."""
        ...


class OpenAccess:
    """Everybody may do everything."""

    open = True

    def authenticate(self, token: str | None) -> Identity:
        """Anybody, whatever the token."""
        return ANONYMOUS


class TokenAccess:
    """JSON Web Tokens signed with one secret."""

    open = False

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def authenticate(self, token: str | None) -> Identity:
        """Who holds this token. Raises `Unauthorized` saying what is wrong with it."""
        if not token:
            raise Unauthorized("a token is needed")
        try:
            # Time is checked below, by our clock; PyJWT would read the machine's.
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, UnicodeError, RecursionError) as error:
            raise Unauthorized("the token is invalid") from error
        expires, starts = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or not isinstance(starts, int | float):
            raise Unauthorized("the token has no expiry")
        now = self._clock.now()
        if now > expires + _LEEWAY:
            raise Unauthorized("the token has expired")
        if now < starts - _LEEWAY:
            raise Unauthorized("the token is not valid yet")
        user = claims.get("sub") or claims.get("user_id")
        if user is None:
            raise Unauthorized("the token names no user")
        return Identity(
            str(user), _patterns(claims, "channels", ("*",)), _patterns(claims, "publish", ()), float(expires)
        )


def _patterns(claims: dict[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:  # Any: claims are JSON
    value = claims.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(pattern, str) for pattern in value):
        raise Unauthorized(f"the token's {name!r} is not a list of patterns")
    return tuple(value)


def _matches(channel: str, patterns: tuple[str, ...]) -> bool:
    return any(pattern == "*" or _covers(pattern, channel) for pattern in patterns)


def _covers(pattern: str, channel: str) -> bool:
    """Not `fnmatch`, to which `[1]` and `?` mean more than themselves: these stand in names of channels."""
    first, *others = pattern.split("*")
    if not others:
        return pattern == channel
    last = others.pop()
    if len(channel) < len(first) + len(last) or not (channel.startswith(first) and channel.endswith(last)):
        return False
    at, end = len(first), len(channel) - len(last)
    for part in others:
        found = channel.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
