"""Socket.IO v5 on Engine.IO v4, over a WebSocket; the client's side of as much of it as following channels takes.

    server  0{"sid", "pingInterval", "pingTimeout", …}      client  40{"token"?}
    server  40{"sid"} | 44{"message", "data"?}              client  420["subscribe",{"channel","since"?}]
    server  430[{"type":"subscribed", …}]                   42["progress",{…}] per event
    server  2                                               client  3

The connection's state is our position; the recovery of Socket.IO itself is declined, so the server keeps no record.
Messages of one client are handled one after the other, so the answer to a `ping` comes after all that was asked before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final

import msgspec

from headway.client.endings import Ended, refused
from headway.client.transports.interface import Fields, Link, Publication, event_fields
from headway.client.transports.socket import Socket, Stored
from headway.codes import Advice, Code

__all__ = ["SocketIO"]

_QUERY: Final = {"EIO": "4", "transport": "websocket", "recovery": "0"}

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
        self._stored = Stored()
        self._ids = count()
        self._joined = False
        self._socket = Socket(link, link.address.ws("/socket.io/", _QUERY), self)

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
        stored = self._stored.expect()

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
        self._socket.close()

    # See `Speaker`.

    def opened(self) -> None:
        token = self._link.token()
        self._put("40", {} if token is None else {"token": token})

    def hung_up(self, code: int | None, reason: str) -> Ended:
        # Engine.IO ends every session alike; whoever is not wanted was told so before.
        return Ended("the connection broke" if code is None else "the server hung up")

    def over(self, ended: Ended) -> None:
        self._answers.clear()
        self._stored.forsake(ended)

    def heard(self, message: bytes) -> str | None:
        text = message.decode()
        match text[:1]:
            case "2":
                self._socket.say("3")
            case "4":
                return self._packet(text[1], text[2:])
            case "1":
                raise Ended("the server hung up")
            case _:
                pass  # 0: opened, with a heartbeat that the link does not need
        return None

    # Its own.

    def _packet(self, kind: str, rest: str) -> str | None:
        """Take a Socket.IO packet."""
        body = rest.lstrip("0123456789")
        payload: Any = msgspec.json.decode(body) if body else None  # Any: JSON
        match kind:
            case "0":
                self._join()
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

    def _join(self) -> None:
        self._joined = True
        token = self._link.token()
        if token is not None:
            self.renew(token)
        for channel, since in self._link.follows().items():
            self.follow(channel, since)
        self.ping()

    def _emit(self, name: str, fields: Fields, answered: Answered) -> None:
        # What is to be followed is said as a whole once it has joined.
        if self._joined and not self._socket.ended:
            id = next(self._ids)
            self._answers[id] = answered
            self._put(f"42{id}", [name, fields])

    def _put(self, head: str, payload: object) -> None:
        self._socket.say(head + msgspec.json.encode(payload).decode())
