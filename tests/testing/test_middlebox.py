"""The box that does not treat all transports alike, seen from its two ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidHandshake, InvalidStatus

from headway.server.live import Headway
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.serving import serving
from headway.testing.waiting import wait_until

POLL = "/api/channels/run/events"


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def box(live: Headway) -> AsyncIterator[Middlebox]:
    """A box before it."""
    async with serving(live) as address, Middlebox(address) as box:
        yield box


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """What asks."""
    async with httpx2.AsyncClient(verify=False) as http:
        yield http


async def test_every_transport_is_known_by_its_address(box: Middlebox, http: httpx2.AsyncClient) -> None:
    """Without a fault all passes, and each connection is counted as what it carries."""
    assert (await http.get(box.address.http(POLL))).status_code == 200
    async with httpx2.AsyncClient(verify=False) as other:
        assert (await other.post(box.address.http(POLL), json={"type": "step"})).status_code == 201
    async with connect(box.address.ws("/ws")) as socket:
        await socket.send('{"type":"ping"}')
        assert await socket.recv() == '{"type":"pong"}'
    async with connect(box.address.ws("/socket.io/?EIO=4&transport=websocket")):
        pass
    async with http.stream("GET", box.address.http("/api/stream?channel=a")) as stream:
        assert stream.status_code == 200

    # The stream came on the connection of the poll: a connection is what its first request is.
    assert box.opened == {Carried.POLLING: 1, Carried.OTHER: 1, Carried.WEBSOCKET: 1, Carried.SOCKETIO: 1} | {
        Carried.EVENTSOURCE: 0
    }


async def test_refuse_cuts_one_kind(box: Middlebox, http: httpx2.AsyncClient) -> None:
    """What is open of it is reset, nothing of it comes through again, and the others are not touched."""
    async with connect(box.address.ws("/ws")) as socket:
        box.set(Carried.WEBSOCKET, Fault.REFUSE)

        with pytest.raises(ConnectionClosedError):
            await socket.recv()
    with pytest.raises((OSError, InvalidHandshake, EOFError)):
        await connect(box.address.ws("/ws"))
    assert (await http.get(box.address.http(POLL))).status_code == 200


async def test_hang_answers_nothing(box: Middlebox, http: httpx2.AsyncClient) -> None:
    """The connection stands, and nobody answers."""
    box.set(Carried.POLLING, Fault.HANG)
    asking = asyncio.create_task(http.get(box.address.http(POLL)))
    await wait_until(lambda: box.open(Carried.POLLING) == 1)

    await asyncio.wait({asking}, timeout=0.1)

    assert not asking.done()
    asking.cancel()


async def test_stall_holds_back_until_healed(box: Middlebox, http: httpx2.AsyncClient) -> None:
    """What is sent meanwhile arrives then."""
    box.set(Carried.POLLING, Fault.STALL)
    asking = asyncio.create_task(http.get(box.address.http(POLL)))
    await wait_until(lambda: box.open(Carried.POLLING) == 1)
    await asyncio.wait({asking}, timeout=0.1)
    assert not asking.done()

    box.heal(Carried.POLLING)

    assert (await asking).status_code == 200


async def test_buffer_passes_on_what_is_whole(live: Headway, box: Middlebox) -> None:
    """A stream that does not end says nothing until it does."""
    box.set(Carried.EVENTSOURCE, Fault.BUFFER)
    async with serving_ended(live, box) as reading:
        await asyncio.wait({reading}, timeout=0.1)
        assert not reading.done()

    assert b'"type":"subscribed"' in await reading


class serving_ended:
    """Reads a stream, whose server side ends with the block."""

    def __init__(self, live: Headway, box: Middlebox) -> None:
        self._live, self._box = live, box

    async def __aenter__(self) -> asyncio.Task[bytes]:
        self._task = asyncio.create_task(self._read())
        await wait_until(lambda: self._box.open(Carried.EVENTSOURCE) == 1)
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._live.cut()

    async def _read(self) -> bytes:
        reader, writer = await asyncio.open_connection(self._box.address.host, self._box.address.port)
        writer.write(b"GET /api/channels/run/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        everything = await reader.read(-1)
        writer.close()
        return everything


async def test_half_open_loses_the_server_alone(box: Middlebox) -> None:
    """The client's end stands, and hears nothing any more."""
    async with connect(box.address.ws("/ws"), close_timeout=0.1) as socket:
        box.set(Carried.WEBSOCKET, Fault.HALF_OPEN)
        await socket.send('{"type":"ping"}')
        hearing = asyncio.create_task(socket.recv())

        await asyncio.wait({hearing}, timeout=0.1)

        assert not hearing.done()
        hearing.cancel()


async def test_an_old_proxy_refuses_upgrades(box: Middlebox) -> None:
    """The answer is 400."""
    box.set(Carried.WEBSOCKET, Fault.REFUSE_UPGRADE)

    with pytest.raises(InvalidStatus) as refused:
        await connect(box.address.ws("/ws"))
    assert refused.value.response.status_code == 400


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER_UPGRADE, Fault.OPENS_THEN_DIES])
async def test_what_opens_and_dies(box: Middlebox, fault: Fault) -> None:
    """The handshake succeeds, and then the connection is reset."""
    box.set(Carried.WEBSOCKET, fault)

    with pytest.raises((ConnectionClosedError, OSError, EOFError, InvalidHandshake)):
        async with connect(box.address.ws("/ws")) as socket:
            await socket.recv()
    assert box.opened[Carried.WEBSOCKET] == 1


async def test_an_answer_that_is_dropped_was_given(live: Headway, box: Middlebox, http: httpx2.AsyncClient) -> None:
    """The server has done what was asked; whoever asked cannot know."""
    box.set(Carried.OTHER, Fault.DROP_ANSWER)

    with pytest.raises(httpx2.TransportError):
        await http.post(box.address.http(POLL), json={"type": "step"})

    assert (await live.publish("run", "step")).offset == 2


async def test_slow_passes_everything_on_late(box: Middlebox, http: httpx2.AsyncClient) -> None:
    """Nothing is missing of an answer that comes late."""
    box.set(Carried.POLLING, Fault.SLOW)

    answer = await http.get(box.address.http(POLL))

    assert answer.json()["events"] == []


async def test_duplicate_says_everything_twice(box: Middlebox, http: httpx2.AsyncClient) -> None:
    """A publish without an idempotency key is stored twice, and answered once."""
    box.set(Carried.OTHER, Fault.DUPLICATE)

    async def stored() -> bool:
        return len((await http.get(box.address.http(POLL + "?since="))).json()["events"]) == 2

    async with httpx2.AsyncClient(verify=False) as other:
        answer = await other.post(box.address.http(POLL), json={"type": "step"})
        await wait_until(stored)

    assert answer.status_code == 201
