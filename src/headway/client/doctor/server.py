"""The server, as its health check shows it; who we are to it; and a channel to examine with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.doctor.lines.interface import Told, answerer, read_answer, trouble_of
from headway.client.doctor.observed import Access, ServerSeen, Stage
from headway.client.doctor.patience import Patience
from headway.client.transports.http import new_http
from headway.client.transports.interface import Fields, bearer
from headway.clock import Clock
from headway.codes import Code

__all__ = ["channel_for", "examine_access", "examine_server"]

_HEALTH: Final = "/api/health"
_MOST_ABOVE: Final = 4
"""Parts of a path that are left out, one after the other, to see where the server is."""
_WHOLE_SECOND: Final = 0.5
"""The `Date` header names the second that has begun: half a second later on the average."""


async def examine_server(address: Address, token: str | None, patience: Patience, clock: Clock) -> ServerSeen:
    """Ask for its health."""
    try:
        async with new_http(address) as http:
            seen = await _ask(http, address, token, patience, clock)
            if seen.headway or seen.trouble is None or seen.trouble.code not in (None, Code.NOT_FOUND):
                return seen
            return replace(seen, elsewhere=await _elsewhere(http, address, patience, clock))
    except (httpx2.HTTPError, OSError) as error:
        return ServerSeen(trouble=trouble_of(error, Stage.OPEN))


async def examine_access(address: Address, token: str | None, patience: Patience, id: str) -> Access:
    """Ask who we are, and choose a channel that nobody else reads."""
    nobody = Access(given=token is not None)
    try:
        async with new_http(address) as http:
            told = await _get(http, address.http("/api/me"), token, patience)
            if told.status != 200:
                trouble = read_answer(told, Stage.OPEN)
                stripped = False
                if token is not None and trouble.code is Code.UNAUTHORIZED:
                    # The server tells a bad token from none; so if it says the same without one, none arrived.
                    without = await _get(http, address.http("/api/me"), None, patience)
                    stripped = read_answer(without, Stage.OPEN).reason == trouble.reason
                return replace(nobody, trouble=trouble, stripped=stripped)
            me: Any = msgspec.json.decode(told.body)  # Any: JSON
            channel, fresh, publish = channel_for(me["channels"], me["publish"], id)
            quiet = channel_for(me["channels"], me["publish"], f"{id}-quiet")[0] if fresh else None
    except (httpx2.HTTPError, OSError, msgspec.DecodeError, LookupError, TypeError, ValueError) as error:
        return replace(nobody, trouble=trouble_of(error, Stage.OPEN))
    who = replace(nobody, user=me.get("user"), role=me.get("role"))
    return replace(who, channel=channel, quiet=quiet, fresh=fresh, publish=publish)


def channel_for(read: Sequence[str], publish: Sequence[str], id: str) -> tuple[str | None, bool, bool]:
    """A channel that the token lets us read: its name, whether it is nobody's but ours, and whether we may publish to
    it. To a channel that may be somebody's nothing is published."""
    for patterns in (publish, read):
        for pattern in patterns:
            if "*" not in pattern:
                continue
            name = f"doctor:{id}" if pattern == "*" else pattern.replace("*", f"doctor-{id}", 1).replace("*", "")
            if _covered(name, read):
                return name, True, _covered(name, publish)
    return (read[0], False, False) if read else (None, False, False)


async def _ask(
    http: httpx2.AsyncClient, address: Address, token: str | None, patience: Patience, clock: Clock
) -> ServerSeen:
    told = await _get(http, address.http(_HEALTH), token, patience)
    skew = _skew(told.headers.get("date"), clock)
    seen = ServerSeen(told.status, by=answerer(told.headers), skew=skew, location=told.headers.get("location"))
    details = _details(told.body)
    if details is None:
        return replace(seen, trouble=read_answer(told, Stage.OPEN))
    checks: Any = details.get("checks") or {}  # Any: JSON
    ailing = tuple(
        str(check.get("message", name)) for name, check in checks.items() if check.get("status") != "healthy"
    )
    version = details.get("version")
    return replace(seen, headway=True, healthy=told.status == 200, version=version, ailing=ailing)


async def _elsewhere(http: httpx2.AsyncClient, address: Address, patience: Patience, clock: Clock) -> str | None:
    """Whether there is a Headway further up the path."""
    above = address
    for _ in range(_MOST_ABOVE):
        if "/" not in above.place:
            return None
        above = Address(address.secure, above.place.rpartition("/")[0])
        if (await _ask(http, above, None, patience, clock)).headway:
            return str(above)
    return None


async def _get(http: httpx2.AsyncClient, url: str, token: str | None, patience: Patience) -> Told:
    response = await http.get(url, headers=bearer(token), timeout=patience.answer)
    return Told(response.status_code, response.headers, response.content)


def _details(body: bytes) -> Fields | None:
    """What the health of a Headway says; None: it is something else."""
    try:
        fields: Any = msgspec.json.decode(body)  # Any: JSON
        details = fields["details"]
        return dict(details) if fields["status"] in ("healthy", "degraded") and details["server"] == "running" else None
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        return None


def _skew(date: str | None, clock: Clock) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp() + _WHOLE_SECOND - clock.now()
    except (ValueError, OverflowError):
        return None


def _covered(name: str, patterns: Sequence[str]) -> bool:
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None for pattern in patterns
    )
