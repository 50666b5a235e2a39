"""The monitoring dashboard (seed 002): Socket.IO with WebSocket first, subscriptions by `testRunId`, ten event
names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.testing.serving import Address, process
from tests.seeds.gateway import Gateway
from tests.seeds.homes import Client, Home
from tests.seeds.producer import Producer

SAID: dict[str, dict[str, Any]] = {  # Any: JSON values
    "testRunStarted": {"testRunId": "run-1", "applicationCount": 2},
    "testStarted": {"testRunId": "run-1", "applicationId": "payment-api", "testType": "health_check"},
    "testCompleted": {
        "testRunId": "run-1",
        "applicationId": "payment-api",
        "testType": "health_check",
        "status": "passed",
        "duration": 1240,
    },
    "testFailed": {
        "testRunId": "run-1",
        "applicationId": "crm",
        "testType": "login_test",
        "status": "failed",
        "duration": 3100,
        "error": "TIMEOUT",
    },
    "progressUpdate": {
        "testRunId": "run-1",
        "completed": 1,
        "total": 2,
        "currentApplication": "crm",
        "running": 1,
        "queued": 0,
        "status": "running",
    },
    "applicationStatusUpdate": {"id": "crm", "name": "crm", "status": "warning", "responseTime": 810, "uptime": 99.2},
    "healthMetricUpdate": {"applicationId": "crm", "responseTime": 810, "status": "warning"},
    "notification": {"message": "crm is slow"},
    "testRunCompleted": {"testRunId": "run-1", "summary": {"total": 2, "passed": 1, "failed": 1}},
    "testRunCancelled": {"testRunId": "run-1"},
}
"""Every event of the dashboard, with what it reads from it."""


async def progress(producer: Producer, run: str, completed: int) -> None:
    """An update that the next one supersedes."""
    await producer.publish(run, "progressUpdate", key="progress", testRunId=run, completed=completed, total=100)


def seen(client: Client, run: str) -> list[dict[str, Any]]:  # Any: JSON values
    """What the dashboard was given of a run."""
    return client.events("event", "data", run)


async def subscribed(client: Client, producer: Producer, run: str) -> None:
    """Have the dashboard open a run."""
    await client.heard("connect")
    await client.tell("subscribe", testRunId=run)
    await producer.followed(run)


async def test_all_ten_events_arrive_with_the_fields_the_dashboard_reads(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Each event comes under its own name, as one object that has its fields at the top level."""
    async with home.run("dashboard", server) as client:
        await subscribed(client, producer, channel)

        await producer.publish_all(channel, [{"type": type, "data": data} for type, data in SAID.items()])
        reports = await client.heard("event", len(SAID))

        assert [report["type"] for report in reports] == list(SAID)
        assert [{name: report["data"][name] for name in SAID[report["type"]]} for report in reports] == [*SAID.values()]
        assert seen(client, channel) == await producer.log(channel)
        assert client.told("connect")[0]["transport"] == "websocket"


async def test_a_late_joiner_is_told_what_was_then_what_follows(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Who opens a run in the middle gets everything from its beginning, as the events it knows."""
    for completed in (1, 2, 3):
        await progress(producer, channel, completed)
    await producer.publish(channel, "healthMetricUpdate", key="health:crm", applicationId="crm", responseTime=80)

    async with home.run("dashboard", server) as client:
        await client.heard("connect")
        await client.tell("subscribe", testRunId=channel)
        await client.heard("event", 4)
        await progress(producer, channel, 4)
        await client.heard("event", 5)

        assert seen(client, channel) == await producer.log(channel)


async def test_a_late_joiner_of_a_run_is_told_every_milestone_that_was(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """Without a word about a position: who names a run wants all of it. Saying it again tells nothing twice."""
    milestones = [one for one in SAID if one.startswith("test")]
    for type in milestones:
        await producer.publish(channel, type, **SAID[type])

    async with home.run("dashboard", server) as client:
        await client.heard("connect")
        await client.tell("subscribe", testRunId=channel)
        await client.heard("event", len(milestones))
        await client.tell("subscribe", testRunId=channel)
        await progress(producer, channel, 1)
        await client.heard("event", len(milestones) + 1)

        assert seen(client, channel) == await producer.log(channel)


async def test_after_unsubscribing_a_run_is_silent(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """`unsubscribe` ends a run for this dashboard; its other runs go on."""
    other = f"{channel}-other"
    async with home.run("dashboard", server) as client:
        await subscribed(client, producer, channel)
        await progress(producer, channel, 1)
        await client.heard("event")
        await client.tell("unsubscribe", testRunId=channel)
        await subscribed(client, producer, other)
        await progress(producer, channel, 2)
        await progress(producer, other, 1)
        await client.heard("event", 2)

        assert seen(client, channel) == (await producer.log(channel))[:1]
        assert seen(client, other) == await producer.log(other)


@pytest.mark.parametrize("resubscribe", [False, True], ids=["subscribes-once", "subscribes-at-each-connect"])
async def test_a_lost_connection_loses_and_repeats_nothing(
    home: Home, gateway: Gateway, producer: Producer, channel: str, resubscribe: bool
) -> None:
    """Cut off in the middle of a run, the dashboard comes back by itself and has seen every event exactly once, in
    order.
    """
    async with home.run("dashboard", gateway.address, resubscribe=resubscribe) as client:
        await subscribed(client, producer, channel)
        await progress(producer, channel, 1)
        await client.heard("event")

        gateway.cut()
        await client.heard("disconnect")
        for completed in range(2, 12):
            await producer.publish(channel, "testCompleted", applicationId=f"app-{completed}", status="passed")
        await client.heard("connect", 2)
        await producer.publish(channel, "testRunCompleted")
        await client.heard("event", type="testRunCompleted")

        assert seen(client, channel) == await producer.log(channel)
        assert [report["recovered"] for report in client.told("connect")] == [False, True]


@pytest.mark.node
async def test_a_server_that_restarts_takes_nothing_from_a_run(node: Home, channel: str, tmp_path: Path) -> None:
    """The dashboard's five attempts outlast a restart, after which it has seen every event exactly once."""
    async with (
        process(tmp_path) as first,
        Gateway(first.address) as gateway,
        node.run("dashboard", gateway.address) as client,
    ):
        await subscribed(client, Producer(first.address), channel)
        await progress(Producer(first.address), channel, 1)
        await client.heard("event")
        first.terminate()
        assert await first.ended() in (0, -15)
        await client.heard("disconnect")

        async with process(tmp_path) as second:
            gateway.server = second.address
            producer = Producer(second.address)
            await producer.publish(channel, "testCompleted", applicationId="crm", status="passed")
            await client.heard("connect", recovered=True)
            await producer.publish(channel, "testRunCompleted")
            await client.heard("event", type="testRunCompleted")

            assert seen(client, channel) == await producer.log(channel)


async def test_the_manual_reconnect_goes_on_where_the_page_was(
    home: Home, server: Address, producer: Producer, channel: str
) -> None:
    """The reconnect button: a dashboard that left by itself has seen everything once it is back."""
    async with home.run("dashboard", server) as client:
        await subscribed(client, producer, channel)
        await progress(producer, channel, 1)
        await client.heard("event")

        await client.tell("leave")
        await client.heard("disconnect")
        await producer.publish(channel, "testCompleted", applicationId="crm", status="passed")
        await client.tell("reconnect")
        await client.heard("connect", 2)
        await producer.publish(channel, "testRunCompleted")
        await client.heard("event", type="testRunCompleted")

        assert seen(client, channel) == await producer.log(channel)
