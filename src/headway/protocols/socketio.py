"""One Socket.IO v5 connection, the server's side: namespaces, events, acknowledgements, over one Engine.IO session.
Pure.

A namespace is, for one connection, in one of three states; `TRANSITIONS` says what is allowed in them:

    ABSENT ──connect──▶ ASKED ──accept──▶ JOINED      `talk` is what a JOINED one may do
       ▲───── refuse, leave ┴─ leave, dismiss ┘

The law:
1. The answer to CONNECT precedes everything else in its namespace: nothing can be emitted before `accept`.
2. Whatever is not allowed in its namespace's state, and every packet that cannot be read, closes the connection.
3. Who has joined nothing within the connect timeout is closed.
4. Attachments follow their packet at once, at most ten, within a bound of bytes. Until they are there, nothing is told
   of it, and the packet is held as the text it came as: taken apart it may weigh thirty times as much.

How a shell drives it. It reports what happened to `engine` (see there), or calls `tick`; then it handles `events(now)`,
answering with `accept`, `refuse`, `emit`, `acknowledge`, `disconnect`, `close`; then it writes what `engine` has to
write, and sets its timer to `deadline()`. `accept` and `refuse` may come at any later moment; where nobody waits for
them any more, they change nothing. Broadcast events are `socketio_packets.event_packet`, made once for everybody, and
never come here.

Recovery: the CONNECT payload of a stock client that comes back holds `pid` and `offset`; they are the shell's to use.
The client remembers the `pid` of the answer, and the last argument of every event while it has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Final

from headway.errors import PeerError
from headway.protocols.engineio import Closed, Engine, Reason, Received, State, Upgraded
from headway.protocols.socketio_packets import Kind, Packet, decode, encode, with_attachments

__all__ = [
    "TRANSITIONS",
    "Ack",
    "Connect",
    "Connection",
    "Disconnect",
    "Emit",
    "SocketEvent",
    "Standing",
    "Terms",
    "Trigger",
]

Json = Any
"""What stands in a packet. Any: JSON values, with `bytes` among them, of the client's own choice."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The bounds every connection of a server has."""

    connect_timeout: float = 45.0
    """Seconds to join a namespace; the stock server's default."""
    binary_bytes: int = 1_000_000
    """Bytes of one binary packet with all its attachments, as of any message."""
    namespaces: int = 16
    """Namespaces of one connection. Applications use one or two."""


@unique
class Standing(Enum):
    """How a connection stands to a namespace."""

    ABSENT = "absent"
    """It has nothing to do with it."""
    ASKED = "asked"
    """It asked to join and waits for the answer."""
    JOINED = "joined"
    """It takes part."""


@unique
class Trigger(Enum):
    """What changes it."""

    CONNECT = "connect"
    ACCEPT = "accept"
    REFUSE = "refuse"
    LEAVE = "leave"
    DISMISS = "dismiss"
    TALK = "talk"


TRANSITIONS: Final[dict[tuple[Standing, Trigger], Standing]] = {
    (Standing.ABSENT, Trigger.CONNECT): Standing.ASKED,
    (Standing.ASKED, Trigger.ACCEPT): Standing.JOINED,
    (Standing.ASKED, Trigger.REFUSE): Standing.ABSENT,
    (Standing.ASKED, Trigger.LEAVE): Standing.ABSENT,
    (Standing.JOINED, Trigger.TALK): Standing.JOINED,
    (Standing.JOINED, Trigger.LEAVE): Standing.ABSENT,
    (Standing.JOINED, Trigger.DISMISS): Standing.ABSENT,
}


@dataclass(frozen=True, slots=True)
class Connect:
    """The client asks to join a namespace: answer with `accept` or `refuse`."""

    namespace: str
    auth: dict[str, Json] = field(repr=False)
    """Its payload, `{}` without one. May hold a token, so it does not show in logs."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The client left a namespace, joined or only asked for. The connection stays."""

    namespace: str


@dataclass(frozen=True, slots=True)
class Emit:
    """The client emitted something; where there is an `ack_id`, it waits for `acknowledge`."""

    namespace: str
    name: str
    arguments: list[Json]
    ack_id: int | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """The client answers what was emitted with this `ack_id`. Nobody has checked that there was one."""

    namespace: str
    ack_id: int
    arguments: list[Json]


SocketEvent = Connect | Disconnect | Emit | Ack | Upgraded | Closed
"""`Upgraded` and `Closed` come from Engine.IO; nothing follows `Closed`, and no `Disconnect` precedes it."""


