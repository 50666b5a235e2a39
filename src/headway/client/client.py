"""The client: follow a channel for as long as it takes, and publish so that trying again cannot repeat.

A connection that ends is followed by another from the position reached, with full-jitter back-off, no sooner than the
server asked for. Where the advice of the ending is not to come back, `Refused` is raised instead.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Any

from headway.client.address import Address
from headway.client.backoff import Backoff
from headway.client.endings import Ended
from headway.client.following import Following, Told
from headway.client.transports.interface import Transport
from headway.codes import Advice
from headway.errors import UsageError
from headway.events import Draft, channel_name
from headway.positions import Position

__all__ = ["Carrier", "Change", "Client", "Connected", "Waiting", "connect"]


class Carrier(Enum):
    """The transports, as people write them."""

    WEBSOCKET = "websocket"
    EVENTSOURCE = "eventsource"
    POLLING = "polling"
    SOCKETIO = "socketio"


@dataclass(frozen=True, slots=True)
class Connected:
    """The channel is being followed."""

    transport: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """It is not, for a reason; the next attempt begins in so many seconds."""

    reason: str
    delay: float


Change = Connected | Waiting


def connect(
    url: str,
    *,
    carrier: Carrier = Carrier.WEBSOCKET,
    token: str | None = None,
    on_change: Callable[[Change], None] | None = None,
    new_backoff: Callable[[], Backoff] | None = None,
) -> Client:
    """A client of the server at this URL. Nothing is opened yet. `on_change` hears of connections. Raises
    `UsageError`."""
    address = Address.parse(url)
    if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token != ""):
        raise UsageError("this is no token: one is visible characters without a space at either end")
    return Client(
        address,
        _transport(carrier, address, token),
        token=token,
        on_change=on_change or _unheard,
        new_backoff=new_backoff or (lambda: Backoff(random.random)),
    )


class Client:
    """A client of one server. Make it with `connect`."""

    def __init__(
        self,
        address: Address,
        transport: Transport,
        *,
        token: str | None,
        on_change: Callable[[Change], None],
        new_backoff: Callable[[], Backoff],
    ) -> None:
        self._address = address
        self._transport = transport
        self._token = token
        self._on_change = on_change
        self._new_backoff = new_backoff

    async def follow(self, channel: str, since: Position | None = None) -> AsyncGenerator[Told, None]:
        """Tell every event of a channel, and every gap, once and in order, through whatever happens to the network.

        No `since`: the state first, then live. `BEGINNING`: everything the log holds. Ends only where the server says
        that nothing more comes. Raises `InvalidChannel`, `Refused`, `PeerError`. Close the generator
        (`contextlib.aclosing`) to leave.
        """
        following = Following(channel_name(channel), since)
        backoff = self._new_backoff()
        while True:
            place = None if following.since is None else str(following.since)
            try:
                async with aclosing(self._transport.messages(following.channel, place)) as messages:
                    async for message in messages:
                        told = following.take(message)
                        if message["type"] == "subscribed":
                            backoff.reset()
                            self._on_change(Connected(self._transport.name))
                        for one in told:
                            yield one
            except Ended as end:
                ended = end
            if ended.finished:
                return
            if ended.advice is not Advice.RECONNECT:
                raise ended.refusal() from ended
            await self._wait(ended, backoff)

    async def publish(
        self,
        channel: str,
        type: str,
        data: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        key: str | None = None,
        idempotency_key: str | None = None,
        patience: float = 30.0,
    ) -> Position:
        """Publish one event; it is stored when this returns. Tries again for `patience` seconds, and never stores it
        twice.

        Raises `InvalidChannel`, `InvalidEvent`, `Refused`, and `Unreachable`, after which it is not known whether the
        event was stored.
        """
        # Here, so that who only follows loads no HTTP.
        from headway.client.publishing import Publication, publish

        draft = Draft.of(type, data, key)
        id = idempotency_key or secrets.token_urlsafe(18)
        publication = Publication(self._address, self._token, channel_name(channel), draft, id)
        backoff = self._new_backoff()
        return await publish(publication, patience, lambda ended: self._wait(ended, backoff))

    async def _wait(self, ended: Ended, backoff: Backoff) -> None:
        delay = backoff.next(ended.retry)
        self._on_change(Waiting(ended.reason, delay))
        await asyncio.sleep(delay)


def _transport(carrier: Carrier, address: Address, token: str | None) -> Transport:
    """Made here, so that a client loads only the libraries of the transport it uses."""
    match carrier:
        case Carrier.WEBSOCKET:
            from headway.client.transports.websocket import WebSocket

            return WebSocket(address, token)
        case Carrier.EVENTSOURCE:
            from headway.client.transports.eventsource import EventStream

            return EventStream(address, token)
        case Carrier.POLLING:
            from headway.client.transports.polling import Polling

            return Polling(address, token)
        case Carrier.SOCKETIO:
            from headway.client.transports.socketio import SocketIO

            return SocketIO(address, token)


def _unheard(change: Change) -> None:
    """Nobody wants to know."""
