"""What is large and legal: does it come through to the server? Both requests end with a refusal of the server's own, so
that nothing is stored; what matters is who refuses.
"""

from __future__ import annotations

from typing import Final

import httpx2

from headway.client.doctor.lines.interface import Told, Tools, read_answer, trouble_of
from headway.client.doctor.observed import Sizes, Stage, Trouble
from headway.client.transports.http import new_http
from headway.client.transports.interface import bearer
from headway.limits import Limits

__all__ = ["examine_sizes"]

_ADDRESS: Final = 4_000
"""Bytes: a stream of 128 channels, each with its position."""
_BODY: Final = Limits().event_bytes + 1_000
"""Bytes: one event of the greatest size, and what stands around it."""
_PATIENCE: Final = 2
"""Times the usual patience: a megabyte takes a while."""


async def examine_sizes(tools: Tools, *, publish: bool) -> Sizes:
    """Send a long address, and, where publishing is allowed at all, a large body."""
    long = tools.address.channel(tools.channel, "events", {"since": "x" * _ADDRESS})
    address = await _sent(tools, "GET", long, b"")
    if not publish:
        return Sizes(address, _ADDRESS)
    body = await _sent(tools, "POST", tools.address.channel(tools.channel, "events"), b" " * _BODY)
    return Sizes(address, _ADDRESS, body, _BODY)


async def _sent(tools: Tools, method: str, url: str, body: bytes) -> Trouble | None:
    """None: the server itself has read it, and says what is wrong with it."""
    patience = tools.patience.answer
    try:
        async with new_http(tools.address) as http:
            response = await http.request(
                method,
                url,
                content=body or None,
                headers=bearer(tools.token),
                timeout=httpx2.Timeout(patience * _PATIENCE, connect=patience),
            )
    except (httpx2.HTTPError, OSError) as error:
        return trouble_of(error, Stage.OPEN)
    trouble = read_answer(Told(response.status_code, response.headers, response.content), Stage.OPEN)
    return None if trouble.code is not None and trouble.status == 400 else trouble
