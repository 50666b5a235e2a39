"""A connection that is not there: an outlet that keeps what it was written, and a wire form that can be read back.

    form, outlet = PlainForm(), FakeOutlet()
    hub.attach(Cursor("run", start.position, form, outlet, whole_until=start.whole_until))
    outlet.stall()                                  … and outlet.resume(); hub.wake(cursor)
    form.read(outlet.take())  ->  [Told(event), ToldGap(gap, state), …]

Not realistic: what was written has arrived. A real connection can lose its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from headway.events import Event
from headway.positions import Gap

__all__ = ["FakeOutlet", "PlainForm", "Told", "ToldGap"]

_NUMBERS = count(1)
"""Never the same for two forms, so that what one wrote cannot be read as the other's."""


class FakeOutlet:
    """An `Outlet` in memory."""

    def __init__(self, room: int | None = None) -> None:
        self.writable = True
        self.written: list[bytes] = []
        """Every write, as it was made."""
        self.room = room
        """Writes until it stalls by itself, as a socket does whose buffer fills; None: it never does."""

    def write(self, data: bytes, /) -> None:
        """Keep the bytes. What is written past a stall is kept as well: a socket takes it too."""
        self.written.append(data)
        if self.room is not None:
            self.room -= 1
            if self.room <= 0:
                self.writable = False

    def stall(self) -> None:
        """Take no more: the reader does not read."""
        self.writable = False

    def resume(self, room: int | None = None) -> None:
        """Take writes again. The owner of the cursors wakes them, as with any outlet."""
        self.room = room
        self.writable = True

    def take(self) -> list[bytes]:
        """What was written since the last time."""
        taken, self.written = self.written, []
        return taken


@dataclass(frozen=True, slots=True)
class Told:
    """A reader was told an event."""

    event: Event


@dataclass(frozen=True, slots=True)
class ToldGap:
    """A reader was told a gap, and the state behind it."""

    gap: Gap
    state: tuple[Event, ...]


class PlainForm:
    """A `WireForm` whose bytes are numbers; `read` gives back what they stand for. It counts how often it encoded."""

    def __init__(self, *, shared: bool = True, max_events: int = 1_000_000) -> None:
        self.name = f"plain-{'shared' if shared else 'own'}-{max_events}"
        self.transport = "websocket"
        self.shared = shared
        self.max_events = max_events
        self.encoded = 0
        self._meanings: dict[bytes, Told | ToldGap] = {}

    def encode(self, event: Event) -> bytes:
        """A number that stands for the event."""
        self.encoded += 1
        return self._number(Told(event))

    def join(self, encoded: Sequence[bytes]) -> bytes:
        """The numbers side by side. Raises `ValueError` for none, and for more than `max_events`."""
        if not 1 <= len(encoded) <= self.max_events:
            raise ValueError(f"{len(encoded)} events in one write of a form that takes 1 to {self.max_events}")
        return b"".join(encoded)

    def gap(self, gap: Gap, state: Sequence[Event]) -> bytes:
        """A number that stands for the gap."""
        return self._number(ToldGap(gap, tuple(state)))

    def knows(self, written: bytes) -> bool:
        """Whether this form wrote that."""
        return self._meanings.keys() >= set(written.split())

    def read(self, written: Sequence[bytes]) -> list[Told | ToldGap]:
        """What these writes told."""
        return [self._meanings[number] for data in written for number in data.split()]

    def _number(self, meaning: Told | ToldGap) -> bytes:
        number = b"%d" % next(_NUMBERS)
        self._meanings[number] = meaning
        return number + b" "
