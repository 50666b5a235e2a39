"""Requests behind proxies: what of them is believed, and from whom."""

from __future__ import annotations

from typing import Any

import pytest

from headway.access.proxies import Proxies
from headway.server.forwarding import as_sent
from headway.transports.requests import client_of, secure

OURS = Proxies(["10.0.0.2"])


def scope(peer: str | None, type: str = "http", scheme: str | None = None, **headers: str) -> dict[str, Any]:
    """A request as a server passes it on. Any: ASGI's own shapes."""
    return {
        "type": type,
        "scheme": scheme or {"http": "http", "websocket": "ws"}[type],
        "client": (peer, 4711) if peer is not None else None,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


def test_a_trusted_proxy_says_who_asks_and_how() -> None:
    """The client's own address, and TLS up to the proxy."""
    request = scope("10.0.0.2", x_forwarded_for="6.6.6.6, 203.0.113.9", x_forwarded_proto="https")
    seen = as_sent(request, OURS)

    assert (client_of(seen), secure(seen), seen["scheme"]) == ("203.0.113.9", True, "https")
    assert (client_of(request), secure(request)) == ("10.0.0.2", False)


@pytest.mark.parametrize("proxies", [Proxies(), OURS])
def test_nobody_else_is_believed(proxies: Proxies) -> None:
    """A forged header changes nothing, not even from this machine."""
    request = scope("127.0.0.1", x_forwarded_for="10.0.0.2", x_forwarded_proto="https")

    assert as_sent(request, proxies) is request
    assert (client_of(request), secure(request)) == ("127.0.0.1", False)


@pytest.mark.parametrize(
    ("type", "told", "scheme"),
    [
        ("websocket", "https", "wss"),
        ("websocket", "wss", "wss"),
        ("websocket", "http", "ws"),
        ("http", "wss", "https"),
        ("http", "HTTPS", "https"),
        ("http", "https, http", "http"),
        ("http", "http, https", "https"),
        ("http", "gopher", "http"),
        ("http", "", "http"),
    ],
)
def test_the_scheme_is_the_last_that_was_told(type: str, told: str, scheme: str) -> None:
    """The one the trusted proxy wrote; what is no scheme changes nothing."""
    assert as_sent(scope("10.0.0.2", type, x_forwarded_proto=told), OURS)["scheme"] == scheme


def test_tls_that_ends_here_is_not_talked_away() -> None:
    """Without a word of the proxy everything stays as the server saw it."""
    seen = as_sent(scope("10.0.0.2", scheme="https"), OURS)

    assert (client_of(seen), secure(seen)) == ("10.0.0.2", True)


def test_a_server_without_addresses_is_no_mistake() -> None:
    """As on a Unix socket."""
    assert client_of(as_sent(scope(None, x_forwarded_for="203.0.113.9"), OURS)) == ""
    assert client_of(as_sent(scope(None, x_forwarded_for="203.0.113.9"), Proxies(["*"]))) == "203.0.113.9"
