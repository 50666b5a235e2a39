"""The web import tool (seeds 000 and 001) and its ladder: Socket.IO, a raw WebSocket, polling; and the older tool's
event stream.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

import pytest

from headway.testing.readers import fetch
from headway.testing.serving import Address
from tests.seeds.gateway import SOCKET_IO, Door, Gateway
from tests.seeds.homes import Client, Home
from tests.seeds.producer import Producer

STATE = "state"
"""The key of progress and of how it ended: whoever comes late, or back on a lower rung, is shown the newest."""


async def import_three_users(producer: Producer, session: str) -> None:
    """An import as the tool reports it: every shape that its versions had."""
    await producer.publish(
        session,
        "progress",
        key=STATE,
        current=1,
        total=3,
        message="Creating anna",
        counts={"succeeded": 1, "failed": 0, "skipped": 0},
        status="running",
        user="anna",
    )
    await producer.publish(
        session,
        "progress",
        key=STATE,
        processed=2,
        total=3,
        stats={"created": 1, "failed": 1, "skipped": 0, "errors": ["no email"], "warnings": []},
        fileName="users.csv",
    )
    await producer.publish(session, "error", message="bert: the email is missing", row=2)
    await producer.publish(session, "completion", key=STATE, success=True, total=3, created=2, failed=1, durationMs=41)


async def test_the_addresses_that_the_tool_checks_first_answer(server: Address) -> None:
    """`/api/health` says that all is well, and `/socket.io/` opens a session in the format of Socket.IO."""
    health = await fetch(server, "GET", "/api/health")
    opened = await fetch(server, "GET", "/socket.io/?EIO=4&transport=polling")

    assert (health.status, health.json()["status"]) == (200, "healthy")
    assert opened.status == 200
    assert opened.body.startswith(b'0{"sid":"')


async def step(producer: Producer, session: str, current: int) -> None:
    """One step of an import."""
    await producer.publish(session, "progress", key=STATE, current=current, total=100)


def shown(client: Client, session: str, by: str | None = None) -> list[dict[str, Any]]:  # Any: JSON values
    """What the tool was given of a session, by one rung or by all."""
    reports = client.told("progress") if by is None else client.told("progress", by=by)
    return [report["data"] for report in reports if report["data"].get("channel") == session]


def shows(client: Client, session: str, current: int) -> bool:
    """Whether the newest thing shown is this step."""
    return shown(client, session)[-1].get("current") == current


def without_repeated(events: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON values
    """The events, one that is shown again beside itself counted once."""
    return [event for before, event in zip([None, *events], events, strict=False) if event != before]


async def test_over_socket_io_a_registered_session_is_told_everything(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """`emit('registerSession', id)`: progress, completion and error arrive under their names, as the flat object."""
    async with home.run("importtool", server, sessionId=channel) as client:
        await client.heard("connect", by="socketio")
        await producer.followed(channel)

        await import_three_users(producer, channel)
        reports = await client.heard("progress", 4)

        assert [report["type"] for report in reports] == ["progress", "progress", "error", "completion"]
        assert shown(client, channel) == await producer.log(channel)


@pytest.mark.parametrize("register", ["bare", "typed"])
async def test_over_a_raw_websocket_a_session_hears_events_and_nothing_else(
    home: Home, server: Address, producer: Producer, channel: str, register: str
) -> None:
    """`{"sessionId": …}`, with and without its type, at "/": every message the tool gets is one of the session's
    objects.
    """
    async with home.run("importtool", server, sessionId=channel, first="websocket", register=register) as client:
        await client.heard("connect", by="websocket")
        await producer.followed(channel)

        await import_three_users(producer, channel)
        reports = await client.heard("progress", 4)

        assert [report["data"] for report in reports] == await producer.log(channel)


async def test_three_connections_at_once_are_independent(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Two watch the same session and one another; who leaves takes nobody along."""
    other = f"{channel}-other"
    async with contextlib.AsyncExitStack() as stack:
        first, second, third = [
            await stack.enter_async_context(home.run("importtool", server, sessionId=session, first="websocket"))
            for session in (channel, channel, other)
        ]
        await producer.followed(channel, 2)
        await producer.followed(other)

        await step(producer, channel, 1)
        await step(producer, other, 50)
        await asyncio.gather(first.heard("progress"), second.heard("progress"), third.heard("progress"))
        await first.tell("cleanup")
        await first.heard("disconnect", by="websocket")
        await step(producer, channel, 2)
        await step(producer, other, 51)
        await asyncio.gather(second.heard("progress", 2), third.heard("progress", 2))

        log, others_log = await producer.log(channel), await producer.log(other)
        assert shown(first, channel) == log[:1]
        assert shown(second, channel) == log
        assert [report["data"] for report in third.told("progress")] == others_log


@pytest.mark.parametrize("first", ["socketio", "websocket"])
async def test_an_unknown_session_does_no_harm(
    home: Home, server: Address, producer: Producer, channel: str, first: str
) -> None:
    """Registering for a session that does not exist is no error: the connection stays, silent, and hears it when it
    begins.
    """
    async with home.run("importtool", server, sessionId=channel, first=first) as client:
        await client.heard("connect", by=first)
        await producer.followed(channel)
        assert {report["kind"] for report in client.reports} <= {"begun", "connect", "upgrade"}

        await step(producer, channel, 1)
        await client.heard("progress")

        assert shown(client, channel) == await producer.log(channel)


