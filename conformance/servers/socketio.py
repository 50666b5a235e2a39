"""Socket.IO v5 at `/socket.io/` on port 3000, recovery off: `auth` on connect, `message` → `message-back`,
acknowledgements."""

from __future__ import annotations

import secrets
from itertools import count

from conformance.servers.serving import PROFILE, run
from headway.clock import SystemClock
from headway.limits import Limits
from headway.protocols.socketio import Ack, Connect, Connection, Emit, Terms
from headway.transports.connections import Socket
from headway.transports.engineio import Host, Link
from headway.transports.requests import Receive, Scope, Send

NAMESPACES = ("/", "/custom")
TERMS = Terms(connect_timeout=1.0)


class Suite:
    """What the suite expects of an application."""

    def __init__(self, link: Link, scope: Scope) -> None:
        self._connection = Connection(link.engine, TERMS, link.now())
        self._ids = count()

    def talk(self, now: float) -> None:
        """Answer."""
        for event in self._connection.events(now):
            match event:
                case Connect(namespace, auth) if namespace in NAMESPACES:
                    self._connection.accept(namespace, secrets.token_urlsafe(15))
                    self._connection.emit(namespace, "auth", auth)
                case Connect(namespace):
                    self._connection.refuse(namespace)
                case Emit(namespace, "message", arguments):
                    self._connection.emit(namespace, "message-back", *arguments)
                case Emit(namespace, "message-with-ack", arguments, ack_id) if ack_id is not None:
                    self._connection.acknowledge(namespace, ack_id, *arguments)
                case Ack(namespace, _, arguments):
                    self._connection.emit(namespace, "emit-with-ack", *arguments)
                case _:
                    pass

    def deadline(self) -> float | None:
        """The connection's own."""
        return self._connection.deadline()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._connection.tick(now)

    def wake(self) -> None:
        """It has nothing of its own to say."""

    def upgraded(self, socket: Socket) -> None:
        """It makes no difference."""

    async def room(self) -> None:
        """There is always room."""

    def ended(self) -> None:
        """It keeps nothing."""


def main() -> None:
    """Serve."""
    host = Host(PROFILE, Limits(), SystemClock(), lambda: secrets.token_urlsafe(15), Suite)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await host.serve_websocket(scope, receive, send)
        else:
            await host.serve_http(scope, receive, send)

    run(application, 3000)


if __name__ == "__main__":
    main()
