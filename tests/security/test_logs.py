"""Tokens, tickets, cookies and the secret stand in nothing that a server writes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from headway.testing.readers import WebSocketReader
from headway.testing.serving import Address
from siege.attacks.tokens import BAD_TOKENS, IN_MESSAGES
from siege.foe import Foe, Target, attempt
from siege.people import AUDIENCE, HIDDEN, SECRET, bad_tokens, cookie_of, kid_tokens, token
from tests.cli.harness import serve


@pytest.mark.timeout(60)
async def test_tokens_in_logs(tmp_path: Path) -> None:
    """Tried: good and bad tokens in every place a client can put one, also where they cause errors. What the server
    printed and what it stored holds none of them, and not the secret."""
    folder = tmp_path / "data"
    good = token("ann", ["*"], publish=["*"], role="admin")
    bad = {**bad_tokens(), **kid_tokens()}
    cookie = cookie_of("ann")
    settings = {"HEADWAY_SECRET": SECRET, "HEADWAY_AUDIENCE": AUDIENCE}
    async with serve(folder, settings=settings) as (server, url):
        port = int(url.rpartition(":")[2].strip("/"))
        foe = Foe(Target(port, 0, good, bad=bad))
        for attack in (BAD_TOKENS, IN_MESSAGES):
            await attempt(attack, foe)
        ticket = (await foe.ask("POST", "/api/tickets")).body.decode().split('"')[3]
        for path in (
            f"/api/channels/{HIDDEN}/events?token={good}",
            f"/api/channels/{HIDDEN}/events?token={quote(good[:-4])}AAAA",
            f"/nothing?token={good}",
            f"/nothing/{good}",
            f"/api/channels/{HIDDEN}/events?ticket={ticket}",
            f"/api/channels/{HIDDEN}/events?ticket={ticket}",
            f"/socket.io/?EIO=4&transport=polling&token={good}&sid=x",
        ):
            await foe.ask("GET", path, {"Cookie": f"headway_session={cookie}", "Referer": f"http://x/?token={good}"})
        await foe.ask("POST", f"/api/channels/{HIDDEN}/events?token={good}", body=b"no JSON")
        await foe.ask("POST", f"/api/channels/{HIDDEN}/events?token={good}", body=b'{"type":"to_be_found"}')
        await foe.say(f"GET /?token={good} HTTP/1.1\r\nHost: x\r\nX: {good}\rbroken\r\n\r\n".encode())
        async with WebSocketReader(Address(port), token=good) as reader:
            await reader.subscribe(HIDDEN)
        await foe.leave()
        server.interrupt()
        finished = await server.ended()

    written = "".join((finished.out, finished.err)).encode()
    stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"to_be_found" in stored  # control: this is where it would stand
    for held in (good, ticket, cookie, SECRET, *bad.values()):
        # The signature alone would do: the rest of a token is no secret.
        part = held.rpartition(".")[2].encode() or held.encode()
        if len(part) >= 16:
            assert part not in written
            assert part not in stored
