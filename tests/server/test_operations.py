"""Figures, debug tools, audit trail and health of a server that runs: on sockets, on every transport, to who may see
them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from prometheus_client import parser

from headway import Headway
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
from headway.testing.serving import Address, Kind, serving
from headway.testing.waiting import wait_until

SECRET = "a secret of more than thirty-two bytes, as it must be"
TRANSPORTS: dict[str, Callable[..., Reader]] = {
    "websocket": WebSocketReader,
    "eventsource": EventSourceReader,
    "socketio": SocketIoReader,
    "socketio-poll": functools.partial(SocketIoReader, polling=True),
}
SEEN = ["/metrics", "/api/metrics", "/api/debug/messages", "/api/debug/connections", "/api/audit"]


def token(user: str, role: str) -> str:
    """A token that may read and publish everything."""
    claims = {"sub": user, "role": role, "channels": ["*"], "publish": ["*"], "exp": time.time() + 600}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def bearing(user: str, role: str = "admin") -> dict[str, str]:
    """Headers of somebody."""
    return {"Authorization": f"Bearer {token(user, role)}"}


async def figures(address: Address) -> dict[tuple[str, str], float]:
    """A scrape: each sample by name and the values of its labels, in the order of their names."""
    body = (await fetch(address, "GET", "/metrics")).body.decode()
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in parser.text_string_to_metric_families(body)
        for sample in family.samples
    }


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_transport_is_counted(transport: str, kind: Kind) -> None:
    """A reader opens, follows, is told, and leaves: each shows in the figures of its transport, and in no other."""
    live = Headway()
    async with serving(live, kind) as address:
        async with TRANSPORTS[transport](address) as reader:
            await reader.subscribe("run:7")
            await live.publish("run:7", "step", {"n": 1})
            await reader.next()
            during = await figures(address)
        await wait_until(lambda: live.running.watch.figures.of(transport).open == 0)
        after = await figures(address)

    assert during["headway_connections", transport] == 1
    assert during["headway_messages_sent_total", f"event {transport}"] == 1
    assert during["headway_sent_bytes_total", f"event {transport}"] > 30
    assert during["headway_sent_bytes_total", f"answer {transport}"] > 0
    assert during["headway_reader_starts_total", "fresh"] == 1
    assert during["headway_sessions", ""] == during["headway_subscriptions", ""] == 1
    if transport != "eventsource":
        assert during["headway_messages_received_total", transport] >= 1
        assert during["headway_received_bytes_total", transport] > 0
    assert after["headway_connections", transport] == 0
    assert after["headway_connection_seconds_count", transport] == 1
    for other in {"websocket", "eventsource", "socketio", "socketio-poll"} - {transport}:
        assert after["headway_connections_opened_total", other] == 0


async def test_polls_and_publishes_are_counted() -> None:
    """They hold no connection: what a poll is answered and what a publish brings counts all the same, and by route."""
    async with serving(Headway()) as address:
        body = json.dumps([{"type": "step"}, {"type": "step"}]).encode()
        await fetch(address, "POST", "/api/channels/run:7/events", body=body)
        async with PollingReader(address) as reader:
            await reader.subscribe("run:7", "")
            await reader.next()
        await fetch(address, "GET", "/api/channels/run:7%2Fx")
        await fetch(address, "GET", "/there/is/nothing")
        told = await figures(address)

    assert (told["headway_messages_received_total", "http"], told["headway_received_bytes_total", "http"]) == (
        2,
        len(body),
    )
    assert told["headway_messages_sent_total", "answer polling"] >= 2
    assert told["headway_http_answers_total", "/api/channels/{channel}/events 201"] == 1
    assert told["headway_http_answers_total", "/api/channels/{channel} 200"] == 1
    assert told["headway_http_answers_total", "other 404"] == 1


async def test_the_seeds_own_fields_are_there() -> None:
    """`/api/metrics` has the names that the world's clients read."""
    live = Headway()
    async with serving(live) as address, WebSocketReader(address) as reader:
        await reader.subscribe("run:7")
        await live.publish("run:7", "step")
        await reader.next()
        summary = (await fetch(address, "GET", "/api/metrics")).json()

    assert (summary["active_connections"], summary["total_connections"]) == (1, 1)
    assert summary["total_messages"] >= 3
    assert min(summary["bytes_sent"], summary["bytes_received"]) > 20
    assert summary["average_connection_duration"] == 0


