"""A network that fails on demand: a TCP relay between readers and one server, whose faults are verbs.

    async with Network(server) as network:
        reader = WebSocketReader(network.address)
        network.half_open()                            … and network.heal()

What is *sent* goes from the server to its readers. A fault holds for the connections that exist and for those to come,
until `heal`. Every verb says what is unrealistic about it: a test that rests on that part tests the relay.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from types import TracebackType
from typing import Final, Self

from headway.testing.serving import Address, listener

__all__ = ["Network"]

_PIECE: Final = 65_536
"""Bytes carried at once."""
_SMALL_BUFFER: Final = 16_384
"""Of the sockets towards readers, so that the relay swallows little of what a stalled reader does not take."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER without time: closing sends RST, as a host does that has lost its state."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Network:
    """The relay."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._listener: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._delay = 0.0
        self._rate = 0.0
        self._dropping = False
        self._passing = asyncio.Event()
        self._passing.set()
        self._connecting = asyncio.Event()
        self._connecting.set()
        self._swap: _Swap | None = None
        self.opened = 0
        """Connections that came."""

    @property
    def address(self) -> Address:
        """Where the server is found through this network."""
        if self._listener is None:
            raise RuntimeError("the network is not up")
        port: int = self._listener.sockets[0].getsockname()[1]
        return self._server.through(port)

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(
            self._accept, sock=listener(send_buffer=_SMALL_BUFFER), limit=_PIECE
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.close()
        self.cut()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The faults.

    def delay_sent(self, seconds: float) -> None:
        """Have what the server sends arrive later, in order.

        Unrealistic: the way back is not delayed, nothing jitters, and what follows at once may wait up to twice as
        long.
        """
        self._delay = seconds

    def drop_sent(self) -> None:
        """Lose what the server sends from now on while it believes that it arrived.

        Unrealistic: TCP would send it again; only a broken middlebox is like this. Cut before healing, or what comes
        later joins on as if nothing were missing.
        """
        self._dropping = True

    def cut(self) -> None:
        """End all connections with RST.

        Unrealistic: both sides learn of it, and at the same moment.
        """
        for link in list(self._links):
            link.reset()

    def half_open(self) -> None:
        """Be a cable that was pulled: nothing passes, nobody is told, new connections are not answered.

        Unrealistic: the kernels beside the relay still acknowledge what is sent to them, so no retransmission ever
        times out; only heartbeats notice. Connections of this time stay dead when the network heals.
        """
        self._connecting.clear()
        for link in self._links:
            link.dead = True

    def stall(self) -> None:
        """Carry nothing from the server to its readers, so that its sockets fill.

        Unrealistic: all readers of this network stall together, and the relay's own buffers fill before the server's.
        """
        self._passing.clear()

    def slow(self, bytes_per_second: float) -> None:
        """Carry what the server sends at this rate, on each connection.

        Unrealistic: the rate is even, connections do not share it, and the delay does not grow with what is queued.
        """
        self._rate = bytes_per_second

    def reorder_requests(self) -> None:
        """Hold back what the next connection says until the one after it has been answered something.

        Unrealistic: exactly two connections swap, and always whole.
        """
        self._swap = _Swap()

    def heal(self) -> None:
        """End all faults. What was lost stays lost, and connections that were dead stay dead."""
        self._delay = self._rate = 0.0
        self._dropping = False
        self._passing.set()
        self._connecting.set()
        if self._swap is not None:
            self._swap.over.set()
            self._swap = None

    # The way of the bytes.

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        task = asyncio.current_task()
        assert task is not None  # the callback of a server runs in a task
        self._tasks.add(task)
        try:
            await self._connecting.wait()
            there = await asyncio.open_connection(self._server.host, self._server.port, limit=_PIECE)
            link = _Link((reader, writer), there, self._take_part_in_swap())
            self._links.add(link)
            try:
                await self._run(link)
            finally:
                self._links.discard(link)
        except OSError:
            # The server is away or has reset the connection: so does the network.
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    def _take_part_in_swap(self) -> _Part:
        swap = self._swap
        if swap is None:
            return _Part()
        if not swap.begun:
            swap.begun = True
            return _Part(waits_for=swap.over)
        self._swap = None
        return _Part(lets_go=swap.over)

    async def _run(self, link: _Link) -> None:
        """Carry both ways until both ends are done. Cancelling ends both."""
        ways = [asyncio.create_task(self._carry_asked(link)), asyncio.create_task(self._carry_sent(link))]
        try:
            await asyncio.gather(*ways)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            link.abort()

    async def _carry_asked(self, link: _Link) -> None:
        while data := await link.here[0].read(_PIECE):
            if link.dead:
                continue
            if link.part.waits_for is not None:
                await link.part.waits_for.wait()
            link.there[1].write(data)
            await link.there[1].drain()
        if not link.dead:
            link.there[1].write_eof()

    async def _carry_sent(self, link: _Link) -> None:
        while True:
            await self._passing.wait()
            data = await link.there[0].read(max(1, int(self._rate / 20)) if self._rate else _PIECE)
            if not data:
                break
            await self._passing.wait()
            await asyncio.sleep(self._delay + (len(data) / self._rate if self._rate else 0.0))
            if link.dead or self._dropping:
                continue
            link.here[1].write(data)
            await link.here[1].drain()
            if link.part.lets_go is not None:
                link.part.lets_go.set()
        if not link.dead:
            link.here[1].write_eof()


class _Swap:
    """Two connections that change their order."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.begun = False


class _Part:
    """What a connection does in a swap."""

    def __init__(self, waits_for: asyncio.Event | None = None, lets_go: asyncio.Event | None = None) -> None:
        self.waits_for = waits_for
        self.lets_go = lets_go


class _Link:
    """One connection through the network."""

    def __init__(self, here: Ends, there: Ends, part: _Part) -> None:
        self.here = here
        self.there = there
        self.part = part
        self.dead = False

    def reset(self) -> None:
        """End both sides with RST."""
        for _, writer in (self.here, self.there):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.abort()

    def abort(self) -> None:
        """End both sides."""
        for _, writer in (self.here, self.there):
            writer.transport.abort()
