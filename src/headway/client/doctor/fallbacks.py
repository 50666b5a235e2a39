"""The real client, whose transports are made to fail one after the other, the one that is used each time: does it come
to the next, how soon, and is everything told once?
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from headway.client.changes import Change, Connected, Stopped, Switched
from headway.client.channel import Channel
from headway.client.client import Client
from headway.client.core import Options
from headway.client.doctor.lines.interface import Tools
from headway.client.doctor.observed import LADDER, Check, Failed, Fallbacks, Rung
from headway.client.doctor.publisher import Publisher
from headway.client.endings import Ended, Refused
from headway.client.following import Event
from headway.client.pace import Pace
from headway.client.transports.eventsource import EventStream
from headway.client.transports.interface import Connection, Link, Publication, Transport
from headway.client.transports.polling import Polling
from headway.client.transports.socketio import SocketIO
from headway.client.transports.websocket import WebSocket

__all__ = ["examine_fallbacks"]

_TRANSPORTS: Final[dict[Check, Callable[[], Transport]]] = {
    Check.WEBSOCKET: WebSocket,
    Check.SOCKETIO: SocketIO,
    Check.EVENTSOURCE: EventStream,
    Check.POLLING: Polling,
}
_FAILED: Final = "made to fail, to see what follows"


async def examine_fallbacks(
    tools: Tools, publisher: Publisher | None, checks: Sequence[Check], working: Sequence[Check]
) -> Fallbacks:
    """Climb down. `checks` are the transports to give to the client, `working` those that are known to get through."""
    fragile = {check.value: _Fragile(_TRANSPORTS[check]()) for check in LADDER if check in checks}
    expected = tuple(name for name in fragile if any(check.value == name for check in working))
    changes: asyncio.Queue[tuple[float, Change]] = asyncio.Queue()

    def heard(change: Change) -> None:
        changes.put_nowait((tools.clock.monotonic(), change))

    pace = Pace(answer=tools.patience.answer)
    options = Options(token=tools.token, on_change=heard, pace=pace, clock=tools.clock)
    rungs: list[Rung] = []
    published: list[int] = []
    reason: str | None = None
    async with Client(tools.address, list(fragile.values()), options) as client:
        # Its end is the channel's: everything since the beginning, each once.
        reader = _Reader(client.channel(tools.channel, since="" if publisher is not None else None))
        try:
            since = tools.clock.monotonic()
            while len(rungs) < len(fragile) and not all(fragile[name].broken for name in expected):
                # What hangs is left after a moment, each time one more.
                at, name = await _next(changes, tools.patience.answer + pace.stagger * len(fragile))
                told = None if publisher is None else await _tell(publisher, reader, published, tools)
                rungs.append(Rung(name, at - since, told))
                since = tools.clock.monotonic()
                fragile[name].fail()
        except TimeoutError:
            reason = "no other transport was come to in time"
        except Refused as refused:
            reason = str(refused)
        finally:
            await reader.close()
    counted = Counter(reader.marks)
    return Fallbacks(
        tuple(rungs),
        expected,
        len(published),
        lost=sum(counted[mark] == 0 for mark in published),
        repeated=sum(count - 1 for count in counted.values()),
        reason=reason,
    )


async def _next(changes: asyncio.Queue[tuple[float, Change]], within: float) -> tuple[float, str]:
    """The next transport that counts, and when it did. Raises `TimeoutError`, and `Refused` where the client stops."""
    async with asyncio.timeout(within):
        while True:
            match await changes.get():
                case (at, Connected(transport) | Switched(_, transport)):
                    return at, transport
                case (_, Stopped(reason)):
                    raise Refused(reason)
                case _:
                    pass


async def _tell(publisher: Publisher, reader: _Reader, published: list[int], tools: Tools) -> bool:
    try:
        mark, _ = await publisher.publish()
    except Failed:
        return False
    published.append(mark)
    return await reader.until(mark, tools.patience.event)


class _Reader:
    """Reads a channel, and keeps the marks."""

    def __init__(self, channel: Channel) -> None:
        self.marks: list[int] = []
        self._channel = channel
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def until(self, mark: int, within: float) -> bool:
        """Wait for a mark."""
        try:
            async with asyncio.timeout(within):
                while mark not in self.marks:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Read no more."""
        self._channel.close()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        async for told in self._channel:
            if isinstance(told, Event) and isinstance(mark := told.data.get("mark"), int):
                self.marks.append(mark)
                self._changed.set()


class _Fragile:
    """A transport that does what it does until it is made to fail."""

    def __init__(self, transport: Transport) -> None:
        self.name = transport.name
        self.broken = False
        self._transport = transport
        self._open: list[tuple[Link, Connection]] = []

    def open(self, link: Link) -> Connection:
        """See `Transport`."""
        if self.broken:
            link.runtime.call_later(0.0, lambda: link.ended(Ended(_FAILED)))
            return _Nothing()
        connection = self._transport.open(link)
        self._open.append((link, connection))
        return connection

    def fail(self) -> None:
        """Fail now, and whenever it is tried again."""
        self.broken = True
        opened, self._open = self._open, []
        for link, connection in opened:
            connection.close()
            link.ended(Ended(_FAILED))


class _Nothing:
    """A connection that never was."""

    def follow(self, channel: str, since: str | None) -> None:
        """See `Connection`."""

    def unfollow(self, channel: str) -> None:
        """See `Connection`."""

    def publish(self, publication: Publication) -> Awaitable[str] | None:
        """See `Connection`."""
        return None

    def ping(self) -> bool:
        """See `Connection`."""
        return False

    def renew(self, token: str) -> None:
        """See `Connection`."""

    def close(self) -> None:
        """See `Connection`."""
