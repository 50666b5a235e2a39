"""One attempt at a check, whatever its kind: bounded in time, and always an outcome.

Raises for nothing that the application or the network did. Only a cancellation gets through, and leaves nothing open.
"""

from __future__ import annotations

import asyncio
from typing import assert_never

from headway.apps.monitor.checks import dns, http, tcp, tls
from headway.apps.monitor.checks.configuration import DnsCheck, HttpCheck, TcpCheck, TlsCheck
from headway.apps.monitor.checks.connection import Found, failed_in
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.outcome import Outcome
from headway.apps.monitor.checks.stopwatch import Stopwatch
from headway.apps.monitor.checks.verdict import failure

__all__ = ["Asking", "probe"]

Asking = HttpCheck | TcpCheck | TlsCheck | DnsCheck
"""The checks that ask. A push check is told."""


async def probe(check: Asking, means: Means) -> Outcome:
    """Ask once, within the check's timeout. Cancel freely."""
    seconds = check.timeout / 1000
    found = Found(Stopwatch(means.clock), deadline=asyncio.get_running_loop().time() + seconds)
    try:
        async with asyncio.timeout(seconds) as found.timer:
            return await _asked(check, means, found)
    except TimeoutError:
        found.watch.stop()
        return failure(failed_in(found.watch.phase, seconds), found)


async def _asked(check: Asking, means: Means, found: Found) -> Outcome:
    match check:
        case HttpCheck():
            return await http.probe(check, means, found)
        case TcpCheck():
            return await tcp.probe(check, means, found)
        case TlsCheck():
            return await tls.probe(check, means, found)
        case DnsCheck():
            return await dns.probe(check, means, found)
        case _:
            assert_never(check)
