"""What a log promises. Every implementation passes `tests/log/test_contract.py`.

The law:
1. *Order.* The events of one channel have offsets 1, 2, 3 … without a hole when they are appended. One `append` is
   atomic: all of its events get neighbouring offsets, or none is stored.
2. *Durable before visible.* `append` returns, and the listener is called, only when no restart can reuse those offsets.
   The listener is called first, once per commit, with the events in commit order; then the calls that appended them
   return. A commit can hold events of several channels and of several calls.
3. *Epoch.* A channel's positions carry its epoch. It is the same before the first event and after it, through restarts,
   and never the same for two channels or two lives of a log. A log that finds its end missing takes a new epoch by
   itself; positions of the life before it that lie within what was saved still read on without a gap, later ones get
   one.
4. *Reading* needs no registration and changes nothing: any channel name can be read, an unknown one is empty with a
   head of 0.
5. *Honest ends.* A page says through which offset it speaks (`reached`); offsets it passes over without an event are
   superseded keyed events that compaction removed. Whatever else is missing is announced as a gap, never silent.
6. *A snapshot* holds the latest event of each key, in offset order, also after retention trimmed its offset by count or
   bytes.
7. *Cancelling* a call gives up the answer, not the deed: a cancelled `append` may still be stored and then is listened
   to.

Not here: who reads, how far they are, wire forms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from headway.events import Draft, Event
from headway.positions import Gap, Position

__all__ = ["Appended", "Listener", "Log", "Page", "Snapshot"]


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of an append."""

    events: tuple[Event, ...]
    replayed: bool = False
    """True if the idempotency key was known: these are the events of the first call, nothing new was stored."""


@dataclass(frozen=True, slots=True)
class Page:
    """What comes after a position."""

    events: tuple[Event, ...]
    reached: Position
    """The page speaks for everything up to here; read on from here."""
    head: int
    """The channel's newest offset when the page was read. `reached.offset == head`: there is no more."""
    gap: Gap | None = None
    """What was missing between the position asked for and the first event of this page."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a late joiner is told first."""

    events: tuple[Event, ...]
    position: Position
    """The head the snapshot belongs to: reading on from here misses nothing."""


Listener = Callable[[Sequence[Event]], None]
"""Called on the event loop with what a commit made visible, in commit order."""


class Log(Protocol):
    """Append and read, in durable order."""

    async def append(self, channel: str, drafts: Sequence[Draft], *, idempotency_key: str | None = None) -> Appended:
        """Store all drafts or none.

        With a key that this channel has seen (24 hours) the first call's events are returned. Raises `Conflict` if the
        key was used for other drafts, `StorageError` if nothing can be stored now (the next call tries anew), `Closed`
        after `close`. `channel` has been checked with `channel_name` or is one of Headway's own (these start with a
        space).
        """
        ...

    async def read(self, channel: str, after: Position, *, limit: int = 1_000, max_bytes: int = 524_288) -> Page:
        """The events after a position, at most `limit` and about `max_bytes` of data, at least one if there is one.

        After BEGINNING is everything the log still holds, without a gap. A position of another epoch gives a gap
        and then everything of this epoch; one behind the trimmed edge a gap and then what is left; one ahead of the
        head a gap back to the head. Raises `StorageError`.
        """
        ...

    async def head(self, channel: str) -> Position:
        """The channel's newest position; its offset is 0 before the first event. Raises `StorageError`."""
        ...

    async def snapshot(self, channel: str, keys: Collection[str] | None = None) -> Snapshot:
        """The latest event of each key (or of the named keys) and the head, read as one. Raises `StorageError`."""
        ...

    async def trim(self, channel: str, through: int) -> None:
        """Forget the channel's events up to and including an offset. The head and the snapshot stay."""
        ...

    async def channels(self, after: str = "", limit: int = 100) -> list[tuple[str, Position]]:
        """Channels that hold or held events, by name, from the one after `after`, with their heads. Without Headway's
        own."""
        ...

    async def check(self) -> None:
        """Raise `StorageError` if an append would fail now. Writes, but stores no event."""
        ...

    def listen(self, listener: Listener) -> None:
        """Have every commit told to the listener. There is one; a second call replaces it."""
        ...

    def statistics(self) -> dict[str, Any]:  # Any: numbers, short strings, and histograms; see `figures.plain`
        """What is bounded and what waits: appends under way, commits, events, sizes."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then close. Idempotent."""
        ...
