"""The parts of one started server, joined. The composition root: here, and only here, they are chosen.

Once a second the housekeeping ends what has to end: sessions whose token is over, and, where all sockets together hold
too much, those that read least.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from headway.access.addresses import Addresses, Buckets, Seat
from headway.access.grants import Grants, Ticket
from headway.access.identity import Access, Identity, OpenAccess
from headway.access.keys import KeyRing, Keys, secret_keys, weakness
from headway.access.revocation import Revocations
from headway.access.tokens import TokenAccess
from headway.clock import Clock
from headway.codes import Close
from headway.errors import HeadwayError, Overloaded
from headway.hub.hub import Hub
from headway.limits import Limits, Retention
from headway.log.interface import Log
from headway.server.audit import AUDIT
from headway.server.audit import KEPT as AUDIT_KEPT
from headway.server.hashing import Hashing
from headway.server.hosting import Hosting
from headway.server.identifying import Identification
from headway.server.keysets import KeySource
from headway.server.masking import Mask
from headway.server.metrics import Answers, CountedAccess
from headway.server.request import Parts
from headway.server.routes import ROUTES
from headway.server.security import Security
from headway.server.shared import KEPT as SHARED_KEPT
from headway.server.shared import SHARED, Shared
from headway.server.users import Users
from headway.server.watching import Watch
from headway.server.workload import WORKLOAD, Workload
from headway.sessions.recovery import SESSIONS
from headway.sessions.registry import Connection, Registry
from headway.sessions.revoked import REVOKED, Revoked
from headway.sessions.sessions import Sessions
from headway.sessions.used import USED, Used
from headway.tasks.embedded import AT_ONCE, Runner
from headway.tasks.jobs import Jobs
from headway.tasks.service import Service
from headway.tasks.store import Store
from headway.transports.socketio import SocketIO
from headway.version import VERSION

__all__ = ["KEPT", "Running"]

logger = logging.getLogger("headway")

_HOUSEKEEPING_SECONDS: Final = 1.0
_ID_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that people take for another."""

KEPT: Final = {
    # Records of Socket.IO clients: who stays away for a week is not waited for any longer.
    AUDIT: AUDIT_KEPT,
    SHARED: SHARED_KEPT,
    SESSIONS: Retention(events=1_000_000, seconds=7 * 86_400.0, bytes=256 * 1024 * 1024),
    # Longer than the longest token: a revocation that is forgotten before it revives it.
    REVOKED: Retention(events=1_000_000, seconds=10 * 366 * 86_400.0, bytes=256 * 1024 * 1024),
    # Tickets: what has been used once is forgotten long after it could be used again.
    USED: Retention(events=1_000_000, seconds=3_600.0, bytes=64 * 1024 * 1024),
}
"""How long the internal channels are kept."""


