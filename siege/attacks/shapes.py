"""Requests of a shape that two servers could read in two ways, or that leave the place they were made for."""

from __future__ import annotations

import secrets
from typing import Final

from siege.foe import LET_IN, TOLD, Attack, Foe
from siege.people import EVES
from siege.wire import FAILURES, request

__all__ = ["ATTACKS", "IDEMPOTENCY", "INJECTION", "SMUGGLING", "TRAVERSAL"]

PUBLISH: Final = f"/api/channels/{EVES}/events"
FORGED: Final = '{"type":"forged"}'

_UP: Final = (
    "../",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%2f",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "..%c0%af",
    "....//",
    "%00../",
)
_GOALS: Final = ("etc/passwd", "proc/self/environ", "app.py", "live.py", "users.json", "sign-in.html")


async def _traversal(foe: Foe) -> None:
    paths = [f"/static/{up * depth}{goal}" for up in _UP for goal in _GOALS for depth in (1, 8)]
    paths += [f"/{up * 8}etc/passwd" for up in _UP]
    paths += ["/static//etc/passwd", "/static/pages.css%00.png", "/static/page.js%00", "/static/", "/static/."]
    paths += [f"/api/channels/{up * 8}etc/passwd" for up in _UP]
    for path in paths:
        answer = await foe.ask("GET", path)
        told = b"root:" in answer.body or b"def " in answer.body or b"PATH=" in answer.body or b"$argon2" in answer.body
        foe.note(TOLD if told else LET_IN if answer.status == 200 else str(answer.status))


async def _injection(foe: Foe) -> None:
    """Line feeds where values come back: in channel names, paths, origins, keys, ids. An answer is one answer."""
    for path in (
        "/api/channels/eve:x%0d%0aSet-Cookie:%20a=b/events?since=",
        "/api/channels/eve:x%0d%0a%0d%0a<script>/stream",
        "/api/stream?channel=eve:a%0d%0aX:%20y",
        "/socket.io/?EIO=4&transport=polling&sid=%0d%0aX:%20y",
        "/ws%0d%0aX:%20y",
        "/nothing%0d%0aLocation:%20//evil.example",
    ):
        _unsplit(foe, await _said(foe, request("GET", path, foe.headers())))
    for name, value in (
        ("Idempotency-Key", "a%0d%0aX: y"),
        ("Origin", "http://x%0d%0aX: y"),
        ("Last-Event-ID", "%0d%0adata: forged"),
        ("Idempotency-Key", "a\rX: y"),
        ("Idempotency-Key", "a\nX: y"),
        ("Idempotency-Key", "a\0b"),
    ):
        said = request("POST", PUBLISH, [*foe.headers(), (name, value)], FORGED.encode())
        _unsplit(foe, await _said(foe, said))


