"""What somebody with a token of their own does to learn what is not theirs."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final
from urllib.parse import quote

import msgspec

from siege.foe import LET_IN, TOLD, Attack, Foe
from siege.people import HIDDEN, TREASURE
from siege.wire import Fields, Socket

__all__ = ["ADMINISTRATION", "ATTACKS", "CHANNELS", "PASSWORDS", "PIDS", "SIDS"]

ABSENT: Final = "victim:xyz"
"""Nobody has published there. As long as the name of the other, so that answers can be compared as they are."""

ENDPOINTS: Final = (
    ("GET", "/api/channels/{}/events?since=", ""),
    ("GET", "/api/channels/{}/events", ""),
    ("GET", "/api/channels/{}/events?since=&wait=0.2", ""),
    ("HEAD", "/api/channels/{}/events?since=", ""),
    ("GET", "/api/channels/{}", ""),
    ("GET", "/api/channels/{}/stream?since=", ""),
    ("GET", "/api/stream?channel={}&channel=eve:run", ""),
    ("GET", "/api/import/progress/{}", ""),
    ("GET", "/api/import/progress/{}", "text/event-stream"),
    ("POST", "/api/channels/{}/events", ""),
)
MESSAGES: Final[tuple[Fields, ...]] = (
    {"type": "subscribe", "channel": "{}", "since": ""},
    {"type": "subscribe", "group": "{}"},
    {"type": "subscribe", "data": {"testRunId": "{}"}},
    {"type": "registerSession", "sessionId": "{}"},
    {"sessionId": "{}"},
    {"type": "publish", "channel": "{}", "event": {"type": "forged"}},
    {"type": "ack", "channel": "{}", "offset": 1},
    {"type": "unsubscribe", "channel": "{}"},
)


async def _channels(foe: Foe) -> None:
    for method, path, accept in ENDPOINTS:
        more = {"Accept": accept} if accept else {}
        body = b'{"type":"forged"}' if method == "POST" else b""
        answers = [
            await foe.ask(method, path.format(quote(channel, safe=":")), more, body) for channel in (HIDDEN, ABSENT)
        ]
        alike = answers[0].status == answers[1].status and _bare(answers[0].body) == _bare(answers[1].body)
        foe.note("told apart") if not alike else foe.judge(answers[0])
    async with foe.socket() as socket:
        for message in MESSAGES:
            _compare(foe, [await _asked(socket, message, channel) for channel in (HIDDEN, ABSENT)])
    async with foe.socket("/socket.io/?EIO=4&transport=websocket") as socket:
        await socket.hear()
        await socket.say("40")
        await socket.hear()
        for name in ("subscribe", "registerSession"):
            _compare(foe, [await _emitted(socket, name, channel) for channel in (HIDDEN, ABSENT)])
    _compare(foe, [await _polled(foe, channel) for channel in (HIDDEN, ABSENT)])


async def _asked(socket: Socket, message: Fields, channel: str) -> bytes:
    """What is answered to a message. A `ping` behind it ends the waiting where nothing is."""
    await socket.say(msgspec.json.encode(message).decode().replace("{}", channel))
    await socket.say({"type": "ping"})
    heard = b""
    while b'"pong"' not in (answer := await socket.hear()):
        heard += answer
    return heard


async def _emitted(socket: Socket, name: str, channel: str) -> bytes:
    await socket.say(f'420["{name}","{channel}"]')
    while (answer := await socket.hear()) == b"2":
        await socket.say("3")
    return answer


async def _polled(foe: Foe, channel: str) -> bytes:
    path = "/socket.io/?EIO=4&transport=polling"
    opened = foe.expect(200, await foe.ask("GET", path))
    path += f"&sid={msgspec.json.decode(opened.body[1:])['sid']}"
    foe.expect(200, await foe.ask("POST", path, body=b"40"))
    foe.expect(200, await foe.ask("GET", path))
    foe.expect(200, await foe.ask("POST", path, body=f'420["subscribe","{channel}"]'.encode()))
    answer = foe.expect(200, await foe.ask("GET", path))
    await foe.ask("POST", path, body=b"1")
    return answer.body


def _compare(foe: Foe, heard: list[bytes]) -> None:
    there, absent = heard
    if TREASURE in there:
        foe.note(TOLD)
    elif _bare(there) != _bare(absent):
        foe.note("told apart")
    elif b"forbidden" in there:
        foe.note("error forbidden")
    elif not there or b'"unsubscribed"' in there or b"not_found" in there or b"bad_message" in there:
        foe.note("nothing told")
    else:
        foe.note(LET_IN)


def _bare(answer: bytes) -> bytes:
    return answer.replace(HIDDEN.encode(), b"?").replace(ABSENT.encode(), b"?")


async def _sids(foe: Foe) -> None:
    for transport in ("polling", "websocket"):
        for sid in (secrets.token_urlsafe(18), "0", "", "a" * 5_000, "../../x", "%00"):
            path = f"/socket.io/?EIO=4&transport={transport}&sid={sid}"
            if transport == "websocket":
                async with foe.socket(path):
                    # An empty one is none: a session of its own, as without.
                    foe.note("a session of its own" if not sid else LET_IN)
            else:
                answer = await foe.ask("GET", path)
                foe.note("a session of its own" if not sid and answer.status == 200 else str(answer.status))
                if sid:
                    foe.judge(await foe.ask("POST", path, body=b'42["subscribe","victim:run"]'))


async def _pids(foe: Foe) -> None:
    """Come back as ann's client, with her `pid` and her last token, but one's own name."""
    for pid in (foe.target.stolen.get("pid", "x"), secrets.token_urlsafe(18)):
        join = msgspec.json.encode({"pid": pid, "offset": foe.target.stolen.get("offset", "")}).decode()
        async with foe.socket("/socket.io/?EIO=4&transport=websocket&b64=0") as socket:
            await socket.hear()
            await socket.say(f"40{join}")
            heard = [await socket.hear()]
            await socket.say('421["ping",{}]')
            while not heard[-1].startswith((b"431", b"44")):
                heard.append(await socket.hear())
        told = b"".join(heard)
        if TREASURE in told:
            foe.note(TOLD)
        elif pid.encode() in told:
            foe.note(LET_IN)
        elif b"forbidden" in told:
            foe.note("error forbidden")
        else:
            foe.note("a session of its own")


async def _administration(foe: Foe) -> None:
    for method, path in (
        ("GET", "/metrics"),
        ("GET", "/api/metrics"),
        ("GET", "/api/debug/messages"),
        ("GET", "/api/debug/connections"),
        ("GET", "/api/audit"),
        ("POST", "/api/shares"),
        ("POST", "/api/revocations"),
    ):
        body = b'{"channel":"victim:run","user":"ann"}' if method == "POST" else b""
        for token in (foe.target.token, None):
            foe.judge(await foe.ask(method, path, None, body, token=token))


async def _passwords(foe: Foe) -> None:
    names = ("ann", "nobody", f"u{secrets.token_hex(4)}")
    tries = [msgspec.json.encode({"user": name, "password": secrets.token_hex(8)}) for name in names]
    for body in [*tries, b"{}", b'{"user":["ann"],"password":{"$ne":1}}']:
        answer = await foe.ask("POST", "/api/sign-in", None, body, token=None)
        foe.note(LET_IN if answer.status == 200 else str(answer.status))
        # No faster than a person: the flood of requests is another attack.
        await asyncio.sleep(0)


_NO_SEAT: Final = frozenset({"400", "close 1000"})
"""How an Engine.IO session ends that its address has no seat for."""

CHANNELS: Final = Attack(
    "foreign channels",
    "another user's channel on every endpoint and transport, beside one that does not exist",
    frozenset({"403", "error forbidden", "nothing told"}) | _NO_SEAT,
    _channels,
)
SIDS: Final = Attack(
    "guessed Engine.IO sids",
    "polls, posts and upgrades under invented session ids",
    frozenset({"400", "a session of its own"}),
    _sids,
)
PIDS: Final = Attack(
    "another's Socket.IO pid",
    "connection state recovery with a stolen pid and offset, and a token of one's own",
    frozenset({"a session of its own", "error forbidden"}) | _NO_SEAT,
    _pids,
)
ADMINISTRATION: Final = Attack(
    "administration",
    "figures, debug, audit, shares and revocations as a viewer and as nobody",
    frozenset({"403", "401"}),
    _administration,
)
PASSWORDS: Final = Attack(
    "password guessing",
    "sign-in as known, unknown and invented names",
    frozenset({"401", "400", "429"}),
    _passwords,
)

ATTACKS: Final = (CHANNELS, SIDS, PIDS, ADMINISTRATION, PASSWORDS)
