"""Which addresses this server may fetch on somebody's behalf: checks, logins and hooks are written by users.

    Egress()                                         private networks and loopback too: Headway watches what is inside
    Egress(allow_private=False)                      the public internet alone
    Egress(allow=networks("169.254.7.0/24"))         what is refused otherwise, by name
    Egress(deny=networks("10.0.0.0/8"))              refused whatever else is said

The law:
1. A name is resolved once. Each address it stands for is judged, and one bad address refuses the name.
2. The connection goes to an address that was judged, never to the name again: a name that changes its mind between
   the check and the connection (DNS rebinding) gains nothing.
3. An address is judged by itself and by every IPv4 address it carries: mapped, compatible, NAT64, 6to4, Teredo.
4. A redirect is a new fetch: who follows one begins at `Target.of` again.
5. Link-local addresses, metadata services of clouds, multicast and the unspecified are refused unless named. The tests
   of `ipaddress` are not asked: they differ between versions of Python and call 100.64.0.1 and 192.0.0.192 neither.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from headway.codes import Code
from headway.errors import HeadwayError, UsageError

__all__ = ["Address", "Egress", "Network", "Refused", "Target", "Unresolved", "address_of", "networks"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

_MOST: Final = 8
"""Addresses of one name that are tried. Large services publish four to eight."""


class Refused(HeadwayError):
    """This server does not fetch that. `reason` is one word for programs."""

    default = Code.FORBIDDEN

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, details={"reason": reason})
        self.reason = reason


class Unresolved(HeadwayError):
    """The name stands for no address, or nobody could be asked (`temporary`)."""

    default = Code.NOT_FOUND

    def __init__(self, message: str, *, temporary: bool) -> None:
        super().__init__(message, details={"temporary": temporary})
        self.temporary = temporary


def networks(*texts: str) -> tuple[Network, ...]:
    """Networks as people write them: `10.0.0.0/8`, `fd00::/8`, one address. Raises `UsageError`."""
    try:
        return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts)
    except ValueError as error:
        raise UsageError(f"{error}; write a network like 10.0.0.0/8 or fd00::/8") from error


_ALWAYS: Final[tuple[tuple[str, str, tuple[Network, ...]], ...]] = (
    (
        "metadata",
        "the metadata service of a cloud",
        # AWS, Google, Azure and most others; AWS over IPv6; Google over IPv6; Alibaba; Oracle; Azure's wire server.
        networks("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    ),
    ("link_local", "a link-local address", networks("169.254.0.0/16", "fe80::/10")),
    ("multicast", "a multicast address", networks("224.0.0.0/4", "ff00::/8")),
    ("unspecified", "no address of a machine", networks("0.0.0.0/8", "::/128")),
    # NAT64 for local use may carry any IPv4 address, and where it stands in it only the network knows.
    ("reserved", "a reserved address", networks("240.0.0.0/4", "64:ff9b:1::/48", "100::/64")),
)

_INSIDE: Final[tuple[tuple[str, str, tuple[Network, ...]], ...]] = (
    ("loopback", "this machine itself", networks("127.0.0.0/8", "::1/128")),
    (
        "private",
        "a private network",
        networks(
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10",
            "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15",
            "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32",
        ),
    ),
)  # fmt: skip

_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as this machine's resolver knows them. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Egress:
    """What may be fetched, and the way there."""

    allow_private: bool = True
    """Loopback and private networks. Applications of a company are there."""
    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()
    lookup: Lookup = system_lookup

    def judge(self, address: Address) -> Refused | None:
        """What speaks against an address."""
        for form in _forms(address):
            if (against := self._against(form)) and (against[0] == "denied" or not _within(address, self.allow)):
                reason, what = against
                return Refused(f"{_said(address, form)} is {what}, and this server does not fetch from there", reason)
        return None

    def _against(self, form: Address) -> tuple[str, str] | None:
        if _within(form, self.deny):
            return "denied", "in a network that its settings forbid"
        if _within(form, self.allow):
            return None
        for reason, what, where in _ALWAYS if self.allow_private else _ALWAYS + _INSIDE:
            if _within(form, where):
                return reason, what
        return None

    async def addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """Where a host is. Each address may be connected to. Raises `Refused` and `Unresolved`. Cancel freely."""
        known = address_of(host)
        found = [known] if isinstance(known, Address) else await self._ask(known, port)
        for address in found:
            if against := self.judge(address):
                if not isinstance(known, Address):
                    raise Refused(f"{host} stands for an address that is refused: {against}", against.reason)
                raise against
        return tuple(found[:_MOST])

    async def _ask(self, name: str, port: int) -> list[Address]:
        try:
            answers = await self.lookup(name, port)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise Unresolved(f"no resolver could say where {name} is", temporary=True) from error
            raise Unresolved(f"there is no host {name}", temporary=False) from error
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"{name} cannot be looked up: {error}", temporary=True) from error
        if not answers:
            raise Unresolved(f"the name {name} has no address", temporary=False)
        return [ipaddress.ip_address(answer) for answer in dict.fromkeys(answers)]

    async def connect(self, addresses: Sequence[Address], port: int, within: float) -> tuple[socket.socket, Address]:
        """A connection to the first address that takes one. The socket is the caller's to close. An address that says
        nothing has its share of the time. Raises `Refused`, `TimeoutError` and `OSError`; cancel freely."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        failure: OSError = OSError("there is no address to connect to")
        for index, address in enumerate(addresses):
            if against := self.judge(address):
                raise against
            try:
                async with asyncio.timeout((deadline - loop.time()) / (len(addresses) - index)):
                    return await _connected(address, port), address
            except OSError as error:  # TimeoutError is one
                failure = error
        raise failure


