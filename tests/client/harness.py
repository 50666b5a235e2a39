"""What the tests of the client share: a client with little patience, a reader that keeps its transcript, and time that
passes when a test says so.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from headway.client import Carrier, Channel, Client, Event, Pace, connect
from headway.client.endings import Ended
from headway.client.transports.interface import Link, Publication
from headway.server.live import Headway
from headway.testing.clock import FakeClock
from headway.testing.serving import Address
from headway.testing.waiting import wait_until

__all__ = [
    "QUICK",
    "FakeConnection",
    "FakeRuntime",
    "FakeTransport",
    "Publisher",
    "Reader",
    "answers",
    "fails",
    "hangs",
    "quick",
    "reading",
]

QUICK: Final = Pace(
    silence=0.8,
    answer=0.5,
    stagger=0.3,
    quick=0.02,
    steady=0.3,
    useful=1.0,
    eager=0.1,
    probation=0.4,
    first_delay=0.05,
    most_delay=0.2,
    first_demotion=0.1,
    most_demotion=0.4,
)
"""The times of a network, made small: what is measured in tens of seconds is here measured in hundreds of ms."""


def quick(address: Address, *transports: str, **more: Any) -> Client:  # Any: the options of `connect`
    """A client with little patience."""
    return connect(address.http(""), pace=QUICK, transports=transports or tuple(Carrier), **more)


class Reader:
    """Reads one channel, and keeps what it was told."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.told: list[tuple[int, Any]] = []
        """Offset and number of each event; a gap as (-1, gap)."""
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for told in self.channel:
            self.told.append((told.offset, told.data.get("number")) if isinstance(told, Event) else (-1, told))


@asynccontextmanager
async def reading(client: Client, channel: str) -> AsyncIterator[Reader]:
    """Read a channel from the beginning until the block ends."""
    reader = Reader(client.channel(channel, since=""))
    try:
        yield reader
    finally:
        reader.channel.close()
        await reader.task


class Publisher:
    """Publishes numbered milestones to a channel without a pause, until it is stopped."""

    def __init__(self, live: Headway, *channels: str) -> None:
        self._live = live
        self._channels = channels
        self.count = 0
        self._stopping = False
        self._task = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        while not self._stopping:
            self.count += 1
            for channel in self._channels:
                await self._live.publish(channel, "step", {"number": self.count})
            # As often as a loop turns is too often for a test that only wants some before and after.
            await asyncio.sleep(0.002)

    async def more(self, count: int) -> None:
        """Wait until so many more have been published."""
        until = self.count + count
        await wait_until(lambda: self.count >= until)

    async def stop(self) -> list[tuple[int, Any]]:
        """End. Returns what the log of each channel holds, as a reader's transcript."""
        self._stopping = True
        await self._task
        return [(number, number) for number in range(1, self.count + 1)]


class _Due:
    def __init__(self, at: float, order: int, call: Callable[[], None]) -> None:
        self.at, self.order, self.call, self.cancelled = at, order, call, False

    def __lt__(self, other: _Due) -> bool:
        return (self.at, self.order) < (other.at, other.order)

    def cancel(self) -> None:
        self.cancelled = True


class FakeRuntime:
    """A runtime without a network: its time stands still but for `advance`."""

    def __init__(self, random: Callable[[], float] = lambda: 0.5) -> None:
        self.clock = FakeClock()
        self._random = random
        self._due: list[_Due] = []
        self._order = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def random(self) -> float:
        return self._random()

    def call_later(self, delay: float, call: Callable[[], None]) -> _Due:
        self._order += 1
        due = _Due(self.clock.monotonic() + delay, self._order, call)
        heapq.heappush(self._due, due)
        return due

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def waiting(self) -> int:
        """Timers that are due some time."""
        return sum(not due.cancelled for due in self._due)

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due meanwhile."""
        until = self.clock.monotonic() + seconds
        await self.settle()
        while self._due and self._due[0].at <= until + 1e-9:
            due = heapq.heappop(self._due)
            if not due.cancelled:
                self.clock.advance(max(0.0, due.at - self.clock.monotonic()))
                due.call()
                await self.settle()
        self.clock.advance(max(0.0, until - self.clock.monotonic()))

    async def settle(self) -> None:
        """Let the loop's own tasks come as far as they can."""
        if self._tasks:
            for _ in range(10):
                await asyncio.sleep(0)


class FakeConnection:
    """Does what a test has it do: `link` is what it speaks to."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.closed = False
        self.mute = False
        """It is asked for signs of life, and gives none."""
        self.pings = 0
        self.tokens: list[str] = []
        self.followed: list[tuple[str, str | None]] = []
        self.unfollowed: list[str] = []
        self.published: list[tuple[Publication, asyncio.Future[str]]] = []

    def follow(self, channel: str, since: str | None) -> None:
        self.followed.append((channel, since))

    def unfollow(self, channel: str) -> None:
        self.unfollowed.append(channel)

    def publish(self, publication: Publication) -> Awaitable[str]:
        stored: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.published.append((publication, stored))
        return stored

    def ping(self) -> bool:
        self.pings += 1
        if not self.mute:
            self.link.heard()
        return True

    def renew(self, token: str) -> None:
        self.tokens.append(token)

    def close(self) -> None:
        self.closed = True


class FakeTransport:
    """Opens connections that follow a script: `answers`, `fails`, `hangs`, or a test's own."""

    def __init__(self, name: str, script: Callable[[FakeConnection], None]) -> None:
        self.name = name
        self.script = script
        self.opened: list[FakeConnection] = []

    def open(self, link: Link) -> FakeConnection:
        connection = FakeConnection(link)
        self.opened.append(connection)
        link.runtime.call_later(0.0, lambda: None if connection.closed else self.script(connection))
        return connection

    @property
    def last(self) -> FakeConnection:
        return self.opened[-1]

    @property
    def live(self) -> list[FakeConnection]:
        return [connection for connection in self.opened if not connection.closed]


def answers(connection: FakeConnection) -> None:
    """Whatever was asked is answered."""
    connection.link.answered()


def fails(connection: FakeConnection) -> None:
    """The network has no way."""
    connection.link.ended(Ended("no way through"))


def hangs(connection: FakeConnection) -> None:
    """Nothing is answered."""
