"""What a program may want to know about its connection, beside what its channels tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from headway.positions import Gap, Position

__all__ = ["Change", "Connected", "Recovered", "Status", "Stopped", "Switched", "Waiting"]


class Status(Enum):
    """Of a channel, or of a client: then of the channel that is worst off."""

    CONNECTING = "connecting"
    """There is no connection now."""
    CATCHING_UP = "catching-up"
    """Older events are being told."""
    LIVE = "live"
    """Everything there is has been told."""
    OFFLINE = "offline"
    """It is over, by our own wish or by the server's."""


@dataclass(frozen=True, slots=True)
class Connected:
    """There is a connection, where there was none."""

    transport: str


@dataclass(frozen=True, slots=True)
class Switched:
    """Another transport has taken over from one that still worked. Nothing was missed, and nothing is told twice."""

    before: str
    transport: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """There is no connection, for a reason; the next attempt begins in so many seconds."""

    reason: str
    delay: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """After an interruption a channel goes on, and nothing of it was lost. Where something was, there is a `Gap`."""

    channel: str
    position: Position
    transport: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The client does not come back by itself any more. `Client.reconnect` tries again."""

    reason: str


Change = Connected | Switched | Waiting | Recovered | Gap | Stopped
