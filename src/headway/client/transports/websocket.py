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

from headway.client.endings import Ended, closed, refused
from headway.client.transports.interface import Fields, Link, Publication, bearer, event_fields
from headway.client.transports.socket import Socket, Stored

__all__ = ["WebSocket"]


class WebSocket:
    """The transport with the least overhead in both directions."""

    name = "websocket"

    def open(self, link: Link) -> _Connection:
        """See `Transport`."""
        return _Connection(link)


class _Connection:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._stored = Stored()
        self._publications: dict[int, asyncio.Future[str]] = {}
        self._ids = count(1)
        self._open = False
        self._retry: float | None = None
        self._socket = Socket(link, link.address.ws("/ws"), self, bearer(link.token()))

    # See `Connection`.

    def follow(self, channel: str, since: str | None) -> None:
        place = {} if since is None else {"since": since}
        self._say({"type": "subscribe", "channel": channel, **place, "id": channel})

    def unfollow(self, channel: str) -> None:
        self._say({"type": "unsubscribe", "channel": channel})

    def publish(self, publication: Publication) -> Awaitable[str]:
        id = next(self._ids)
        stored = self._publications[id] = self._stored.expect()
        fields: Fields = {"type": "publish", "channel": publication.channel, "event": event_fields(publication)}
        self._say({**fields, "idempotency_key": publication.key, "id": id})
        return stored

    def ping(self) -> bool:
        self._say({"type": "ping"})
        return True

    def renew(self, token: str) -> None:
        self._say({"type": "auth", "token": token})

    def close(self) -> None:
        self._socket.close()

    # See `Speaker`.

    def opened(self) -> None:
        self._open = True
        token = self._link.token()
        if token is not None:
            self.renew(token)
        for channel, since in self._link.follows().items():
            self.follow(channel, since)
        self.ping()

    def hung_up(self, code: int | None, reason: str) -> Ended:
        return closed(code, reason, self._retry)

    def over(self, ended: Ended) -> None:
        self._stored.forsake(ended)

    def heard(self, message: bytes) -> str | None:
        fields: Fields = msgspec.json.decode(message)
        return self._received(fields)

    # Its own.

    def _received(self, message: Fields) -> str | None:
        match message["type"]:
            case "pong":
                self._link.answered()
            case "published":
                stored = self._publications.pop(message["id"], None)
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
            case int(id) if (stored := self._publications.pop(id, None)) is not None and not stored.done():
                stored.set_exception(refused(message))
            case _:
                pass

    def _say(self, message: Fields) -> None:
        # What is to be followed is said as a whole once it opens.
        if self._open and not self._socket.ended:
            self._socket.say(msgspec.json.encode(message).decode())
