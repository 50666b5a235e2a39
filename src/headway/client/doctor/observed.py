"""What the probes saw: facts without a judgement, and without advice. Times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from headway.client.address import Address
from headway.codes import Code

__all__ = [
    "LADDER",
    "Access",
    "Answerer",
    "Check",
    "Failed",
    "Fallbacks",
    "Hold",
    "Kind",
    "Notes",
    "Observed",
    "Publishing",
    "Rung",
    "ServerSeen",
    "Sizes",
    "Stage",
    "Trial",
    "Trouble",
    "WayProblem",
    "WaySeen",
]


class Check(Enum):
    """What can be examined, as people write it. The way to the server and the server itself always are."""

    WEBSOCKET = "websocket"
    SOCKETIO = "socketio"
    SOCKETIO_POLLING = "socketio-polling"
    EVENTSOURCE = "eventsource"
    POLLING = "polling"
    FALLBACK = "fallback"
    SIZES = "sizes"

    @property
    def is_transport(self) -> bool:
        """Whether it is a transport."""
        return self not in (Check.FALLBACK, Check.SIZES)


LADDER: Final = (Check.WEBSOCKET, Check.SOCKETIO, Check.EVENTSOURCE, Check.POLLING)
"""The transports of our own clients, the best first."""


# The way to the server.


class WayProblem(Enum):
    """Why nobody answers at all."""

    UNKNOWN_HOST = "unknown_host"
    UNREACHABLE = "unreachable"
    """Refused, no route, or no answer in time."""
    CERTIFICATE = "certificate"
    """It is not one that this machine trusts."""
    TLS = "tls"
    """The other side does not get through a TLS handshake."""
    SPEAKS_HTTP = "speaks_http"
    """https was asked for."""
    SPEAKS_HTTPS = "speaks_https"
    """http was asked for."""


@dataclass(frozen=True, slots=True)
class WaySeen:
    """DNS, TCP and TLS."""

    host: str
    port: int
    addresses: tuple[str, ...] = ()
    dns: float | None = None
    tcp: float | None = None
    tls: float | None = None
    tls_version: str | None = None
    certificate_days: float | None = None
    """Until the certificate ends."""
    via: str | None = None
    """The proxy that this machine's environment names; then nothing else here was measured."""
    problem: WayProblem | None = None
    reason: str | None = None
    """Of the problem, in the words of whoever noticed."""


# The server.


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answered, as far as the answer says. A Headway by itself says neither."""

    server: str | None = None
    via: str | None = None

    @property
    def name(self) -> str | None:
        """The box that answered or passed it on."""
        names = [name for name in (self.server, self.via) if name]
        return ", ".join(names) or None


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """What the health check of the server says."""

    status: int | None = None
    """Of HTTP."""
    headway: bool = False
    """Whether it is one."""
    healthy: bool = False
    version: str | None = None
    ailing: tuple[str, ...] = ()
    """What it says is wrong with it."""
    by: Answerer = field(default_factory=Answerer)
    skew: float | None = None
    """How far its clock is ahead of ours."""
    skew_within: float = 1.0
    """HTTP tells the time in whole seconds."""
    location: str | None = None
    """Where it redirects to."""
    elsewhere: str | None = None
    """Where there is a Headway instead."""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are to the server."""

    given: bool = False
    """Whether there was a token to show."""
    user: str | None = None
    role: str | None = None
    channel: str | None = None
    """What is followed; None: there is nothing that may be."""
    quiet: str | None = None
    """Another one, in which nothing ever happens; None: there is none but somebody's."""
    fresh: bool = False
    """Whether these are nobody's but ours."""
    publish: bool = False
    trouble: Trouble | None = None
    stripped: bool = False
    """The token was shown, and did not arrive."""


# Transports.


class Stage(Enum):
    """How far a connection came."""

    OPEN = "open"
    FOLLOW = "follow"
    PING = "ping"
    EVENT = "event"
    HOLD = "hold"


class Kind(Enum):
    """How a connection failed."""

    CUT = "cut"
    """Reset or closed without a word."""
    DROPPED = "dropped"
    """Cut when the server had answered, and only then."""
    SILENT = "silent"
    """No answer in time."""
    HELD = "held"
    """No answer in time, while an answer that ends comes through: something waits for the end."""
    STRIPPED = "stripped"
    """The server was asked, but not for an upgrade: something took that away."""
    STATUS = "status"
    """An HTTP status that is not the one hoped for."""
    CLOSED = "closed"
    """The server ended it, and said why."""
    NONSENSE = "nonsense"
    """What came back is not what a Headway says."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure."""

    kind: Kind
    stage: Stage
    reason: str
    status: int | None = None
    code: Code | None = None
    """What a Headway said; None: it was none that answered."""
    by: Answerer = field(default_factory=Answerer)
    after: float | None = None
    """Seconds after which it came."""
    retry: float | None = None


class Failed(Exception):
    """A connection failed."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Notes:
    """What was noticed of a transport beside its times."""

    by: Answerer = field(default_factory=Answerer)
    encoding: str | None = None
    """How something compressed a stream; Headway compresses none."""
    accelerated: bool | None = None
    """Whether the stream still said `X-Accel-Buffering: no` when it came here. nginx takes that for itself."""
    asked_wait: float | None = None
    """Seconds that a poll without news was to wait …"""
    waited: float | None = None
    """… and did."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A connection that was held open, quiet but for its heartbeats."""

    asked: float
    held: float
    trouble: Trouble | None = None
    proven: bool = True
    """Whether it was still of use at the end; False: there was no way to see."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One transport, tried."""

    check: Check
    connect: float | None = None
    """Until the handshake was answered."""
    follow: float | None = None
    """From asking for a channel to its first answer, the state."""
    ping: float | None = None
    """Round trip on the open connection. None: this transport has no way to ask."""
    lags: tuple[float, ...] = ()
    """From publishing each of some events to being told it."""
    together: int = 0
    """Events that arrived at the same moment as the one before, though they were published one by one."""
    missing: int = 0
    """Events that were published and did not arrive in time."""
    notes: Notes = field(default_factory=Notes)
    hold: Hold | None = None
    trouble: Trouble | None = None


# The rest.


@dataclass(frozen=True, slots=True)
class Rung:
    """A transport that the client came to."""

    transport: str
    after: float
    """Seconds since the one before was made to fail; of the first: since the client began."""
    told: bool | None = None
    """Whether an event arrived over it. None: nothing could be published."""


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """What the client did while one transport after the other was made to fail."""

    rungs: tuple[Rung, ...]
    expected: tuple[str, ...]
    """The transports that had worked before, and so were to be come to; the best first."""
    published: int = 0
    lost: int = 0
    repeated: int = 0
    reason: str | None = None
    """Why the client went no further."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """Whether events can be published over HTTP."""

    trouble: Trouble | None = None
    answer_dropped: bool = False
    """The server had stored it, and the answer did not come back."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is let through that is large, and legal."""

    address: Trouble | None = None
    """Of a request with the longest address a client makes."""
    address_bytes: int = 0
    body: Trouble | None = None
    body_bytes: int = 0
    """0: no body was tried."""


@dataclass(frozen=True, slots=True)
class Observed:
    """All of it. None: not looked at."""

    address: Address
    way: WaySeen
    server: ServerSeen | None = None
    access: Access | None = None
    publishing: Publishing | None = None
    trials: tuple[Trial, ...] = ()
    fallbacks: Fallbacks | None = None
    sizes: Sizes | None = None
    asked_idle: float | None = None
    """How long the transports were to be held open, if somebody said so."""
