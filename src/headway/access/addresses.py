"""How much somebody may do, and how many connections an address may hold. Pure: the time comes in as an argument.

    Bucket      so many at once, and so many a second afterwards: one client's messages
    Buckets     a bucket for each of many names: requests of each user, tries to sign in
    Addresses   a seat for every connection: so many of all, so many of one address, so many new ones a second

An IPv6 address stands for its network (/64), which is what one subscriber is given; an IPv4 address written as IPv6 is
the IPv4 address. What holds nothing and has nothing left to pay is forgotten.
"""

from __future__ import annotations

import ipaddress
import math
from collections import Counter
from typing import Final

from headway.codes import Code
from headway.errors import Overloaded

__all__ = ["Addresses", "Bucket", "Buckets", "Seat", "network"]

_MOST_NAMES: Final = 100_000
"""Names whose buckets are not full, some 150 bytes each. With more of them at once somebody is inventing names."""
_LONGEST_NAME: Final = 255


class Bucket:
    """So many at once (`burst`), and so many a second afterwards (`rate`). A rate of 0 is no bound."""

    __slots__ = ("_depth", "_each", "_full_at")

    def __init__(self, rate: float, burst: float) -> None:
        self._each = 1.0 / rate if rate else 0.0
        self._depth = max(1.0, burst) * self._each
        self._full_at = -math.inf
        """When all that was taken has flowed back: the level as a time, so that nothing needs to be refilled."""

    def take(self, now: float, amount: float = 1.0) -> bool:
        """Take some if it is there; whether it was."""
        full_at = max(self._full_at, now) + amount * self._each
        if full_at - now > self._depth + 1e-9:
            return False
        self._full_at = full_at
        return True

    def spend(self, now: float, amount: float = 1.0) -> float:
        """Take some, there or not, and return the seconds until the debt is paid: 0 while there is none."""
        self._full_at = max(self._full_at, now) + amount * self._each
        return max(0.0, self._full_at - now - self._depth)

    def wait(self, now: float) -> float:
        """Seconds until one more is there."""
        return max(0.0, max(self._full_at, now) + self._each - now - self._depth)

    def full(self, now: float) -> bool:
        """Whether nothing remembers that anything was ever taken."""
        return self._full_at <= now


class Buckets:
    """A bucket for each of many names, and memory for those alone that are not full.

    Where so many names are in use that somebody must be inventing them, new ones share one bucket: forgetting an old
    one instead would let a guesser buy fresh tries with invented names.
    """

    def __init__(self, rate: float, burst: float, *, most: int = _MOST_NAMES) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: dict[str, Bucket] = {}
        self._crowd = Bucket(rate, burst)
        self._sweep_at = min(1024, most)
        self.refused = 0

    def take(self, name: str, now: float, amount: float = 1.0) -> bool:
        """Take some of a name's bucket; whether it was there."""
        if not self._rate:
            return True
        name = name[:_LONGEST_NAME]
        bucket = self._buckets.get(name) or self._new(name, now)
        if bucket.take(now, amount):
            return True
        self.refused += 1
        return False

    def wait(self, name: str, now: float) -> float:
        """Seconds until a name's bucket has one more."""
        bucket = self._buckets.get(name[:_LONGEST_NAME])
        return bucket.wait(now) if bucket is not None else 0.0

    def _new(self, name: str, now: float) -> Bucket:
        if len(self._buckets) >= self._sweep_at:
            self._buckets = {known: bucket for known, bucket in self._buckets.items() if not bucket.full(now)}
            # Twice of what is left, so that looking through all costs each newcomer the same, however many there are.
            self._sweep_at = min(max(1024, 2 * len(self._buckets)), self._most)
        if len(self._buckets) >= self._most:
            return self._crowd
        bucket = self._buckets[name] = Bucket(self._rate, self._burst)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)


class Seat:
    """The place one connection takes. Release it when the connection is gone."""

    __slots__ = ("_addresses", "_network")

    def __init__(self, addresses: Addresses, network: str | None) -> None:
        self._addresses: Addresses | None = addresses
        self._network = network

    def release(self) -> None:
        """The connection is gone. Idempotent."""
        addresses, self._addresses = self._addresses, None
        if addresses is not None:
            addresses._leave(self._network)


class Addresses:
    """Seats for connections. 0 is no bound."""

    def __init__(self, *, total: int, each: int, rate: float, burst: int) -> None:
        self._total = total
        self._each = each
        self._seated = 0
        self._held: dict[str, int] = {}
        self._arrivals = Buckets(rate, burst)
        self._refused = Counter({"connections": 0, "address_connections": 0, "address_rate": 0})

    def take(self, address: str | None, now: float) -> Seat:
        """A seat for a connection from an address; without one (a trusted proxy) it counts for the total alone.

        Raises `Overloaded`: with `Code.TOO_MANY` what the address did is too much, with `Code.OVERLOADED` what all did.
        """
        if self._total and self._seated >= self._total:
            raise self._refusal("connections", f"the server holds {self._total} connections, and takes no more", 1.0)
        name = network(address) if address is not None else None
        if name is not None:
            held = self._held.get(name, 0)
            if self._each and held >= self._each:
                raise self._refusal("address_connections", f"an address has at most {self._each} connections", 1.0)
            if not self._arrivals.take(name, now):
                wait = self._arrivals.wait(name, now)
                raise self._refusal("address_rate", "too many new connections from one address", wait)
            self._held[name] = held + 1
        self._seated += 1
        return Seat(self, name)

    @property
    def refused(self) -> dict[str, int]:
        """How many found no seat, by which limit."""
        return dict(self._refused)

    def statistics(self) -> dict[str, object]:
        """Who is here, and how many were refused by which limit."""
        return {"seated": self._seated, "addresses": len(self._held), "refused": dict(self._refused)}

    def _leave(self, name: str | None) -> None:
        self._seated -= 1
        if name is not None:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]

    def _refusal(self, limit: str, message: str, wait: float) -> Overloaded:
        self._refused[limit] += 1
        code = Code.OVERLOADED if limit == "connections" else Code.TOO_MANY
        return Overloaded(message, code=code, details={"limit": limit, "retry_after": max(1, math.ceil(wait))})


def network(address: str) -> str:
    """What counts as one address: IPv4 as it stands, of IPv6 the /64. What is no address stands for itself."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST_NAME]
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"
