"""A channel as a program sees it. `Feed` is what the client keeps for each channel it follows, once; a `Channel` is one
reader of it.

A reader that is slower than its channel costs no memory: what it has not taken is in the server's log. When a reader
holds `READ_AHEAD` events it has not taken, its connection waits; where that lasts, the channel is followed no more
until there is room, and then from where the reader stands.

    connecting ──begin──▶ live | catching-up ──caught up──▶ live
         ▲──────────lost───────────┘                          and from all of them: refuse, close ▶ offline
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Final, Self

from headway.client.changes import Status
from headway.client.endings import Refused
from headway.client.following import Event, Following, Told
from headway.client.transports.interface import Fields
from headway.positions import Position

__all__ = ["READ_AHEAD", "TRANSITIONS", "Channel", "Feed"]

READ_AHEAD: Final = 1_000
"""Events a reader has not taken. One page of the server's log; some hundred kilobytes."""
_ROOM: Final = READ_AHEAD // 2
"""So few, and there is room again."""

TRANSITIONS: Final[dict[tuple[Status, str], Status]] = {
    (Status.CONNECTING, "live"): Status.LIVE,
    (Status.CONNECTING, "catch up"): Status.CATCHING_UP,
    (Status.CATCHING_UP, "live"): Status.LIVE,
    (Status.LIVE, "catch up"): Status.CATCHING_UP,
    (Status.CATCHING_UP, "lose"): Status.CONNECTING,
    (Status.LIVE, "lose"): Status.CONNECTING,
    (Status.CONNECTING, "end"): Status.OFFLINE,
    (Status.CATCHING_UP, "end"): Status.OFFLINE,
    (Status.LIVE, "end"): Status.OFFLINE,
}


class Feed:
    """What the client keeps for one channel."""

    def __init__(self, name: str, since: Position | None, on_room: Callable[[Feed], None]) -> None:
        self.name = name
        self.following = Following(name, since)
        self.readers: list[Channel] = []
        self.status = Status.CONNECTING
        self.error: Refused | None = None
        """Why the server does not let it be followed."""
        self.paused = False
        """It is followed no more until there is room."""
        self._on_room = on_room

    @property
    def since(self) -> str | None:
        """Where to go on, as it is spelled."""
        since = self.following.since
        return None if since is None else str(since)

    @property
    def full(self) -> bool:
        """Whether a reader holds as much as it may."""
        return any(reader.waiting >= READ_AHEAD for reader in self.readers)

    def take(self, message: Fields) -> list[Told]:
        """Take what a connection says, and tell the readers. Returns what they were told. Raises `PeerError`."""
        told = self.following.take(message)
        for one in told:
            for reader in self.readers:
                reader.tell(one)
        if message["type"] == "subscribed" and "offset" not in message:
            self.begun()
        self._settle()
        return told

    def begun(self) -> None:
        """A connection follows it."""
        if self.status is Status.CONNECTING:
            self._go("live" if self.following.caught_up else "catch up")

    def reach(self) -> None:
        """The readers have been told all there is."""
        self.following.reach()
        self._settle()

    def lose(self) -> None:
        """No connection follows it now."""
        if self.error is None:
            self._go("lose")

    def pause(self) -> None:
        """Its readers are behind for long."""
        self.paused = True
        self._go("catch up")

    def resume(self) -> None:
        """They can take more, from where they stand."""
        self.paused = False

    def end(self, error: Refused | None) -> None:
        """There is nothing more to come: for a reason, or without one."""
        self.error = error
        self._go("end")
        for reader in list(self.readers):
            reader.end(error)

    def taken(self) -> None:
        """A reader took something."""
        if all(reader.waiting <= _ROOM for reader in self.readers):
            self._on_room(self)

    def _settle(self) -> None:
        if self.status is Status.CATCHING_UP and not self.paused and self.following.caught_up:
            self._go("live")

    def _go(self, trigger: str) -> None:
        self.status = TRANSITIONS.get((self.status, trigger), self.status)


class Channel:
    """One reader of a channel: iterate over it. Made by `Client.channel`.

    Everything is told once and in order, gaps too, through whatever happens to the network. Without a position the
    first events are those of the state. Raises `Refused` where the server does not let it be followed, and ends where
    nothing more can come.
    """

    def __init__(self, feed: Feed, leave: Callable[[Channel], None]) -> None:
        self.name = feed.name
        self._feed = feed
        self._leave = leave
        self._waiting: deque[Told] = deque()
        self._taken = feed.following.since
        self._news = asyncio.Event()
        self._over = False
        self._error: Refused | None = None

    @property
    def state(self) -> Mapping[str, Event]:
        """The latest event of each key, as far as this channel was told."""
        return MappingProxyType(self._feed.following.state)

    @property
    def position(self) -> Position | None:
        """Where the loop stands: after what it took last. Begin there to go on. None before anything was told."""
        return self._taken if self._waiting else self._feed.following.since

    @property
    def status(self) -> Status:
        """Whether it is live."""
        return Status.OFFLINE if self._over else self._feed.status

    @property
    def error(self) -> Refused | None:
        """Why the server does not let it be followed."""
        return self._error

    @property
    def waiting(self) -> int:
        """Events this reader has not taken."""
        return len(self._waiting)

    def close(self) -> None:
        """Follow it no more. A loop over it ends. Idempotent."""
        if not self._over:
            self._waiting.clear()
            self.end(None)
            self._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Told:
        if not await self._something():
            raise StopAsyncIteration
        told = self._waiting.popleft()
        self._took(told)
        return told

    async def take(self) -> list[Told]:
        """Everything that has been told since the last time; waits until there is something. Empty: nothing more comes.
        Raises `Refused`. Cancel freely."""
        if not await self._something():
            return []
        everything = list(self._waiting)
        self._waiting.clear()
        self._took(everything[-1])
        return everything

    async def _something(self) -> bool:
        """Wait until something waits. False: nothing more comes."""
        while not self._waiting:
            if self._error is not None:
                raise self._error
            if self._over:
                return False
            self._news.clear()
            await self._news.wait()
        return True

    def _took(self, last: Told) -> None:
        self._taken = last.position if isinstance(last, Event) else last.until
        self._feed.taken()

    # The feed's side.

    def tell(self, told: Told) -> None:
        """Something new."""
        self._waiting.append(told)
        self._news.set()

    def end(self, error: Refused | None) -> None:
        """There is nothing more to come."""
        self._over = True
        self._error = error
        self._news.set()
