"""The token: fetched before it is needed, renewed before it expires, and never shown to anybody but the server.

When it expires is what the server says (`auth_success {expires}`), or what a JWT says of itself where the transport has
no such answer. It is not checked here; a clock that is wrong only makes the renewal come late, and then the server asks
for it.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from headway.client.endings import Ended
from headway.client.runtime import Runtime, Timer
from headway.codes import Code
from headway.errors import UsageError

__all__ = ["GetToken", "Token", "checked"]

GetToken = Callable[[], str | Awaitable[str]]
"""Where a program gets its tokens."""

_MARGIN: Final = 60.0
_MARGIN_SHARE: Final = 0.2
"""It is renewed a minute before it expires; a short-lived one, when a fifth is left."""
_AGAIN: Final = 10.0
"""Seconds after a renewal that failed."""
_LONGEST: Final = 86_400.0
"""A day: who waits for longer looks at the clock in between, which may have been set."""


class Token:
    """Who we are, as long as the client lives. `renewed` hears of a new one that was not asked for."""

    def __init__(
        self, runtime: Runtime, value: str | None, get: GetToken | None, renewed: Callable[[str], None]
    ) -> None:
        self._runtime = runtime
        self._get = get
        self._renewed = renewed
        self._timer = Timer(runtime)
        self._waiting: list[Callable[[Ended | None], None]] = []
        self._fetching = False
        self._stopped = False
        self.value: str | None = None
        """The one that is good now, as far as anybody knows."""
        if value is not None:
            self._take(value)

    def fresh(self, then: Callable[[Ended | None], None]) -> None:
        """Call back when there is one that is good now, or with why there is none."""
        if self.value is not None or self._get is None:
            then(None)
            return
        self._waiting.append(then)
        if not self._fetching:
            self._fetching = True
            self._runtime.spawn(self._fetch(self._get))

    async def get(self) -> str | None:
        """One that is good now, if there are any. Raises `Ended`. Cancel freely."""
        fetched: asyncio.Future[Ended | None] = asyncio.get_running_loop().create_future()
        self.fresh(lambda failure: None if fetched.done() else fetched.set_result(failure))
        failure = await fetched
        if failure is not None:
            raise failure
        return self.value

    def forget(self) -> bool:
        """The server does not take it. False: there is no other."""
        if self._get is None:
            return False
        self.value = None
        self._timer.stop()
        return True

    def holds(self, until: float) -> None:
        """It holds until then, in seconds since 1970."""
        if self._get is None or self._stopped:
            return
        left = until - self._runtime.clock.now()
        # Not all at once, where many were given theirs together.
        margin = min(_MARGIN, left * _MARGIN_SHARE) * (1 + self._runtime.random() / 2)
        due = max(0.0, left - margin)
        if due > _LONGEST:
            self._timer.start(_LONGEST, lambda: self.holds(until))
        else:
            self._timer.start(due, self._renew)

    def stop(self) -> None:
        """Renew it no more."""
        self._stopped = True
        self._timer.stop()
        self._waiting.clear()

    def _renew(self) -> None:
        before, self.value = self.value, None

        def then(failure: Ended | None) -> None:
            if failure is None:
                assert self.value is not None  # it was just fetched
                self._renewed(self.value)
            else:
                # The old one holds a little longer.
                self.value = self.value or before
                self._timer.start(_AGAIN, self._renew)

        self.fresh(then)

    async def _fetch(self, get: GetToken) -> None:
        failure: Ended | None = None
        try:
            given = get()
            self._take(await given if inspect.isawaitable(given) else given)
        except Exception as error:  # whatever the program's own function raises
            failure = Ended(f"get_token failed: {str(error) or type(error).__name__}", code=Code.UNAUTHORIZED)
        self._fetching = False
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(failure)

    def _take(self, value: str) -> None:
        self.value = checked(value)
        until = _expiry(value)
        if until is not None:
            self.holds(until)


def checked(token: object) -> str:
    """The token, if a header can carry it. Raises `UsageError`."""
    if isinstance(token, str) and token.isascii() and token.isprintable() and token.strip() == token != "":
        return token
    raise UsageError("this is no token: one is visible characters without a space at either end")


def _expiry(token: str) -> float | None:
    """When a JWT says that it expires, in seconds since 1970."""
    try:
        payload = token.split(".")[1]
        fields = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        until = fields["exp"]
    except (IndexError, ValueError, KeyError, TypeError):
        return None
    return float(until) if isinstance(until, int | float) else None