@pytest.mark.parametrize("path", SEEN)
async def test_figures_and_tools_are_not_for_everybody(path: str) -> None:
    """Nobody without a token; figures for operators, the rest for administrators."""
    least = "operator" if "metrics" in path else "admin"
    roles = ("viewer", "operator", "admin")
    async with serving(Headway(secret=SECRET)) as address:
        statuses = [(await fetch(address, "GET", path, headers=bearing("ada", role))).status for role in roles]
        stranger = await fetch(address, "GET", path)

    assert stranger.status == 401
    assert statuses == [200 if roles.index(role) >= roles.index(least) else 403 for role in roles]


async def test_tokens_are_counted_by_what_became_of_them() -> None:
    """Good, bad, expired, and none."""
    live = Headway(secret=SECRET)
    expired = jwt.encode({"sub": "ada", "exp": time.time() - 600}, SECRET, algorithm="HS256")
    async with serving(live) as address:
        for given in (expired, token("ada", "viewer") + "x", "nonsense"):
            assert (await fetch(address, "GET", "/api/me", headers={"Authorization": f"Bearer {given}"})).status == 401
        await fetch(address, "GET", "/api/me", headers=bearing("ada"))
        counts = live.running.watch.figures.auth.counts()

    assert (counts["ok"], counts["expired"], counts["invalid"]) == (1, 1, 2)


async def test_what_passed_can_be_looked_at_and_holds_nothing_that_was_said() -> None:
    """Both ways, on two transports; neither the data of events nor a token is in it, and no session's whole id."""
    live = Headway(secret=SECRET)
    async with serving(live) as address:
        admin = token("root", "admin")
        async with (
            WebSocketReader(address, token=admin) as one,
            SocketIoReader(address, auth={"token": admin}) as other,
        ):
            for reader in (one, other):
                await reader.subscribe("run:7")
            await live.publish("run:7", "step", {"password": "hunter2"})
            for reader in (one, other):
                await reader.next()
            answer = await fetch(address, "GET", "/api/debug/messages?channel=run:7", headers=bearing("root"))
            connections = await fetch(address, "GET", "/api/debug/connections", headers=bearing("root"))
            ids = [session.id for one in live.running.registry.connections() for session in one.sessions()]

    messages = answer.json()["messages"]
    assert sorted((one["direction"], one["transport"], one["type"]) for one in messages) == [
        ("in", "socketio", "subscribe"),
        ("in", "websocket", "subscribe"),
        ("out", "socketio", "step"),
        ("out", "websocket", "step"),
    ]
    shown = connections.json()
    assert [(one["user"], one["address"], list(one["channels"])) for one in shown["connections"]] == [
        ("root", "127.0.0.1", ["run:7"])
    ] * 2
    for body in (answer.body.decode(), connections.body.decode()):
        assert not [secret for secret in ("hunter2", "password", admin, admin[:20], *ids) if secret in body]


async def test_the_audit_trail_names_who_published() -> None:
    """Over HTTP and on a connection; gathered for each user and channel; also after the server has ended."""
    live = Headway(secret=SECRET)
    async with serving(live) as address:
        for _ in range(3):
            path = "/api/channels/run:7/events"
            await fetch(address, "POST", path, body=b'{"type":"step"}', headers=bearing("ada"))
        audit = live.running.watch._audit
        assert audit is not None
        await audit.flush()
        answer = await fetch(address, "GET", "/api/audit", headers=bearing("root"))

    told = [(one["action"], one["user"], one["target"]) for one in answer.json()["events"]]
    assert ("published", "ada", "run:7") in told
    assert sum(one.get("count", 0) for one in answer.json()["events"]) == 3


async def test_the_audit_trail_is_no_channel_anybody_can_follow() -> None:
    """Its name begins with a space: whoever asks for it as a channel is refused, whatever the token."""
    async with serving(Headway(secret=SECRET)) as address:
        for path in ("/api/channels/%20audit/events?since=", "/api/channels/%20audit", "/api/channels/%20audit/stream"):
            assert (await fetch(address, "GET", path, headers=bearing("root"))).status == 400


