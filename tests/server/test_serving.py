"""Servers as they run in the world: in a process of their own, told to end, killed, out of disk."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from headway.errors import UsageError
from headway.server.serving import limits_from, live_from, security_from
from headway.server.settings import Settings
from headway.testing.readers import (
    Ended,
    EventSourceReader,
    Fields,
    PollingReader,
    Reader,
    Refused,
    SocketIoReader,
    WebSocketReader,
    fetch,
)
from headway.testing.readers.http import Wire
from headway.testing.serving import Address, Process, process
from headway.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]
"""Processes take their time to start, the more on a machine that has other work."""

CHANNEL = "run:7"
SECRET = "a secret of at least thirty-two bytes"

READERS: dict[str, Callable[[Address], Reader]] = {
    "websocket": WebSocketReader,
    "websocket-deflate": lambda address: WebSocketReader(address, deflate=True),
    "eventsource": EventSourceReader,
    "eventsource-several": lambda address: EventSourceReader(address, others=["other"]),
    "long-polling": lambda address: PollingReader(address, wait=30.0),
    "socketio": SocketIoReader,
    "socketio-polling": lambda address: SocketIoReader(address, polling=True),
}


async def publish(address: Address, *types: str) -> Fields:
    """Publish an event of each type, each in its own request. Raises `Refused`."""
    told: Fields = {}
    for type in types:
        path = f"/api/channels/{CHANNEL}/events"
        answer = await fetch(address, "POST", path, body=b'{"type":"%b"}' % type.encode())
        told = answer.json()
        if answer.status != 201:
            raise Refused(told["error"]["code"], told["error"]["message"], answer.status)
    return told


async def follow(address: Address) -> dict[str, Reader]:
    """A reader of every kind on the channel."""
    readers = {name: make(address) for name, make in READERS.items()}
    for reader in readers.values():
        await reader.subscribe(CHANNEL)
    return readers


async def end_of(reader: Reader) -> Ended | Refused:
    """How a reader's connection ends."""
    try:
        while True:
            await reader.next()
    except (Ended, Refused) as end:
        return end


async def come_back(readers: dict[str, Reader], address: Address, *missed: str) -> None:
    """Each reader continues with its own token, and is told exactly what it missed."""
    for name, gone in readers.items():
        async with READERS[name](address) as reader:
            beginning = await reader.subscribe(CHANNEL, gone.token)
            told = [await reader.next() for _ in missed]

            assert beginning.recovered, name
            assert [event["type"] for event in told] == list(missed), name


async def close(readers: dict[str, Reader]) -> None:
    """Have all of them leave."""
    for reader in readers.values():
        await reader.close()


async def test_a_terminated_server_says_goodbye_and_its_readers_miss_nothing(tmp_path: Path) -> None:
    """SIGTERM with open streams of every kind: each is told to come back in its own way, the process ends by itself,
    and at the next one every reader goes on where it was."""
    async with process(tmp_path) as first:
        readers = await follow(first.address)
        await publish(first.address, "one")
        for reader in readers.values():
            await reader.next()
        ends = {name: asyncio.create_task(end_of(reader)) for name, reader in readers.items() if "long" not in name}
        poll = asyncio.create_task(
            fetch(first.address, "GET", f"/api/channels/{CHANNEL}/events?since={readers['websocket'].token}&wait=30")
        )
        await wait_until(lambda: waiting_polls(first.address))

        first.terminate()
        told = {name: await end for name, end in ends.items()}
        answer = await poll
        await first.ended()

        for name in ("websocket", "websocket-deflate"):
            end = told[name]
            assert isinstance(end, Ended)
            assert end.code == 1012
            assert end.retry is not None
        stream = readers["eventsource"]
        assert isinstance(stream, EventSourceReader)
        assert stream.retries == 2
        assert (answer.status, answer.json()["events"]) == (200, [])
    await close(readers)

    async with process(tmp_path, port=first.address.port) as second:
        await publish(second.address, "two", "three")
        await come_back(readers, second.address, "two", "three")


