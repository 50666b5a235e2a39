"""Who may do what: the same on every transport, for pages of other origins and for people with and without a token."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from headway.server.live import Headway
from headway.testing.readers import (
    Ended,
    EventSourceReader,
    PollingReader,
    Reader,
    Refused,
    SocketIoReader,
    WebSocketReader,
    fetch,
)
from headway.testing.serving import Address
from tests.delivery.harness import CHANNEL, Stack, take

SECRET = "a secret of at least thirty-two bytes"
ALLOWED = "https://app.example.org"
WAYS = ["websocket", "eventsource", "polling", "socketio", "socketio-polling"]


def token(**claims: Any) -> str:  # Any: claims are JSON
    """A token for an hour."""
    return jwt.encode({"sub": "ada", "exp": time.time() + 3600, **claims}, SECRET, "HS256")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """The name of a transport that a page or a person may come over."""
    name: str = request.param
    return name


def from_page(way: str, address: Address, origin: str | None) -> Reader:
    """A reader in a page of an origin; None: a program."""
    headers = {"Origin": origin} if origin is not None else {}
    match way:
        case "websocket":
            return WebSocketReader(address, origin=origin)
        case "eventsource":
            return EventSourceReader(address, headers=headers)
        case "polling":
            return PollingReader(address, headers=headers)
        case _:
            return SocketIoReader(address, polling=way == "socketio-polling", origin=origin)


def with_token(way: str, address: Address, held: str | None) -> Reader:
    """A reader that holds a token, or none."""
    headers = {"Authorization": f"Bearer {held}"} if held is not None else {}
    match way:
        case "websocket":
            return WebSocketReader(address, token=held)
        case "eventsource":
            return EventSourceReader(address, headers=headers)
        case "polling":
            return PollingReader(address, headers=headers)
        case _:
            auth = {"token": held} if held is not None else {}
            return SocketIoReader(address, polling=way == "socketio-polling", auth=auth)


async def test_a_foreign_page_is_kept_out(stack: Stack, way: str) -> None:
    """A page of another origin, or of none that can be named, is refused on every transport with 403."""
    await stack.start(origins=[ALLOWED])
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "garbage"):
        async with from_page(way, stack.address, origin) as reader:
            with pytest.raises(Refused) as refusal:
                await reader.subscribe(CHANNEL)

        assert (refusal.value.code, refusal.value.status, origin) == ("forbidden", 403, origin)


async def test_own_pages_allowed_pages_and_programs_come_in(stack: Stack, way: str) -> None:
    """The server's own origin, one of the allow-list, and clients that are no pages are served on every transport."""
    await stack.start(origins=[ALLOWED])
    for origin in (f"http://127.0.0.1:{stack.address.port}", ALLOWED, None):
        async with from_page(way, stack.address, origin) as reader:
            await reader.subscribe(CHANNEL)
            await stack.publish("one")

            assert (await reader.next())["type"] == "one"


async def test_a_foreign_page_cannot_publish(stack: Stack) -> None:
    """A form on another page reaches the server with the visitor's address, and is refused all the same."""
    await stack.start()

    answer = await fetch(
        stack.address,
        "POST",
        f"/api/channels/{CHANNEL}/events",
        body=b'{"type":"x"}',
        headers={"Origin": "https://evil.example", "Content-Type": "text/plain"},
    )

    assert answer.status == 403
    assert (await stack.publish("one")).offset == 1


BAD_TOKENS = {
    "none": None,
    "empty": "",
    "nonsense": "nonsense",
    "signed by another": jwt.encode({"sub": "eve", "exp": 4e9}, "another secret of thirty-two bytes!!", "HS256"),
    "not signed": jwt.encode({"sub": "eve", "exp": 4e9}, "", "none"),
    "expired": token(exp=1_000_000_000),
    "endless": jwt.encode({"sub": "eve"}, SECRET, "HS256"),
    "of nobody": jwt.encode({"exp": 4e9}, SECRET, "HS256"),
}


