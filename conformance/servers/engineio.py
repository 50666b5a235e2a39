"""Engine.IO v4 at `/engine.io/` on port 3000: echoes every message."""

from __future__ import annotations

from conformance.servers.serving import Plain, hosted, run
from headway.access.identity import Identity, Unauthorized
from headway.protocols.engineio import Received
from headway.transports.engineio import Link
from headway.transports.requests import Scope


class Echo(Plain):
    """Says what it hears."""

    def __init__(self, link: Link, who: Identity | Unauthorized | None, scope: Scope) -> None:
        super().__init__()
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


def main() -> None:
    """Serve."""
    run(hosted(Echo), 3000)


if __name__ == "__main__":
    main()
