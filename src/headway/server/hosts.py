"""By which names a server may be called.

A page of evil.example can have its own name lead to 127.0.0.1 (DNS rebinding): to the browser the server on this
machine is then of the page's own origin, and the page may read and write it. The browser still says which name it
called. So a server that asks nobody for a token, because only this machine can reach it, answers to this machine's
names alone: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`, and what the setting `hosts` adds.

A server that asks for tokens needs no such check: the page has none to show, and a cookie belongs to the true name. Nor
does `Headway()` mounted in an application, unless it is told its names: which names are right, and whether that is
checked already, is the application's business.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from headway.codes import Code
from headway.errors import HeadwayError
from headway.transports.requests import Scope, header

__all__ = ["Hosts", "local", "name_of"]

_REMEMBERED: Final = 64
"""Values of `Host` found good. There are few, and each is looked at once."""


class Hosts:
    """The names a server answers to, besides this machine's own. None: every name."""

    def __init__(self, names: Iterable[str] | None) -> None:
        self._names = None if names is None else frozenset(name.strip().lower().rstrip(".") for name in names)
        if self._names is not None and "*" in self._names:
            self._names = None
        self._good: set[str] = set()

    def check(self, scope: Scope) -> None:
        """Raise `HeadwayError` with `misdirected` if the request calls the server by a name it does not answer to.

        Without the header no browser asks, and the name of no page has led here.
        """
        if self._names is None:
            return
        host = header(scope, b"host")
        if host is None or host in self._good:
            return
        name = name_of(host)
        if not (local(name) or name in self._names or host.lower() in self._names):
            raise HeadwayError(
                "this server does not answer for this host name; see the setting 'hosts'",
                code=Code.MISDIRECTED,
                details={"host": host[:255]},
            )
        if len(self._good) < _REMEMBERED:
            self._good.add(host)


def name_of(host: str) -> str:
    """The name in a `Host` header: lower case, without port, brackets and the dot at the end."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def local(name: str) -> bool:
    """Whether a name always means the machine it is said on."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
