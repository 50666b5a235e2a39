"""What a route is given: who asks for what, and the parts of the server that answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from headway.access.addresses import Buckets
from headway.access.grants import Grants
from headway.access.identity import Identity
from headway.clock import Clock
from headway.server.hashing import Hashing
from headway.server.shared import Shared
from headway.server.users import Users
from headway.server.watching import Watch
from headway.sessions.revoked import Revoked
from headway.sessions.sessions import Sessions
from headway.tasks.embedded import Runner
from headway.tasks.service import Service
from headway.transports.requests import Receive, Scope, Send

__all__ = ["Parts", "Request"]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one running server, joined in `live.py`."""

    sessions: Sessions
    clock: Clock
    watch: Watch
    revoked: Revoked
    sign_ins: Buckets
    """Tries to sign in, by address and by name."""
    hashing: Hashing
    tasks: Service
    runner: Runner
    shared: Shared
    chosen: Callable[[], list[dict[str, Any]]]  # Any: JSON
    """The settings it was made from, as `chosen.chosen`; none inside another program."""
    apps: Sequence[str] = ()
    """The applications that it hosts."""
    grants: Grants | None = None
    """None: no secret is set to sign them with."""
    users: Users | None = None
    """None: nobody signs in here."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request that has found its route."""

    parts: Parts
    identity: Identity
    subject: str
    """What the path names, such as a channel; empty where it names nothing."""
    scope: Scope
    receive: Receive
    send: Send
