"""The browser-test monitor (seed 003): a raw WebSocket at /ws/{client_id}, groups, eight messages, and a hook that
reconnects.
"""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from headway.testing.serving import Address
from tests.seeds.conftest import SECRET
from tests.seeds.gateway import Gateway
from tests.seeds.homes import Client, Home
from tests.seeds.producer import Producer

Message = dict[str, Any]
"""A message. Any: JSON values."""

TEST_MESSAGES: dict[str, Message] = {
    "test_started": {"test_id": "42", "test_name": "login", "estimated_duration": 30},
    "test_progress": {"test_id": "42", "step_index": 1, "step_name": "open", "progress_percentage": 50},
    "browser_action": {"test_id": "42", "action": "click", "element": "#login", "url": "https://shop.example/"},
    "page_loaded": {"test_id": "42", "url": "https://shop.example/home", "load_time": 0.81},
    "screenshot_captured": {"test_id": "42", "screenshot_id": "s1", "screenshot_url": "/shots/s1.png"},
    "test_completed": {"test_id": "42", "result": "passed", "duration": 12.5, "summary": "3 of 3"},
}
SYSTEM_MESSAGES: dict[str, Message] = {
    "system_status": {"cpu_usage": 41.5, "memory_usage": 63.0, "active_tests": 2, "queue_size": 0},
    "resource_alert": {"alert_type": "high_cpu", "severity": "warning", "message": "CPU above 90 %"},
}


def events(messages: dict[str, Message]) -> list[Message]:
    """Messages as their producer publishes them."""
    return [{"type": type, "data": data} for type, data in messages.items()]


def seen(client: Client, group: str) -> list[Message]:
    """The events of a group that the monitor was given."""
    return client.events("message", "message", group)


def token(**claims: Any) -> str:  # Any: JSON values
    """A token as the suite's backend signs it: `user_id`, HS256."""
    return jwt.encode({"user_id": "7", "exp": time.time() + 3600, **claims}, SECRET, algorithm="HS256")


