"""What every answer tells the browser."""

from __future__ import annotations

from typing import Any

import pytest

from headway.server.crossorigin import telling
from headway.server.protection import protecting

Message = dict[str, Any]  # Any: ASGI's own shapes


def scope(scheme: str = "http", host: str = "app.example.org", origin: str | None = None) -> Message:
    """A request."""
    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
    return {"type": "http", "scheme": scheme, "headers": headers}


async def told(
    request: Message, *said: tuple[bytes, bytes], origins: tuple[str, ...] = ()
) -> list[tuple[bytes, bytes]]:
    """The headers of an answer."""
    sent: list[Message] = []

    async def send(message: Any) -> None:  # Any: an ASGI message
        sent.append(message)

    protected = telling(request, protecting(request, send), origins)
    await protected({"type": "http.response.start", "status": 200, "headers": list(said)})
    await protected({"type": "http.response.body", "body": b"", "more_body": False})
    assert len(sent) == 2
    headers: list[tuple[bytes, bytes]] = sent[0]["headers"]
    assert len(dict(headers)) == len(headers), "a header is said twice"
    return headers


async def test_every_answer_is_protected() -> None:
    """It is no page, is in no frame, is what it says, tells nobody where it stands, and is for its own origin."""
    assert await told(scope(), (b"etag", b"x")) == [
        (b"etag", b"x"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]


async def test_a_page_keeps_what_it_says_itself() -> None:
    """A policy of its own is neither replaced nor said twice."""
    policy = (b"content-security-policy", b"default-src 'self'")

    assert policy in await told(scope(), policy)


@pytest.mark.parametrize(("scheme", "strict"), [("http", False), ("https", True)])
@pytest.mark.parametrize(
    ("host", "alone"), [("app.example.org", True), ("localhost:4000", False), ("127.0.0.1", False)]
)
async def test_a_browser_that_came_through_tls_shall_do_so_again(
    scheme: str, strict: bool, host: str, alone: bool
) -> None:
    """But not at a name that every machine has: there the browser would turn other programs' doors into walls."""
    assert (b"strict-transport-security" in dict(await told(scope(scheme, host)))) == (strict and alone)


@pytest.mark.parametrize(
    ("origin", "policy"),
    [
        ("https://friend.example", b"cross-origin"),
        ("https://stranger.example", b"same-origin"),
        (None, b"same-origin"),
    ],
)
async def test_an_allowed_page_may_embed_what_it_may_read(origin: str | None, policy: bytes) -> None:
    """And nobody else."""
    headers = dict(await told(scope(origin=origin), origins=("https://friend.example",)))

    assert headers[b"cross-origin-resource-policy"] == policy


async def test_a_refused_handshake_is_an_answer_too() -> None:
    """An HTTP answer to a WebSocket says the same; messages on it are left alone."""
    sent: list[Message] = []

    async def send(message: Any) -> None:  # Any: an ASGI message
        sent.append(message)

    protected = protecting(scope("ws"), send)
    await protected({"type": "websocket.http.response.start", "status": 403, "headers": []})
    await protected({"type": "websocket.send", "text": "hi"})

    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]
    assert sent[1] == {"type": "websocket.send", "text": "hi"}
