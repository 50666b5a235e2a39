"""Engine.IO v4 at `/engine.io/` on port 3000: echoes every message."""

from __future__ import annotations

import secrets

from conformance.servers.serving import PROFILE, run
from headway.clock import SystemClock
from headway.limits import Limits
from headway.protocols.engineio import Received
from headway.transports.connections import Socket
from headway.transports.engineio import Host, Link
from headway.transports.requests import Receive, Scope, Send


class Echo:
    """Says what it hears."""

    def __init__(self, link: Link, scope: Scope) -> None:
        self._engine = link.engine

    def talk(self, now: float) -> None:
        """Echo."""
        for event in self._engine.events():
            if isinstance(event, Received):
                self._engine.send(event.data)

    def deadline(self) -> float | None:
        """The engine's own."""
        return self._engine.deadline()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._engine.tick(now)

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
    host = Host(PROFILE, Limits(), SystemClock(), lambda: secrets.token_urlsafe(15), Echo)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await host.serve_websocket(scope, receive, send)
        else:
            await host.serve_http(scope, receive, send)

    run(application, 3000)


if __name__ == "__main__":
    main()
