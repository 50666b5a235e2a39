"""How far one reader is in one channel, whatever carries it. Pure: the server's messages go in, what the reader is
told comes out.

The law:
1. The position moves only with what is told: by an event to itself, by a gap to its end. A `subscribed` that says that
   something was lost does not move it; the gap behind it does. So a cut between the two loses nothing silently.
2. Nothing is told twice: what is not after the position is passed over.
3. Behind a gap the state follows, as far as the gap reaches; what is newer comes by itself.
4. A message without an offset is none of ours: it comes from a server that knows more than this client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headway.errors import PeerError
from headway.events import RESERVED_FIELDS
from headway.positions import Gap, GapReason, Position

__all__ = ["Event", "Following", "Told"]

Fields = dict[str, Any]
"""A message as an object. Any: JSON values."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a reader is told it."""

    channel: str
    type: str
    offset: int
    position: Position
    timestamp: str
    """When the log took it: ISO 8601, UTC."""
    data: Mapping[str, Any]  # Any: the producer's own JSON values
    key: str | None = None

    def flat(self) -> Fields:
        """The event as it stands on every wire."""
        head: Fields = {"type": self.type, "channel": self.channel, "offset": self.offset}
        head |= {"position": str(self.position), "timestamp": self.timestamp}
        return {**head, **({} if self.key is None else {"key": self.key}), **self.data}


Told = Event | Gap


class Following:
    """One reader of one channel."""

    def __init__(self, channel: str, since: Position | None) -> None:
        self.channel = channel
        self.since = since
        """Where to go on. None: nothing was told, and the reader wants the snapshot first."""

    def take(self, message: Fields) -> list[Told]:
        """What the reader is told by this message, in order. Raises `PeerError` where it makes no sense."""
        try:
            return self._take(message)
        except (KeyError, TypeError, ValueError) as error:
            raise PeerError(f"the server said something that is no event: {str(message)[:200]}") from error

    def _take(self, message: Fields) -> list[Told]:
        match message["type"]:
            case "subscribed":
                return self._subscribed(message)
            case "gap":
                return self._gap(message)
            case "batch":
                return [told for inner in message["messages"] for told in self._take(inner)]
            case _:
                return self._event(message) if "offset" in message else []

    def _subscribed(self, message: Fields) -> list[Told]:
        position = Position.parse(message["position"])
        if self.since is None:
            # The snapshot and its position are one message: both are told, or neither is.
            state: list[Told] = [_event(fields) for fields in message.get("snapshot") or ()]
            self.since = position
            return state
        if message["recovered"]:
            self.since = position
        return []

    def _gap(self, message: Fields) -> list[Told]:
        gap = Gap(
            self.channel,
            Position.parse(message["from"]),
            Position.parse(message["to"]),
            GapReason(message["reason"]),
        )
        self.since = gap.until
        state = (_event(fields) for fields in message.get("snapshot") or ())
        return [gap, *(event for event in state if _within(gap, event))]

    def _event(self, fields: Fields) -> list[Told]:
        event = _event(fields)
        if self.since is not None and _covers(self.since, event.position):
            return []
        self.since = event.position
        return [event]


def _event(fields: Fields) -> Event:
    return Event(
        fields["channel"],
        fields["type"],
        fields["offset"],
        Position.parse(fields["position"]),
        fields["timestamp"],
        {name: value for name, value in fields.items() if name not in RESERVED_FIELDS},
        fields.get("key"),
    )


def _covers(reached: Position, position: Position) -> bool:
    return reached.epoch == position.epoch and position.offset <= reached.offset


def _within(gap: Gap, event: Event) -> bool:
    """Whether an event of the state lies in the gap: not told before it, and not told after it."""
    known = gap.reason is GapReason.TRIMMED and _covers(gap.after, event.position)
    return not known and event.offset <= gap.until.offset
