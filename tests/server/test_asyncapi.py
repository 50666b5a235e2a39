"""The AsyncAPI document says what travels."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from headway.codes import Close, Code
from headway.errors import HeadwayError
from headway.events import RESERVED_TYPES, Draft
from headway.protocols.shapes import shapes
from headway.protocols.stream import parse
from headway.server.asyncapi import document
from headway.server.live import Headway
from headway.testing.readers import Ended, fetch
from headway.testing.readers.http import Wire
from headway.testing.serving import Address, serving
from tests.server.guests import CHANNEL, LIMITS, House, guarded

DOCUMENT = document("1.2.3")
SPECIFICATION = Path(__file__).parents[1] / "peers/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
Json = Any
"""Any: an AsyncAPI document, and what travels, is free JSON."""


def validator(payload: Json) -> jsonschema_rs.Draft7Validator:
    """What decides whether a payload fits: AsyncAPI's schemas are those of JSON Schema draft 7."""
    return jsonschema_rs.Draft7Validator({"allOf": [payload], "components": DOCUMENT["components"]})


MESSAGES = {key: validator(message["payload"]) for key, message in DOCUMENT["components"]["messages"].items()}


@pytest.mark.node
def test_it_is_asyncapi() -> None:
    """The document fits the schema of AsyncAPI 3.0, as its makers publish it."""
    if not SPECIFICATION.exists():
        pytest.skip("the packages of tests/peers are missing (`make setup`)")
    specification = jsonschema_rs.Draft7Validator(json.loads(SPECIFICATION.read_text()))

    assert [str(error) for error in specification.iter_errors(DOCUMENT)] == []


def test_no_reference_leads_nowhere() -> None:
    """Whatever is referred to is there, and every schema and every message is used."""
    named = set(re.findall(r"'\$ref': '#/([^']+)'", repr(DOCUMENT)))

    for reference in named:
        there = DOCUMENT
        for part in reference.split("/"):
            there = there[part]
    for kind in ("schemas", "messages"):
        used = {name.split("/")[2] for name in named if name.startswith(f"components/{kind}/")}
        assert used == set(DOCUMENT["components"][kind])


def test_it_has_the_tables() -> None:
    """Every message of the native protocol, every code and every reserved word stand in it."""
    components = DOCUMENT["components"]
    closes = DOCUMENT["channels"]["socket"]["x-close-codes"]

    assert {f"{name}Request" for name in shapes().asked} | set(shapes().told) <= set(components["messages"])
    assert {close["code"]: close["advice"] for close in closes} == {close.code: close.advice.value for close in Close}
    assert components["schemas"]["Code"]["enum"] == [code.spelling for code in Code]
    assert set(components["schemas"]["Draft"]["properties"]["type"]["not"]["enum"]) == RESERVED_TYPES


async def test_a_server_shows_it() -> None:
    """It needs no token, as the OpenAPI document beside it."""
    async with serving(Headway(secret="a secret of at least thirty-two bytes")) as address:
        answers = [await fetch(address, "GET", path) for path in ("/asyncapi.json", "/api/asyncapi.json")]

    assert [(answer.status, answer.json()["asyncapi"]) for answer in answers] == [(200, "3.0.0")] * 2


# What a client may say is what a server takes.

WORDS = ["run:7", "", "two words", "\u0000", "x" * 300, "abc.7", "nonsense", "subscribed", "progress", "offset"]
ODD: some.SearchStrategy[Json] = some.one_of(
    some.sampled_from(WORDS), some.none(), some.booleans(), some.integers(-3, 1003), some.just([]), some.just({})
)
DRAFTS: some.SearchStrategy[Json] = some.fixed_dictionaries(
    {"type": ODD},
    optional={"data": some.one_of(ODD, some.dictionaries(some.sampled_from(WORDS), ODD)), "key": ODD, "other": ODD},
)
FIELDS: dict[str, some.SearchStrategy[Json]] = {
    "type": some.sampled_from(
        ["subscribe", "unsubscribe", "publish", "ack", "auth", "ping", "registerSession", "dance"]
    ),
    **dict.fromkeys(
        ("channel", "group", "testRunId", "sessionId", "since", "batch", "ack", "offset", "token", "id"), ODD
    ),
    "event": some.one_of(DRAFTS, ODD),
    "events": some.one_of(some.lists(DRAFTS, max_size=2), ODD),
    "idempotency_key": ODD,
}
BODIES = some.fixed_dictionaries({}, optional=FIELDS)
REQUESTS = [f"{name}Request" for name in shapes().asked] + ["registerSession", "session"]


@settings(max_examples=1_000, deadline=None)
@given(some.one_of(BODIES, some.builds(lambda body, data: {**body, "data": data}, BODIES, BODIES)))
def test_what_fits_is_understood(message: Json) -> None:
    """A message that fits the schema of a request is one that the server takes. Positions are opaque to a schema."""
    if not any(MESSAGES[name].is_valid(message) for name in REQUESTS):
        return
    try:
        parse(message, event_bytes=1_000_000)
    except HeadwayError as error:
        if error.code is not Code.BAD_POSITION:
            raise AssertionError(repr(message)) from error


