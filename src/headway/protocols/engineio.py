"""One Engine.IO v4 session, the server's side: heartbeat, long-polling, the upgrade to WebSocket. Pure: `now` is an
argument.

Its states and what is allowed in them are `TRANSITIONS`:

    POLLING ──attach──▶ PROBING ──probe──▶ UPGRADING ──upgrade──▶ WEBSOCKET        any ──close──▶ CLOSED
       ▲──────────────── abandon ┴──────── abandon ┘

The law:
1. At most one GET hangs. A second one ends the session: `1` for the first, 400 for the second. A cancelled one ends it
   too.
2. The server pings in the rhythm of `engineio_heartbeat`; without a pong in time the session ends.
3. From the answered probe until the upgrade nothing but the machine's own packets travels: a hanging GET gets `6`, the
   next too.
4. The machine holds its own packets only: pings, answers, farewells. They are bounded by bytes; beyond that the session
   ends. Broadcast events never come here: the shell writes them past the machine, to the `carrier` and nowhere else.
   (Only the end of a poll's answer that would have too many packets waits here for the next poll.)
5. Whatever is said to a closed session is passed over; a request to it is `Refused`.

How a shell drives it. It calls what happened (`poll`, `post`, `cancel`, `attach`, `receive`, `detach`, `tick`, `send`,
`close`); after each call it hands the `events()` on, writes `to_socket()` to the WebSocket if there is one and closes
that unless `wants_socket`, answers the hanging GET with `answer()` if `answer_due`, and sets its timer to `deadline()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

import msgspec

from headway.errors import PeerError, UsageError
from headway.protocols.engineio_heartbeat import Beat, Heartbeat
from headway.protocols.engineio_packets import (
    SEPARATOR,
    Packet,
    PacketType,
    Refusal,
    Refused,
    Transport,
    decode_packet,
    decode_payload,
    encode_payload,
)

__all__ = [
    "POLL_EVENTS",
    "POLL_PACKETS",
    "TRANSITIONS",
    "Carrier",
    "Closed",
    "Engine",
    "EngineEvent",
    "Profile",
    "Reason",
    "Received",
    "State",
    "Trigger",
    "Upgraded",
]

POLL_PACKETS: Final = 16
"""Packets of one poll's answer: python-engineio refuses more."""
_POLL_CONTROL: Final = 4
"""Of these, the machine's own beside broadcast events: a CONNECT answer, a ping and a reply or two."""
POLL_EVENTS: Final = POLL_PACKETS - _POLL_CONTROL
"""Broadcast packets of one poll's answer."""

_PACKET_BYTES: Final = 64
"""Of a packet that waits, beside its own: a string's head and a place in a list."""

_NOOP_SECONDS: Final = 0.1
"""Between two `6` while an upgrade is under way, as the stock server: a client that goes on polling must not spin."""

_SEPARATOR: Final = SEPARATOR.decode()
_PING, _PONG_PROBE, _NOOP, _CLOSE = "2", "3probe", "6", "1"


@dataclass(frozen=True, slots=True)
class Profile:
    """The terms every session of a server has."""

    ping_interval: float = 25.0
    """Seconds from a pong to the next ping."""
    ping_timeout: float = 20.0
    """Seconds for the pong."""
    max_payload: int = 1_000_000
    """Bytes of one message or POST of the client."""
    upgrade_timeout: float = 10.0
    """Seconds for an upgrade, from the WebSocket's arrival; the stock server's default."""
    outbox_bytes: int = 256 * 1024
    """Own packets waiting for a client, each with what Python adds to it. A single packet always fits, however
    large."""


@unique
class State(Enum):
    """Where a session is in its life."""

    POLLING = "polling"
    """GETs carry everything to the client, POSTs everything from it."""
    PROBING = "probing"
    """A WebSocket came and has not been tried yet; polling goes on."""
    UPGRADING = "upgrading"
    """The WebSocket works; the client empties its polls and then says so."""
    WEBSOCKET = "websocket"
    """The WebSocket carries everything; requests with this sid are refused."""
    CLOSED = "closed"
    """It is over; only a farewell may still be on its way."""


@unique
class Trigger(Enum):
    """What moves a session on."""

    POLL = "poll"
    POST = "post"
    ATTACH = "attach"
    PROBE = "probe"
    UPGRADE = "upgrade"
    ABANDON = "abandon"
    CLOSE = "close"


