"""The native protocol's own: subprotocols, answers, batches, heartbeats, the dialects of the clients in the world."""

from __future__ import annotations

import asyncio
import contextlib
import functools

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from headway.limits import Limits
from headway.server.live import Headway
from headway.testing.network import Network
from headway.testing.readers import Ended, Refused, WebSocketReader
from headway.testing.serving import Kind, serving
from headway.testing.waiting import wait_until
from tests.delivery.harness import CHANNEL, Stack, assert_delivered, take

BRISK = Limits(heartbeat_seconds=0.5, heartbeat_timeout=0.4)
"""Soon enough to wait for, and long enough for a client on a busy machine to answer."""


@pytest.mark.parametrize(("asked", "agreed"), [(False, None), (True, "headway.msgpack")])
async def test_the_subprotocol_decides_the_encoding(stack: Stack, asked: bool, agreed: str | None) -> None:
    """Who asks for `headway.msgpack` gets it; who asks for nothing is told of nothing and speaks JSON."""
    await stack.start()
    async with WebSocketReader(stack.address, msgpack=asked) as reader:
        answer = await reader.ask({"type": "ping", "id": 7})

        assert reader.connection.subprotocol == agreed
        assert answer == {"type": "pong", "id": 7}


@pytest.mark.parametrize("path", ["/", "/ws", "/ws/client-1"])
async def test_every_address_of_the_seeds_is_served(stack: Stack, path: str) -> None:
    """A WebSocket is found at `/`, `/ws` and `/ws/{client_id}`."""
    await stack.start()
    async with WebSocketReader(stack.address, path=path) as reader:
        await reader.subscribe(CHANNEL)
        await stack.publish("one")

        assert (await reader.next())["type"] == "one"


async def test_elsewhere_there_is_none(stack: Stack) -> None:
    """A handshake at any other address is answered with 404 in the one shape of errors."""
    await stack.start()
    async with WebSocketReader(stack.address, path="/wsx") as reader:
        with pytest.raises(Refused) as refusal:
            await reader.connect()

    assert (refusal.value.code, refusal.value.status) == ("not_found", 404)


async def test_fields_may_stand_under_data(stack: Stack) -> None:
    """`subscribe` takes its fields at the top level or under `data`."""
    await stack.start()
    position = await stack.publish("one")
    async with WebSocketReader(stack.address) as reader:
        answer = await reader.ask({"type": "subscribe", "data": {"channel": CHANNEL, "since": ""}})

        assert answer["channel"] == CHANNEL
        assert (await reader.next())["position"] == str(position)


@pytest.mark.parametrize("spelling", ["group", "testRunId", "sessionId"])
async def test_who_spells_a_channel_otherwise_gets_its_state_as_messages(stack: Stack, spelling: str) -> None:
    """Those clients know no `snapshot` field, so the events of the snapshot come as ordinary messages after the
    answer."""
    await stack.start()
    await stack.publish("progress", key="progress", percent=40)
    async with WebSocketReader(stack.address) as reader:
        answer = await reader.ask({"type": "subscribe", spelling: "run:7"})
        state = await reader.next()
        await stack.publish("one")

        assert "snapshot" not in answer
        assert state["percent"] == 40
        assert (await reader.next())["type"] == "one"


@pytest.mark.parametrize(
    "hello", [{"sessionId": CHANNEL}, {"type": "registerSession", "sessionId": CHANNEL}], ids=["bare", "named"]
)
async def test_who_registers_a_session_hears_events_and_nothing_else(stack: Stack, hello: dict[str, str]) -> None:
    """That client takes every message for progress: neither an answer nor `reconnect` is sent to it."""
    await stack.start()
    await stack.publish("progress", key="progress", current=1)
    async with WebSocketReader(stack.address, path="/") as reader:
        await reader.say(hello)
        first = await reader.hear()
        await stack.publish("completion")
        second = await reader.hear()
        draining = asyncio.create_task(stack.live.drain(0.0))
        with pytest.raises(Ended) as end:
            await reader.hear()
        await draining

        assert [first["type"], second["type"], end.value.code] == ["progress", "completion", 1012]
        assert end.value.retry is None


async def test_a_number_is_a_channel_too(stack: Stack) -> None:
    """Ids that are numbers in the seeds' clients name the channel of their digits."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        answer = await reader.ask({"type": "subscribe", "testRunId": 42})

        assert answer["channel"] == "42"


async def test_events_that_are_ready_together_come_as_one_batch_for_who_asked(stack: Stack) -> None:
    """A batch holds at most what was asked for; a single event comes as itself."""
    await stack.start()
    await stack.publish_many(25)
    async with WebSocketReader(stack.address) as reader:
        await reader.ask({"type": "subscribe", "channel": CHANNEL, "since": "", "batch": 10})
        batches = [await reader.hear() for _ in range(3)]
        await stack.publish("one")
        single = await reader.hear()

        assert [(batch["type"], batch["count"], len(batch["messages"])) for batch in batches] == [
            ("batch", 10, 10),
            ("batch", 10, 10),
            ("batch", 5, 5),
        ]
        assert_delivered([event for batch in batches for event in batch["messages"]], 1, 25)
        assert single["type"] == "one"


async def test_requests_are_answered_in_their_order(stack: Stack) -> None:
    """However many requests come at once, each is answered, after those before it."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        for number in range(300):
            await reader.say({"type": "subscribe" if number % 3 else "ping", "channel": f"c{number % 7}", "id": number})

        answers = [await reader.hear() for _ in range(300)]

        assert [answer["id"] for answer in answers] == list(range(300))