async def _connected(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setblocking(False)
        await asyncio.get_running_loop().sock_connect(one, (str(address), port))
    except BaseException:  # also a cancellation: the socket is nobody's yet
        one.close()
        raise
    return one


def _within(address: Address, where: Iterable[Network]) -> bool:
    return any(address in network for network in where)


def _said(address: Address, form: Address) -> str:
    return str(address) if address == form else f"{address} (that is {form})"


def _forms(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses it may end at."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    # `::` and `::1` have a meaning of their own, and so little above them is no address of anything.
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 0xFFFF):
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")


def address_of(host: str) -> Address | str:
    """A host as it stands in a URL: an address in any of its spellings, or a name in its plain one. IPv4 also as the
    C library reads it: `127.1`, `2130706433`, `0x7f000001`, `0177.0.0.1`. Raises `Refused`."""
    text = host.strip("[]") if host.startswith("[") and host.endswith("]") else host
    if ":" in text:
        try:
            return ipaddress.IPv6Address(text)
        except ValueError as error:
            raise Refused(f"{host!r} is no address", "bad_host") from error
    try:
        # Also makes ASCII of digits and dots that only look like them.
        plain = text.encode("idna").decode().lower() if not text.isascii() else text.lower()
    except UnicodeError as error:
        raise Refused(f"{host!r} is no name of a host", "bad_host") from error
    plain = plain.removesuffix(".")
    if _NUMBER.fullmatch(plain.rpartition(".")[2]):
        return _spelled(plain)
    if len(plain) > 253 or not _NAME.fullmatch(plain):
        raise Refused(f"{host!r} is no name of a host", "bad_host")
    return plain


def _spelled(text: str) -> ipaddress.IPv4Address:
    """One to four numbers, decimal, octal or hexadecimal; the last one fills what is left."""
    parts = text.split(".")
    try:
        if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
            raise ValueError
        *firsts, last = [_number(part) for part in parts]
        room = 8 * (4 - len(firsts))
        if any(first > 255 for first in firsts) or last >= 1 << room:
            raise ValueError
    except ValueError as error:
        raise Refused(f"{text!r} is no address", "bad_host") from error
    return ipaddress.IPv4Address(sum(first << 24 - 8 * index for index, first in enumerate(firsts)) + last)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


_PORTS: Final = {"http": 80, "https": 443}
_SAFE: Final = "%/:=&?~+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL names, for a fetch over HTTP."""

    scheme: str
    host: str
    """An address or a name, in its plain spelling."""
    port: int
    path: str
    """With the query, percent-encoded."""

    @classmethod
    def of(cls, url: str) -> Target:
        """Read a URL. Raises `Refused` with what is wrong with it."""
        if any(character <= " " or character in "\\\x7f" for character in url):
            raise Refused("a URL holds no spaces, control characters or backslashes", "bad_url")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Refused(f"{url!r} is no URL: {error}", "bad_url") from error
        if parts.scheme not in _PORTS:
            raise Refused(
                f"{parts.scheme or 'nothing'!r} is no scheme to fetch by; write http:// or https://", "scheme"
            )
        if parts.username is not None or parts.password is not None:
            raise Refused("a URL holds no user name or password; send them in a header", "credentials")
        if not parts.hostname or port == 0:
            raise Refused(f"{url!r} names no host to connect to", "bad_url")
        path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
        host = str(address_of(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname))
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], path)

    def joined(self, reference: str) -> Target:
        """Where a reference on this target leads, as in `Location`. Raises `Refused`."""
        if any(character <= " " or character == "\x7f" for character in reference):
            # urljoin drops some of them without a word.
            raise Refused("a URL holds no spaces, control characters or backslashes", "bad_url")
        try:
            return Target.of(urljoin(str(self), reference))
        except ValueError as error:
            raise Refused(f"{reference!r} is no URL: {error}", "bad_url") from error

    @property
    def origin(self) -> tuple[str, str, int]:
        """What two URLs have in common that may share credentials."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the usual one, as the `Host` header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"