async def test_a_raw_websocket_that_registers_for_nonsense_keeps_its_connection(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """A session id that cannot be one is refused in a message, and no other connection notices."""
    async with (
        home.run("importtool", server, sessionId="no id\n", first="websocket") as clumsy,
        home.run("importtool", server, sessionId=channel, first="websocket") as decent,
    ):
        await clumsy.heard("progress", type="error")
        await producer.followed(channel)
        await step(producer, channel, 1)
        await decent.heard("progress", type="progress")

        assert clumsy.told("disconnect") == []


async def test_when_socket_io_is_blocked_in_the_middle_it_goes_on_over_websocket(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """Socket.IO is cut while the import runs: the tool registers on a raw WebSocket, sees the newest state first, and
    misses nothing after.
    """
    async with home.run("importtool", gateway.address, sessionId=channel) as client:
        await client.heard("connect", by="socketio")
        await producer.followed(channel)
        await step(producer, channel, 1)
        await client.heard("progress", by="socketio")

        await client.heard("upgrade")
        gateway.close(*SOCKET_IO)
        await step(producer, channel, 2)
        await client.heard("connect", by="websocket")
        await client.heard("progress", by="websocket")
        for current in range(3, 8):
            await step(producer, channel, current)
        await producer.publish(channel, "completion", key=STATE, success=True)
        await client.heard("progress", type="completion")

        log = await producer.log(channel)
        over_websocket = shown(client, channel, by="websocket")
        assert over_websocket == log[-len(over_websocket) :]
        # The state it is shown when it registers may be the one it knows.
        assert without_repeated(shown(client, channel)) == log


async def test_an_import_that_ends_during_the_switch_is_shown_as_ended(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """What happens while the tool has no connection at all reaches it as the state when it registers again."""
    async with home.run("importtool", gateway.address, sessionId=channel) as client:
        await client.heard("connect", by="socketio")
        await producer.followed(channel)
        await client.heard("upgrade")
        gateway.close(*SOCKET_IO, Door.WEBSOCKET)
        await client.heard("disconnect", by="socketio")
        await client.heard("connect", by="polling")

        await step(producer, channel, 99)
        await producer.publish(channel, "completion", key=STATE, success=True)
        await client.heard("progress", by="polling", type="completion")

        assert shown(client, channel)[-1] == (await producer.log(channel))[-1]


async def test_where_socket_io_never_works_the_tool_starts_on_websocket(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """The first Socket.IO connection fails: the raw WebSocket carries the whole import."""
    gateway.close(*SOCKET_IO)
    async with home.run("importtool", gateway.address, sessionId=channel) as client:
        await client.heard("connect_error")
        await client.heard("connect", by="websocket")
        await producer.followed(channel)

        await import_three_users(producer, channel)
        await client.heard("progress", 4)

        assert shown(client, channel, by="websocket") == await producer.log(channel)


async def test_where_only_plain_requests_pass_the_tool_polls(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """Neither Socket.IO nor WebSocket passes: each poll answers with the newest event as one JSON object."""
    gateway.close(*SOCKET_IO, Door.WEBSOCKET)
    async with home.run("importtool", gateway.address, sessionId=channel, pollInterval=50) as client:
        await client.heard("connect", by="polling")
        await client.heard("progress", by="polling")
        for current in (1, 2):
            await step(producer, channel, current)
            await client.until(partial(shows, client, channel, current))
        await producer.publish(channel, "completion", key=STATE, success=True)
        await client.heard("progress", by="polling", type="completion")

        answered = shown(client, channel)
        log = await producer.log(channel)
        assert answered[0]["status"] == "waiting"
        assert [event for event in answered if event in log] == [event for event in answered if "offset" in event]
        assert sorted({event["offset"] for event in answered if "offset" in event}) == [1, 2, 3]
        assert answered[-1] == log[-1]


async def test_the_progress_address_streams_to_who_accepts_a_stream(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """An EventSource on the polling address gets every object, also those of while it was cut off, and nothing else."""
    async with home.run("importtool", gateway.address, sessionId=channel, first="eventsource") as client:
        await client.heard("connect", by="eventsource")
        await producer.followed(channel)
        await step(producer, channel, 1)
        await client.heard("progress")

        gateway.cut()
        await client.heard("failure", by="eventsource")
        await import_three_users(producer, channel)
        await client.heard("connect", 2, by="eventsource")
        reports = await client.heard("progress", 5)

        assert [report["data"] for report in reports] == await producer.log(channel)


async def test_a_poller_of_the_progress_address_is_answered_with_json(
    server: Address, producer: Producer, channel: str
) -> None:
    """Without `Accept: text/event-stream` the answer is one JSON object, which changes only when something has
    changed.
    """
    path = f"/api/import/progress/{channel}"
    before = [await fetch(server, "GET", path) for _ in range(2)]
    await step(producer, channel, 1)
    after = [await fetch(server, "GET", path, headers={"Accept": "application/json"}) for _ in range(2)]
    unchanged = await fetch(server, "GET", path, headers={"If-None-Match": after[0].headers["etag"]})

    assert before[0].body == before[1].body
    assert before[0].json()["status"] == "waiting"
    assert after[0].body == after[1].body
    assert after[0].headers["content-type"] == "application/json"
    assert [after[0].json()] == await producer.log(channel)
    assert (unchanged.status, unchanged.body) == (304, b"")