async def test_a_message_in_fragments_is_one_message(stack: Stack) -> None:
    """Fragments, with a ping between them, are put together; the ping is answered at once."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        await reader.connect()
        connection = reader.connection
        ping = await connection.ping(b"there?")

        async def parts() -> object:
            yield '{"type":'
            await ping
            yield '"ping"'
            yield "}"

        await connection.send(parts())  # type: ignore[arg-type]  # it is an async iterable of str

        assert await reader.hear() == {"type": "pong"}


async def test_the_clients_close_is_answered(stack: Stack) -> None:
    """A client that closes with a code and a reason gets its close frame back and is forgotten."""
    await stack.start()
    async with WebSocketReader(stack.address) as reader:
        await reader.subscribe(CHANNEL)

        await reader.connection.close(3999, "enough")

        closed = reader.connection.protocol.close_rcvd
        assert closed is not None
        assert closed.code == 3999
        await wait_until(stack.left_alone)


async def test_a_client_that_is_silent_but_there_is_kept() -> None:
    """Heartbeats are answered by every WebSocket library by itself, so an idle reader stays for as long as it likes."""
    live = Headway(limits=BRISK)
    async with serving(live) as address, WebSocketReader(address) as reader:
        await reader.subscribe(CHANNEL)
        pings = 0
        receive = reader.connection.protocol.receive_data

        def counting(data: bytes | bytearray) -> None:
            nonlocal pings
            pings += bytes(data).count(Frame(Opcode.PING, b"").serialize(mask=False, extensions=[]))
            receive(data)

        reader.connection.protocol.receive_data = counting  # type: ignore[method-assign]
        await wait_until(lambda: pings >= 2)
        await live.publish(CHANNEL, "one")

        assert (await reader.next())["type"] == "one"


async def test_a_client_whose_cable_was_pulled_is_noticed() -> None:
    """Who does not answer a heartbeat in time is not there: its cursor is freed, and nobody else notices."""
    live = Headway(limits=BRISK)
    async with serving(live) as address, Network(address) as network:
        async with WebSocketReader(address) as other:
            await other.subscribe(CHANNEL)
            gone = WebSocketReader(network.address)
            await gone.subscribe(CHANNEL)

            network.half_open()
            await wait_until(lambda: live.running.hub.statistics()["cursors"] == 1)
            await live.publish(CHANNEL, "one")

            assert (await other.next())["type"] == "one"
        await gone.cut()


def _none_left(live: Headway) -> bool:
    return not live.running.sessions.registry.connections()


async def test_a_client_that_asks_and_does_not_read_is_cut() -> None:
    """Answers are not in the log, so they cannot wait there: beyond a bound the connection ends."""
    limits = Limits(write_high=16_384, control_bytes=16_384, page_bytes=16_384)
    for kind in (Kind.FAST, Kind.PLAIN):
        live = Headway(limits=limits)
        async with serving(live, kind, send_buffer=16_384) as address:
            reader = WebSocketReader(address, receive_buffer=8_192)
            await reader.connect()
            reader.stall()

            with contextlib.suppress(Ended):
                while not _none_left(live):
                    await reader.say({"type": "ping", "id": "x" * 4_000})
                    await asyncio.sleep(0)
            await wait_until(functools.partial(_none_left, live))
            await reader.cut()


async def test_a_bad_token_in_the_url_closes_with_4001_after_the_handshake(stack: Stack) -> None:
    """A browser cannot see the status of a failed handshake, so the refusal is a close code."""
    await stack.start(secret="a secret of at least thirty-two bytes")
    async with WebSocketReader(stack.address, token="nonsense") as reader:
        await reader.connect()
        with pytest.raises(ConnectionClosed) as end:
            await reader.connection.recv()

    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 4001
    assert "nonsense" not in end.value.rcvd.reason


async def test_a_compressed_connection_takes_compressed_messages(stack: Stack) -> None:
    """Compression works both ways, for large messages too."""
    await stack.start()
    async with WebSocketReader(stack.address, deflate=True) as reader:
        await reader.subscribe(CHANNEL)
        event = {"type": "large", "data": {"text": "ab" * 200_000}}
        await reader.ask({"type": "publish", "channel": CHANNEL, "event": event})

        (told,) = await take(reader, 1)

        assert told["text"] == "ab" * 200_000
