"""Tokens that must not count: their time is not now, their signature is none, or they bring their own key."""

from __future__ import annotations

from typing import Final

from siege.foe import LET_IN, Attack, Foe
from siege.people import HIDDEN, TICKET
from siege.wire import Closed

__all__ = ["ATTACKS", "BAD_TOKENS", "IN_MESSAGES"]


async def _in_requests(foe: Foe) -> None:
    for name, token in foe.target.bad.items():
        for path, headers in (
            (f"/api/channels/{HIDDEN}/events?since=", {"Authorization": f"Bearer {token}"}),
            (f"/api/channels/{HIDDEN}/stream?since=&token={token}", {}),
            (f"/api/channels/{HIDDEN}?ticket={token}", {}),
            ("/api/me", {"Cookie": f"headway_session={token}"}),
        ):
            if name == TICKET and "ticket=" in path:
                continue  # there, and only there, it counts
            answer = await foe.ask("GET", path, headers, token=None)
            foe.note(f"{LET_IN}: {name}" if answer.status == 200 else str(answer.status))


async def _in_messages(foe: Foe) -> None:
    for name, token in foe.target.bad.items():
        try:
            async with foe.socket(token=None) as socket:
                await socket.say({"type": "auth", "token": token})
                foe.note(f"{LET_IN}: {name}" if (await socket.fields())["type"] == "auth_success" else "auth_failed")
                await socket.hear()
        except Closed as closed:
            foe.note("cut" if closed.code is None else f"close {closed.code}")


BAD_TOKENS: Final = Attack(
    "bad tokens",
    "expired, not yet valid, alg=none, wrong audience, key confusion, jku/jwk/kid, as header, query, ticket, cookie",
    frozenset({"401"}),
    _in_requests,
)
IN_MESSAGES: Final = Attack(
    "bad tokens in messages",
    "the same in `auth` of a WebSocket",
    frozenset({"auth_failed", "close 4001"}),
    _in_messages,
)

ATTACKS: Final = (BAD_TOKENS, IN_MESSAGES)
