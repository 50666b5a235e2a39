"""Who a request comes from where proxies stand in between.

Anybody can write `X-Forwarded-For`. So it is believed only from a peer that is a trusted proxy, and read from its right
end, where that proxy wrote: the first address there that is no trusted proxy is the client. What stands further to the
left is what the client itself claims.

    peer 10.0.0.2 (trusted)    X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.7 (trusted)    →  203.0.113.9
    peer 198.51.100.1          X-Forwarded-For: 10.0.0.2                                    →  198.51.100.1

`*` trusts whoever connects, but only what that one wrote: the last address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from headway.errors import UsageError

__all__ = ["Proxies"]

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MOST_HOPS: Final = 32
"""Proxies in a row. A header of 32 KB holds thousands of addresses, and none of the far ones counts."""


class Proxies:
    """The proxies that are trusted: addresses, networks, or `*` for everybody who connects. Raises `UsageError`."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        names = [name.strip() for name in trusted if name.strip()]
        self._everybody = "*" in names
        self._networks: list[_Network] = [_network(name) for name in names if name != "*"]

    def __bool__(self) -> bool:
        return self._everybody or bool(self._networks)

    def trust(self, address: str | None) -> bool:
        """Whether this peer is a trusted proxy."""
        if self._everybody:
            return True
        if not self._networks or address is None:
            return False
        parsed = _parsed(address)
        return parsed is not None and self._within(parsed)

    def client(self, peer: str | None, forwarded: Sequence[str]) -> str | None:
        """The address a request comes from, given the values of `X-Forwarded-For` in order.

        What is no address ends the search: the last proxy before it answers for whatever it let through.
        """
        if not self.trust(peer):
            return peer
        client = peer
        for hop in reversed(",".join(forwarded).rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]):
            parsed = _parsed(_bare(hop.strip()))
            if parsed is None:
                break
            client = str(parsed)
            if self._everybody or not self._within(parsed):
                break
        return client

    def _within(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)


def _network(name: str) -> _Network:
    try:
        return ipaddress.ip_network(name)
    except ValueError as error:
        raise UsageError(
            f"a trusted proxy is an address such as 10.0.0.2, a network such as 10.0.0.0/8, or *; not {name!r}: {error}"
        ) from error


def _parsed(address: str) -> _Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _bare(hop: str) -> str:
    """A hop without the port some proxies add: `203.0.113.9:4711`, `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
