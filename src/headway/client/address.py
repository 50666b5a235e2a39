"""Where a Headway is found: one URL, from which every transport makes its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from headway.errors import UsageError

__all__ = ["Address"]

_WEB = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
"""Schemes that are taken, and what a WebSocket has instead."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server: host and port, and the path below which it is mounted."""

    secure: bool
    place: str
    client: str = ""
    """What this client calls itself: to a server that bounds connections, those of one name are one while it changes
    from one transport to another."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL such as `http://127.0.0.1:4000`, `https://example.org/live`, or just `localhost:4000`. Raises
        `UsageError`."""
        spelled = url if "://" in url else f"http://{url}"
        try:
            parts = urlsplit(spelled)
            _ = parts.port  # read, because only reading it checks it
        except ValueError as error:
            raise UsageError(f"{url!r} is no URL: {error}") from None
        if parts.scheme not in _WEB or not parts.hostname:
            raise UsageError(f"{url!r} is no URL of a server; one looks like http://127.0.0.1:4000")
        if parts.query or parts.fragment:
            raise UsageError(f"{url!r} holds more than a server's address; leave out what follows the path")
        return cls(_WEB[parts.scheme] == "wss", parts.netloc + parts.path.rstrip("/"))

    def __str__(self) -> str:
        return self.http("")

    def http(self, path: str, query: dict[str, str] | None = None) -> str:
        """The URL of a path."""
        return f"{'https' if self.secure else 'http'}://{self.place}{path}{_query(query)}"

    def ws(self, path: str, query: dict[str, str] | None = None) -> str:
        """The WebSocket URL of a path."""
        return f"{'wss' if self.secure else 'ws'}://{self.place}{path}{_query({**(query or {}), **self.name})}"

    @property
    def name(self) -> dict[str, str]:
        """The part of a query that says which client connects."""
        return {"client": self.client} if self.client else {}

    def channel(self, name: str, what: str, query: dict[str, str] | None = None) -> str:
        """The URL of something of a channel: its events, its stream."""
        return self.http(f"/api/channels/{quote(name, safe='')}/{what}", query)


def _query(query: dict[str, str] | None) -> str:
    return f"?{urlencode(query)}" if query else ""
