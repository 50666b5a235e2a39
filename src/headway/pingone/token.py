"""Access tokens: POST {auth}/{environment of the worker}/as/token, grant_type=client_credentials.

    how the client proves itself    Basic first; on `invalid_client` once by Post (fields in the body). What worked is
                                    remembered, and tried first from then on
    renewal                         at four fifths of `expires_in`, by whoever comes first; the others wait for it. If
                                    it fails while the old token still lives, that one goes on
    a 401 in the middle of a run    `renew(stale)`: one new token, however many were told 401 with the same old one

There is no refresh token. What a token may do follows from the roles of the worker application.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final
from urllib.parse import urlencode

import msgspec
from yarl import URL

from headway.clock import Clock
from headway.errors import UsageError
from headway.pingone.errors import PingOneError, Refusal, Verdict, refused, unreadable
from headway.pingone.paths import identifier
from headway.pingone.retries import Patience, Retries
from headway.pingone.wire import Answer, Wire

__all__ = ["Credential", "Method", "TokenSource"]

_EARLY: Final = 0.8
"""Part of its life after which a token is renewed: 48 minutes of the usual hour, and 4 s of 5."""
_AGAIN: Final = 0.02
"""Part of its life after which a renewal that failed is tried again while the old token lives: every 72 seconds of an
hour."""
_LIFE: Final = 300.0
"""Assumed of a token that does not say (L): short, and an early 401 costs one request."""
_LONGEST_LIFE: Final = 86_400.0
"""However long it says: a change of roles shows after a day at most."""
_TOKEN_CHARACTERS: Final = 16 * 1024
"""Longest token: it has to fit among the headers of a request."""


@unique
class Method(Enum):
    """How a client proves itself (`tokenEndpointAuthMethod`)."""

    BASIC = "CLIENT_SECRET_BASIC"
    """In the header `Authorization`; PingOne's default."""
    POST = "CLIENT_SECRET_POST"
    """In the body."""

    @property
    def other(self) -> Method:
        """The one to try when this one is refused."""
        return Method.POST if self is Method.BASIC else Method.BASIC


@dataclass(frozen=True, slots=True)
class Credential:
    """A worker application. Raises `UsageError` for what cannot be one."""

    environment: str
    """Where the worker application lives; it may write into others."""
    client_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        identifier(self.environment, "environment id of the worker application")
        identifier(self.client_id, "client id")
        if not self.secret or not self.secret.isprintable():
            raise UsageError("the client secret is empty or holds a character that is not visible")


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = _LIFE
    token_type: str = "Bearer"


_DECODER: Final = msgspec.json.Decoder(_Token)


class TokenSource:
    """The token of one credential. All its requests share it, in one event loop."""

    def __init__(
        self,
        credential: Credential,
        auth: str,
        wire: Wire,
        clock: Clock,
        *,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        patience: Patience,
    ) -> None:
        self._credential = credential
        self._address = URL(f"{auth}/{credential.environment}/as/token", encoded=True)
        self._wire = wire
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._patience = patience
        self._method = Method.BASIC
        self._header = ""
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._life = 0.0
        self._asking = asyncio.Lock()
        self._asked = 0
        """Times a token was asked for, so that who waited while it was refused does not ask again."""
        self._failure: PingOneError | None = None

    def __repr__(self) -> str:
        return f"<TokenSource of {self._credential.client_id}>"

    @property
    def method(self) -> Method:
        """What worked last, or will be tried first."""
        return self._method

    @property
    def secrets(self) -> tuple[str, str]:
        """What must not show anywhere: the client secret, and the token."""
        return self._credential.secret, self._header.removeprefix("Bearer ")

    def ready(self) -> str:
        """The header `Authorization` if there is one that need not be renewed, else nothing."""
        return self._header if self._clock.monotonic() < self._renew_at else ""

    async def header(self) -> str:
        """The header `Authorization`, after renewing it if that is due. Raises `PingOneError`. Cancel freely."""
        return self.ready() or await self._renewed(lambda: bool(self.ready()))

    async def renew(self, stale: str) -> str:
        """A header other than this one, which was answered 401. Raises `PingOneError`. Cancel freely."""
        if stale == self._header:
            # It is of no use even if asking for a new one fails.
            self._renew_at = self._ends_at = 0.0
        return await self._renewed(lambda: self._header != stale and bool(self.ready()))

    async def _renewed(self, done: Callable[[], bool]) -> str:
        asked = self._asked
        async with self._asking:
            if done():
                return self._header
            if self._asked != asked and self._failure is not None:
                raise self._failure.left(uncertain=False)
            self._failure = None
            try:
                await self._ask()
            except PingOneError as error:
                now = self._clock.monotonic()
                if error.verdict is not Verdict.RETRY or now >= self._ends_at:
                    self._failure = error
                    raise
                self._renew_at = min(self._ends_at, now + self._life * _AGAIN)
            finally:
                self._asked += 1
            return self._header

    async def _ask(self) -> None:
        """A token, by the method that worked last or else by the other."""
        first = self._method
        try:
            await self._ask_by(first)
        except PingOneError as error:
            if error.refusal.code != "invalid_client":
                raise
            await self._ask_by(first.other)

    async def _ask_by(self, method: Method) -> None:
        retries = Retries(self._patience, self._random, self._clock.monotonic())
        while True:
            began = self._clock.monotonic()
            try:
                self._take(await self._answer(method), began)
            except PingOneError as error:
                pause = retries.next(self._clock.monotonic(), error.wait) if error.verdict is Verdict.RETRY else None
                # While the old token lives nobody is kept waiting for a server that fails.
                if pause is None or self._clock.monotonic() + pause < self._ends_at:
                    raise
                await self._sleep(pause)
            else:
                self._method = method
                return

    async def _answer(self, method: Method) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        fields = {"grant_type": "client_credentials"}
        if method is Method.BASIC:
            pair = f"{self._credential.client_id}:{self._credential.secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            fields |= {"client_id": self._credential.client_id, "client_secret": self._credential.secret}
        answer = await self._wire.ask("POST", self._address, urlencode(fields).encode(), headers)
        if answer.status == 200:
            return answer
        raise _explained(
            refused(
                answer.status,
                answer.content,
                correlation_id=answer.correlation_id,
                hidden=self.secrets,
                wait=answer.wait,
            )
        )

    def _take(self, answer: Answer, began: float) -> None:
        try:
            token = _DECODER.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise unreadable(200, "holds no token", correlation_id=answer.correlation_id) from None
        if not (
            0 < len(token.access_token) <= _TOKEN_CHARACTERS
            and token.access_token.isascii()
            and token.access_token.isprintable()
        ):
            raise unreadable(200, "holds no token", correlation_id=answer.correlation_id)
        self._header = f"Bearer {token.access_token}"
        # Counted from before it was asked for: it lives that long from when it was made, not from when it came.
        self._life = min(token.expires_in, _LONGEST_LIFE) if token.expires_in > 0 else _LIFE
        self._renew_at = began + self._life * _EARLY
        self._ends_at = began + self._life


def _explained(error: PingOneError) -> PingOneError:
    """A refusal of the credential stops everything, whatever its status; OAuth has its own."""
    if error.verdict is Verdict.RETRY:
        return error
    refusal: Refusal = error.refusal
    said = refusal.message or refusal.code or f"status {refusal.status}"
    return PingOneError(
        f"PingOne gives no token: {said}. Check region, environment id, client id and client secret of the worker "
        "application, and that its token endpoint authentication method is Client Secret Basic or Client Secret Post",
        Verdict.STOP,
        refusal,
    )
