"""The native protocol on a WebSocket, as docs/reference/wire.md has it.

    > auth {token}?  subscribe {channel, since?, id: channel} …  ping
    < auth_success {user, expires}  subscribed …  pong

The server handles the messages of one client one after the other, so the pong says that everything before it has been
answered. The token stands in a header from the beginning; it is said again to learn when it expires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from itertools import count

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from headway.client.endings import Ended, answered, closed, failed, refused
from headway.client.transports.interface import CONNECT_SECONDS, Fields, Link, Publication, bearer, event_fields
from headway.errors import PeerError

__all__ = ["WebSocket"]

_CLOSE_SECONDS = 1.0
"""For the other side to say goodbye too."""


class WebSocket:
    """The transport with the least overhead in both directions."""

    name = "websocket"

    def open(self, link: Link) -> _Connection:
        """See `Transport`."""
        return _Connection(link)


class _Connection:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._pending: dict[int, asyncio.Future[str]] = {}
        self._ids = count(1)
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._open = False
        self._over = False
        self._retry: float | None = None
        self._task = link.runtime.spawn(self._run())

    # See `Connection`.

    def follow(self, channel: str, since: str | None) -> None:
        place = {} if since is None else {"since": since}
        self._say({"type": "subscribe", "channel": channel, **place, "id": channel})

    def unfollow(self, channel: str) -> None:
        self._say({"type": "unsubscribe", "channel": channel})

    def publish(self, publication: Publication) -> Awaitable[str]:
        id = next(self._ids)
        stored: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending[id] = stored
        fields: Fields = {"type": "publish", "channel": publication.channel, "event": event_fields(publication)}
        self._say({**fields, "idempotency_key": publication.key, "id": id})
        return stored

    def ping(self) -> bool:
        self._say({"type": "ping"})
        return True

    def renew(self, token: str) -> None:
        self._say({"type": "auth", "token": token})

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._forsake(Ended("the connection was closed"))
            self._task.cancel()

    # Its own.

    async def _run(self) -> None:
        try:
            ended = await self._talk()
        except ConnectionClosed as end:
            received = end.rcvd
            ended = (
                closed(None, "", self._retry)
                if received is None
                else closed(received.code, received.reason, self._retry)
            )
        except InvalidStatus as refusal:
            response = refusal.response
            ended = answered(response.status_code, response.body or b"", response.headers.get("Retry-After"))
        except (OSError, TimeoutError, InvalidHandshake) as error:
            ended = failed(error)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, PeerError) as error:
            ended = Ended(f"the server said something that makes no sense: {error}")
        if not self._over:
            self._over = True
            self._forsake(ended)
            self._link.ended(ended)

    async def _talk(self) -> Ended:
        # No ping of the library's own: the link watches for silence. A snapshot has no bound of its own, so neither
        # has a message; the queue bounds what is read ahead.
        opening = connect(
            self._link.address.ws("/ws"),
            additional_headers=bearer(self._link.token()),
            open_timeout=CONNECT_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            ping_interval=None,
            max_size=None,
        )
        async with opening as connection:
            self._opened()
            writing = asyncio.create_task(self._write(connection))
            try:
                while True:
                    channel = self._received(msgspec.json.decode(await connection.recv(decode=False)))
                    if channel is not None:
                        await self._link.room(channel)
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                if self._over:
                    # Nobody waits for the server's goodbye, which may stand behind much that is not read.
                    connection.transport.abort()

    async def _write(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._out.get(), text=True)

    def _opened(self) -> None:
        self._open = True
        self._link.heard()
        token = self._link.token()
        if token is not None:
            self.renew(token)
        for channel, since in self._link.follows().items():
            self.follow(channel, since)
        self.ping()

    def _received(self, message: Fields) -> str | None:
        """Take a message. Returns the channel that it told something about."""
        self._link.heard()
        match message["type"]:
            case "pong":
                self._link.answered()
            case "published":
                stored = self._pending.pop(message["id"], None)
                if stored is not None and not stored.done():
                    stored.set_result(message["position"])
            case "auth_success":
                self._link.authenticated(message.get("expires"))
            case "reconnect":
                self._retry = float(message["retry"]) / 1000
            case "error" if "offset" not in message:  # an event may be called so too
                self._complained(message)
            case "unsubscribed":
                if "code" in message:
                    self._link.refused(message["channel"], refused(message))
            case "auth_failed":
                pass  # the close behind it says the same
            case _ if isinstance(message.get("channel"), str):
                self._link.told(message["channel"], message)
                return str(message["channel"])
            case _:
                pass  # of a newer server
        return None

    def _complained(self, message: Fields) -> None:
        match message.get("id"):
            case str(channel):
                self._link.refused(channel, refused(message))
            case int(id) if (stored := self._pending.pop(id, None)) is not None and not stored.done():
                stored.set_exception(refused(message))
            case _:
                pass

    def _say(self, message: Fields) -> None:
        # What is to be followed is said as a whole once it opens.
        if self._open and not self._over:
            self._out.put_nowait(msgspec.json.encode(message).decode())

    def _forsake(self, ended: Ended) -> None:
        """Nobody will answer these any more."""
        pending, self._pending = self._pending, {}
        for stored in pending.values():
            if not stored.done():
                stored.set_exception(Ended(ended.reason))
                stored.exception()  # whoever gave up on it does not look
