"""Which addresses a login test may visit: the rules of egress, asked from a browser's thread and at its gate."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from headway.browsers.doing import Allowed
from headway.browsers.gate import Connect
from headway.egress import Egress, Refused, Target, Unresolved

__all__ = ["allowed_by", "connect_by"]

_CONNECT_SECONDS: Final = 15.0
"""For one connection. Half of what a page has to load in."""
_LOOKUP_SECONDS: Final = 10.0
"""For a name to be looked up. The resolver's own bound is five seconds a server."""


def allowed_by(egress: Egress, loop: asyncio.AbstractEventLoop) -> Allowed:
    """Ask these rules, in this loop, from any other thread. A name that nobody knows is for the fetch to report."""

    def allowed(url: str) -> bool:
        asking = asyncio.run_coroutine_threadsafe(_allowed(egress, url), loop)
        return asking.result(_LOOKUP_SECONDS + 1.0)

    return allowed


async def _allowed(egress: Egress, url: str) -> bool:
    try:
        target = Target.of(url)
        async with asyncio.timeout(_LOOKUP_SECONDS):
            await egress.addresses(target.host, target.port)
    except Refused:
        return False
    except (Unresolved, TimeoutError):
        return True
    return True


def connect_by(egress: Egress) -> Connect:
    """Connect to an address that these rules have judged, for `Gate`."""

    async def connect(host: str, port: int) -> socket.socket:
        found = await egress.addresses(host, port)
        connected, _ = await egress.connect(found, port, _CONNECT_SECONDS)
        return connected

    return connect