async def _said(foe: Foe, data: bytes) -> bytes:
    """All that is answered to these bytes, up to the end of the connection: a `Connection: close` behind them asks for
    it."""
    async with foe.line() as line:
        await line.send(data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        try:
            return await line.end()
        except FAILURES:
            return b""


def _unsplit(foe: Foe, said: bytes) -> None:
    heads = said.split(b"\r\n\r\n")[0].split(b"\r\n")
    forged = [line for line in heads if line.lower().startswith((b"x:", b"set-cookie", b"location"))]
    if said.count(b"HTTP/1.1 ") > 1 or forged:
        foe.note("split")
    else:
        foe.note(said[9:12].decode("latin-1") or "cut")


def _smuggled(host: str, token: str) -> tuple[bytes, ...]:
    """Each would be one request to some server, and two to another; the second publishes."""
    head = f"Host: {host}\r\nAuthorization: Bearer {token}\r\n"
    hidden = f"POST {PUBLISH} HTTP/1.1\r\n{head}Content-Length: {len(FORGED)}\r\n\r\n{FORGED}"
    start = f"POST {PUBLISH} HTTP/1.1\r\n{head}"
    shapes = (
        f"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        f"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{hidden}",
        f"Content-Length: 0\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}",
        f"Content-Length: 0, {len(hidden)}\r\n\r\n{hidden}",
        f"Content-Length: +{len(hidden)}\r\n\r\n{hidden}",
        f"Content-Length: 0x10\r\n\r\n{hidden}",
        f"Content-Length : 0\r\n\r\n{hidden}",
        f"Content-Length:\r\n 0\r\n\r\n{hidden}",
        f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}",
        f"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}",
        f"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        f"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n{hidden}",
        f"Transfer-Encoding: chunked\r\n\r\n0\n\n{hidden}",
        f"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{hidden}",
        f"Transfer-Encoding: chunked\r\n\r\n100000000000000000\r\n\r\n{hidden}",
        f"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{hidden}",
        f"X: y\nContent-Length: 0\r\n\r\n{hidden}",
        f"X: y\rContent-Length: 0\r\n\r\n{hidden}",
        f"X\0: y\r\nContent-Length: 0\r\n\r\n{hidden}",
        f" Content-Length: 0\r\n\r\n{hidden}",
        f"Host: evil.example\r\nContent-Length: 0\r\n\r\n{hidden}",
    )
    first = (
        f"POST {PUBLISH} HTTP/1.0\r\n{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        f"POST {PUBLISH} HTTP/9.9\r\n{head}Content-Length: 0\r\n\r\n{hidden}",
        f"GET / HTTP/1.1\nHost: {host}\n\n{hidden}",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        f"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n{hidden}",
    )
    return tuple(text.encode("latin-1") for text in (*(start + shape for shape in shapes), *first))


async def _smuggling(foe: Foe) -> None:
    for data in _smuggled(foe.host, foe.target.token or ""):
        async with foe.line() as line:
            await line.send(data)
            said = await line.end()
        answers = said.count(b"HTTP/1.1 ")
        foe.note("taken for two" if b" 201 " in said or answers > 1 else said[9:12].decode("latin-1") or "cut")


async def _idempotency(foe: Foe) -> None:
    for key in ("", "x" * 256, "x" * 9_000):
        foe.judge(await foe.ask("POST", PUBLISH, {"Idempotency-Key": key}, FORGED.encode()))
    key = secrets.token_hex(8)
    first = foe.expect(201, await foe.ask("POST", PUBLISH, {"Idempotency-Key": key}, FORGED.encode()))
    again = await foe.ask("POST", PUBLISH, {"Idempotency-Key": key}, FORGED.encode())
    if again.status not in (200, 201):  # refused, so neither repeated nor stored
        foe.judge(again)
        return
    same = b'"replayed":true' in again.body and again.status == 200
    foe.note("stored once" if same and _offset(first.body) == _offset(again.body) else "stored twice")
    # Something else under a key that was used: neither stored nor answered with what it was used for.
    foe.judge(await foe.ask("POST", PUBLISH, {"Idempotency-Key": key}, b'{"type":"other"}'))


def _offset(body: bytes) -> bytes:
    return body.partition(b'"offset":')[2].partition(b",")[0]


TRAVERSAL: Final = Attack(
    "path traversal",
    "../, %2e%2e%2f, ..%5c, NUL and absolute paths on pages, static files and channels",
    frozenset({"400", "404", "403"}),
    _traversal,
)
INJECTION: Final = Attack(
    "header injection",
    "CR, LF and NUL in channels, paths, origins, idempotency keys and ids",
    frozenset({"400", "403", "404", "201", "200", "cut", "401"}),
    _injection,
)
SMUGGLING: Final = Attack(
    "request smuggling",
    "26 heads that are one request to one server and two to another",
    frozenset({"400", "cut", "431", "505"}),
    _smuggling,
)
IDEMPOTENCY: Final = Attack(
    "idempotency keys",
    "empty, long and used ones, with the same and with something else",
    frozenset({"400", "422", "stored once", "431"}),
    _idempotency,
)

ATTACKS: Final = (TRAVERSAL, INJECTION, SMUGGLING, IDEMPOTENCY)
