"""An attacker: where it stands, what it has, and what it was answered.

An attack is a coroutine that takes a `Foe`, tries something once, and notes each answer in a word or two:

    403, 429, …        an HTTP status                        close 1009     a close code of a WebSocket
    error forbidden    an error message on a connection      cut            the connection was ended without a word
    open               it holds a connection                 silence        nothing came within `PATIENCE`
    TOLD               it was told what is not its business  LET IN         it was taken for somebody it is not
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from headway.testing.readers import Answer
from siege.people import TREASURE
from siege.wire import FAILURES, PATIENCE, Closed, Handshake, Line, Socket, request

__all__ = ["LET_IN", "TOLD", "Attack", "Foe", "Target", "TurnedAway", "attempt"]

TOLD: Final = "TOLD"
LET_IN: Final = "LET IN"


class TurnedAway(Exception):
    """An attempt got no further; the answer is noted."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is attacked, and with what."""

    port: int
    pid: int
    """Of the server, whose memory an attack may look at."""
    token: str | None = None
    """The attacker's own, which is good for `eve:*`."""
    source: str | None = None
    """The address it comes from."""
    bad: Mapping[str, str] = field(default_factory=dict)
    """Tokens that must not count, by what is wrong with them."""
    cookie: str = ""
    """Of a browser that the attacker's page can have send it."""
    stolen: Mapping[str, str] = field(default_factory=dict)
    """What it has seen of ann: the `pid` of her Socket.IO client, and her position."""
    message_bytes: int = 1_000_000
    body_bytes: int = 8 * 1024 * 1024
    connections: int = 100
    """Connections an address may hold."""
    subscriptions: int = 128
    patience: float = PATIENCE
    """Seconds for which an attack that waits for its end does so."""
    hold: float = 3.0
    """Seconds for which an attack that holds something does so. A test gives none: it looks at once."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack."""

    name: str
    tried: str
    """What is tried, in a sentence for the table."""
    answers: frozenset[str]
    """What the server may answer. In a siege it may also be `DOOR`."""
    strike: Callable[[Foe], Awaitable[None]]
    at_once: int = 8
    """Strikes under way at the same time, in a siege."""


class Foe:
    """One attacker with one connection that it keeps as long as the server lets it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.answers: Counter[str] = Counter()
        self._line: Line | None = None

    # What it notes.

    def note(self, answered: str) -> None:
        """Something was answered."""
        self.answers[answered] += 1

    def judge(self, answer: Answer) -> None:
        """Note the status of an answer, and whether it told anything."""
        self.note(TOLD if TREASURE in answer.body else str(answer.status))

    def expect(self, status: int, answer: Answer) -> Answer:
        """Go on only after this status. Raises `TurnedAway`."""
        if answer.status != status:
            self.judge(answer)
            raise TurnedAway
        return answer

    # What it does.

    @property
    def host(self) -> str:
        """As a decent client calls the server."""
        return f"127.0.0.1:{self.target.port}"

    def headers(self, more: Mapping[str, str] | None = None, *, token: str | None = "") -> list[tuple[str, str]]:
        """The headers of a request: `Host`, the attacker's own token unless told otherwise, and more."""
        said: dict[str, str] = {"Host": self.host}
        held = self.target.token if token == "" else token
        if held is not None:
            said["Authorization"] = f"Bearer {held}"
        return list((said | dict(more or {})).items())

    async def ask(
        self,
        method: str,
        path: str,
        more: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        token: str | None = "",
    ) -> Answer:
        """One request, on the connection it has if the server has left it that. Raises `FAILURES`."""
        return await self.say(request(method, path, self.headers(more, token=token), body), of=method)

    async def say(self, data: bytes, *, of: str = "GET") -> Answer:
        """These bytes, and the answer to them. Raises `FAILURES`."""
        line = self._line
        if line is None or line.reader.at_eof() or line.writer.is_closing():
            await self.leave()
            line = self._line = await self.open()
        try:
            answer = await _answered(line, data, of)
        except BaseException:  # whatever it was: nobody knows what comes next on this connection
            await self.leave()
            raise
        endless = "content-length" not in answer.headers and answer.status not in (204, 304)
        if answer.headers.get("connection", "").lower() == "close" or endless:
            await self.leave()
        return answer

    async def open(self, *, receive_buffer: int | None = None) -> Line:
        """Another connection. Raises `OSError`."""
        return await Line.open(self.target.port, self.target.source, receive_buffer=receive_buffer)

    @asynccontextmanager
    async def line(self, *, receive_buffer: int | None = None) -> AsyncIterator[Line]:
        """Another connection, for one block."""
        line = await self.open(receive_buffer=receive_buffer)
        try:
            yield line
        finally:
            await line.cut()

    @asynccontextmanager
    async def socket(
        self,
        path: str = "/ws",
        more: Mapping[str, str] | None = None,
        *,
        token: str | None = "",
        extensions: str | None = None,
        receive_buffer: int | None = None,
    ) -> AsyncIterator[Socket]:
        """A WebSocket, for one block. Raises `Handshake`."""
        async with self.line(receive_buffer=receive_buffer) as line:
            yield await Socket.open(line, path, self.headers(more, token=token), extensions)

    async def leave(self) -> None:
        """Give up the connection it keeps."""
        line, self._line = self._line, None
        if line is not None:
            await line.cut()


async def _answered(line: Line, data: bytes, of: str) -> Answer:
    """The answer, also to what the server does not read to its end."""
    sending = asyncio.create_task(line.send(data))
    try:
        return await line.answer(of=of)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def attempt(attack: Attack, foe: Foe) -> None:
    """Strike once. However it ends is noted."""
    try:
        await attack.strike(foe)
    except TurnedAway:
        return
    except Handshake as refused:
        foe.judge(refused.answer)
    except Closed as closed:
        foe.note("cut" if closed.code is None else f"close {closed.code}")
    except TimeoutError:
        foe.note("silence")
    except FAILURES:
        foe.note("cut")
