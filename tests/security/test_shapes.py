"""Requests that two servers could read in two ways, or that leave the place they were made for."""

from __future__ import annotations

from siege.attacks.shapes import FORGED, IDEMPOTENCY, INJECTION, PUBLISH, SMUGGLING, TRAVERSAL
from siege.foe import Foe
from siege.people import EVES, HIDDEN
from siege.wire import request
from tests.security.harness import besieged, strike


async def test_path_traversal() -> None:
    """Tried: `../`, `%2e%2e%2f`, `..%5c`, NUL and absolute paths on pages, static files and channels. Answered: 404, or
    403 for a channel of that name; never a file."""
    async with besieged() as ground:
        answered = await strike(TRAVERSAL, ground)

        assert set(answered) <= TRAVERSAL.answers
        assert answered["404"] > 100


async def test_header_injection() -> None:
    """Tried: CR, LF and NUL in channels, paths, origins, idempotency keys, ids. Answered: one answer each, without a
    header that was not the server's."""
    async with besieged() as ground:
        answered = await strike(INJECTION, ground)

        assert set(answered) <= INJECTION.answers
        assert sum(answered.values()) == 12


async def test_request_smuggling() -> None:
    """Tried: 26 heads that are one request to one server and two to another. Answered: 400, and the second request of
    none was read."""
    async with besieged() as ground:
        answered = await strike(SMUGGLING, ground)

        assert set(answered) <= SMUGGLING.answers
        assert sum(answered.values()) == 26
        assert (await ground.live.publish(EVES, "next")).offset == 1


async def test_two_requests_are_seen() -> None:
    """Control: of two honest requests one behind the other both are answered."""
    async with besieged() as ground:
        foe = Foe(ground.target)
        one = request("POST", PUBLISH, foe.headers(), FORGED.encode())
        async with foe.line() as line:
            await line.send(one + one.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

            assert (await line.end()).count(b" 201 ") == 2


async def test_abusing_idempotency_keys() -> None:
    """Tried: empty, long and used keys. Answered: 400; a used one is answered as before and stored once, and with
    something else 422."""
    async with besieged() as ground:
        answered = await strike(IDEMPOTENCY, ground)

        assert answered == {"400": 3, "stored once": 1, "422": 1}
        assert (await ground.live.publish(EVES, "next")).offset == 2
        assert (await ground.live.publish(HIDDEN, "next")).offset == 2
