"""Tokens that count no more before their time: one alone, by its id, or all that a user was given before a moment.

A revocation is a record, a flat JSON object, which whoever makes it stores and hands in again (`take`) after a restart;
taking one twice changes nothing.

    {"token": "<jti>", "until": 1700000000.0}      until: when the token ends by itself; null: never
    {"user": "ann", "before": 1700000000.0}        before: every token made until then

A user's token that does not say when it was made counts as made before. Tokens say it in whole seconds: one made in the
second of the revocation, after it, is revoked with the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from headway.access.identity import Identity
from headway.clock import Clock
from headway.errors import Overloaded, UsageError

__all__ = ["Record", "Revocations"]

Record = dict[str, str | float | None]

_KEPT_AFTER: Final = 86_400.0
"""Seconds a revocation outlives its token: a clock that was set ahead and back again must not revive it."""
_ENTRIES: Final = 100_000
"""Revocations held at once, of some 200 bytes each. Who has more to revoke changes the key."""


class Revocations:
    """What was revoked."""

    def __init__(self, clock: Clock, *, limit: int = _ENTRIES) -> None:
        self._clock = clock
        self._limit = limit
        self._tokens: dict[str, float] = {}
        self._users: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tokens) + len(self._users)

    def covers(self, identity: Identity) -> bool:
        """Whether this somebody's token was revoked."""
        if identity.token is not None and identity.token in self._tokens:
            return True
        before = None if identity.user is None else self._users.get(identity.user)
        return before is not None and (identity.issued is None or identity.issued <= before)

    def revoke_token(self, id: str, until: float | None) -> Record:
        """Revoke one token, which ends by itself at `until`. Returns what is to be stored. Raises `Overloaded`."""
        self._make_room(self._tokens, id)
        # Who revokes again may know the end better, or not at all: the later one is the safe one.
        self._tokens[id] = max(self._tokens.get(id, -math.inf), math.inf if until is None else until)
        return _token_record(id, self._tokens[id])

    def revoke_user(self, user: str, before: float) -> Record:
        """Revoke all that the user was given up to a moment. Returns what is to be stored. Raises `Overloaded`."""
        self._make_room(self._users, user)
        self._users[user] = max(self._users.get(user, -math.inf), before)
        return {"user": user, "before": self._users[user]}

    def take(self, record: Mapping[str, Any]) -> None:  # Any: JSON
        """Revoke again what was stored. Raises `UsageError` for what is no record, and `Overloaded`."""
        match record:
            case {"token": str(id), "until": None}:
                self.revoke_token(id, None)
            case {"token": str(id), "until": int(until) | float(until)} if abs(until) < math.inf:
                if not self._over(until):
                    self.revoke_token(id, until)
            case {"user": str(user), "before": int(before) | float(before)} if abs(before) < math.inf:
                self.revoke_user(user, before)
            case _:
                raise UsageError("this is no record of a revocation")

    def records(self) -> list[Record]:
        """All that is to be stored to have the same again."""
        self._forget()
        tokens = [_token_record(id, until) for id, until in self._tokens.items()]
        return tokens + [{"user": user, "before": before} for user, before in self._users.items()]

    def _make_room(self, entries: Mapping[str, float], name: str) -> None:
        if name in entries or len(self) < self._limit:
            return
        self._forget()
        if len(self) >= self._limit:
            raise Overloaded(f"{self._limit} revocations are held, and no more are; change the secret instead")

    def _forget(self) -> None:
        self._tokens = {id: until for id, until in self._tokens.items() if not self._over(until)}

    def _over(self, until: float) -> bool:
        return self._clock.now() > until + _KEPT_AFTER


def _token_record(id: str, until: float) -> Record:
    return {"token": id, "until": None if until == math.inf else until}