@settings(max_examples=300, deadline=None)
@given(DRAFTS)
def test_an_event_that_fits_can_be_published(draft: Json) -> None:
    """The schema of a draft takes exactly what the log takes."""
    fits = validator({"$ref": "#/components/schemas/Draft"}).is_valid(draft)
    try:
        if draft.keys() - {"type", "data", "key"}:
            raise HeadwayError("too much")
        Draft.of(draft["type"], draft.get("data"), draft.get("key"))
    except HeadwayError:
        assert not fits
    else:
        assert fits


# What a server says is what the document has.


class Record:
    """What was said on each channel of the document, found again in it."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def note(self, channel: str, message: Json, *, emitted: str | None = None) -> str:
        """Take a message. It is one of those that the channel has, and no other."""
        possible = DOCUMENT["channels"][channel]["messages"]
        names = [name for name in possible if name.endswith("Emitted") is (emitted is not None)]
        if emitted is not None:
            names = [name for name in names if DOCUMENT["components"]["messages"][name]["name"] == emitted]
        found = [name for name in names if MESSAGES[name].is_valid(message)]
        assert len(found) == 1, (channel, message, found)
        name: str = found[0]
        self.seen.add(name)
        return name


class Socket:
    """A client of the native protocol that notes down what is said."""

    def __init__(self, connection: ClientConnection, record: Record, channel: str) -> None:
        self._connection, self._record, self._channel = connection, record, channel

    async def say(self, **message: Json) -> None:
        """Say something that the document has."""
        self._record.note(self._channel, message)
        await self.shout(message)

    async def shout(self, message: Json) -> None:
        """Say something that it does not have."""
        await self._connection.send(msgspec.json.encode(message).decode())

    async def hear(self, *names: str) -> Json:
        """Hear messages until each of these was among them. Returns the last."""
        wanted, message = set(names), None
        while wanted:
            message = msgspec.json.decode(await self._connection.recv())
            wanted.discard(self._record.note(self._channel, message))
        return message


@asynccontextmanager
async def socket(address: Address, record: Record, path: str = "/ws", channel: str = "socket") -> AsyncIterator[Socket]:
    """A client of the native protocol."""
    async with connect(address.ws(path), proxy=None) as connection:
        yield Socket(connection, record, channel)


class Emitter:
    """A Socket.IO client that notes down what is said."""

    def __init__(self, connection: ClientConnection, record: Record) -> None:
        self._connection, self._record = connection, record
        self._ids = count()

    async def join(self, token: str) -> None:
        """Join the namespace."""
        await self._connection.recv()
        await self._connection.send("40" + msgspec.json.encode({"token": token}).decode())
        await self._connection.recv()

    async def emit(self, name: str, argument: Json, *, acknowledged: bool = True) -> None:
        """Emit an event that the document has."""
        self._record.note("socketio", argument, emitted=name)
        await self.shout(name, argument, acknowledged=acknowledged)

    async def shout(self, name: str, argument: Json, *, acknowledged: bool) -> None:
        """Emit something that it does not have."""
        id = str(next(self._ids)) if acknowledged else ""
        await self._connection.send(f"42{id}" + msgspec.json.encode([name, argument]).decode())

    async def hear(self, *names: str) -> None:
        """Hear answers and events until each of these was among them."""
        wanted = set(names)
        while wanted:
            packet = str(await self._connection.recv())
            if packet[:2] in ("42", "43"):
                arguments = msgspec.json.decode(packet[2:].lstrip("0123456789"))
                message = arguments[0] if packet[:2] == "43" else arguments[1]
                assert packet[:2] == "43" or arguments[0] == message["type"]
                wanted.discard(self._record.note("socketio", message))


async def frames(address: Address, path: str, token: str) -> AsyncIterator[Json]:
    """The data of each frame of a stream."""
    wire = await Wire.open(address)
    try:
        await wire.ask("GET", path, {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"})
        _, head = await wire.head()
        text = b""
        async for piece in wire.body(head):
            *whole, text = (text + piece).split(b"\n\n")
            for frame in whole:
                for line in frame.split(b"\n"):
                    if line.startswith(b"data: "):
                        yield msgspec.json.decode(line[6:])
    except (OSError, EOFError, Ended):
        return
    finally:
        await wire.abort()


async def on_sockets(house: House, record: Record, token: str) -> None:
    """Everything that is said over a WebSocket."""
    event = {"type": "progress", "data": {"percent": 40}, "key": "progress"}
    async with socket(house.address, record) as one:
        await one.say(type="auth", token=token, id="a")
        await one.hear("auth_success")
        await one.say(type="subscribe", channel=CHANNEL, id=1)
        await one.hear("subscribed")
        await one.say(type="publish", channel=CHANNEL, event=event, idempotency_key="k", id=2.5)
        await one.hear("published", "event")
        await one.say(type="publish", data={"group": CHANNEL, "events": [event, {"type": "step_done"}]})
        await one.hear("published", "event")
        await one.say(type="unsubscribe", testRunId=CHANNEL)
        await one.hear("unsubscribed")
        await one.say(type="subscribe", channel=CHANNEL, since="elsewhere.3", batch=True, ack=True)
        await one.hear("subscribed", "gap", "batch")
        await one.say(type="ack", channel=CHANNEL, offset=3)
        await one.say(type="ping")
        await one.hear("pong")
        await one.shout({"type": "dance", "id": 9})
        await one.hear("error")
        await one.shout({"type": "publish", "channel": CHANNEL, "event": {"type": "x", "data": {"offset": 1}}})
        await one.hear("error")
        await one.say(type="auth", token=house.token(channels=["other:*"]))
        left = await one.hear("auth_success", "unsubscribed")
        assert left["code"] == "forbidden"
        await one.say(type="auth", token="nonsense")
        await one.hear("auth_failed")
    for path, message in (("/", {"sessionId": CHANNEL}), ("/ws/9", {"type": "registerSession", "sessionId": CHANNEL})):
        channel = "socketAtRoot" if path == "/" else "socketOfClient"
        async with socket(house.address, record, f"{path}?token={token}", channel) as plain:
            await plain.say(**message)
            await plain.hear("event")


async def on_socketio(house: House, record: Record, token: str) -> None:
    """Everything that is said over Socket.IO, until the server ends it."""
    short = house.token(channels=["*"], publish=["*"], sub="eve")
    async with connect(house.address.ws("/socket.io/?EIO=4&transport=websocket"), proxy=None) as connection:
        one = Emitter(connection, record)
        await one.join(short)
        await one.emit("ping", {})
        await one.emit("auth", {"token": short})
        await one.hear("pong", "auth_success")
        await one.emit("subscribe", {"channel": CHANNEL, "since": "elsewhere.3"})
        await one.hear("subscribed", "gap", "event")
        await one.emit("ack", {"channel": CHANNEL, "offset": 1})
        await one.emit("publish", {"channel": CHANNEL, "event": {"type": "step_done"}})
        await one.hear("published", "event")
        await one.emit("unsubscribe", CHANNEL, acknowledged=False)
        await one.emit("registerSession", CHANNEL)
        await one.hear("unsubscribed")
        await one.shout("subscribe", {"group": "two words"}, acknowledged=False)
        await one.hear("error")
        answer = await house.post("/api/revocations", {"user": "eve"}, house.token(role="admin"))
        assert answer.status == 200
        await one.hear("ending")


async def on_streams(house: House, record: Record) -> None:
    """Everything that is said on a stream, until the server ends it."""
    token = house.token(channels=["*"], sub="mallory")
    for channel, path, wanted in (
        ("stream", f"/api/channels/{CHANNEL}/stream?since=elsewhere.3", {"subscribed", "gap", "event", "heartbeat"}),
        ("streams", f"/api/stream?channel={CHANNEL}&channel=run:8&since=", {"subscribed", "event", "heartbeat"}),
        ("progress", f"/api/import/progress/{CHANNEL}", {"event", "heartbeat"}),
    ):
        ended = False
        async for message in frames(house.address, path, token):
            wanted.discard(name := record.note(channel, message))
            if not wanted and not ended:
                ended = True
                house.clock.advance(1)
                await house.post("/api/revocations", {"user": "mallory"}, house.token(role="admin"))
                house.clock.advance(1)
                token = house.token(channels=["*"], sub="mallory")
            if name == "ending":
                break
        assert not wanted


async def on_polls(house: House, record: Record, token: str) -> None:
    """Every kind of page."""
    for query in ("", "?since=", "?since=elsewhere.3&limit=1"):
        answer = await house.get(f"/api/channels/{CHANNEL}/events{query}", token)
        record.note("polling", answer.json())
    for session in (CHANNEL, "run:9"):
        record.note("progress", (await house.get(f"/api/import/progress/{session}", token)).json())


@pytest.mark.slow
async def test_every_message_of_a_server_is_in_it_and_every_one_in_it_is_of_a_server(tmp_path: Path) -> None:
    """What a real server and its clients say on every transport fits one message of its channel, field by field, and
    no message of the document is never said."""
    record = Record()
    limits = replace(LIMITS, stream_heartbeat_seconds=0.02)
    async with guarded(tmp_path, limits=limits) as house:
        token = house.token(channels=["*"], publish=["*"], role="admin")
        await on_sockets(house, record, token)
        await on_socketio(house, record, token)
        await on_streams(house, record)
        await on_polls(house, record, token)
        async with socket(house.address, record, f"/ws?token={token}") as last:
            await last.say(type="ping")
            await last.hear("pong")
            await house.live.drain(0.0)
            await last.hear("reconnect")
            with pytest.raises(ConnectionClosed):
                await last.hear("nothing more")

    assert record.seen == set(DOCUMENT["components"]["messages"])