async def test_all_eight_messages_arrive_with_their_fields(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Each message has its fields at the top level beside `type` and an ISO 8601 `timestamp`, and the page shows what
    it reads.
    """
    async with home.run("testmonitor", server, clientId="test-monitor-42", group=f"test_{channel}") as client:
        group, system = f"test_{channel}", f"system_monitor_{channel}"
        await producer.followed(group)
        await client.tell("join", group=system)
        await producer.followed(system)

        await producer.publish_all(group, events(TEST_MESSAGES))
        await producer.publish_all(system, events(SYSTEM_MESSAGES))
        await client.heard("status", 2)
        await client.heard("message", 8 + 2)

        assert seen(client, group) == await producer.log(group)
        assert seen(client, system) == await producer.log(system)
        for message in seen(client, group) + seen(client, system):
            fields = (TEST_MESSAGES | SYSTEM_MESSAGES)[message["type"]]
            assert {name: message[name] for name in fields} == fields
            assert message["timestamp"].endswith("Z")
        assert client.told("status") == [
            {"kind": "status", "test": "42", "status": "running"},
            {"kind": "status", "test": "42", "status": "passed"},
        ]
        assert client.told("bar") == [{"kind": "bar", "test": "42", "percent": 50}]
        assert client.told("image") == [{"kind": "image", "test": "42", "url": "/shots/s1.png"}]


@pytest.mark.node
@pytest.mark.parametrize("wrap", [False, True], ids=["top-level", "under-data"])
async def test_the_groups_are_channels_as_they_stand(
    node: Home, server: Address, producer: Producer, channel: str, wrap: bool
) -> None:
    """`test_{id}`, `general` and `system_monitor` are followed one by one, with the fields at the top level or under
    `data`.
    """
    groups = [f"test_{channel}", "general", "system_monitor"]
    async with node.run("testmonitor", server, clientId=channel, group=groups[0], wrap=wrap) as client:
        await client.heard("connect")
        before = {group: len(await producer.log(group)) for group in groups}
        for group in groups[1:]:
            await client.tell("join", group=group)
        for group in groups:
            await producer.followed(group)
        await producer.publish("test_another", "test_started", test_id="another", test_name="not asked for")
        for group in groups:
            await producer.publish(group, "test_progress", test_id=channel, progress_percentage=10)
        await client.heard("bar", len(groups), test=channel)

        for group in groups:
            mine = [message for message in seen(client, group) if message["test_id"] == channel]
            assert mine == (await producer.log(group))[before[group] :]
        assert seen(client, "test_another") == []


async def test_after_a_cut_the_hook_reconnects_and_is_shown_the_state(
    home: Home, gateway: Gateway, producer: Producer, channel: str
) -> None:
    """The hook knows no positions: it connects anew after its interval, joins its group again, and first gets the
    newest of each key.
    """
    group = f"test_{channel}"
    async with home.run("testmonitor", gateway.address, clientId=channel, group=group, reconnectInterval=50) as client:
        await producer.followed(group)
        await producer.publish(group, "test_progress", key="progress", test_id="42", progress_percentage=10)
        await client.heard("bar")

        gateway.cut()
        await client.heard("disconnect")
        await producer.publish(group, "test_progress", key="progress", test_id="42", progress_percentage=20)
        await client.heard("bar", percent=20)
        await producer.followed(group)
        await producer.publish(group, "test_completed", key="progress", test_id="42", result="passed", duration=1)
        await client.heard("status", status="passed")

        assert [report["code"] for report in client.told("disconnect")] == [1006]
        assert [message["type"] for message in seen(client, group)][-1] == "test_completed"
        assert seen(client, group)[-2:] == (await producer.log(group))[-2:]


@pytest.mark.node
async def test_who_asks_for_batches_gets_bursts_as_one_message(
    node: Home, server: Address, producer: Producer, channel: str
) -> None:
    """`batch` makes events that are ready together one message: `type`, `messages` in order, and their `count`."""
    async with node.run("testmonitor", server, clientId=channel, group=channel, batch=10) as client:
        await producer.followed(channel)
        await producer.publish_all(channel, events(TEST_MESSAGES) * 4)

        def unpacked() -> list[Message]:
            given: list[Message] = []
            for report in client.told("message"):
                message = report["message"]
                if message["type"] == "batch":
                    assert message["count"] == len(message["messages"]) <= 10
                    given += message["messages"]
            return given

        await client.until(lambda: len(unpacked()) == 24)
        assert unpacked() == await producer.log(channel)


async def test_an_invalid_message_is_answered_with_an_error_and_the_connection_goes_on(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Text that is not JSON, a message without or with an unknown type: an `error` that says so, nothing else is
    disturbed.
    """
    async with home.run("testmonitor", server, clientId=channel, group=channel) as client:
        await producer.followed(channel)
        for text in ('{"type": "subscribe", ', "hello", '{"group": 1', '{"type": "dance"}', "[]"):
            await client.tell("sayText", text=text)
        await producer.publish(channel, "test_progress", test_id="42", progress_percentage=1)
        await client.heard("bar")

        await client.until(lambda: len(errors(client)) == 5)
        assert [error["code"] for error in errors(client)] == ["bad_json"] * 3 + ["unknown_type", "bad_message"]
        assert all(error["message"] for error in errors(client))
        assert client.told("disconnect") == []


def errors(client: Client) -> list[Message]:
    """The errors the monitor was told."""
    return [report["message"] for report in client.told("message") if report["message"]["type"] == "error"]


async def closed_with_4001(home: Home, guarded: Address, bad: str) -> None:
    """The connection opens, is told nothing, and is closed with the code the hook knows; so at every attempt."""
    async with home.run("testmonitor", guarded, clientId="c", token=bad, group="g", reconnectInterval=20) as client:
        reports = await client.heard("disconnect", 2)

        assert [(report["code"], report["clean"]) for report in reports[:2]] == [(4001, True)] * 2
        assert all(report["reason"] for report in reports)
        assert client.told("message") == []


async def test_a_bad_token_closes_with_4001(home: Home, guarded: Address) -> None:
    """A browser and a program see the code, not a failed handshake."""
    await closed_with_4001(home, guarded, "not a token")


@pytest.mark.node
@pytest.mark.parametrize(
    "bad",
    [
        jwt.encode({"user_id": "7", "exp": 4_000_000_000}, "another secret, just as long as it has to be", "HS256"),
        jwt.encode({"user_id": "7", "exp": 1_700_000_000}, SECRET, "HS256"),
        jwt.encode({"exp": 4_000_000_000}, SECRET, "HS256"),
    ],
    ids=["another-secret", "expired", "without-a-user"],
)
async def test_every_kind_of_bad_token_closes_with_4001(node: Home, guarded: Address, bad: str) -> None:
    """Signed by somebody else, expired, or naming nobody."""
    await closed_with_4001(node, guarded, bad)


async def test_a_good_token_in_the_address_lets_the_monitor_in(home: Home, guarded: Address, channel: str) -> None:
    """`?token=` with a `user_id` and an expiry is enough to watch."""
    producer = Producer(guarded, token(publish=["*"]))
    async with home.run("testmonitor", guarded, clientId="c", token=token(), group=channel) as client:
        await client.heard("connect")
        await producer.followed(channel)
        await producer.publish_all(channel, events(TEST_MESSAGES))
        await client.heard("status", 2)

        assert seen(client, channel) == await producer.log(channel)
