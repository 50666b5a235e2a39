"""A box in the network that does not treat all transports alike, as firewalls, proxies and antivirus do. It knows them
by their addresses, and has one fault for each.

    async with Middlebox(server) as box:
        client = connect(box.address.http(""))
        box.set(Carried.WEBSOCKET, Fault.RESET_AFTER_UPGRADE)         … and box.heal()

Every connection is judged by its first request. What is *sent* goes from the server to its readers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from enum import Enum
from types import TracebackType
from typing import Final, Self

from headway.testing.serving import Address, listener

__all__ = ["Carried", "Fault", "Middlebox"]

_PIECE: Final = 65_536
"""Bytes carried at once."""
_MOMENT: Final = 0.2
"""Seconds for which what dies is let live: boxes that kill WebSockets do so after 100 to 500 ms."""
_LATE: Final = 0.05
"""Seconds that each piece of a slow line takes: a mobile phone at the edge of its cell."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER without time: closing sends RST."""
_REFUSAL: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Carried(Enum):
    """What a connection carries."""

    SOCKETIO = "socketio"
    WEBSOCKET = "websocket"
    EVENTSOURCE = "eventsource"
    POLLING = "polling"
    OTHER = "other"
    """Publications, health checks."""


class Fault(Enum):
    """What is done to a kind of connections, those that exist and those to come."""

    REFUSE = "refuse"
    """Cut, and let nothing through again: a firewall. Unrealistic: both sides learn of it."""
    HANG = "hang"
    """Take new connections and never answer: a box that drops packets."""
    STALL = "stall"
    """Hold back what is sent until healed: a congested line."""
    HALF_OPEN = "half-open"
    """The server's end is gone, and the client's hears nothing of it: a NAT that forgot. New ones are cut."""
    BUFFER = "buffer"
    """Pass a new connection's answers on when they are whole: an antivirus. Unrealistic: real ones stop at some
    size."""
    RESET_AFTER_UPGRADE = "reset after upgrade"
    """Let new connections be answered once, then reset them."""
    OPENS_THEN_DIES = "opens then dies"
    """Let new connections live for a moment, then reset them."""
    REFUSE_UPGRADE = "refuse upgrade"
    """Answer every upgrade with 400: an old proxy."""
    DROP_ANSWER = "drop answer"
    """Take what the server answers, and reset the client's connection instead of passing it on."""
    SLOW = "slow"
    """Pass what is sent on piece by piece, each of them late: a congested line that still moves."""
    DUPLICATE = "duplicate"
    """Say to the server twice whatever a new connection says, over a connection each, and pass on what the first is
    answered: a proxy that tries again. Unrealistic: real ones repeat a request that has failed, and no WebSocket."""


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Passage:
    """One connection through the box."""

    def __init__(self, carried: Carried, here: Ends) -> None:
        self.carried = carried
        self.here = here
        self.there: Ends | None = None
        self.twin: Ends | None = None
        """The second connection to the server, where everything is said twice."""
        self.buffered = False
        self.forsaken = False

    def cut(self) -> None:
        """End both sides with RST."""
        for _, writer in filter(None, (self.here, self.there, self.twin)):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()

    def lose_server(self) -> None:
        """End the server's side alone."""
        self.forsaken = True
        for _, writer in filter(None, (self.there, self.twin)):
            writer.transport.abort()