class Connection:
    """One client. `engine` is its session, fresh and used by nobody else."""

    __slots__ = (
        "_attachments",
        "_awaited",
        "_broken",
        "_connect_by",
        "_partial",
        "_partial_bytes",
        "_standings",
        "_terms",
        "engine",
    )

    def __init__(self, engine: Engine, terms: Terms, now: float) -> None:
        self.engine = engine
        self._terms = terms
        self._standings: dict[str, Standing] = {}
        self._connect_by: float | None = now + terms.connect_timeout
        self._broken = False
        # A binary packet whose attachments have not all come: its text, how many they are, the bytes of it all.
        self._partial: str | None = None
        self._awaited = 0
        self._partial_bytes = 0
        self._attachments: list[bytes] = []

    def events(self, now: float) -> list[SocketEvent]:
        """What happened since the last call. What cannot be read, or is not allowed, has closed the connection."""
        told: list[SocketEvent] = []
        while events := self.engine.events():
            for event in events:
                match event:
                    case Received(data):
                        self._receive(data, now, told)
                    case Upgraded() | Closed():
                        told.append(event)
        return told

    def namespaces(self) -> list[str]:
        """What it takes part in."""
        return [name for name, standing in self._standings.items() if standing is Standing.JOINED]

    def accept(self, namespace: str, sid: str, pid: str | None = None) -> bool:
        """Let the client join. With a `pid` it will offer that, and the last offset it saw, when it comes back.

        Like every answer below: False, and nothing is said, if the client is gone or does not wait for it.
        """
        welcome = {"sid": sid} if pid is None else {"sid": sid, "pid": pid}
        accepted = self._answer(Trigger.ACCEPT, Packet(Kind.CONNECT, namespace, data=welcome))
        if accepted:
            self._connect_by = None
        return accepted

    def refuse(self, namespace: str, message: str = "Invalid namespace", data: Json = None) -> bool:
        """Do not let the client join; it gets a `connect_error` with the message and the data. It may ask again."""
        reason = {"message": message} if data is None else {"message": message, "data": data}
        return self._answer(Trigger.REFUSE, Packet(Kind.CONNECT_ERROR, namespace, data=reason))

    def emit(self, namespace: str, name: str, *arguments: Json, ack_id: int | None = None) -> bool:
        """Emit something to this client alone; with an `ack_id` (fresh in this namespace) it answers by an `Ack`."""
        return self._answer(Trigger.TALK, Packet(Kind.EVENT, namespace, ack_id, [name, *arguments]))

    def acknowledge(self, namespace: str, ack_id: int, *arguments: Json) -> bool:
        """Answer an `Emit` that has an `ack_id`."""
        return self._answer(Trigger.TALK, Packet(Kind.ACK, namespace, ack_id, list(arguments)))

    def disconnect(self, namespace: str) -> bool:
        """Put the client out of a namespace it joined. It does not come back by itself."""
        return self._answer(Trigger.DISMISS, Packet(Kind.DISCONNECT, namespace))

    def close(self, reason: Reason = Reason.SERVER) -> None:
        """End the connection; a stock client comes back by itself. Idempotent."""
        self.engine.close(reason)

    def deadline(self) -> float | None:
        """When `tick` has to be called at the latest; None if never again."""
        moment = self.engine.deadline()
        if moment is None or self._connect_by is None:
            return moment
        return min(moment, self._connect_by)

    def tick(self, now: float) -> None:
        """Time has passed. Call it at `deadline()` or shortly after; early calls change nothing."""
        self.engine.tick(now)
        if self._connect_by is not None and now >= self._connect_by:
            self.engine.close(Reason.NO_CONNECT)

    # Inside.

    def _receive(self, data: str | bytes, now: float, told: list[SocketEvent]) -> None:
        """A message of the client. After the one that broke the protocol, the rest of the same payload is passed
        over."""
        if self._broken:
            return
        try:
            packet = self._whole(data)
            if packet is not None:
                told.append(self._take(packet, now))
        except PeerError:
            self._broken = True
            self.engine.close(Reason.INVALID)

    def _whole(self, data: str | bytes) -> Packet | None:
        """The packet that this message completes, if it does."""
        if self._partial is None:
            if isinstance(data, bytes):
                raise PeerError("a binary message without a packet that announces it")
            packet = decode(data)
            if not packet.attachments:
                return packet
            self._partial, self._awaited, self._partial_bytes = data, packet.attachments, len(data)
            return None
        if isinstance(data, str):
            raise PeerError("a packet while attachments of another are still to come")
        self._partial_bytes += len(data)
        if self._partial_bytes > self._terms.binary_bytes:
            raise PeerError(f"a binary packet has at most {self._terms.binary_bytes} bytes")
        self._attachments.append(data)
        if len(self._attachments) < self._awaited:
            return None
        partial, attachments = decode(self._partial), self._attachments
        self._partial, self._attachments = None, []
        return Packet(partial.kind, partial.namespace, partial.id, with_attachments(partial.data, attachments))

    def _take(self, packet: Packet, now: float) -> SocketEvent:
        """What a whole packet means. Raises `PeerError` where it is not allowed."""
        namespace = packet.namespace
        match packet.kind:
            case Kind.CONNECT:
                if len(self._standings) >= self._terms.namespaces:
                    raise PeerError(f"a connection has at most {self._terms.namespaces} namespaces")
                self._require(namespace, Trigger.CONNECT)
                return Connect(namespace, packet.data or {})
            case Kind.DISCONNECT:
                self._require(namespace, Trigger.LEAVE)
                if not self._standings:
                    self._connect_by = now + self._terms.connect_timeout
                return Disconnect(namespace)
            case Kind.EVENT | Kind.BINARY_EVENT:
                self._require(namespace, Trigger.TALK)
                return Emit(namespace, packet.data[0], packet.data[1:], packet.id)
            case _:
                self._require(namespace, Trigger.TALK)
                assert packet.id is not None  # `decode` lets no ACK without an id pass
                return Ack(namespace, packet.id, packet.data)

    def _require(self, namespace: str, trigger: Trigger) -> None:
        if not self._move(namespace, trigger):
            standing = self._standings.get(namespace, Standing.ABSENT)
            raise PeerError(f"no {trigger.value} in a namespace that is {standing.value}")

    def _move(self, namespace: str, trigger: Trigger) -> bool:
        """Change how the connection stands to a namespace; whether that is allowed."""
        standing = TRANSITIONS.get((self._standings.get(namespace, Standing.ABSENT), trigger))
        if standing is None:
            return False
        if standing is Standing.ABSENT:
            del self._standings[namespace]
        else:
            self._standings[namespace] = standing
        return True

    def _answer(self, trigger: Trigger, packet: Packet) -> bool:
        """Say something to the client if its standing allows it; whether it was said."""
        if self.engine.state is State.CLOSED or not self._move(packet.namespace, trigger):
            return False
        for message in encode(packet):
            self.engine.send(message)
        return True
