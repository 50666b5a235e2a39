"""Socket.IO v5 on Engine.IO v4, over a WebSocket; the client's side of as much of it as following channels takes.

    server  0{"sid", "pingInterval", "pingTimeout", …}      client  40{"token"?}
    server  40{"sid"} | 44{"message", "data"?}              client  420["subscribe",{"channel","since"?}]
    server  430[{"type":"subscribed", …}]                   42["progress",{…}] per event
    server  2                                               client  3

The connection's state is our position; the recovery of Socket.IO itself is declined, so the server keeps no record.
Messages of one client are handled one after the other, so the answer to a `ping` comes after all that was asked before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from headway.client.endings import Ended, answered, failed, refused
from headway.client.transports.interface import CONNECT_SECONDS, Fields, Link, Publication, event_fields
from headway.codes import Advice, Code
from headway.errors import PeerError

__all__ = ["SocketIO"]

_QUERY: Final = {"EIO": "4", "transport": "websocket", "recovery": "0"}
_CLOSE_SECONDS: Final = 1.0

Answered = Callable[[Fields], None]


class SocketIO:
    """For servers and networks that are known to let Socket.IO through."""

    name = "socketio"

    def open(self, link: Link) -> _Connection:
        """See `Transport`."""
        return _Connection(link)


class _Connection:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._answers: dict[int, Answered] = {}
        self._pending: set[asyncio.Future[str]] = set()
        self._ids = count()
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._joined = False
        self._over = False
        self._task = link.runtime.spawn(self._run())

    # See `Connection`.

    def follow(self, channel: str, since: str | None) -> None:
        def answered(answer: Fields) -> None:
            if answer["type"] == "error":
                self._link.refused(channel, refused(answer))
            else:
                self._link.told(channel, answer)

        self._emit("subscribe", {"channel": channel, **({} if since is None else {"since": since})}, answered)

    def unfollow(self, channel: str) -> None:
        self._emit("unsubscribe", {"channel": channel}, lambda answer: None)

    def publish(self, publication: Publication) -> Awaitable[str]:
        stored: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending.add(stored)
        stored.add_done_callback(self._pending.discard)

        def answered(answer: Fields) -> None:
            if stored.done():
                return
            if answer["type"] == "published":
                stored.set_result(answer["position"])
            else:
                stored.set_exception(refused(answer))

        fields: Fields = {"channel": publication.channel, "event": event_fields(publication)}
        self._emit("publish", {**fields, "idempotency_key": publication.key}, answered)
        return stored

    def ping(self) -> bool:
        self._emit("ping", {}, lambda answer: self._link.answered())
        return True

    def renew(self, token: str) -> None:
        def answered(answer: Fields) -> None:
            if answer["type"] == "auth_success":
                self._link.authenticated(answer.get("expires"))

        self._emit("auth", {"token": token}, answered)

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
            # Engine.IO ends every session alike; whoever is not wanted was told so before.
            ended = Ended("the connection broke" if end.rcvd is None else "the server hung up")
        except InvalidStatus as refusal:
            response = refusal.response
            ended = answered(response.status_code, response.body or b"", response.headers.get("Retry-After"))
        except Ended as end:
            ended = end
        except (OSError, TimeoutError, InvalidHandshake) as error:
            ended = failed(error)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError, PeerError) as error:
            ended = Ended(f"the server said something that makes no sense: {error}")
        if not self._over:
            self._over = True
            self._forsake(ended)
            self._link.ended(ended)

    async def _talk(self) -> Ended:
        # The server pings; the bounds are those of `websocket`.
        opening = connect(
            self._link.address.ws("/socket.io/", _QUERY),
            open_timeout=CONNECT_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            ping_interval=None,
            max_size=None,
        )
        async with opening as connection:
            token = self._link.token()
            self._put("40", {} if token is None else {"token": token})
            writing = asyncio.create_task(self._write(connection))
            try:
                while True:
                    channel = self._received((await connection.recv(decode=False)).decode())
                    if channel is not None:
                        await self._link.room(channel)
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                if self._over:
                    # As on the raw WebSocket: nobody waits for a goodbye behind much that is not read.
                    connection.transport.abort()

    async def _write(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._out.get())

    def _received(self, text: str) -> str | None:
        """Take an Engine.IO packet. Returns the channel that it told something about. Raises `Ended`."""
        self._link.heard()
        match text[:1]:
            case "2":
                self._out.put_nowait("3")
            case "4":
                return self._packet(text[1], text[2:])
            case "1":
                raise Ended("the server hung up")
            case _:
                pass  # 0: opened, with a heartbeat that the link does not need
        return None

    def _packet(self, kind: str, rest: str) -> str | None:
        """Take a Socket.IO packet."""
        body = rest.lstrip("0123456789")
        payload: Any = msgspec.json.decode(body) if body else None  # Any: JSON
        match kind:
            case "0":
                self._opened()
            case "1":
                raise Ended("the token is not accepted any more", Advice.RENEW, code=Code.UNAUTHORIZED, announced=True)
            case "4":
                raise refused(payload.get("data") or {"message": payload.get("message"), "code": "forbidden"})
            case "3":
                answer = self._answers.pop(int(rest[: len(rest) - len(body)]))
                answer(payload[0])
            case "2":
                return self._event(payload[0], payload[1])
            case _:
                pass
        return None

    def _event(self, name: str, fields: Fields) -> str | None:
        message = {**fields, "type": name}
        if name == "auth_failed":
            raise refused(message)
        if name == "unsubscribed" and "code" in message:
            self._link.refused(message["channel"], refused(message))
        elif name != "error" or "offset" in message:
            channel = message.get("channel")
            if isinstance(channel, str):
                self._link.told(channel, message)
                return channel
        return None

    def _opened(self) -> None:
        self._joined = True
        token = self._link.token()
        if token is not None:
            self.renew(token)
        for channel, since in self._link.follows().items():
            self.follow(channel, since)
        self.ping()

    def _emit(self, name: str, fields: Fields, answered: Answered) -> None:
        # What is to be followed is said as a whole once it has joined.
        if self._joined and not self._over:
            id = next(self._ids)
            self._answers[id] = answered
            self._put(f"42{id}", [name, fields])

    def _put(self, head: str, payload: object) -> None:
        self._out.put_nowait(head + msgspec.json.encode(payload).decode())

    def _forsake(self, ended: Ended) -> None:
        """Nobody will answer these any more."""
        self._answers.clear()
        for stored in list(self._pending):
            if not stored.done():
                stored.set_exception(Ended(ended.reason))
                stored.exception()  # whoever gave up on it does not look