class Middlebox:
    """The box."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._listener: asyncio.Server | None = None
        self._faults: dict[Carried, Fault] = {}
        self._passages: set[_Passage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.opened: dict[Carried, int] = dict.fromkeys(Carried, 0)
        """Connections that came."""

    @property
    def address(self) -> Address:
        """Where the server is found through this box."""
        if self._listener is None:
            raise RuntimeError("the box is not up")
        port: int = self._listener.sockets[0].getsockname()[1]
        return self._server.through(port)

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accept, sock=listener(), limit=_PIECE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.close()
        for passage in list(self._passages):
            passage.cut()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def set(self, carried: Carried, fault: Fault) -> None:
        """Let a fault take effect on this kind of connections, now and from now on."""
        self._faults[carried] = fault
        for passage in self._of(carried):
            if fault is Fault.REFUSE:
                passage.cut()
            elif fault is Fault.HALF_OPEN:
                passage.lose_server()

    def cut(self, carried: Carried) -> None:
        """Reset what is open of this kind. What comes next is let through, unless there is a fault."""
        for passage in self._of(carried):
            passage.cut()

    def heal(self, carried: Carried | None = None) -> None:
        """No fault any more; what was held back goes on. What was half open stays dead."""
        if carried is None:
            self._faults.clear()
        else:
            self._faults.pop(carried, None)
        self._changed.set()
        self._changed = asyncio.Event()

    def open(self, carried: Carried) -> int:
        """Connections of this kind that are open now."""
        return len(self._of(carried))

    def _of(self, carried: Carried) -> list[_Passage]:
        return [passage for passage in self._passages if passage.carried is carried]

    # The way of the bytes.

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # the callback of a server runs in a task
        self._tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            passage = _Passage(_carried(head), (reader, writer))
            self.opened[passage.carried] += 1
            self._passages.add(passage)
            try:
                await self._pass(passage, head)
            finally:
                self._passages.discard(passage)
                passage.lose_server()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # Somebody has gone, or the box itself does: asyncio's servers complain of a callback that was cancelled.
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _pass(self, passage: _Passage, head: bytes) -> None:
        reader, writer = passage.here
        match self._faults.get(passage.carried):
            case Fault.REFUSE | Fault.HALF_OPEN:
                passage.cut()
                return
            case Fault.REFUSE_UPGRADE if b"upgrade: websocket" in head.lower():
                writer.write(_REFUSAL)
                await writer.drain()
                return
            case Fault.HANG:
                while await reader.read(_PIECE):
                    pass
                return
            case fault:
                passage.buffered = fault is Fault.BUFFER
        passage.there = await self._reach(head)
        if fault is Fault.DUPLICATE:
            passage.twin = await self._reach(head)
        ways = [
            asyncio.create_task(self._carry_asked(passage, passage.there)),
            asyncio.create_task(self._carry_sent(passage, passage.there)),
        ]
        if passage.twin is not None:
            ways.append(asyncio.create_task(_pass_over(passage.twin[0])))
        try:
            await asyncio.gather(*ways)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _reach(self, head: bytes) -> Ends:
        ends = await asyncio.open_connection(self._server.host, self._server.port, limit=_PIECE)
        ends[1].write(head)
        return ends

    async def _carry_asked(self, passage: _Passage, there: Ends) -> None:
        while data := await passage.here[0].read(_PIECE):
            for end in _ends(passage, there):
                end.write(data)
            if not passage.forsaken:
                await there[1].drain()
        if passage.forsaken:
            passage.cut()
        for end in _ends(passage, there):
            end.write_eof()

    async def _carry_sent(self, passage: _Passage, there: Ends) -> None:
        writer = passage.here[1]
        held = b""
        with contextlib.suppress(OSError):
            while data := await there[0].read(_PIECE):
                if passage.buffered and self._faults.get(passage.carried) is Fault.BUFFER:
                    held += data
                    continue
                await self._let_through(passage, held + data)
                held = b""
        if not passage.forsaken:
            writer.write(held)
            writer.write_eof()

    async def _let_through(self, passage: _Passage, data: bytes) -> None:
        while self._faults.get(passage.carried) is Fault.STALL:
            await self._changed.wait()
        fault = self._faults.get(passage.carried)
        if fault is Fault.SLOW:
            await asyncio.sleep(_LATE)
        elif fault is Fault.DROP_ANSWER:
            passage.cut()
        if passage.forsaken or passage.here[1].is_closing():
            return
        passage.here[1].write(data)
        await passage.here[1].drain()
        if fault is Fault.RESET_AFTER_UPGRADE:
            passage.cut()
        elif fault is Fault.OPENS_THEN_DIES:
            asyncio.get_running_loop().call_later(_MOMENT, passage.cut)


def _ends(passage: _Passage, there: Ends) -> list[asyncio.StreamWriter]:
    """Where what the client says goes. A twin that has had enough does not end the passage."""
    if passage.forsaken:
        return []
    twin = passage.twin[1] if passage.twin is not None and not passage.twin[1].is_closing() else None
    return [there[1], *([] if twin is None else [twin])]


async def _pass_over(answers: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await answers.read(_PIECE):
            pass


def _carried(head: bytes) -> Carried:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if b"/socket.io/" in path:
        return Carried.SOCKETIO
    if path.endswith(b"/ws"):
        return Carried.WEBSOCKET
    if path.endswith(b"/stream"):
        return Carried.EVENTSOURCE
    return Carried.POLLING if path.endswith(b"/events") and method == b"GET" else Carried.OTHER