class Running:
    """One started server."""

    def __init__(
        self,
        log: Log,
        limits: Limits,
        clock: Clock,
        security: Security,
        *,
        recovery: bool,
        store: Store,
        jobs: Jobs,
        run_jobs: bool = True,
        kept: float,
        hosting: Hosting,
        refused: Callable[[], Mapping[str, int]] = dict,
        chosen: Callable[[], list[dict[str, Any]]] = list,  # Any: JSON
    ) -> None:
        """`kept` is for how many seconds an ended task is listed. `refused` says whom the door of the server let not
        in, by which limit; `chosen` what the settings are."""
        self.log = log
        self._limits = limits
        self._secrets = security.secrets
        self._clock = clock
        self._seats = Addresses(
            total=0, each=limits.address_connections, rate=limits.address_rate, burst=limits.address_burst
        )
        self._seated: dict[Connection, Seat] = {}
        self.watch = Watch(VERSION, clock, limits, refused=lambda: self._refused(refused()))
        self.hub = Hub(log, limits, clock=clock, on_told=self.watch.ring.told)
        self._key_source: KeySource | None = None
        self._redeem: Callable[[str], Ticket] | None = None
        revocations = Revocations(clock)
        grants = (
            Grants(security.secrets, clock, _new_id, grace=limits.expiry_grace_seconds) if security.secret else None
        )
        self.access: Access = self._access(security, clock, revocations, grants)
        self.registry = Registry(
            secrets.SystemRandom().random,
            self._left,
            self._seat if limits.address_connections or limits.address_rate else None,
        )
        self.sessions = Sessions(
            self.hub,
            self.access,
            limits,
            clock,
            self.registry,
            _new_id,
            self.watch.figures,
            heard=self.watch.ring.heard,
            published=self.watch.published,
        )
        self.watch.observe(log, self.hub, self.registry)
        self._revoked = Revoked(self.hub, revocations, self.sessions.admission.recheck)
        self.identification = Identification(self.access, self._redeem, Used(self.hub))
        self.socketio = SocketIO(self.sessions, recovery=recovery)
        self._store = store
        self.tasks = Service(store, self.hub.publish, clock, new_task_id, kept=kept)
        self.hosting = hosting
        self.mask = Mask(security.secrets)
        at_once = AT_ONCE if run_jobs else 0
        self.runner = Runner(
            self.tasks,
            jobs,
            clock,
            new_task_id,
            secrets.SystemRandom().random,
            at_once=at_once,
            mask=self.mask.text,
        )
        self.watch.metrics.add(WORKLOAD, lambda: Workload(self.tasks, self.runner, store))
        hosting.measured(self.watch.metrics)
        self.parts = Parts(
            self.sessions,
            clock,
            self.watch,
            self._revoked,
            Buckets(limits.sign_in_rate, limits.sign_in_burst),
            Hashing(),
            self.tasks,
            self.runner,
            Shared(hub=self.hub, now=clock.now, revoked=self._link_revoked),
            chosen,
            hosting.names,
            grants,
            Users(security.users) if security.users is not None else None,
        )
        templates = [route.template for route in ROUTES] + [route.template for route in hosting.routes]
        self.answers = Answers(self.watch.figures.answers, templates)
        self._housekeeping: asyncio.Task[None] | None = None
        self._tasks_kept: asyncio.Task[None] | None = None

    async def start(self, data: Path | None = None, database: str | None = None, *, durable: bool = True) -> None:
        """Be ready for clients. Applications keep their records in `database`, or else in the folder `data`. Raises
        `StorageError`, and `UsageError` for a key set that cannot be loaded."""
        for weak in filter(None, map(weakness, self._secrets)):
            logger.warning("! %s", weak)
        await self._revoked.load()
        if self._key_source is not None:
            await self._key_source.start()
        self.watch.start()
        await self.tasks.start()
        await self.hosting.start(
            data,
            database,
            durable=durable,
            announce=self.hub.publish,
            tasks=self.tasks,
            runner=self.runner,
            clock=self._clock,
            watch=self.watch,
            mask=self.mask,
        )
        await self.runner.start()
        self._tasks_kept = asyncio.create_task(self._keep_tasks(), name="tasks kept")
        self._housekeeping = asyncio.create_task(self._keep_house(), name="housekeeping")

    async def close(self) -> None:
        """Tell nobody any more, and finish what was accepted. Idempotent. The log stays open."""
        await self.runner.close()
        await self.hosting.close()
        for kept in (self._housekeeping, self._tasks_kept):
            if kept is not None:
                kept.cancel()
                await asyncio.gather(kept, return_exceptions=True)
        with contextlib.suppress(HeadwayError):  # what could not be stored now is made good at the next start
            await self.tasks.close()
        await self._store.close()
        if self._key_source is not None:
            await self._key_source.close()
        self.parts.hashing.close()
        await self.watch.close()
        await self.hub.close()

    def _access(self, security: Security, clock: Clock, revocations: Revocations, grants: Grants | None) -> Access:
        if security.open:
            return OpenAccess()
        fixed = secret_keys(*security.secrets)
        keys: Keys = KeyRing(fixed)
        if security.jwks is not None:
            keys = self._key_source = KeySource(security.jwks, clock, fixed=fixed)
        access = TokenAccess(
            keys,
            clock,
            audience=security.audience,
            issuer=security.issuer,
            revocations=revocations,
            grants=grants,
            grace=self._limits.expiry_grace_seconds,
        )
        self._redeem = access.redeem
        return CountedAccess(access, self.watch.figures.auth)

    def _seat(self, connection: Connection) -> None:
        """The door counts connections. An Engine.IO session that polls holds none for long, and behind a trusted proxy
        all have one address: so what is held is counted here, too, by the client's own address."""
        try:
            self._seated[connection] = self._seats.take(connection.life.address or None, self._clock.monotonic())
        except Overloaded as error:
            connection.end(Close.OVERLOADED, error.message)

    def _left(self, connection: Connection) -> None:
        self.watch.lives.ended(connection)
        seat = self._seated.pop(connection, None)
        if seat is not None:
            seat.release()

    def _link_revoked(self, id: str) -> bool:
        return not self.access.still(Identity(None, token=id))

    def _refused(self, at_the_door: Mapping[str, int]) -> Mapping[str, int]:
        refused = Counter(self._seats.refused)
        refused.update(at_the_door)
        return refused

    async def _keep_house(self) -> None:
        chores: list[Callable[[], object]] = [
            self.sessions.admission.sweep,
            lambda: self.registry.relieve(self._limits.written_bytes),
        ]
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            for chore in chores:
                try:
                    chore()
                except Exception:  # a mistake of ours in one must not keep the others from being done
                    logger.exception("! the housekeeping failed")

    async def _keep_tasks(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            try:
                await self.tasks.keep()
            except HeadwayError as error:
                logger.warning("! the housekeeping of tasks: %s", error)
            except Exception:  # as above
                logger.exception("! the housekeeping of tasks failed")


def new_task_id() -> str:
    """An id that nobody can guess, and that people can select by a double click: 125 bits."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(25))


def _new_id() -> str:
    return secrets.token_urlsafe(18)
