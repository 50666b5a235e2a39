"""The issuer's key set, loaded from a real server on loopback or from a file, and kept fresh."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.access.identity import Unauthorized
from headway.access.jwks import DOCUMENT_BYTES
from headway.access.keys import secret_keys
from headway.access.tokens import TokenAccess
from headway.errors import UsageError
from headway.server import keysets
from headway.server.keysets import KeySource
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.access.harness import NOW, SECRET, Member, issued, key_set, member, token


class Issuer:
    """An issuer's HTTP server. It answers with what the test gives it, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answer = b""
        self.silent = False
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()

    def publish(self, *members: Member) -> None:
        """Answer with a set of these keys."""
        self.say(b"200 OK", key_set(*members))

    def say(self, status: bytes, body: bytes = b"", *headers: bytes) -> None:
        """Answer with this."""
        lines = [b"HTTP/1.1 " + status, b"content-length: %d" % len(body), b"connection: close", *headers]
        self.answer = b"\r\n".join(lines) + b"\r\n\r\n" + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self._open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            if self.silent:
                await reader.read()
            else:
                writer.write(self.answer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self._open.discard(writer)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """An issuer with one key."""
    issuer = Issuer()
    issuer.publish(member("ES256", 0))
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    yield issuer
    server.close()
    await server.wait_closed()


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock(NOW)


@contextlib.asynccontextmanager
async def started(source: str, clock: FakeClock) -> AsyncIterator[tuple[KeySource, TokenAccess]]:
    """A set that is loaded and kept fresh, beside a secret, and access by its keys."""
    keys = KeySource(source, clock, fixed=secret_keys(SECRET))
    await keys.start()
    try:
        yield keys, TokenAccess(keys, clock)
    finally:
        await keys.close()


def knows(access: TokenAccess, number: int, *, kid: str | None = "") -> bool:
    """Whether a token of the issuer's key of this number is taken."""
    try:
        return access.authenticate(issued("ES256", number, kid=kid, exp=NOW + 1e6)).user == "ann"
    except Unauthorized:
        return False


async def test_a_set_is_loaded(issuer: Issuer, clock: FakeClock) -> None:
    """Before the server starts the set is there: its keys count, the secret's too, and no others."""
    async with started(issuer.url, clock) as (_, access):
        assert knows(access, 0)
        assert not knows(access, 1)
        assert access.authenticate(token()).user == "ann"

    assert issuer.asked[0].startswith(b"GET /keys HTTP/1.1\r\n")
    assert b"accept-encoding: identity\r\n" in issuer.asked[0].lower()


async def test_keys_are_rotated(issuer: Issuer, clock: FakeClock) -> None:
    """A token of a new key is refused, and the set is loaded at once: the client's next try is taken."""
    async with started(issuer.url, clock) as (_, access):
        issuer.publish(member("ES256", 0), member("ES256", 1))
        clock.advance(30)
        assert not knows(access, 1)
        await wait_until(lambda: knows(access, 1))

        assert knows(access, 0)
        assert len(issuer.asked) == 2


async def test_made_up_names_make_no_requests(issuer: Issuer, clock: FakeClock) -> None:
    """However many keys are made up, the set is loaded at most once in thirty seconds; a forged token of a known key,
    and one of the secret's algorithm, cause nothing at all."""
    async with started(issuer.url, clock) as (keys, access):
        for number in range(50):
            assert not knows(access, 1, kid=f"made-up-{number}")
        assert not await keys.refresh()
        clock.advance(30)
        assert await keys.refresh()
        for _ in range(50):
            assert not knows(access, 1, kid=None)
        assert not await keys.refresh()
        assert len(issuer.asked) == 2

        clock.advance(30)
        assert await keys.refresh()
        clock.advance(31)
        assert not knows(access, 1, kid="ES256-0")
        with pytest.raises(Unauthorized):
            access.authenticate(token(SECRET + "x", headers={"kid": "made-up"}))
        assert not await keys.refresh()
        assert len(issuer.asked) == 3


async def test_the_set_is_loaded_again(issuer: Issuer, clock: FakeClock) -> None:
    """Every ten minutes the set is loaded again, whoever asks for what."""
    async with started(issuer.url, clock) as (keys, _):
        clock.advance(599)
        assert not await keys.refresh()
        clock.advance(1)
        assert await keys.refresh()
        assert not await keys.refresh()

        assert len(issuer.asked) == 2


async def test_a_key_that_vanishes(issuer: Issuer, clock: FakeClock) -> None:
    """A key that is taken out counts for fifteen minutes more, also when another has taken its name; one that is put
    back counts on."""
    async with started(issuer.url, clock) as (keys, access):
        issuer.publish(member("ES256", 1, kid="ES256-0"))
        clock.advance(600)
        assert await keys.refresh()
        assert knows(access, 0)
        assert knows(access, 1, kid="ES256-0")
        clock.advance(900)
        assert knows(access, 0)
        clock.advance(1)
        assert not knows(access, 0)

        issuer.publish(member("ES256", 0))
        assert await keys.refresh()
        clock.advance(901)
        assert knows(access, 0)
        assert not knows(access, 1, kid="ES256-0")


async def test_vanished_keys_are_bounded(issuer: Issuer, clock: FakeClock) -> None:
    """An issuer that changes its keys all the time leaves sixteen of them behind, the latest."""
    async with started(issuer.url, clock) as (keys, access):
        for number in range(1, 21):
            issuer.publish(member("ES256", number))
            assert not knows(access, number)
            clock.advance(30)
            assert await keys.refresh()

        assert [number for number in range(21) if knows(access, number)] == list(range(4, 21))


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason"),
    [
        (b"404 Not Found", b"", [], "status 404"),
        (b"500 Oh", key_set(member("ES256", 0)), [], "status 500"),
        (b"302 Found", b"", [b"location: http://169.254.169.254/latest"], "redirect"),
        (b"301 Moved", key_set(member("ES256", 0)), [b"location: /keys2"], "redirect"),
        (b"200 OK", b"<html>", [], "not JSON"),
        (b"200 OK", key_set(), [], "no key that can be used"),
        (b"200 OK", key_set({"kty": "oct", "k": "AAAA"}), [], "is a secret"),
        (b"200 OK", key_set(member("ES256", 0)) + b" " * DOCUMENT_BYTES, [], "larger than 262144"),
        (b"200 OK", key_set(member("ES256", 0)), [b"content-encoding: gzip"], "compressed"),
    ],
    ids=range(9),
)
async def test_what_is_no_answer(
    issuer: Issuer,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    status: bytes,
    body: bytes,
    headers: list[bytes],
    reason: str,
) -> None:
    """An issuer that fails stops a server from starting, with the reason; later the last good set stays, and the next
    try is in thirty seconds."""
    good = issuer.answer
    issuer.say(status, body, *headers)
    with pytest.raises(UsageError, match=f"cannot be loaded from {issuer.url}: .*{reason}"):
        await KeySource(issuer.url, clock).start()

    issuer.answer = good
    async with started(issuer.url, clock) as (keys, access):
        issuer.say(status, body, *headers)
        clock.advance(600)
        with caplog.at_level(logging.WARNING, "headway"):
            assert not await keys.refresh()
        assert reason in caplog.text
        assert knows(access, 0)
        issuer.answer = good
        clock.advance(29)
        assert not await keys.refresh()
        clock.advance(1)
        assert await keys.refresh()


