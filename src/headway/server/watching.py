"""What watches a server while it runs, joined: figures, the ring of messages, the ends of connections, the audit trail,
the loop's lag. It stands beside the parts and is told by them; nothing waits for it.

    watch = Watch(version, clock, limits)        before the parts: they are given `figures`, `ring.told`, `lives.ended`
    watch.observe(log, hub, registry)            once they are there
    watch.start(), await watch.close()           with the server; the audit trail is closed before the hub
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headway.access.identity import Identity
from headway.clock import Clock
from headway.codes import Close
from headway.errors import Closed
from headway.figures import Figures
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.log.interface import Appended, Log
from headway.server import debug, health
from headway.server.audit import Action, Audit
from headway.server.debug import Ring
from headway.server.lives import Lives
from headway.server.metrics import LoopLag, Metrics, Sources
from headway.sessions.registry import Registry
from headway.transports.requests import Receive

__all__ = ["Watch"]

Query = Mapping[str, str]
Json = dict[str, Any]  # Any: JSON


class Watch:
    """Everything that is counted, remembered for a while, or written down, and how it is shown."""

    def __init__(
        self, version: str, clock: Clock, limits: Limits, *, refused: Callable[[], Mapping[str, int]] = dict
    ) -> None:
        """`refused` says what the door of the addresses refused, by which of its limits."""
        self.figures = Figures(close.code for close in Close)
        self.ring = Ring(clock.now)
        self.lives = Lives(clock)
        self._version = version
        self._clock = clock
        self._limits = limits
        self._refused = refused
        self._lag = LoopLag(clock)
        self._began = clock.monotonic()
        self._observed: tuple[Log, Hub, Registry] | None = None
        self._audit: Audit | None = None
        self._metrics: Metrics | None = None

    def observe(self, log: Log, hub: Hub, registry: Registry) -> None:
        """Look at these from now on."""
        self._observed = (log, hub, registry)
        self._audit = Audit(hub, self._limits)
        self._metrics = Metrics(
            Sources(
                self._version,
                self._clock,
                self.figures,
                hub,
                log,
                registry,
                lag=self._lag,
                refused=self._refused,
                audit=self._audit.statistics,
            )
        )

    def start(self) -> None:
        """The loop runs."""
        self._lag.start()

    async def close(self) -> None:
        """Write down what waits. Idempotent. Before the hub is closed."""
        self._lag.stop()
        if self._audit is not None:
            await self._audit.close()

    # What it is told.

    def published(self, identity: Identity, channel: str, appended: Appended, address: str | None = None) -> None:
        """Somebody published."""
        if self._audit is not None:
            self._audit.published(identity, channel, appended, address)

    def note(
        self, action: Action, *, user: str | None, target: str | None = None, address: str | None = None, **more: object
    ) -> None:
        """Somebody did something that is written down."""
        if self._audit is not None:
            self._audit.note(action, user=user, target=target, address=address, **more)

    # What it shows.

    @property
    def metrics(self) -> Metrics:
        """The tables; other layers add theirs."""
        if self._metrics is None:
            raise Closed("this Headway has not been started")
        return self._metrics

    def messages(self, query: Query) -> Json:
        """The last messages. Raises `UsageError`."""
        return debug.messages(self.ring, query)

    def connections(self, query: Query) -> Json:
        """Who is connected. Raises `UsageError`."""
        _, hub, registry = self._seen
        found = registry.connections()
        return debug.connections(found, self._clock, hub.known_head, query, self.lives.newest_first())

    def dismiss(self, number: int) -> str | None:
        """End a connection, by its number; its transport, or None where there is none. Its reader comes back to where
        it was."""
        _, _, registry = self._seen
        for connection in registry.connections():
            if connection.life.number == number:
                self.lives.dismiss(connection)
                connection.end(Close.GOING_AWAY, "an administrator ended this connection; come back")
                return connection.life.transport
        return None

    async def trail(self, query: Query, receive: Receive) -> Json:
        """A page of the audit trail. Raises `PeerError`, `StorageError`."""
        if self._audit is None:
            raise Closed("this Headway has not been started")
        return await self._audit.page(query, receive)

    async def ready(self) -> tuple[int, Json]:
        """Whether the server should be sent requests: status and body."""
        log, _, registry = self._seen
        return await health.ready(log, draining=registry.draining)

    async def health(self, *, detailed: bool) -> tuple[int, Json]:
        """Status and body of the whole report; `detailed` is for operators."""
        log, hub, registry = self._seen
        statistics = {
            "connections": registry.statistics(),
            "hub": hub.statistics(),
            "log": log.statistics(),
            "figures": self.figures.statistics(),
            "messages": self.ring.statistics(),
            "audit": self._audit.statistics() if self._audit is not None else {},
        }
        return await health.report(
            log,
            uptime=self._clock.monotonic() - self._began,
            draining=registry.draining,
            version=self._version,
            statistics=statistics,
            detailed=detailed,
        )

    @property
    def _seen(self) -> tuple[Log, Hub, Registry]:
        if self._observed is None:
            raise Closed("this Headway has not been started")
        return self._observed
