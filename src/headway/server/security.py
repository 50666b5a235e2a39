"""How a server is guarded: what signs tokens, who signs in, which pages and hosts may talk to it, whom it believes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Security"]


@dataclass(frozen=True, slots=True)
class Security:
    """All of it. The defaults are those of `Headway()`: open to whoever the program around it lets through."""

    secret: str | None = field(default=None, repr=False)
    """Signs tokens (HS256), and what the server makes itself: tickets, share links, sign-ins."""
    secret_previous: str | None = field(default=None, repr=False)
    """What it signed counts on."""
    jwks: str | None = None
    """Address or file of a key set whose keys sign tokens."""
    audience: str | None = None
    issuer: str | None = None
    users: Path | None = None
    """File of those who sign in with a password."""
    origins: Collection[str] = ()
    """Pages of other origins that may connect."""
    hosts: Collection[str] | None = None
    """Host names the server answers for; None: any. An open server on loopback has to ask, since any page can give
    itself a name that leads here."""
    trusted_proxies: Collection[str] = ()

    @property
    def open(self) -> bool:
        """Whether everybody is welcome without a token."""
        return self.secret is None and self.jwks is None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The one that signs first."""
        return tuple(secret for secret in (self.secret, self.secret_previous) if secret is not None)