async def waiting_polls(address: Address) -> bool:
    """Whether some poll waits at the server."""
    health = (await fetch(address, "GET", "/api/health")).json()
    return bool(health["details"]["hub"]["waiting_polls"])


async def test_a_killed_server_loses_nothing_anybody_saw(tmp_path: Path) -> None:
    """`kill -9` in the middle of publishing: every event that was answered or seen is there at the next start, no
    offset is used twice, and every reader goes on where it was."""
    accepted: list[Fields] = []

    async def publish_on(server: Process) -> None:
        try:
            while True:
                accepted.append(await publish(server.address, f"step{len(accepted)}"))
        except (Ended, EOFError, OSError):
            return

    async with process(tmp_path) as first:
        readers = await follow(first.address)
        publishing = asyncio.create_task(publish_on(first))
        seen = {name: [await reader.next() for _ in range(5)] for name, reader in readers.items()}
        first.kill()
        await publishing
        await first.ended()
        for name, reader in readers.items():
            seen[name] += await rest_of(reader)
    await close(readers)

    async with process(tmp_path, port=first.address.port) as second:
        await publish(second.address, "last")
        for name, gone in readers.items():
            async with READERS[name](second.address) as reader:
                await reader.subscribe(CHANNEL, gone.token)
                told = seen[name]
                while told[-1]["type"] != "last":
                    told.append(await reader.next())

                assert [event["offset"] for event in told] == list(range(1, len(told) + 1)), name
                stored = {event["offset"]: event["position"] for event in told}
                assert all(stored[answer["offset"]] == answer["position"] for answer in accepted), name


async def rest_of(reader: Reader) -> list[Fields]:
    """What a reader still has in its buffers when the server is gone."""
    told: list[Fields] = []
    try:
        while True:
            told.append(await reader.next())
    except (Ended, Refused):
        return told


async def test_a_full_disk_is_said_aloud_and_recovered_from(tmp_path: Path) -> None:
    """When the disk takes no more, publishing is 503 and health degraded, reading goes on; when there is room again,
    so does publishing, with the next offset."""
    async with process(tmp_path) as server:
        readers = await follow(server.address)
        await publish(server.address, "one")
        hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4_096, hard))

        with pytest.raises(Refused) as refusal:
            await publish(server.address, *["filler"] * 1_000)
        health = await fetch(server.address, "GET", "/api/health")
        history = await fetch(server.address, "GET", f"/api/channels/{CHANNEL}/events?since=")

        assert (refusal.value.code, refusal.value.status) == ("storage_unavailable", 503)
        assert (health.status, health.json()["status"]) == (503, "degraded")
        assert health.json()["details"]["checks"]["log"]["message"]
        events = history.json()["events"]
        assert events[0]["type"] == "one"

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))
        await wait_until(lambda: healthy(server.address))
        last = await publish(server.address, "again")
        assert last["offset"] == len(events) + 1
        for name, reader in readers.items():
            told = [await reader.next() for _ in range(last["offset"])]
            assert [event["offset"] for event in told] == list(range(1, last["offset"] + 1)), name
        await close(readers)


async def healthy(address: Address) -> bool:
    """Whether health says so."""
    return (await fetch(address, "GET", "/api/health")).status == 200


async def test_a_second_server_on_the_same_folder_refuses_to_start(tmp_path: Path) -> None:
    """Two processes never write one log; the second says so and ends."""
    async with process(tmp_path):
        with pytest.raises(RuntimeError, match="before it listened"):
            async with process(tmp_path):
                pass


async def test_a_server_with_a_secret_takes_it_from_the_environment(tmp_path: Path) -> None:
    """Settings are read from the environment, the secret among them."""
    async with process(tmp_path, settings={"SECRET": SECRET}) as server:
        answer = await fetch(server.address, "GET", f"/api/channels/{CHANNEL}/events")

        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.1", "example.org", "127.example.org", "localhost.example.org"]
)
def test_an_open_server_is_not_exposed_by_mistake(host: str) -> None:
    """Listening beyond loopback without a secret is refused, with a sentence that names the ways out."""
    settings = Settings.model_validate({"host": host, "data": None})

    with pytest.raises(UsageError, match=r"HEADWAY_SECRET.*HEADWAY_JWKS.*--insecure"):
        live_from(settings)

    for way_out in ({"insecure": True}, {"secret": SECRET}, {"jwks": "keys.json"}):
        live_from(Settings.model_validate({"host": host, "data": None} | way_out))


