"""What every HTTP answer tells the browser, so that it does not do on anybody's behalf what was not meant.

A page says more of its own (`pages.py`), and what an answer says already is not said twice.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from headway.server.hosts import local, name_of
from headway.transports.requests import Headers, Scope, Send, header, secure

__all__ = ["ALWAYS", "protecting"]

_CORP: Final = b"cross-origin-resource-policy"
_SAME_ORIGIN: Final = (_CORP, b"same-origin")
_CROSS_ORIGIN: Final = (_CORP, b"cross-origin")

_OF_ALL: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
ALWAYS: Final = (*_OF_ALL, _SAME_ORIGIN)
"""What an answer says that no application wrote."""

_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
"""A year. Without `includeSubDomains`: other servers of the domain are not ours to decide about."""

_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})
_ALLOWANCE: Final = b"access-control-allow-origin"


def protecting(scope: Scope, send: Send) -> Send:
    """A `send` that adds to every answer what it does not say itself.

    It stands outside `crossorigin.telling`: whom that allows may also embed the answer.
    """
    strict = [_HSTS] if secure(scope) and not local(name_of(header(scope, b"host") or "")) else []

    async def protect(message: MutableMapping[str, Any]) -> None:  # Any: an ASGI message
        if message["type"] in _STARTS:
            message["headers"] = _completed(message.get("headers", ()), strict)
        await send(message)

    return protect


def _completed(headers: Any, strict: Headers) -> Headers:  # Any: ASGI takes any iterable of pairs
    said = {name for name, _ in headers}
    added = [pair for pair in _OF_ALL if pair[0] not in said]
    if _CORP not in said:
        added.append(_CROSS_ORIGIN if _ALLOWANCE in said else _SAME_ORIGIN)
    return [*headers, *added, *strict]
