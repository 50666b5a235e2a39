"""The door: sockets, delays, connections that are cut, and what comes in that nobody should send."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import random
import socket
from typing import Any

import aiohttp
import pytest

from headway.sandbox.faults import Faults
from headway.sandbox.server import Sandbox
from headway.testing.waiting import wait_until
from tests.sandbox.harness import IMPORT, PASSWORD, Got, Place, standing, user_of

OPERATIONS = [
    *(("GET", path) for path in ("", "/users", "/users/{id}", "/populations", "/schemas", "/users/{id}/password")),
    *(("POST", path) for path in ("/users", "/populations", "/users/{id}")),
    *(("PUT", f"/users/{{id}}{part}") for part in ("", "/enabled", "/population", "/password")),
    *((method, path) for method in ("PATCH", "DELETE") for path in ("/users/{id}", "/populations/{id}")),
]
MEDIA = [
    *(IMPORT, "application/json", "application/vnd.pingidentity.password.set+json", "text/plain", "", ";", "a" * 200),
    *("application/vnd.pingidentity.password.setValue+json", "application/x-www-form-urlencoded"),
]


async def test_it_listens_on_loopback_alone() -> None:
    """No other address of this machine reaches it."""
    async with Sandbox() as sandbox:
        address, port = sandbox.auth.removeprefix("http://").split(":")
        with socket.socket() as other:
            refused = other.connect_ex(("127.0.0.2", int(port)))

    assert address == "127.0.0.1"
    assert refused != 0


async def test_a_sandbox_that_was_left_is_gone() -> None:
    """The port is free again, for one of the same number."""
    async with Sandbox() as first:
        port = int(first.auth.rpartition(":")[2])
        async with aiohttp.ClientSession() as session, session.get(first.auth) as response:
            assert response.status == 404
    async with Sandbox(port=port) as second:
        assert second.auth == first.auth
        with pytest.raises(OSError, match="address already in use"):
            async with Sandbox(port=port):
                pass


async def test_links_lead_back_to_it() -> None:
    """Addresses in answers are those it listens on, whatever name it was called by."""
    async with standing() as place:
        got = await place.call("GET", "/users", headers={"Host": "evil.example"})

    assert got.document["_links"]["self"]["href"] == f"{place.base}/users"


async def test_a_connection_is_cut_after_it_was_done() -> None:
    """The client is told nothing, and the user is there: once, however often it tries."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(dropped=100))
        for _ in range(3):
            with pytest.raises(aiohttp.ClientConnectionError):
                await place.add()
        place.sandbox.set_faults(Faults())
        found = await place.find('username eq "ada"')

    assert found == ["ada"]
    assert place.sandbox.usernames(place.sandbox.environment) == {"ada": {"users": 1, "created": 1}}
    assert place.sandbox.state()["replies"]["cut"] == 3


async def test_a_connection_is_cut_before_anything_was_done() -> None:
    """The client is told nothing, and there is nothing."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(vanished=100))
        with pytest.raises(aiohttp.ClientConnectionError):
            await place.add()

    assert place.sandbox.usernames(place.sandbox.environment) == {}


async def test_a_call_that_waits_keeps_nobody_waiting() -> None:
    """Latency is each call's own; leaving the sandbox does not wait it out."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(latency=60_000))
        slow = asyncio.ensure_future(place.add())
        async with aiohttp.ClientSession() as session:
            await wait_until(lambda: place.sandbox.waiting == 1)
            place.sandbox.set_faults(Faults())
            async with session.get(f"{place.sandbox.auth}/nowhere") as response:
                assert response.status == 404
        assert not slow.done()
        slow.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow


async def test_who_goes_away_has_asked_all_the_same() -> None:
    """A client that gives up waiting does not take its call back: the user is there in the end."""
    async with standing() as place:
        place.sandbox.set_faults(Faults(latency=300))
        slow = asyncio.ensure_future(place.add())
        await wait_until(lambda: place.sandbox.waiting == 1)
        slow.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow
        await wait_until(
            lambda: place.sandbox.usernames(place.sandbox.environment) == {"ada": {"users": 1, "created": 1}}
        )


async def test_a_body_beyond_reason_is_refused() -> None:
    """413 with JSON that says how much is too much."""
    async with standing() as place:
        headers = {"Authorization": f"Bearer {place.token}", "Content-Type": IMPORT}
        body = io.BytesIO(b"x" * 1_100_000)
        async with place.session.post(f"{place.base}/users", data=body, headers=headers) as response:
            got = Got(response.status, await response.text(), response.headers)
        after = await place.add()

    assert (got.status, got.problems) == (413, [("SIZE_LIMIT_EXCEEDED", "")])
    assert after.status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"username":"\xff"}',
        b'{"username":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"username":1e999}',
        b"NaN",
    ],
)
async def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """400 INVALID_REQUEST, whatever it is."""
    async with standing() as place:
        got = await place.call("POST", "/users", data=body, media=IMPORT)

    assert (got.status, got.document["code"]) == (400, "INVALID_REQUEST")


