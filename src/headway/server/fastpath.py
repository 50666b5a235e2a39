"""uvicorn, taught to let go of a connection: the ASGI scope extension `headway.detach`.

A transport finishes its handshake through ordinary ASGI, then calls `scope["extensions"]["headway.detach"](protocol)`
and returns. From then on the connection belongs to that protocol: the hub writes shared bytes to it, and the objects
uvicorn made for it are gone. An application that does not ask never notices.

These classes lean on parts of uvicorn that are not promised (0.54): `run_asgi` and `transport` of both, `conn` of the
WebSocket, `cycle.response_complete` of HTTP. `tests/server/test_fastpath.py` is the contract that tells when they move;
without the extension everything works through plain ASGI, slower.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.http11 import Response
from websockets.server import ServerProtocol

from headway.server.guarded import GuardedHttp
from headway.server.protection import ALWAYS

__all__ = ["DETACH", "Detach", "FastHttp", "FastWebSocket"]

DETACH: Final = "headway.detach"
"""Name of the extension; the transports know it by the same name and import nothing from here."""


class Detach:
    """Call it with a protocol to take the connection over; `deflate` says whether WebSocket compression was agreed.

    `when_left` is for answers that wait: ASGI's `http.disconnect` arrives some turns of the loop after the fact, and by
    then the client's next request may have been handled.
    """

    def __init__(self, owner: FastHttp | FastWebSocket) -> None:
        self._owner = owner

    @property
    def deflate(self) -> bool:
        """Whether the client takes compressed messages. Known once the handshake was answered."""
        return self._owner.deflated

    @property
    def whole(self) -> bool:
        """Whether the request has arrived to its end, so that nobody waits for the rest."""
        return isinstance(self._owner, FastHttp) and self._owner.whole

    def __call__(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Hand the connection over. The server forgets it: ending it at a shutdown is the new owner's business.

        The protocol is given an attribute `on_lost`, which it calls when the connection is lost: then its seat is free.
        """
        return self._owner.let_go(protocol)

    def when_left(self, callback: Callable[[], None]) -> None:
        """Have it called, at once and at most once, when the client leaves before its HTTP request was answered."""
        self._owner.on_left = callback


class _Gone:
    """What uvicorn's object holds once its connection belongs to somebody else."""

    def close(self) -> None:
        """Not ours any more."""

    def write(self, data: bytes) -> None:
        """Not ours any more."""

    def is_closing(self) -> bool:
        """As good as."""
        return True


# uvicorn and `websockets` write the request line at lower levels, and it may hold a token. So this logger has no name
# in the registry, by which a configuration could make it say more.
_LOGGER: Final = logging.Logger("headway.server.websocket", logging.WARNING)
_LOGGER.parent = logging.getLogger("headway.server")


class _Handshake(ServerProtocol):
    """WebSocket's own protocol, whose refusals say what every answer of this server says."""

    def reject(self, status: int, text: str) -> Response:
        response = super().reject(status, text)
        for name, value in ALWAYS:
            response.headers[name.decode()] = value.decode()
        return response


class FastWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that can be taken over after its handshake."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: uvicorn's own signature, passed through
        super().__init__(*args, **kwargs)
        self.logger = _LOGGER
        self.on_left: Callable[[], None] | None = None
        self.on_lost: Callable[[], None] = _nothing
        extensions = []
        if self.config.ws_per_message_deflate:
            # No side may depend on earlier messages: that is what lets all readers share one compressed frame.
            extensions = [
                ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)
            ]
        self.conn = _Handshake(extensions=extensions, max_size=self.config.ws_max_size, logger=self.logger)

    @property
    def deflated(self) -> bool:
        """Whether compression was agreed."""
        return any(isinstance(extension, PerMessageDeflate) for extension in self.conn.extensions)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.on_lost()

    async def run_asgi(self) -> None:
        """Run the application; a connection that was let go is none of uvicorn's business any more."""
        extensions = cast(dict[str, Any], self.scope["extensions"])
        extensions[DETACH] = Detach(self)
        await super().run_asgi()

    async def send(self, message: Any) -> None:  # Any: an ASGI message, passed through
        """As uvicorn; a handshake answered by an HTTP response is complete too, which uvicorn takes for a mistake of
        the application."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def let_go(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Give the connection to another protocol."""
        transport = self.transport
        self.stop_keepalive()
        self.connections.discard(self)
        transport.set_protocol(protocol)
        protocol.on_lost = self.on_lost  # type: ignore[attr-defined]  # a protocol of any class may take over
        if self.read_paused:
            transport.resume_reading()
        self.transport = cast(asyncio.Transport, _Gone())
        self.disconnected = True
        return transport


class FastHttp(GuardedHttp):
    """An HTTP connection that can be taken over once an answer has begun."""

    deflated = False
    on_left: Callable[[], None] | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.on_left = None
        cast(dict[str, Any], self.scope)["extensions"] = {DETACH: Detach(self)}

    def eof_received(self) -> None:
        """The client has left: whoever waits to answer it is told before anything else is read."""
        self._tell_left()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell_left()
        super().connection_lost(exc)

    def _tell_left(self) -> None:
        on_left, self.on_left = self.on_left, None
        if on_left is not None and self.cycle is not None and not self.cycle.response_complete:
            on_left()

    def let_go(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Give the connection to another protocol. The answer under way is the last on it."""
        transport = self._socket
        self.cycle.response_complete = True
        self.pipeline.clear()
        self._stop_timers()
        self.connections.discard(self)
        transport.set_protocol(protocol)
        self._bequeath(protocol)
        self.flow.resume_reading()
        self._front.fall_silent()
        self._fall_deaf()
        self.cycle = cast(Any, None)  # what nobody needs must not hold itself
        return transport


def _nothing() -> None:
    """What is left to do when nobody waits for it."""
