"""How far one reader is in one channel, whatever carries it. Pure: the server's messages go in, what the reader is
told comes out.

The law:
1. The position moves only with what is told: by an event to itself, by a gap to its end. A `subscribed` that says that
   something was lost does not move it; the gap behind it does. So a cut between the two loses nothing silently.
2. Nothing is told twice: what is not after the position is passed over. So two connections may tell the same at the
   same time. Each begins no later than where the reader stood, and tells everything after it in order; therefore what
   is after the position is the next thing.
3. Behind a gap the state follows, as far as the gap reaches; what is newer comes by itself.
4. A life of the log that is over stays over: a connection that still tells of it is not heard.
5. A message without an offset is none of ours: it comes from a server that knows more than this client.
6. Who has been told everything up to the `head` of the last answer has been told all there was when it was given. What
   comes after it comes as it happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headway.errors import PeerError
from headway.events import RESERVED_FIELDS
from headway.positions import BEGINNING, Gap, GapReason, Position

__all__ = ["Event", "Following", "Told", "covers"]

Fields = dict[str, Any]
"""A message as an object. Any: JSON values."""

_LIVES: Final = 16
"""Lives of the log that are remembered as over: more than begin anew while a program runs."""


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
        """Where to go on. None: nothing was told, and the reader wants the state first."""
        self.state: dict[str, Event] = {}
        """The latest event of each key."""
        self._over: deque[str] = deque(maxlen=_LIVES)
        self._head: Position | None = None
        """Where the channel ended when it was last followed; None: nobody has said."""
        self._gap_due = False

    @property
    def caught_up(self) -> bool:
        """Whether the reader has been told all there was when the channel was last followed."""
        if self.since is None or self._head is None or self._gap_due:
            return False
        return covers(self.since, self._head)

    def reach(self) -> None:
        """Who knows says that the reader has been told all there is."""
        self._head, self._gap_due = self.since, False

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
        snapshot = message.get("snapshot")
        head = message.get("head") or (message["position"] if snapshot is not None else None)
        self._head = None if head is None else Position.parse(head)
        self._gap_due = snapshot is None and not message["recovered"]
        if self.since is not None:
            if message["recovered"]:
                self._adopt(position)
            return []
        if snapshot is None and not message["recovered"]:
            return []  # a gap follows, which has the state
        # The snapshot and its position are one message: both are told, or neither is.
        state: list[Told] = [self._kept(fields) for fields in snapshot or ()]
        self._move(position)
        return state

    def _adopt(self, position: Position) -> None:
        """A reader at the beginning learns under which life it reads, and one whose log was copied goes on under the
        copy's, at the same offset."""
        if self.since is None or self.since == BEGINNING:
            self._move(position)
        elif position.epoch != self.since.epoch and position.epoch not in self._over:
            self._move(Position(position.epoch, max(position.offset, self.since.offset)))

    def _gap(self, message: Fields) -> list[Told]:
        gap = Gap(
            self.channel,
            Position.parse(message["from"]),
            Position.parse(message["to"]),
            GapReason(message["reason"]),
        )
        self._gap_due = False
        first = self.since is None
        if self._known(gap) or gap.until.epoch in self._over:
            return []
        self._move(gap.until)
        self.state.clear()
        state = [event for event in map(self._kept, message.get("snapshot") or ()) if _within(gap, event)]
        # Who has been told nothing has lost nothing.
        return list(state) if first else [gap, *state]

    def _known(self, gap: Gap) -> bool:
        """Whether the reader was told of it, by another connection."""
        if gap.reason is GapReason.AHEAD:
            return gap.until == self.since
        return self.since is not None and covers(self.since, gap.until)

    def _event(self, fields: Fields) -> list[Told]:
        event = _event(fields)
        if event.position.epoch in self._over or (self.since is not None and covers(self.since, event.position)):
            return []
        self._move(event.position)
        self._keep(event)
        return [event]

    def _move(self, position: Position) -> None:
        if self.since is not None and self.since.epoch not in ("", position.epoch):
            self._over.append(self.since.epoch)
        self.since = position

    def _kept(self, fields: Fields) -> Event:
        event = _event(fields)
        self._keep(event)
        return event

    def _keep(self, event: Event) -> None:
        if event.key is not None:
            kept = self.state.get(event.key)
            if kept is None or not covers(kept.position, event.position):
                self.state[event.key] = event


def covers(reached: Position, position: Position) -> bool:
    """Whether who stands at the one has been told the other."""
    return reached.epoch == position.epoch and position.offset <= reached.offset


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


def _within(gap: Gap, event: Event) -> bool:
    """Whether an event of the state lies in the gap: not told before it, and not told after it."""
    known = gap.reason is GapReason.TRIMMED and covers(gap.after, event.position)
    return not known and event.offset <= gap.until.offset
