"""Who somebody is, and what that covers. `Access` turns a token into an `Identity`.

Open access, the default on loopback without a secret: everybody is the same anonymous administrator and may read and
write every channel. With a secret or a key set every reader and writer needs a token (`tokens.py`).

    role        may, beside reading and publishing as the patterns say
    viewer      nothing more
    operator    pause, resume and cancel tasks; see the server's figures
    admin       see connections, messages and the audit trail; share channels; revoke tokens
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from headway.access.patterns import covered
from headway.codes import Code
from headway.errors import HeadwayError

__all__ = ["ANONYMOUS", "Access", "Identity", "OpenAccess", "Role", "Unauthorized"]


class Unauthorized(HeadwayError):
    """No token, or not a valid one. The sentence never contains the token."""

    default = Code.UNAUTHORIZED


class Role(Enum):
    """What somebody may do beside reading and publishing. The later ones include the earlier."""

    VIEWER = "viewer"
    """Watches."""
    OPERATOR = "operator"
    """Also pauses, resumes and cancels work, and sees the server's figures."""
    ADMIN = "admin"
    """Also sees who is connected and what is said, shares channels, and revokes tokens."""

    def includes(self, other: Role) -> bool:
        """Whether this role may do whatever the other may."""
        return _RANK[self] >= _RANK[other]


_RANK: Final = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, for as long as the token holds."""

    user: str | None
    readable: tuple[str, ...] = ("*",)
    writable: tuple[str, ...] = ("*",)
    role: Role = Role.VIEWER
    only: str | None = None
    """The one channel of a share link, by its name: a name is no pattern."""
    expires: float | None = field(default=None, compare=False)
    """Seconds since 1970 from which the token counts no more; None: never."""
    token: str | None = field(default=None, compare=False)
    """The token's own id (`jti`), by which it can be revoked alone."""
    issued: float | None = field(default=None, compare=False)
    """Seconds since 1970 at which the token was made, by which all earlier ones of a user can be revoked."""

    def may_read(self, channel: str) -> bool:
        """Whether the channel may be followed and read."""
        return channel == self.only if self.only is not None else covered(channel, self.readable)

    def may_publish(self, channel: str) -> bool:
        """Whether events may be published to the channel."""
        return self.only is None and covered(channel, self.writable)

    def may(self, role: Role) -> bool:
        """Whether this somebody may do what the role may."""
        return self.role.includes(role)


ANONYMOUS: Final = Identity(None, role=Role.ADMIN)


class Access(Protocol):
    """How somebody is recognised."""

    @property
    def open(self) -> bool:
        """Whether everybody is welcome without a token."""
        ...

    def authenticate(self, token: str | None) -> Identity:
        """Who holds this token. Raises `Unauthorized`."""
        ...

    def still(self, identity: Identity) -> bool:
        """Whether the token of somebody recognised earlier has not been revoked since."""
        ...


class OpenAccess:
    """Everybody may do everything."""

    open = True

    def authenticate(self, token: str | None) -> Identity:
        """Anybody, whatever the token."""
        return ANONYMOUS

    def still(self, identity: Identity) -> bool:
        """Nothing is revoked where nothing was asked for."""
        return True