TRANSITIONS: Final[dict[tuple[State, Trigger], State]] = {
    (State.POLLING, Trigger.POLL): State.POLLING,
    (State.POLLING, Trigger.POST): State.POLLING,
    (State.POLLING, Trigger.ATTACH): State.PROBING,
    (State.POLLING, Trigger.CLOSE): State.CLOSED,
    (State.PROBING, Trigger.POLL): State.PROBING,
    (State.PROBING, Trigger.POST): State.PROBING,
    (State.PROBING, Trigger.PROBE): State.UPGRADING,
    (State.PROBING, Trigger.ABANDON): State.POLLING,
    (State.PROBING, Trigger.CLOSE): State.CLOSED,
    (State.UPGRADING, Trigger.POLL): State.UPGRADING,
    (State.UPGRADING, Trigger.POST): State.UPGRADING,
    (State.UPGRADING, Trigger.PROBE): State.UPGRADING,
    (State.UPGRADING, Trigger.UPGRADE): State.WEBSOCKET,
    (State.UPGRADING, Trigger.ABANDON): State.POLLING,
    (State.UPGRADING, Trigger.CLOSE): State.CLOSED,
    (State.WEBSOCKET, Trigger.CLOSE): State.CLOSED,
}


@unique
class Carrier(Enum):
    """What can carry broadcast events at this moment."""

    NONE = "none"
    """Nothing: between two polls, during an upgrade, or too much of the machine's own is waiting. The cursors stay."""
    POLL = "poll"
    """The hanging GET: at most `POLL_EVENTS` packets, handed to `answer`."""
    WEBSOCKET = "websocket"
    """The WebSocket, once `to_socket()` has been written."""


