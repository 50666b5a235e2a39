"""Socket.IO v5 at `/socket.io/` on port 3000, recovery off: `auth` on connect, `message` → `message-back`,
acknowledgements."""

from __future__ import annotations

import secrets
from itertools import count

from conformance.servers.serving import Plain, hosted, run
from headway.access.identity import Identity, Unauthorized
from headway.protocols.socketio import Ack, Connect, Connection, Emit, Terms
from headway.transports.engineio import Link
from headway.transports.requests import Scope

NAMESPACES = ("/", "/custom")
TERMS = Terms(connect_timeout=1.0)


class Suite(Plain):
    """What the suite expects of an application."""

    def __init__(self, link: Link, who: Identity | Unauthorized | None, scope: Scope) -> None:
        super().__init__()
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


def main() -> None:
    """Serve."""
    run(hosted(Suite), 3000)


if __name__ == "__main__":
    main()
