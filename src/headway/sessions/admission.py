"""Who is here: the sessions of each user, the bound on them, and the end of those whose token has ended.

A user who opens one session more than allowed loses the oldest: after a lost network that is the one nobody hears. The
sessions of one client count as one: while it changes its transport it has two, and may put no other client out. A
session ends, wherever its connection is, when its token has been over for `expiry_grace_seconds`, or is revoked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from headway.access.identity import Access, Identity, Unauthorized
from headway.clock import Clock
from headway.codes import Close
from headway.figures import Figures
from headway.limits import Limits

__all__ = ["Admission", "Guest"]

_OF_ONE_CLIENT: Final = 3
"""Sessions of one client: the one it has, the one it tries beside it, and a stream that another is replacing. With one
more its oldest is ended, so a name is no way round the bound."""


class Guest(Protocol):
    """A session, as far as it matters here."""

    @property
    def identity(self) -> Identity | None:
        """Who it is, once that is known."""
        ...

    @property
    def client(self) -> str | None:
        """The name that its client gave itself, if any."""
        ...

    def end(self, close: Close, reason: str) -> None:
        """Have its connection end, in its own way."""
        ...


class Admission:
    """Lets sessions in, and sees to it that they leave."""

    def __init__(self, access: Access, limits: Limits, clock: Clock, figures: Figures) -> None:
        self.access = access
        self.figures = figures
        self._limits = limits
        self._clock = clock
        self._users: dict[str, dict[Guest, None]] = {}
        self._ends: dict[Guest, float] = {}
        """Everybody who is known by a token, and when that ends."""
        self.replaced = 0
        self.expired = 0
        self.revoked = 0

    def valid(self, identity: Identity) -> None:
        """Raise `Unauthorized` if the identity's token has ended or been revoked since it was recognised."""
        expires = identity.expires
        if expires is not None and self._clock.now() > expires + self._limits.expiry_grace_seconds:
            raise Unauthorized("the token has expired")
        if not self.access.still(identity):
            raise Unauthorized("the token has been revoked")

    def left(self, identity: Identity) -> float:
        """Seconds for which the identity's token still counts."""
        if identity.expires is None:
            return float("inf")
        return max(0.0, identity.expires + self._limits.expiry_grace_seconds - self._clock.now())

    def enter(self, session: Guest, identity: Identity) -> None:
        """The session belongs to this identity from now on. One client too many of a user ends the oldest."""
        self.leave(session)
        if not self.access.open:
            end = float("inf") if identity.expires is None else identity.expires
            self._ends[session] = end + self._limits.expiry_grace_seconds
        if identity.user is None:
            return
        sessions = self._users.setdefault(identity.user, {})
        sessions[session] = None
        if most := self._limits.user_connections:
            for oldest in _too_many(sessions, session.client, most):
                self.replaced += 1
                self.figures.limits.add("user_connections")
                self.leave(oldest)
                oldest.end(Close.REPLACED, f"a user has at most {most} connections; a newer one took this place")

    def leave(self, session: Guest) -> None:
        """The session is nobody's any more. Idempotent."""
        self._ends.pop(session, None)
        user = session.identity.user if session.identity is not None else None
        if user is not None and (sessions := self._users.get(user)) is not None:
            sessions.pop(session, None)
            if not sessions:
                del self._users[user]

    def sweep(self) -> None:
        """End the sessions whose token has ended. To be called about once a second."""
        now = self._clock.now()
        for session in [session for session, end in self._ends.items() if now > end]:
            self.expired += 1
            self.leave(session)
            session.end(Close.BAD_TOKEN, "the token has expired")

    def recheck(self) -> None:
        """End the sessions whose token has been revoked."""
        for session in list(self._ends):
            if session.identity is not None and not self.access.still(session.identity):
                self.revoked += 1
                self.leave(session)
                session.end(Close.BAD_TOKEN, "the token has been revoked")

    def statistics(self) -> dict[str, Any]:  # Any: numbers for people
        """How many users are here, and whom the rules have put out."""
        return {
            "users": len(self._users),
            "replaced": self.replaced,
            "expired": self.expired,
            "revoked": self.revoked,
        }


def _too_many(sessions: Iterable[Guest], client: str | None, most: int) -> list[Guest]:
    """Those of a user, the oldest first, that must end now that one of this client has come."""
    of_clients: dict[object, list[Guest]] = {}
    for session in sessions:
        of_clients.setdefault(session if session.client is None else session.client, []).append(session)
    if client is not None and len(of_clients[client]) > _OF_ONE_CLIENT:
        return of_clients[client][:-_OF_ONE_CLIENT]
    return [session for those in list(of_clients.values())[: max(0, len(of_clients) - most)] for session in those]