@unique
class Reason(Enum):
    """Why a session ended."""

    CLIENT = "the client closed the session"
    LOST = "the connection was lost"
    SILENT = "no pong within the ping timeout"
    INVALID = "the client broke the protocol"
    OVERLAP = "two polls at a time"
    OVERFLOW = "the client does not take its answers"
    NO_CONNECT = "no namespace was joined within the connect timeout"
    SERVER = "the server closed the session"


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the client: text, or bytes."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From now on the WebSocket is the carrier."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over. The last event there is."""

    reason: Reason


EngineEvent = Received | Upgraded | Closed


class Engine:
    """One session. Opened on polling, the GET that opened it is its first `poll`; on WebSocket there is something
    `to_socket` at once."""

    __slots__ = (
        "_events",
        "_hanging",
        "_heartbeat",
        "_noop_at",
        "_noop_due",
        "_outbox",
        "_outbox_bytes",
        "_probed",
        "_profile",
        "_upgrade_by",
        "sid",
        "state",
    )

    def __init__(self, sid: str, transport: Transport, profile: Profile, now: float) -> None:
        self.sid = sid
        self.state = State.POLLING if transport is Transport.POLLING else State.WEBSOCKET
        self._profile = profile
        opening = _open_packet(sid, transport, profile)
        self._outbox: list[str | bytes] = [opening]
        self._outbox_bytes = _weight(opening)
        self._events: list[EngineEvent] = []
        self._heartbeat = Heartbeat(profile.ping_interval, profile.ping_timeout, now)
        # Polling and the upgrade.
        self._hanging = False
        self._probed = False
        self._noop_due = False
        self._noop_at = 0.0
        self._upgrade_by = 0.0

    # What a shell asks after each call.

    def events(self) -> list[EngineEvent]:
        """What happened since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def carrier(self) -> Carrier:
        """What can carry broadcast events at this moment."""
        match self.state:
            case State.WEBSOCKET:
                return Carrier.WEBSOCKET
            case State.POLLING | State.PROBING if self._hanging and len(self._outbox) <= _POLL_CONTROL:
                return Carrier.POLL
            case _:
                return Carrier.NONE

    @property
    def hanging(self) -> bool:
        """Whether a GET hangs."""
        return self._hanging

    @property
    def wants_socket(self) -> bool:
        """Whether the WebSocket, if there is one, is to stay. Otherwise close it and report nothing more of it."""
        return self.state in (State.PROBING, State.UPGRADING, State.WEBSOCKET)

    def to_socket(self) -> list[str | bytes]:
        """Take the packets to write to the WebSocket now: text frames and binary frames, in this order."""
        if self.state is State.UPGRADING and self._probed:
            self._probed = False
            return [_PONG_PROBE]
        if self.state is State.WEBSOCKET or (self.state is State.CLOSED and not self._hanging):
            return self._take(len(self._outbox))
        return []

    @property
    def answer_due(self) -> bool:
        """Whether the hanging GET has to be answered without waiting for an event."""
        return self._hanging and (
            bool(self._outbox) or self._noop_due or self.state is State.WEBSOCKET or self.state is State.CLOSED
        )

    def answer(self, events: bytes = b"") -> bytes:
        """The body that answers the hanging GET: the machine's own packets, then these broadcast packets.

        `events` is a ready payload, given while the carrier is `POLL` and of at most `POLL_EVENTS` packets. If so much
        of the machine's own has been queued since that it does not fit, its end waits for the next answer: order and
        every packet are kept. Raises `UsageError` if no GET hangs.
        """
        if not self._hanging:
            raise UsageError("no GET hangs that could be answered")
        self._hanging = False
        self._noop_due = False
        if self.state is State.WEBSOCKET:
            return _NOOP.encode()
        if events and len(self._outbox) + events.count(SEPARATOR) + 1 > POLL_PACKETS:
            queued = events.decode().split(_SEPARATOR)
            self._outbox += queued
            self._outbox_bytes += sum(map(_weight, queued))
            events = b""
        own = encode_payload(self._take(POLL_PACKETS))
        return SEPARATOR.join([part for part in (own, events) if part]) or _NOOP.encode()

    @property
    def waiting(self) -> int:
        """Bytes of own packets that wait for the client."""
        return self._outbox_bytes

    def deadline(self) -> float | None:
        """When `tick` has to be called at the latest; None if never again."""
        if self.state is State.CLOSED:
            return None
        moments = [self._heartbeat.deadline()]
        if self.state in (State.PROBING, State.UPGRADING):
            moments.append(self._upgrade_by)
        if self.state is State.UPGRADING and self._hanging:
            moments.append(self._noop_at)
        return min(moments)

    # What a shell reports.

    def poll(self, now: float) -> None:
        """A GET arrived; it hangs until it is answered by `answer`. Raises `Refused`: answer this one with that."""
        if self._heartbeat.overdue(now):
            self._end(Reason.SILENT)
        self._request(Trigger.POLL)
        if self._hanging:
            self._end(Reason.OVERLAP)
            raise Refused(Refusal.BAD_REQUEST, "a GET of this session hangs already; the session is closed")
        self._hanging = True
        if self.state is State.UPGRADING and now >= self._noop_at:
            self._noop(now)

    def post(self, body: bytes, now: float) -> bytes:
        """A POST arrived whole; the body that answers it. Raises `Refused`; an invalid payload ends the session."""
        self._request(Trigger.POST)
        if len(body) > self._profile.max_payload:
            self._end(Reason.INVALID)
            raise Refused(Refusal.TOO_LARGE, f"a payload has at most {self._profile.max_payload} bytes")
        try:
            for packet in decode_payload(body):
                self._handle(packet, now)
        except PeerError as error:
            self._end(Reason.INVALID)
            raise Refused(Refusal.BAD_REQUEST, f"{error}; the session is closed") from error
        return b"ok"

    def cancel(self) -> None:
        """The client gave up its hanging GET, or its answer could not be written: nobody knows what got through, so it
        is over."""
        self._hanging = False
        self._end(Reason.LOST)
        self._outbox.clear()

    def attach(self, now: float) -> None:
        """A WebSocket handshake named this session. Raises `Refused`: answer it with that instead of 101."""
        self._request(Trigger.ATTACH)
        self._probed = False
        self._upgrade_by = now + self._profile.upgrade_timeout

    def receive(self, data: str | bytes, now: float) -> None:
        """The WebSocket brought a message. Never raises: nonsense ends the session, or only an upgrade under way."""
        match self.state:
            case State.WEBSOCKET:
                self._receive(data, now)
            case State.PROBING | State.UPGRADING:
                self._try_socket(data, now)
            case _:
                pass  # said before the other side knew

    def detach(self) -> None:
        """The WebSocket ended, by whomever."""
        if self.state is State.WEBSOCKET:
            self._end(Reason.LOST)
        elif self.wants_socket:
            self._go(Trigger.ABANDON)

    def send(self, data: str | bytes) -> None:
        """Queue a message for this client. Not for broadcasts. Passed over when the session is closed."""
        self._put("4" + data if isinstance(data, str) else data)

    def close(self, reason: Reason = Reason.SERVER) -> None:
        """End the session. A hanging GET gets what is queued and `1`; a WebSocket what is queued. Idempotent."""
        self._end(reason)

    def tick(self, now: float) -> None:
        """Time has passed. Call it at `deadline()` or shortly after; early calls change nothing."""
        if self.state is State.CLOSED:
            return
        match self._heartbeat.tick(now):
            case Beat.SILENT:
                self._end(Reason.SILENT)
                return
            case Beat.PING:
                self._put(_PING)
            case Beat.NOTHING:
                pass
        if self.state in (State.PROBING, State.UPGRADING) and now >= self._upgrade_by:
            self._go(Trigger.ABANDON)
        if self.state is State.UPGRADING and self._hanging and now >= self._noop_at:
            self._noop(now)

    # Inside.

    def _request(self, trigger: Trigger) -> None:
        """Move on by an HTTP request, or refuse it."""
        if self.state is State.CLOSED:
            raise Refused(Refusal.UNKNOWN_SESSION, "the session is closed")
        if (self.state, trigger) not in TRANSITIONS:
            raise Refused(Refusal.BAD_REQUEST, f"a session that is {self.state.value} takes no {trigger.value}")
        self._go(trigger)

    def _go(self, trigger: Trigger) -> None:
        self.state = TRANSITIONS[self.state, trigger]

    def _receive(self, data: str | bytes, now: float) -> None:
        try:
            if _size(data) > self._profile.max_payload:
                raise PeerError(f"a message has at most {self._profile.max_payload} bytes")
            self._handle(decode_packet(data), now)
        except PeerError:
            self._end(Reason.INVALID)

    def _handle(self, packet: Packet, now: float) -> None:
        """Do what a packet of the client says. Raises `PeerError`. After a close, packets are passed over."""
        if self.state is State.CLOSED:
            return
        match packet.type:
            case PacketType.MESSAGE:
                self._heartbeat.heard(now)
                self._events.append(Received(packet.data))
            case PacketType.PONG:
                self._heartbeat.ponged(now)
            case PacketType.CLOSE:
                self._end(Reason.CLIENT, farewell=_NOOP)
            case PacketType.NOOP:
                self._heartbeat.heard(now)
            case PacketType.OPEN | PacketType.PING | PacketType.UPGRADE:
                raise PeerError(f"a client does not send {packet.type.name.lower()} here")

    def _try_socket(self, data: str | bytes, now: float) -> None:
        """A WebSocket that is not the carrier yet says `2probe`, then `5`. Anything else, and polling goes on without
        it."""
        if data == "2probe":
            self._go(Trigger.PROBE)
            self._probed = True
            self._noop(now)
        elif data == "5" and self.state is State.UPGRADING:
            self._go(Trigger.UPGRADE)
            self._events.append(Upgraded())
        else:
            self._go(Trigger.ABANDON)

    def _noop(self, now: float) -> None:
        """Let the hanging GET go, or the next one."""
        self._noop_at = now
        if self._hanging:
            self._noop_due = True
            self._noop_at = now + _NOOP_SECONDS

    def _put(self, packet: str | bytes) -> None:
        if self.state is State.CLOSED:
            return
        weight = _weight(packet)
        if self._outbox and self._outbox_bytes + weight > self._profile.outbox_bytes:
            self._outbox.clear()
            self._end(Reason.OVERFLOW)
            return
        self._outbox.append(packet)
        self._outbox_bytes += weight

    def _take(self, most: int) -> list[str | bytes]:
        taken, self._outbox = self._outbox[:most], self._outbox[most:]
        self._outbox_bytes -= sum(map(_weight, taken))
        return taken

    def _end(self, reason: Reason, farewell: str = _CLOSE) -> None:
        if self.state is State.CLOSED:
            return
        if self.state is not State.WEBSOCKET:
            # Only a GET that hangs now can still be told; nothing answers a later one.
            self._outbox = [*self._outbox[: POLL_PACKETS - 1], farewell] if self._hanging else []
        self._go(Trigger.CLOSE)
        self._events.append(Closed(reason))


def _size(data: str | bytes) -> int:
    return len(data) if isinstance(data, bytes) or data.isascii() else len(data.encode(errors="surrogatepass"))


def _weight(packet: str | bytes) -> int:
    """What a waiting packet costs: a client that asks for many tiny answers must not make us hold ten times as much."""
    return _size(packet) + _PACKET_BYTES


def _open_packet(sid: str, transport: Transport, profile: Profile) -> str:
    terms = {
        "sid": sid,
        "upgrades": ["websocket"] if transport is Transport.POLLING else [],
        "pingInterval": round(profile.ping_interval * 1000),
        "pingTimeout": round(profile.ping_timeout * 1000),
        "maxPayload": profile.max_payload,
    }
    return "0" + msgspec.json.encode(terms).decode()
