"""What stands there before an attack: a channel with something to hide, and ann, whose client was seen."""

from __future__ import annotations

import msgspec

from siege.foe import Foe, Target
from siege.people import HIDDEN, TREASURE, KeySet, bad_tokens, cookie_of, kid_tokens, token
from siege.wire import Socket

__all__ = ["target_of"]


async def target_of(port: int, pid: int, *, keys: KeySet | None = None, source: str | None = None) -> Target:
    """Publish what is to be hidden, let ann watch it, and say what an attacker knows of it."""
    ann = Foe(Target(port, pid, token("ann", ["victim:*"], publish=["victim:*"])))
    try:
        body = msgspec.json.encode({"type": "found", "data": {"what": TREASURE.decode()}, "key": "found"})
        ann.expect(201, await ann.ask("POST", f"/api/channels/{HIDDEN}/events", body=body))
        async with ann.socket("/socket.io/?EIO=4&transport=websocket") as socket:
            stolen = await _watched(socket)
    finally:
        await ann.leave()
    return Target(
        port,
        pid,
        token("eve", ["eve:*"], publish=["eve:*"]),
        source,
        {**bad_tokens(keys), **kid_tokens()},
        cookie_of("ann"),
        stolen,
    )


async def _watched(socket: Socket) -> dict[str, str]:
    """Follow the channel as ann's stock client does, and return what its next handshake would show."""
    await socket.hear()
    await socket.say('40{"pid":"","offset":""}')
    joined = msgspec.json.decode((await socket.hear())[2:])
    await socket.say(f'421["subscribe",{{"channel":"{HIDDEN}"}}]')
    while not (answer := await socket.hear()).startswith(b"431"):
        pass
    position = msgspec.json.decode(answer[3:])[0]["position"]
    return {"pid": joined.get("pid", ""), "offset": position}
