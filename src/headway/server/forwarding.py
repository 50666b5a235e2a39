"""Requests as their clients sent them, where trusted proxies stand in between: `client` and `scheme` of the scope.

A server that goes by `X-Forwarded-For` for everybody is told any address by anybody; `access/proxies.py` has the rule.
"""

from __future__ import annotations

from headway.access.proxies import Proxies
from headway.transports.requests import Scope

__all__ = ["as_sent"]

_PLAIN = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_SOCKET = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def as_sent(scope: Scope, proxies: Proxies) -> Scope:
    """The scope with the client's own address and scheme, if a trusted proxy told them; otherwise as it is."""
    client = scope.get("client")
    peer = str(client[0]) if client else None
    if not proxies.trust(peer):
        return scope
    forwarded: list[str] = []
    scheme: str | None = None
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            forwarded.append(value.decode("latin-1"))
        elif name == b"x-forwarded-proto":
            # The last: what stands before it was there when the trusted proxy got the request.
            scheme = value.decode("latin-1").rpartition(",")[2].strip().lower()
    address = proxies.client(peer, forwarded)
    schemes = _SOCKET if scope["type"] == "websocket" else _PLAIN
    changed = {**scope, "scheme": schemes.get(scheme or "", scope.get("scheme", "http"))}
    if address is not None and address != peer:
        changed["client"] = (address, 0)
    return changed
