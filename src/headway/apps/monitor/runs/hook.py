"""The webhook that begins a run after a deployment, and its token: made by an administrator, shown once, kept hashed.

The token is 32 random bytes: nobody guesses it, so that a plain hash keeps it, and the comparison tells nothing by the
time it takes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from headway.access.identity import Unauthorized
from headway.apps.monitor.runs import keeping
from headway.apps.monitor.runs.bench import Bench

__all__ = ["HEADERS", "Hook"]

HEADERS: Final = ("x-webhook-token", "x-gitlab-token")
"""Where the token may stand; the second is what GitLab sends. Not `Authorization`: that is for tokens of people."""
_NAME: Final = "webhook"
_BYTES: Final = 32
_LONGEST: Final = 200


class Hook:
    """One server's."""

    def __init__(self, bench: Bench, random: Callable[[int], str] = secrets.token_urlsafe) -> None:
        self._bench = bench
        self._random = random

    async def make(self) -> str:
        """A new token. The one before counts no more."""
        token, now = self._random(_BYTES), self._bench.clock.now()
        value = {"hash": _hash(token), "createdAt": now}
        await self._bench.records.write(lambda connection: keeping.store(connection, _NAME, value, now))
        return token

    async def remove(self) -> None:
        """No token counts any more."""
        now = self._bench.clock.now()
        await self._bench.records.write(lambda connection: keeping.store(connection, _NAME, None, now))

    async def created_at(self) -> float | None:
        """When the token was made; None where there is none."""
        kept = await self._bench.records.read(lambda connection: keeping.load(connection, _NAME))
        return None if kept is None else float(kept["createdAt"])

    async def check(self, headers: Mapping[str, str]) -> None:
        """Raise `Unauthorized` unless the token is in one of the headers."""
        given = next((headers[name] for name in HEADERS if headers.get(name)), "")[:_LONGEST]
        kept = await self._bench.records.read(lambda connection: keeping.load(connection, _NAME))
        # Compared also where there is none, so that it takes as long.
        known = kept["hash"] if kept is not None else _hash("")
        if not hmac.compare_digest(_hash(given), known) or kept is None or not given:
            raise Unauthorized(f"send the webhook's token in the header {HEADERS[0]}; an administrator can make one")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