async def test_without_a_valid_token_nothing_is_told(stack: Stack, way: str) -> None:
    """With a secret set, whoever has no valid token learns nothing, on whatever transport."""
    await stack.start(secret=SECRET)
    for what, held in BAD_TOKENS.items():
        async with with_token(way, stack.address, held) as reader:
            with pytest.raises((Refused, Ended)) as refusal:
                await reader.subscribe(CHANNEL)

        if isinstance(refusal.value, Refused):
            assert (refusal.value.code, what) == ("unauthorized", what)
            assert refusal.value.status in (401, None)
        else:
            assert isinstance(refusal.value, Ended)
            assert (way, refusal.value.code) == ("websocket", 4001)


async def test_a_token_opens_the_channels_it_names(stack: Stack, way: str) -> None:
    """A token's patterns say what may be read: another channel is 403, whether it exists or not."""
    await stack.start(secret=SECRET)
    await stack.publish("hidden", channel="other:1")

    async with with_token(way, stack.address, token(channels=["run:*"])) as reader:
        await reader.subscribe(CHANNEL)
        await stack.publish("one")
        assert (await reader.next())["type"] == "one"
    for foreign in ("other:1", "other:2"):
        async with with_token(way, stack.address, token(channels=["run:*"])) as reader:
            with pytest.raises(Refused) as refusal:
                await reader.subscribe(foreign)
            assert refusal.value.code == "forbidden"
            assert refusal.value.status in (403, None)


async def test_publishing_needs_a_right_of_its_own(stack: Stack) -> None:
    """Who may read may not therefore publish: over HTTP 403, over a WebSocket an error."""
    await stack.start(secret=SECRET)
    path = f"/api/channels/{CHANNEL}/events"

    async def post(held: str) -> int:
        headers = {"Authorization": f"Bearer {held}"}
        return (await fetch(stack.address, "POST", path, body=b'{"type":"x"}', headers=headers)).status

    assert await post(token()) == 403
    assert await post(token(publish=["run:*"])) == 201
    async with WebSocketReader(stack.address, token=token()) as reader:
        await reader.subscribe(CHANNEL)
        with pytest.raises(Refused) as refusal:
            await reader.ask({"type": "publish", "channel": CHANNEL, "event": {"type": "x"}})
    assert refusal.value.code == "forbidden"


async def test_one_foreign_channel_of_several_is_refused(stack: Stack) -> None:
    """A stream of several channels needs the right to all of them."""
    await stack.start(secret=SECRET)
    headers = {"Authorization": f"Bearer {token(channels=['run:*'])}"}

    async with EventSourceReader(stack.address, others=["other:1"], headers=headers) as reader:
        with pytest.raises(Refused) as refusal:
            await reader.subscribe(CHANNEL)

    assert refusal.value.status == 403


async def test_a_token_may_come_in_a_message(stack: Stack) -> None:
    """A WebSocket may authenticate with its first message; until then it is told to, and afterwards it is served."""
    await stack.start(secret=SECRET)
    async with WebSocketReader(stack.address) as reader:
        with pytest.raises(Refused) as refusal:
            await reader.subscribe(CHANNEL)

        answer = await reader.ask({"type": "auth", "token": token()})
        await reader.subscribe(CHANNEL)
        await stack.publish("one")

        assert refusal.value.code == "unauthorized"
        assert (answer["type"], answer["user"]) == ("auth_success", "ada")
        assert len(await take(reader, 1)) == 1


async def test_a_bad_token_in_a_message_ends_the_connection(stack: Stack) -> None:
    """`auth_failed` says why, and 4001 tells the client to get a new token."""
    await stack.start(secret=SECRET)
    async with WebSocketReader(stack.address) as reader:
        await reader.say({"type": "auth", "token": "nonsense"})
        answer = await reader.hear()
        with pytest.raises(Ended) as end:
            await reader.hear()

        assert (answer["type"], answer["code"], end.value.code) == ("auth_failed", "unauthorized", 4001)


async def test_an_open_server_passes_over_tokens(stack: Stack) -> None:
    """Without a secret everybody is welcome, with whatever token: a client can be tried before access is set up."""
    await stack.start()
    async with WebSocketReader(stack.address, token="nonsense") as reader:
        answer = await reader.ask({"type": "auth", "token": "nonsense"})

        assert answer["type"] == "auth_success"


def test_a_repr_never_shows_the_secret() -> None:
    """A Headway can be printed into a log."""
    assert SECRET not in repr(Headway(secret=SECRET))
