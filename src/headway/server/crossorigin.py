"""What browsers are told about pages of other origins (the Fetch standard's CORS): only that the allowed ones are
allowed.

A page of the same origin needs nothing. Credentials are allowed to pages named one by one, never to `*`.
"""

from __future__ import annotations

from collections.abc import Collection, MutableMapping
from typing import Any

from headway.transports.requests import Headers, Scope, Send, answer, header

__all__ = ["answer_preflight", "is_preflight", "telling"]

_METHODS = b"GET, HEAD, POST"
_REQUEST_HEADERS = b"authorization, content-type, idempotency-key, if-none-match, last-event-id"
_ANSWER_HEADERS = b"etag, retry-after"
_REMEMBER = b"600"
"""Seconds a browser may remember the answer; after a change of the setting it should not take longer to have effect."""


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks on behalf of a page if it may."""
    return scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None


async def answer_preflight(send: Send) -> None:
    """The page is allowed (`send` tells so): say what it may send."""
    headers = [
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _REQUEST_HEADERS),
        (b"access-control-max-age", _REMEMBER),
    ]
    await answer(send, 204, b"", headers)


def telling(scope: Scope, send: Send, allow_list: Collection[str]) -> Send:
    """A `send` that tells the browser, in every answer to an allowed page, that it is allowed."""
    allowance = _allowance(scope, allow_list)
    if not allowance:
        return send

    async def tell(message: MutableMapping[str, Any]) -> None:  # Any: an ASGI message
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *allowance, (b"access-control-expose-headers", _ANSWER_HEADERS)]
        await send(message)

    return tell


def _allowance(scope: Scope, allow_list: Collection[str]) -> Headers:
    origin = header(scope, b"origin")
    if origin is None or not allow_list:
        return []
    if origin.lower().rstrip("/") in allow_list:
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"Origin"),
        ]
    return [(b"access-control-allow-origin", b"*")] if "*" in allow_list else []
