"""What the cases share: a server with a secret in this loop or in a process of its own, an attacker, one strike.

    async with besieged() as ground:
        assert await strike(CROSS_SITE, ground) == {"403": 60}

The attacks are those of `siege/attacks`, which `make siege` runs at full speed. `RECORDS` keeps what was tried and what
was answered, for the table that `pytest -v tests/security` prints.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from headway.limits import Limits
from headway.server.live import Headway
from headway.server.security import Security
from headway.testing.serving import Address, serving
from siege.foe import Attack, Foe, Target, attempt
from siege.people import AUDIENCE, SECRET, KeySet
from siege.report import Record
from siege.setting import target_of

__all__ = ["RECORDS", "Ground", "besieged", "limits", "open_ground", "strike"]

RECORDS: Final[list[Record]] = []
"""What this process has seen, in order."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A server and who attacks it."""

    live: Headway
    address: Address
    target: Target


def limits(**chosen: Any) -> Limits:  # Any: the limits have several kinds
    """Bounds under which an attacker from loopback is not already stopped at the door."""
    return replace(Limits(), **{"address_connections": 0, "address_rate": 0.0, **chosen})


@contextlib.asynccontextmanager
async def besieged(
    *, keys: KeySet | None = None, users: Path | None = None, **chosen: Any
) -> AsyncIterator[Ground]:  # Any: limits by name
    """A server with a secret, a channel with something to hide, and an attacker with a token of its own."""
    security = Security(
        secret=SECRET, audience=AUDIENCE, jwks=str(keys.file) if keys is not None else None, users=users
    )
    live = Headway(security=security, limits=limits(**chosen))
    async with serving(live) as address:
        target = await target_of(address.port, os.getpid(), keys=keys)
        yield Ground(live, address, replace(target, **_of_the_bounds(live.limits)))


@contextlib.asynccontextmanager
async def open_ground(hosts: tuple[str, ...] | None = None, **chosen: Any) -> AsyncIterator[Ground]:
    """A server that asks nobody for a token. Any: limits by name."""
    live = Headway(security=Security(hosts=hosts), limits=limits(**chosen))
    async with serving(live) as address:
        await live.publish("victim:run", "found", {"what": "TREASURE"}, key="found")
        yield Ground(live, address, Target(address.port, os.getpid(), **_of_the_bounds(live.limits)))


def _of_the_bounds(bounds: Limits) -> dict[str, Any]:  # Any: fields of a target
    return {
        "message_bytes": bounds.message_bytes,
        "body_bytes": bounds.body_bytes,
        "connections": bounds.address_connections,
        "subscriptions": bounds.subscriptions,
        "hold": 0.0,
    }


async def strike(attack: Attack, ground: Ground, **changes: Any) -> Mapping[str, int]:
    """Attack once, and return what was answered how often. Any: fields of the target."""
    foe = Foe(replace(ground.target, **changes))
    try:
        await attempt(attack, foe)
    finally:
        await foe.leave()
    RECORDS.append(Record(attack.name, attack.tried, Counter(foe.answers)))
    return dict(foe.answers)