def test_a_proxy_that_is_no_address_is_a_mistake() -> None:
    """It would silently not be trusted."""
    with pytest.raises(UsageError, match="trusted proxy"):
        live_from(Settings.model_validate({"data": None, "trusted_proxies": {"proxy.example.org"}}))


@pytest.mark.parametrize(
    ("given", "lifted"),
    [
        ({}, True),
        ({"host": "::1"}, True),
        ({"secret": SECRET}, False),
        ({"jwks": "keys.json"}, False),
        ({"insecure": True}, False),
        ({"host": "0.0.0.0", "secret": SECRET}, False),
    ],
)
def test_addresses_have_bounds_where_they_mean_somebody(given: dict[str, object], lifted: bool) -> None:
    """Not on an open server that only this machine reaches; there, too, the bound that was chosen holds."""
    settings = Settings.model_validate({"data": None} | given)
    limits = limits_from(settings)
    chosen = limits_from(settings.model_copy(update={"limits": {"address_connections": 7}}))

    assert (limits.address_connections, limits.address_rate) == ((0, 0.0) if lifted else (100, 10.0))
    assert chosen.address_connections == 7


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, frozenset()),
        ({"hosts": frozenset({"dev"})}, {"dev"}),
        ({"secret": SECRET}, None),
        ({"jwks": "keys.json"}, None),
        ({"insecure": True}, None),
        ({"insecure": True, "hosts": frozenset({"dev"})}, {"dev"}),
    ],
)
def test_an_open_server_on_loopback_asks_for_its_name(given: dict[str, object], hosts: object) -> None:
    """One that asks for tokens does so only if it was given names."""
    assert security_from(Settings.model_validate({"data": None} | given)).hosts == hosts


async def test_a_page_whose_name_leads_here_gets_nothing(tmp_path: Path) -> None:
    """DNS rebinding: its origin is its own name, and so is the host; over HTTP and on a WebSocket."""
    evil = {"Host": "evil.example:4000", "Origin": "http://evil.example:4000"}
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    handshake |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    async with process(tmp_path) as server:
        for path, headers in (
            ("/", evil),
            (f"/api/channels/{CHANNEL}/events", evil),
            ("/socket.io/?EIO=4&transport=polling", evil),
            ("/ws", evil | handshake),
            ("/socket.io/?EIO=4&transport=websocket", evil | handshake),
        ):
            answer = await fetch(server.address, "GET", path, headers=headers)
            assert (answer.status, answer.json()["error"]["code"]) == (421, "misdirected"), path
            assert answer.headers["x-content-type-options"] == "nosniff"
        own = await fetch(server.address, "GET", "/", headers={"Host": "dev.localhost:4000"})
        assert own.status == 200


async def test_a_server_with_tokens_holds_each_address_to_its_bounds(tmp_path: Path) -> None:
    """Also on loopback: the connection beyond is told so, and those of a trusted proxy are not its own."""
    settings = {"SECRET": SECRET, "LIMITS": '{"address_connections": 2}'}
    for proxies, status in (("[]", 429), ('["127.0.0.0/8"]', 200)):
        async with process(tmp_path, settings=settings | {"TRUSTED_PROXIES": proxies}) as server:
            held = [await Wire.open(server.address) for _ in range(2)]
            for wire in held:
                await wire.ask("GET", "/", {})
                assert (await wire.head())[0] == 200
            assert (await fetch(server.address, "GET", "/")).status == status
            for wire in held:
                await wire.abort()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_loopback_needs_no_secret(host: str) -> None:
    """On loopback a server works at once."""
    live_from(Settings.model_validate({"host": host, "data": None}))