async def test_health_is_for_everybody_and_its_details_are_not() -> None:
    """Orchestrators have no token. Figures and reasons are for operators."""
    async with serving(Headway(secret=SECRET)) as address:
        for path in ("/api/health/live", "/api/health/ready"):
            assert (await fetch(address, "GET", path)).json() == {"status": "healthy"}
        stranger = (await fetch(address, "GET", "/api/health")).json()
        operator = (await fetch(address, "GET", "/api/health", headers=bearing("ada", "operator"))).json()

    assert (stranger["status"], set(stranger["details"])) == ("healthy", {"server", "uptime"})
    assert set(operator["details"]) >= {"version", "checks", "hub", "log"}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_each_connection_leaves_one_line(transport: str, caplog: pytest.LogCaptureFixture) -> None:
    """What it was, whose, from where, how long, and what it followed and was told."""
    caplog.set_level(logging.INFO, "headway.connections")
    live = Headway()
    async with serving(live) as address:
        async with TRANSPORTS[transport](address) as reader:
            await reader.subscribe("run:7")
            await live.publish("run:7", "step")
            await reader.next()
        await wait_until(lambda: live.running.watch.figures.of(transport).open == 0)

    (line,) = [vars(record) for record in caplog.records if record.name == "headway.connections"]
    assert (line["transport"], line["address"], line["channels"], line["events"]) == (transport, "127.0.0.1", 1, 1)
    assert line["bytes_out"] > 0


async def test_hostile_names_reach_no_label() -> None:
    """Channels, types, users and paths that would break the format, over real sockets: the scrape has none of them."""
    evil = 'x"}1\\nevil_metric{a="b'
    live = Headway()
    async with serving(live) as address:
        async with WebSocketReader(address) as reader:
            await reader.subscribe(evil)
            await live.publish(evil, evil[:20])
            await reader.next()
        await fetch(address, "GET", "/api/channels/x%22%7D1%0Aevil_metric/events")
        await fetch(address, "GET", "/evil_metric%22%0A")
        told: Any = (
            await fetch(address, "GET", "/metrics", headers={"Accept": 'application/evil_metric"'})
        ).body.decode()

    assert "evil_metric" not in told
    assert list(parser.text_string_to_metric_families(told))


async def follow_again(transport: str, reader: Reader) -> None:
    """Hear the end of a connection, in this transport's own way."""
    with contextlib.suppress(Ended, Refused):  # who polls learns it by its next request
        while True:
            said = await (reader.frame() if isinstance(reader, EventSourceReader) else reader.hear())  # type: ignore[attr-defined]  # those that hold a connection have it
            assert said.get("advice", "reconnect") == "reconnect", transport


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_administrator_ends_a_connection(transport: str) -> None:
    """Its client is told to come back; the end is told with its reason, and stands in the audit trail."""
    live = Headway(secret=SECRET)
    async with serving(live) as address, TRANSPORTS[transport](address, headers=bearing("ada")) as reader:
        await reader.subscribe("run:7")
        (one,) = (await fetch(address, "GET", "/api/debug/connections", headers=bearing("boss"))).json()["connections"]
        hearing = asyncio.create_task(follow_again(transport, reader))
        answer = await fetch(address, "POST", f"/api/debug/connections/{one['id']}/end", headers=bearing("boss"))
        assert (answer.status, answer.json()) == (200, {"id": one["id"], "transport": transport})
        await hearing
        await wait_until(lambda: not live.running.registry.connections())
        body = (await fetch(address, "GET", "/api/debug/connections", headers=bearing("boss"))).json()
        again = await fetch(address, "POST", f"/api/debug/connections/{one['id']}/end", headers=bearing("boss"))
        audit = live.running.watch._audit
        assert audit is not None
        await audit.flush()
        trail = (await fetch(address, "GET", "/api/audit", headers=bearing("boss"))).json()["events"]

    assert [(end["id"], end["reason"]) for end in body["ended"]] == [(one["id"], "An administrator ended it.")]
    assert again.status == 404
    assert [(entry["user"], entry["action"], entry["target"]) for entry in trail] == [
        ("boss", "ended", f"connection {one['id']}")
    ]


@pytest.mark.parametrize("id", ["0", "99", "-1", "x", "1%2F2", "9" * 5_000, "%C2%B2"])
async def test_what_is_no_connection_is_not_there(id: str) -> None:
    """404, whatever was named."""
    async with serving(Headway()) as address:
        assert (await fetch(address, "POST", f"/api/debug/connections/{id}/end")).status == 404
