"""The client, as a program sees it. What moves behind it is `core`.

async with connect("http://127.0.0.1:4000") as client:
    async for told in client.channel("run:7"):
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from types import TracebackType
from typing import Any, Final, Self

from headway.client.address import Address
from headway.client.changes import Change, Status
from headway.client.channel import Channel
from headway.client.core import Core, Options, unheard
from headway.client.ladder import State
from headway.client.outbox import MOST_WAITING
from headway.client.pace import Pace
from headway.client.runtime import LoopRuntime, Runtime
from headway.client.token import GetToken, checked
from headway.client.transports.interface import Publication, Transport
from headway.clock import Clock
from headway.errors import Closed, UsageError
from headway.events import Draft, channel_name
from headway.positions import Position

__all__ = ["DEFAULT_TRANSPORTS", "Carrier", "Client", "connect"]


class Carrier(Enum):
    """The transports, as people write them."""

    WEBSOCKET = "websocket"
    SOCKETIO = "socketio"
    EVENTSOURCE = "eventsource"
    POLLING = "polling"


DEFAULT_TRANSPORTS: Final = tuple(Carrier)
"""The ladder, the best first."""


def connect(
    url: str,
    *,
    token: str | None = None,
    get_token: GetToken | None = None,
    transports: Sequence[Carrier | str] = DEFAULT_TRANSPORTS,
    on_change: Callable[[Change], None] | None = None,
    queue: int = MOST_WAITING,
    pace: Pace | None = None,
) -> Client:
    """A client of the server at this URL; `async with` opens it. Raises `UsageError`.

    `get_token` returns a token, or is a coroutine function that does: it is asked before the first connection, before a
    token expires, and when one is not taken. `transports` are tried in their order. `on_change` hears of connections,
    recoveries and gaps. At most `queue` publications wait for a connection.
    """
    address = Address.parse(url)
    if token is not None:
        checked(token)
    if token is not None and get_token is not None:
        raise UsageError("give either a token or get_token")
    options = Options(token, get_token, on_change or unheard, queue, pace or Pace())
    address = replace(address, client=options.new_id())
    return Client(address, [_transport(carrier) for carrier in _carriers(transports)], options)


class Client:
    """A client of one server. Make it with `connect`, and use it within `async with`."""

    def __init__(
        self,
        address: Address,
        transports: Sequence[Transport],
        options: Options,
        new_runtime: Callable[[Clock, Callable[[], float]], Runtime] = LoopRuntime,
    ) -> None:
        self._address = address
        self._transports = tuple(transports)
        self._options = options
        self._new_runtime = new_runtime
        self._core: Core | None = None

    async def __aenter__(self) -> Self:
        if self._core is not None:
            raise UsageError("this client was opened before; make another with connect")
        runtime = self._new_runtime(self._options.clock, self._options.random)
        self._core = Core(self._address, self._transports, self._options, runtime)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def status(self) -> Status:
        """How the client is: as its channel that is worst off."""
        return Status.OFFLINE if self._core is None else self._core.status()

    @property
    def transport(self) -> str | None:
        """The name of the transport that is used now."""
        current = None if self._core is None else self._core.ladder.current
        return None if current is None else current.name

    @property
    def queued(self) -> int:
        """Publications that wait."""
        return 0 if self._core is None else len(self._core.outbox)

    def channel(self, name: str, since: Position | str | None = None) -> Channel:
        """Follow a channel. No `since`: the state first, then live. Empty: everything the log holds. A position:
        everything after it.

        All readers of a channel share one position, so only the first says where to begin; a later one is told the
        state. Raises `InvalidChannel`, and `UsageError` where another one began elsewhere.
        """
        return self._open().channel(channel_name(name), _position(since))

    async def publish(
        self,
        channel: str,
        type: str,
        data: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        key: str | None = None,
        idempotency_key: str | None = None,
        patience: float | None = 30.0,
    ) -> Position:
        """Publish one event, now or when there is a connection again; in order. It is stored when this returns. Tries
        again for `patience` seconds (None: for as long as it takes), and never stores it twice.

        Raises `InvalidChannel`, `InvalidEvent`, `Refused`, `Overloaded` where too many wait already, and `Unreachable`,
        after which it is not known whether the event was stored.
        """
        core = self._open()
        publication = Publication(
            channel_name(channel), Draft.of(type, data, key), idempotency_key or self._options.new_id()
        )
        return await core.outbox.put(publication, patience)

    def reconnect(self) -> None:
        """Try at once, also after the client has given up."""
        self._open().reconnect()

    async def close(self) -> None:
        """End everything. Loops over channels end; what still waits to be published raises `Closed`. Idempotent."""
        if self._core is not None:
            await self._core.close()

    def _open(self) -> Core:
        if self._core is None:
            raise UsageError("the client is not open; use it within `async with connect(…) as client:`")
        if self._core.ladder.state is State.CLOSED:
            raise Closed("the client is closed; connect again")
        return self._core


def _carriers(names: Sequence[Carrier | str]) -> list[Carrier]:
    try:
        carriers = list(dict.fromkeys(Carrier(name) for name in names))
    except ValueError as error:
        spelled = ", ".join(carrier.value for carrier in Carrier)
        raise UsageError(f"{error}; there are {spelled}") from None
    if not carriers:
        raise UsageError("name at least one transport")
    return carriers


def _position(since: Position | str | None) -> Position | None:
    if not isinstance(since, str):
        return since
    try:
        return Position.parse(since)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _transport(carrier: Carrier) -> Transport:
    """Each loads the library it uses when it is opened, so that a program loads only what it uses."""
    match carrier:
        case Carrier.WEBSOCKET:
            from headway.client.transports.websocket import WebSocket

            return WebSocket()
        case Carrier.SOCKETIO:
            from headway.client.transports.socketio import SocketIO

            return SocketIO()
        case Carrier.EVENTSOURCE:
            from headway.client.transports.eventsource import EventStream

            return EventStream()
        case Carrier.POLLING:
            from headway.client.transports.polling import Polling

            return Polling()
