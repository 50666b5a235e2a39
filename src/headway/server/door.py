"""The door of the server: a seat for each TCP connection, and short answers for those who get no further.

    429  too_many            this address holds too many connections, or opens them too fast
    503  overloaded          all seats are taken
    400  bad_message         this is not HTTP, or can be read in two ways
    408  timeout             the headers did not arrive in time
    431  headers_too_large   too many headers, or too many bytes of them

The connections of a trusted proxy are those of many people: they count for the total alone, and the application gives
each client behind it a seat of its own.
"""

from __future__ import annotations

import http
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from headway.access.addresses import Addresses, Seat
from headway.access.proxies import Proxies
from headway.errors import HeadwayError
from headway.limits import Limits
from headway.server.protection import ALWAYS
from headway.transports.requests import error_answer

__all__ = ["Door", "short_answer"]

logger = logging.getLogger("headway.server")

_MOST_PARTING: Final = 256
"""Connections that are given the time to read why they end. In a flood the others are cut: files are needed."""


class Door:
    """Who is let in to one server, and what happened to the others."""

    def __init__(self, limits: Limits, proxies: Proxies | None = None, *, most: int | None = None) -> None:
        self.limits = limits
        self._proxies = proxies or Proxies()
        total = limits.connections if most is None else min(limits.connections, most) if limits.connections else most
        self._addresses = Addresses(
            total=total,
            each=limits.address_connections,
            rate=limits.address_rate,
            burst=limits.address_burst,
        )
        self._ended: Counter[str] = Counter(
            {"malformed": 0, "headers": 0, "header_seconds": 0, "unread_seconds": 0, "pipelined": 0}
        )
        self._parting = 0
        self._advised = False

    def enter(self, peer: str | None, now: float) -> Seat:
        """A seat for a connection of this peer. Raises `Overloaded`. A peer without an address is on this machine."""
        return self._addresses.take(None if peer is None or self._proxies.trust(peer) else peer, now)

    def ended(self, reason: str) -> None:
        """Count a connection that was ended because it broke a rule."""
        self._ended[reason] += 1

    def begin_parting(self) -> bool:
        """Whether one more connection may stay until its last answer is read; `end_parting` afterwards."""
        if self._parting >= _MOST_PARTING:
            return False
        self._parting += 1
        return True

    def end_parting(self) -> None:
        """A connection that was given time has gone."""
        self._parting -= 1

    def refused_said(self, peer: str | None, data: bytes) -> None:
        """What somebody sent who found no seat. If that is a proxy, its people are taken for one: say so, once."""
        if not self._advised and b"x-forwarded-for:" in data.lower():
            self._advised = True
            logger.warning(
                "! connections of %s are refused as those of one client, and it speaks for others (X-Forwarded-For). "
                "If it is your proxy, set HEADWAY_TRUSTED_PROXIES to its address.",
                peer,
            )

    @property
    def refused(self) -> dict[str, int]:
        """Who was not let in, by which limit, and whose connection was ended why."""
        return {**self._addresses.refused, **self._ended}

    def statistics(self) -> dict[str, Any]:  # Any: numbers for people
        """Who is here, who was refused by which limit, and whose connection was ended why."""
        return {**self._addresses.statistics(), "ended": dict(self._ended)}


def short_answer(error: HeadwayError, more: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """A whole HTTP answer that ends the connection."""
    status, headers, body = error_answer(error)
    lines = [b"HTTP/1.1 %d %b" % (status, http.HTTPStatus(status).phrase.encode())]
    said = {b"connection": b"close", **dict(more), **dict(ALWAYS), **dict(headers)}
    lines += [b"%b: %b" % pair for pair in said.items()]
    return b"\r\n".join([*lines, b"", body])
