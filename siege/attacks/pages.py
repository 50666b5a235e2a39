"""What a page of another origin can have a visitor's browser do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from headway.testing.readers import Answer
from siege.foe import LET_IN, Attack, Foe
from siege.people import HIDDEN
from siege.wire import Closed, Handshake, Socket

__all__ = ["ATTACKS", "CROSS_SITE", "CSRF", "ORIGINS", "REBINDING", "REDIRECTS"]

ORIGINS: Final = ("https://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example", "file://")
"""Pages that are not the server's: foreign, opaque, of another port, of a name that begins like ours."""

WAYS: Final = (
    ("GET", f"/api/channels/{HIDDEN}/events?since="),
    ("GET", f"/api/channels/{HIDDEN}/stream?since="),
    ("GET", f"/api/stream?channel={HIDDEN}"),
    ("GET", f"/api/channels/{HIDDEN}"),
    ("GET", f"/api/import/progress/{HIDDEN}"),
    ("GET", "/socket.io/?EIO=4&transport=polling"),
    ("POST", f"/api/channels/{HIDDEN}/events"),
)
"""Every transport that is HTTP, and publishing."""
HARMLESS: Final = (("GET", "/socket.io/?EIO=4&transport=polling"), ("GET", "/"), ("GET", "/api/health"))
"""What wants no token: a Socket.IO client shows it when it joins."""


async def _cross_site(foe: Foe) -> None:
    for origin in ORIGINS:
        for method, path in WAYS:
            body = b'{"type":"x"}' if method == "POST" else b""
            _judge(foe, await foe.ask(method, path, {"Origin": origin, "Cookie": foe.target.cookie}, body))
        preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        _judge(foe, await foe.ask("OPTIONS", WAYS[0][1], preflight, token=None))
    for origin in ORIGINS:
        for path in ("/ws", "/", "/ws/me", "/socket.io/?EIO=4&transport=websocket"):
            try:
                async with foe.socket(path, {"Origin": origin, "Cookie": foe.target.cookie}):
                    foe.note(LET_IN)
            except Handshake as refused:
                _judge(foe, refused.answer)


def _judge(foe: Foe, answer: Answer) -> None:
    if any(name.startswith("access-control-allow") for name in answer.headers):
        foe.note(f"{answer.status} with an allowance")
    else:
        foe.judge(answer)


async def _rebinding(foe: Foe) -> None:
    for host in ("evil.example", f"evil.example:{foe.target.port}", "127.0.0.1.evil.example", "localhost.evil.example"):
        named = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        ways = (*WAYS, ("POST", "/api/shares"), ("GET", "/"), ("GET", "/api/health"))
        # Where a token is needed, what needs none tells a page nothing that anybody could not read.
        for method, path in ways if foe.target.token is None else (way for way in ways if way not in HARMLESS):
            body = b'{"type":"x","channel":"victim:run"}' if method == "POST" else b""
            foe.judge(await foe.ask(method, path, named, body, token=None))
        for path in ("/ws", "/socket.io/?EIO=4&transport=websocket"):
            try:
                async with foe.socket(path, named, token=None) as socket:
                    foe.note(await _asked(socket, socketio=path != "/ws"))
            except Handshake as refused:
                foe.judge(refused.answer)
            except Closed as closed:
                foe.note(f"close {closed.code}")


async def _asked(socket: Socket, *, socketio: bool) -> str:
    """What becomes of somebody who was let through the handshake and shows no token."""
    if socketio:
        await socket.hear()
        await socket.say("40")
        return "401" if (await socket.hear()).startswith(b"44") else LET_IN
    await socket.say({"type": "subscribe", "channel": HIDDEN, "since": ""})
    fields = await socket.fields()
    return "401" if fields.get("code") == "unauthorized" else LET_IN


COMMANDS: Final = (
    ("POST", f"/api/channels/{HIDDEN}/events", b'{"type":"forged"}'),
    ("POST", "/api/shares", b'{"channel":"victim:run"}'),
    ("DELETE", "/api/shares/any", b""),
    ("POST", "/api/revocations", b'{"user":"ann"}'),
    ("POST", "/api/users", b'{"user":"eve","password":"correct horse battery","role":"admin"}'),
    ("PATCH", "/api/users/ann", b'{"role":"admin"}'),
    ("DELETE", "/api/users/ann", b""),
    ("POST", "/api/debug/connections/1/end", b""),
    ("POST", "/api/tickets", b"{}"),
    ("POST", "/api/sign-out", b""),
)
"""Whatever a request can change."""


async def _csrf(foe: Foe) -> None:
    cookie = {"Cookie": f"headway_session={foe.target.cookie}", "Content-Type": "text/plain"}
    said: list[dict[str, str]] = [{"Origin": origin} for origin in ORIGINS]
    # A browser that names no origin says at least that it is not the same.
    silent = [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")]
    for method, path, body in COMMANDS:
        for named in said:
            foe.judge(await foe.ask(method, path, {**cookie, **named}, body, token=None))
        if path != "/api/sign-out":  # it wants no rights: whoever asks is out, and nobody else
            for named in [*silent, {}]:
                foe.judge(await foe.ask(method, path, {**cookie, **named}, body, token=None))
        # What an image or a link can do.
        foe.judge(await foe.ask("GET", path, {**cookie, "Sec-Fetch-Site": "cross-site"}, token=None))
    answer = await foe.ask("GET", "/api/me", {**cookie, "Sec-Fetch-Site": "same-origin"}, token=None)
    foe.note("still signed in" if answer.status == 200 else str(answer.status))


async def _redirects(foe: Foe) -> None:
    for path in (
        "/sign-in?to=//evil.example",
        "/sign-in?to=https://evil.example",
        "/?next=https://evil.example",
        "//evil.example",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/%09/evil.example",
        "/api/sign-out?to=//evil.example",
        "http://evil.example/",
    ):
        answer = await foe.ask("GET", path, token=None)
        place = answer.headers.get("location")
        if place is not None and urlsplit(place.replace("\\", "/")).netloc not in ("", foe.host):
            foe.note("sent to " + place)
        else:
            foe.note(_among(answer.status, lambda status: status < 300, "no redirect"))


def _among(status: int, fits: Callable[[int], bool], name: str) -> str:
    return name if fits(status) else str(status)


CROSS_SITE: Final = Attack(
    "cross-site pages",
    "WebSocket, Socket.IO, SSE, polls, publish and preflight from foreign and opaque origins",
    frozenset({"403"}),
    _cross_site,
)
REBINDING: Final = Attack(
    "DNS rebinding",
    "every way in, by the name of the attacker's own page",
    frozenset({"421", "401"}),
    _rebinding,
)
CSRF: Final = Attack(
    "CSRF on commands",
    "publish, share, revoke, ticket, users, sign out with a visitor's cookie from a foreign page",
    frozenset({"403", "401", "405", "still signed in"}),
    _csrf,
)
REDIRECTS: Final = Attack(
    "open redirects",
    "paths and parameters that name another site",
    frozenset({"no redirect", "400", "401", "404", "405", "421"}),
    _redirects,
)

ATTACKS: Final = (CROSS_SITE, REBINDING, CSRF, REDIRECTS)