async def test_nobody_there(clock: FakeClock) -> None:
    """An address where nobody listens is said to be that."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(UsageError, match="cannot be loaded from"):
        await KeySource(f"http://127.0.0.1:{port}/", clock).start()


async def test_no_answer(issuer: Issuer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """An issuer that takes the question and never answers is given up."""
    monkeypatch.setattr(keysets, "_FETCH_SECONDS", 0.05)
    issuer.silent = True
    with pytest.raises(UsageError, match=r"no answer within|[Tt]imeout"):
        await KeySource(issuer.url, clock).start()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("http://id.example.org/keys", "use https"),
        ("http://127.0.0.1.example.org/keys", "use https"),
        ("http://2130706433/keys", "use https"),
        ("ftp://id.example.org/keys", "use https"),
        ("file:///etc/passwd", "use https"),
        ("https:///keys", "use https"),
        ("https://ann:pass@id.example.org/keys", "holds a name"),
        ("https://[::1/keys", "cannot be read"),
        ("http://id.example.org/keys?key=hush", "use https"),
    ],
)
def test_addresses_that_are_not_asked(clock: FakeClock, source: str, reason: str) -> None:
    """An address that could be overheard is refused, in a sentence without what may be secret in it."""
    with pytest.raises(UsageError, match=reason) as caught:
        KeySource(source, clock)

    assert "pass@" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "source", ["https://id.example.org/keys", "http://localhost:1/", "http://[::1]:1/", "keys.json"]
)
def test_addresses_that_may_be_asked(clock: FakeClock, source: str) -> None:
    """https may be asked anywhere, http on this machine; everything else is a file."""
    KeySource(source, clock)


async def test_a_file(tmp_path: Path, clock: FakeClock) -> None:
    """A file is loaded as soon as it has changed; half a file, and none, leave the last good set."""
    file = tmp_path / "keys.json"
    file.write_bytes(key_set(member("ES256", 0)))
    async with started(str(file), clock) as (keys, access):
        assert not await keys.refresh()
        assert knows(access, 0)

        (tmp_path / "next").write_bytes(key_set(member("ES256", 1)))
        os.replace(tmp_path / "next", file)  # noqa: PTH105  # as people replace files
        assert await keys.refresh()
        assert knows(access, 1)

        file.write_bytes(key_set(member("ES256", 2))[:-9])
        assert not await keys.refresh()
        file.unlink()
        clock.advance(600)
        assert not await keys.refresh()
        assert knows(access, 1)

        file.write_bytes(key_set(member("ES256", 2)))
        assert await keys.refresh()
        assert knows(access, 2)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo], ids=["none", "folder", "pipe"])
async def test_what_is_no_file(tmp_path: Path, clock: FakeClock, make: object) -> None:
    """What cannot be read as a file stops a server from starting, and never waits."""
    path = tmp_path / "keys.json"
    assert callable(make)
    make(path)
    with pytest.raises(UsageError, match="cannot be loaded from"):
        await KeySource(str(path), clock).start()


async def test_ignored_keys_are_logged(issuer: Issuer, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """A key that is not used is said to be, and why, without any of it."""
    issuer.publish(member("ES256", 0), {"kty": "oct", "k": "c2VjcmV0"})
    with caplog.at_level(logging.WARNING, "headway"):
        async with started(issuer.url, clock):
            pass

    assert "key 2 of 2 is a secret" in caplog.text
    assert "c2VjcmV0" not in caplog.text


async def test_it_closes_twice(issuer: Issuer, clock: FakeClock) -> None:
    """Closing ends the watching, also twice, and also where nothing was started."""
    keys = KeySource(issuer.url, clock)
    await keys.close()
    await keys.start()
    await keys.close()
    await keys.close()