async def test_nothing_that_was_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not a password, a secret or a token, whatever becomes of the call."""
    caplog.set_level(logging.DEBUG)
    async with standing() as place:
        token, secret = place.token, place.sandbox.credentials.client_secret
        await place.add(password={"value": PASSWORD})
        await place.add(password={"value": PASSWORD})
        await place.call("POST", "/users", data=PASSWORD.encode(), media=IMPORT)
        await place.ask_token(place.sandbox.applications[0], secret=f"{secret}x")
        await spoken(place, b"GET /%s HTTP/1.1\r\nAuthorization\x00: %s\r\n\r\n" % (secret.encode(), token.encode()))
        shown = repr(place.sandbox.applications) + repr(place.sandbox.credentials)

    for hidden in (PASSWORD, secret, token):
        assert hidden not in caplog.text + shown + str(place.sandbox.state())


@pytest.mark.parametrize(
    ("lines", "begin"),
    [
        (b"Content-Type: \xff/\x80\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 415 "),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.0 400 "),
    ],
)
async def test_bytes_that_are_no_text_are_answered(lines: bytes, begin: bytes) -> None:
    """A header that is no UTF-8 is shown as far as it can be; a body that breaks off is refused."""
    async with standing() as place:
        head = f"POST /v1/environments/{place.sandbox.environment}/users HTTP/1.1\r\nHost: x\r\n"
        got = await spoken(place, f"{head}Authorization: Bearer {place.token}\r\n".encode() + lines)

    assert got.startswith(begin)


async def spoken(place: Place, data: bytes) -> bytes:
    """What is answered to bytes; to some that break off nothing is, and then they end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(place.sandbox.auth.rpartition(":")[2]))
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(reader.read(65_536), 0.2)
            writer.write_eof()
            return await reader.read(65_536)
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def nonsense(dice: random.Random, depth: int = 3) -> Any:  # Any: JSON values
    """Any JSON value, with names that a user or a population has."""
    names = ["username", "email", "name", "given", "address", "countryCode", "population", "id", "password", "value"]
    names += [
        "enabled",
        "lifecycle",
        "status",
        "badges",
        "preferences",
        "default",
        "photo",
        "href",
        "emailVerified",
        "",
    ]
    texts = [
        "",
        "ada",
        "a@b",
        "\x00",
        "\u202e",
        "😀",
        "x" * 300,
        "GB",
        "{BCRYPT}",
        "\ufffe",
        "00000000-0000-4000-8000-0",
    ]
    kind = dice.randrange(8 if depth else 6)
    match kind:
        case 0 | 1:
            return dice.choice(texts)
        case 2:
            return dice.choice([0, -1, 2**63, 2**200, 1.5, -0.0])
        case 3:
            return dice.random() < 0.5
        case 4:
            return None
        case 5 | 6:
            return {
                dice.choice(names): nonsense(dice, max(0, depth - 1)) for _ in range(dice.randrange(5) if depth else 0)
            }
        case _:
            return [nonsense(dice, depth - 1) for _ in range(dice.randrange(4))]


def body_of(dice: random.Random) -> bytes:
    """A body as somebody might send it who means no good, or does not know better."""
    match dice.randrange(5):
        case 0:
            return dice.randbytes(dice.randrange(200))
        case 1:
            whole = json.dumps(user_of(username=str(dice.random()))).encode()
            return whole[: dice.randrange(len(whole))]
        case 2:
            changed = bytearray(json.dumps(user_of()).encode())
            changed[dice.randrange(len(changed))] = dice.randrange(256)
            return bytes(changed)
        case _:
            document = nonsense(dice)
            return json.dumps({**user_of(), **document} if isinstance(document, dict) else document).encode()


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(3))
async def test_no_call_is_an_error_of_the_sandbox(seed: int) -> None:
    """Garbage bodies, media types, queries and ids on every operation: whatever is answered, it is no 500, it is JSON,
    and the sandbox goes on."""
    dice = random.Random(seed)
    async with standing(seed=seed) as place:
        known = [(await place.add()).id, place.sandbox.environment, "x", "%00", "..", "%ff", "😀", "a" * 500]
        for _ in range(700):
            method, path = dice.choice(OPERATIONS)
            query = dice.choice(
                ["", "?limit=2", "?limit=%ff", "?cursor=%00", "?filter=%ff(", '?filter=email co "a"', "?&=&"]
            )
            got = await place.call(
                method,
                path.replace("{id}", dice.choice(known)) + query,
                data=body_of(dice) if method != "GET" else None,
                media=dice.choice(MEDIA),
            )
            if got.status == 201:
                known.append(got.id)
            assert got.status in (200, 201, 204, 400, 401, 403, 404, 405, 413, 415), (method, path, got.text)
            assert got.status == 204 or got.document is not None
        good = await place.add(username="the last one")

    assert good.status == 201
    assert "500" not in place.sandbox.state()["replies"]


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_no_bytes_bring_it_down() -> None:
    """Whatever is on the wire: torn, endless or no HTTP at all; it is refused, and no 500."""
    dice = random.Random(7)
    async with standing() as place:
        bearer = b"Authorization: Bearer " + place.token.encode()
        start = (
            f"POST /v1/environments/{place.sandbox.environment}/users HTTP/1.1\r\nHost: x\r\n".encode()
            + bearer
            + b"\r\n"
        )
        attacks = [
            b"",
            b"\r\n\r\n",
            b"GET",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET //[ HTTP/1.1\r\nHost: x\r\n\r\n",
            b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
            start + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
            start + b"X: y\r\n" * 10_000 + b"\r\n",
            start + b"Content-Length: -1\r\n\r\n",
            start + b"Content-Length: 99\r\n\r\n{",
            start + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            start + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
            start + b"Content-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
            start + b"Content-Type: \xff\xfe/\x80\r\nContent-Length: 2\r\n\r\n{}",
            start + b"Expect: nonsense\r\nContent-Length: 2\r\n\r\n{}",
            start + b"Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
            *(dice.randbytes(dice.randrange(1, 3000)) for _ in range(40)),
        ]
        answers = [await spoken(place, attack) for attack in attacks]
        good = await place.add(username="the last one")

    assert len([answer for answer in answers if answer.startswith(b"HTTP/1.")]) > 40
    assert [answer[:40] for answer in answers if b" 500 " in answer.partition(b"\r\n")[0]] == []
    assert good.status == 201
    assert "500" not in place.sandbox.state()["replies"]
