"""One WebSocket, whatever is spoken on it: it opens, takes what is to be said in line, hands over what is heard, and
says once how it ended. What the two protocols on it share, and nothing of either.

    opening ──▶ opened ──▶ heard … ──▶ hung up | Ended | failed        and from everywhere: close
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NoReturn, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from headway.client.endings import Ended, answered, failed
from headway.client.transports.interface import CONNECT_SECONDS, Link
from headway.codes import Code
from headway.errors import PeerError

__all__ = ["Socket", "Speaker", "Stored"]

_CLOSE_SECONDS: Final = 1.0
"""For the other side to say goodbye too."""


class Speaker(Protocol):
    """Who speaks on it."""

    def opened(self) -> None:
        """It stands: say what comes first."""
        ...

    def heard(self, message: bytes) -> str | None:
        """Take a message. Returns the channel that it told something about. Raises `Ended` where it is the last, and
        whatever reading it raises where it makes no sense."""
        ...

    def hung_up(self, code: int | None, reason: str) -> Ended:
        """What a close means. No code: it broke."""
        ...

    def over(self, ended: Ended) -> None:
        """It has ended: nobody will answer any more. Said once, also when it was closed by us."""
        ...


class Stored:
    """Publications on their way over one connection, and who waits for them."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[str]] = set()

    def expect(self) -> asyncio.Future[str]:
        """One more."""
        stored: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.add(stored)
        stored.add_done_callback(self._waiting.discard)
        return stored

    def forsake(self, ended: Ended) -> None:
        """Nobody will answer these any more."""
        for stored in list(self._waiting):
            if not stored.done():
                stored.set_exception(Ended(ended.reason))
                stored.exception()  # whoever gave up on it does not look


class Socket:
    """A WebSocket to the server, as a task of its own."""

    def __init__(self, link: Link, url: str, speaker: Speaker, headers: Mapping[str, str] | None = None) -> None:
        self._link = link
        self._url = url
        self._speaker = speaker
        self._headers = headers
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self.ended = False
        self._task = link.runtime.spawn(self._run())

    def say(self, text: str) -> None:
        """Say it after what is to be said before it."""
        self._out.put_nowait(text)

    def close(self) -> None:
        """End, and say nothing more. Idempotent."""
        if not self.ended:
            self.ended = True
            self._speaker.over(Ended("the connection was closed"))
            self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._talk()
        except ConnectionClosed as end:
            close = end.rcvd
            ended = (
                self._speaker.hung_up(None, "") if close is None else self._speaker.hung_up(close.code, close.reason)
            )
        except InvalidStatus as refusal:
            response = refusal.response
            ended = answered(response.status_code, response.body or b"", response.headers.get("Retry-After"))
            if ended.announced and ended.code is Code.NOT_FOUND:
                # A Headway was asked for a page: something on the way has taken the upgrade away, as proxies do that
                # are not told to pass it on. What needs none may get through.
                ended = Ended("something on the way does not pass the upgrade on")
        except Ended as end:
            ended = end
        except (OSError, TimeoutError, InvalidHandshake) as error:
            ended = failed(error)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError, PeerError) as error:
            ended = Ended(f"the server said something that makes no sense: {error}")
        if not self.ended:
            self.ended = True
            self._speaker.over(ended)
            self._link.ended(ended)

    async def _talk(self) -> NoReturn:
        # No ping of the library's own: the link watches for silence. A snapshot has no bound of its own, so neither
        # has a message; the queue bounds what is read ahead.
        opening = connect(
            self._url,
            additional_headers=self._headers,
            open_timeout=CONNECT_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            ping_interval=None,
            max_size=None,
        )
        async with opening as connection:
            self._link.heard()
            self._speaker.opened()
            writing = asyncio.create_task(self._write(connection))
            try:
                while True:
                    message = await connection.recv(decode=False)
                    self._link.heard()
                    channel = self._speaker.heard(message)
                    if channel is not None:
                        await self._link.room(channel)
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                if self.ended:
                    # Nobody waits for the server's goodbye, which may stand behind much that is not read.
                    connection.transport.abort()

    async def _write(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._out.get())
