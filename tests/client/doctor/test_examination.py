"""Whole examinations of real servers, alone and behind boxes that treat some transports badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import time

import httpx2
import jwt
import pytest

from headway.client.doctor import Check, Level, Patience, Verdict, examine
from headway.server.live import Headway
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.network import Network
from headway.testing.serving import Address, Kind, serving
from headway.testing.waiting import wait_until
from tests.client.doctor.harness import (
    HASTY,
    answering,
    codes,
    examined,
    finding,
    free_port,
    relay,
    stripping,
    until_marks,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

SOCKETS = (Check.WEBSOCKET, Check.SOCKETIO)


@pytest.fixture
async def live() -> Headway:
    """A Headway in memory."""
    return Headway()


@pytest.fixture
async def server(live: Headway) -> AsyncIterator[Address]:
    """It, served."""
    async with serving(live) as address:
        yield address


@pytest.fixture
async def box(server: Address) -> AsyncIterator[Middlebox]:
    """A box before it."""
    async with Middlebox(server) as box:
        yield box


# Where nothing is wrong.


@pytest.mark.parametrize("kind", list(Kind))
async def test_where_nothing_is_wrong_nothing_is_found(kind: Kind) -> None:
    """Every transport is good however Headway is served, the client comes to each of its four, and loses nothing."""
    async with serving(Headway(), kind) as server:
        report = await examine(server.http(""), patience=HASTY)

    # A uvicorn as it comes signs its answers.
    assert [finding for finding in report.findings if finding.level is not Level.NOTE] == []
    assert report.verdict is Verdict.GOOD
    assert [trial.check for trial in report.observed.trials] == [check for check in Check if check.is_transport]
    climbed = report.observed.fallbacks
    assert climbed is not None
    assert [rung.transport for rung in climbed.rungs] == ["websocket", "socketio", "eventsource", "polling"]
    assert (climbed.published, climbed.lost, climbed.repeated) == (4, 0, 0)


async def test_only_what_was_asked_for_is_tried(server: Address) -> None:
    """One transport alone leaves nothing to fall back to."""
    report = await examined(server, Check.EVENTSOURCE, Check.FALLBACK)

    assert [trial.check for trial in report.observed.trials] == [Check.EVENTSOURCE]
    assert report.observed.fallbacks is None
    assert report.verdict is Verdict.GOOD


# Boxes.


@pytest.mark.parametrize(
    ("check", "carried", "fault", "code"),
    [
        (Check.WEBSOCKET, Carried.WEBSOCKET, Fault.REFUSE_UPGRADE, "upgrade_refused"),
        (Check.SOCKETIO, Carried.SOCKETIO, Fault.REFUSE_UPGRADE, "upgrade_refused"),
        (Check.WEBSOCKET, Carried.WEBSOCKET, Fault.STALL, "silent"),
        (Check.WEBSOCKET, Carried.WEBSOCKET, Fault.BUFFER, "upgrade_held"),
        (Check.WEBSOCKET, Carried.WEBSOCKET, Fault.RESET_AFTER_UPGRADE, "reset_after_upgrade"),
        (Check.SOCKETIO, Carried.SOCKETIO, Fault.RESET_AFTER_UPGRADE, "reset_after_upgrade"),
        (Check.WEBSOCKET, Carried.WEBSOCKET, Fault.OPENS_THEN_DIES, "opens_then_dies"),
        (Check.WEBSOCKET, Carried.WEBSOCKET, Fault.REFUSE, "cut"),
        (Check.EVENTSOURCE, Carried.EVENTSOURCE, Fault.BUFFER, "buffered"),
        (Check.EVENTSOURCE, Carried.EVENTSOURCE, Fault.STALL, "silent"),
        (Check.EVENTSOURCE, Carried.EVENTSOURCE, Fault.REFUSE, "cut"),
        (Check.POLLING, Carried.POLLING, Fault.HANG, "silent"),
        (Check.POLLING, Carried.POLLING, Fault.BUFFER, "buffered"),
        (Check.POLLING, Carried.POLLING, Fault.DROP_ANSWER, "answer_dropped"),
        (Check.POLLING, Carried.POLLING, Fault.REFUSE, "cut"),
        (Check.SOCKETIO_POLLING, Carried.SOCKETIO, Fault.BUFFER, "buffered"),
        (Check.SOCKETIO_POLLING, Carried.SOCKETIO, Fault.HANG, "silent"),
    ],
)
async def test_each_fault_has_a_name_of_its_own(
    box: Middlebox, check: Check, carried: Carried, fault: Fault, code: str
) -> None:
    """A fault of one transport is found on that one, with its name and advice."""
    box.set(carried, fault)

    report = await examined(box.address, check)

    assert codes(report, check.value) == [code]
    found = finding(report, code)
    assert found.level is Level.FAILED
    assert found.advice
    assert report.verdict is Verdict.UNUSABLE


async def test_the_other_transports_are_good_and_the_client_comes_to_them(box: Middlebox) -> None:
    """Where sockets do not get through, the client works over what is left, and the report says over what."""
    box.set(Carried.WEBSOCKET, Fault.REFUSE_UPGRADE)
    box.set(Carried.SOCKETIO, Fault.REFUSE)

    report = await examined(box.address)

    assert report.verdict is Verdict.IMPAIRED
    assert report.levels["eventsource"] is report.levels["polling"] is None
    climbed = report.observed.fallbacks
    assert climbed is not None
    assert [rung.transport for rung in climbed.rungs] == ["eventsource", "polling"]
    assert (climbed.published, climbed.lost, climbed.repeated) == (2, 0, 0)
    assert report.sentence.startswith("The client works, over Server-Sent Events.")


async def test_a_connection_that_is_half_open_at_the_end_is_noticed(server: Address, box: Middlebox) -> None:
    """What still stands, and lets nothing through any more, is not good."""
    breaking: list[asyncio.Task[None]] = []

    async def both_follow() -> bool:
        async with httpx2.AsyncClient(verify=False) as http:
            told = await http.get(server.http("/api/channels/doctor:x"))
        return bool(told.json()["readers"] == 2)

    async def forget() -> None:
        await wait_until(both_follow)
        box.set(Carried.WEBSOCKET, Fault.HALF_OPEN)
        box.set(Carried.EVENTSOURCE, Fault.HALF_OPEN)

    def heard(step: str) -> None:
        if step.startswith("holding"):
            breaking.append(asyncio.create_task(forget()))

    report = await examined(
        box.address, Check.WEBSOCKET, Check.EVENTSOURCE, idle=1.0, on_step=heard, new_id=lambda: "x"
    )

    await asyncio.gather(*breaking)
    assert codes(report, "websocket") == codes(report, "eventsource") == ["went_silent"]


async def test_a_quiet_connection_that_is_cut_is_told_from_one_that_dies_at_once(box: Middlebox) -> None:
    """How long it was held decides between an idle time and a box that kills."""
    cutting: list[asyncio.Task[None]] = []

    async def cut() -> None:
        await wait_until(lambda: box.open(Carried.EVENTSOURCE) == 1)
        began = asyncio.get_running_loop().time()
        await wait_until(lambda: asyncio.get_running_loop().time() > began + 2.1)
        box.cut(Carried.EVENTSOURCE)

    def heard(step: str) -> None:
        if step.startswith("holding"):
            cutting.append(asyncio.create_task(cut()))

    report = await examined(box.address, Check.EVENTSOURCE, idle=30.0, on_step=heard)

    await asyncio.gather(*cutting)
    assert codes(report) == ["idle_cut"]
    assert finding(report, "idle_cut").recipe is not None
    assert report.verdict is Verdict.IMPAIRED


async def test_a_dropped_answer_to_a_publication_is_told_from_a_refusal(server: Address) -> None:
    """A second try with the same key shows that the first was stored."""
    dropped: list[bytes] = []

    def drop_first(head: bytes, kept: bytes) -> bool:
        if head.startswith(b"POST ") and not dropped:
            dropped.append(head)
            raise ConnectionResetError
        return False

    async with relay(server, stripping, drop_first) as proxy:
        report = await examined(proxy, Check.POLLING)

    assert codes(report, "network") == ["publish_answer_dropped"]
    assert report.levels["polling"] is None


async def test_a_proxy_that_strips_upgrades_is_named(server: Address) -> None:
    """The server was asked for a page instead; the proxy is known by its signature, and the lines to add are shown. The
    client falls back to what needs no upgrade."""
    async with relay(server, stripping, lambda head, kept: False) as proxy:
        report = await examined(proxy)

    assert codes(report, "websocket") == codes(report, "socketio") == ["upgrade_stripped"]
    found = [finding for finding in report.findings if finding.subject == "websocket"]
    assert "old-proxy" in found[0].sentence
    assert "proxy_set_header Upgrade" in (found[0].recipe or "")
    assert codes(report, "server") == ["proxy"]
    climbed = report.observed.fallbacks
    assert climbed is not None
    assert [rung.transport for rung in climbed.rungs] == ["eventsource", "polling"]


async def test_events_that_are_collected_are_bundled(server: Address) -> None:
    """Events that were published one by one and arrive in one piece show a buffer that ends at some size."""
    async with relay(server, stripping, until_marks(3)) as proxy:
        report = await examined(proxy, Check.EVENTSOURCE, patience=Patience(answer=1.5, hold=0.0))

    assert codes(report, "eventsource") == ["bundled"]
    assert report.verdict is Verdict.IMPAIRED


async def test_events_that_do_not_come_are_buffered(server: Address) -> None:
    """A stream that begins and then tells nothing is of no use."""
    async with relay(server, stripping, until_marks(100)) as proxy:
        report = await examined(proxy, Check.EVENTSOURCE)

    assert codes(report, "eventsource") == ["buffered"]
    assert report.levels["eventsource"] is Level.FAILED
    assert report.observed.trials[0].missing == 3


async def test_a_slow_line_is_slow_and_nothing_else(server: Address) -> None:
    """Delay alone impairs; it is no reason to suspect a buffer."""
    patience = Patience(answer=5.0, event=5.0, spacing=0.05, wait=0.4, hold=0.0, slow=0.25, lagging=2.0)
    async with Network(server) as network:
        network.delay_sent(0.3)

        report = await examined(network.address, Check.WEBSOCKET, patience=patience)

    assert codes(report) == ["slow"]
    assert report.verdict is Verdict.IMPAIRED


async def test_long_addresses_and_large_bodies_are_the_servers_to_refuse(live: Headway, server: Address) -> None:
    """A proxy that refuses them is found out; and the server has stored nothing of it."""
    alone = await examined(server, Check.SIZES)

    def asked(head: bytes) -> bytes:
        if head.index(b"\r\n") > 2_000:
            return b"HTTP/1.1 414 Too Long\r\nContent-Length: 0\r\n\r\n"
        large = b"content-length: 1001000" in head.lower()
        return b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n" if large else stripping(head)

    async with relay(server, asked, lambda head, kept: False) as proxy:
        behind = await examined(proxy, Check.SIZES)

    assert (codes(alone), alone.verdict) == ([], Verdict.GOOD)
    assert codes(behind, "sizes") == ["long_address", "large_body"]
    assert behind.verdict is Verdict.IMPAIRED


# No Headway.


async def test_nobody_at_the_port() -> None:
    """A closed port is unreachable."""
    report = await examined(Address(await free_port()))

    assert (codes(report), report.verdict) == (["unreachable"], Verdict.UNUSABLE)
    assert "connection refused" in report.findings[0].sentence


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nServer: other/1\r\nContent-Length: 5\r\n\r\nhello", "not_headway", "other/1"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "not_headway", "404"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"details":[{}]}', "not_headway", "200"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://x.example/api/health\r\nContent-Length: 0\r\n\r\n",
            "redirected",
            "https://x.example",
        ),
        (b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n", "bad_gateway", "nginx"),
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "login_before", "login"),
        (b"HTTP/1.1 429 Slowly\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", "too_many", "7 s"),
        (b"SSH-2.0-OpenSSH_9\r\n", "no_answer", "the connection broke"),
        (b"", "no_answer", "the connection broke"),
    ],
)
async def test_somebody_else_at_the_port(answer: bytes, code: str, said: str) -> None:
    """A stranger is not taken for a Headway, and what it says leads to advice."""
    async with answering(lambda head: answer) as address:
        report = await examined(address)

    assert (codes(report), report.verdict) == ([code], Verdict.UNUSABLE)
    assert said in report.findings[0].sentence
    assert report.findings[0].advice


async def test_a_headway_further_up_the_path_is_found(server: Address) -> None:
    """Whoever copied the address of a page is told the address of the server."""
    report = await examine(server.http("/some/page"), patience=HASTY)

    assert codes(report) == ["elsewhere"]
    assert f"127.0.0.1:{server.port}" in (report.findings[0].advice or "")


# Tokens.


@pytest.fixture
async def closed() -> AsyncIterator[Address]:
    """A server that wants tokens."""
    async with serving(Headway(secret=SECRET)) as address:
        yield address


SECRET = "a secret of thirty-two characters and more"


def token(*, read: list[str], publish: list[str]) -> str:
    """A token for these channels."""
    return jwt.encode({"sub": "ann", "exp": time() + 600, "channels": read, "publish": publish}, SECRET, "HS256")


@pytest.mark.parametrize(
    ("given", "code"), [(None, "token_needed"), ("not.a.token", "token_refused"), ("nonsense", "token_refused")]
)
async def test_a_token_is_asked_for(closed: Address, given: str | None, code: str) -> None:
    """Without a good token nothing can be tried, and it is said what to do."""
    report = await examined(closed, token=given)

    assert (codes(report), report.verdict) == ([code], Verdict.UNUSABLE)
    assert "4001" in report.findings[0].sentence
    assert given is None or given not in str(report)


async def test_a_token_that_does_not_arrive_is_not_a_bad_one(closed: Address) -> None:
    """A proxy that takes the header away is found out: the server says the same without a token."""

    def without(head: bytes) -> bytes:
        lines = stripping(head).split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(b"authorization:"))

    async with relay(closed, without, lambda head, kept: False) as proxy:
        report = await examined(proxy, token=token(read=["*"], publish=["*"]))

    assert codes(report, "token") == ["token_stripped"]


async def test_a_token_that_may_publish_is_enough_for_everything(closed: Address) -> None:
    """A channel is chosen that the token covers."""
    given = token(read=["run:*"], publish=["run:*"])

    report = await examined(closed, token=given)

    assert (codes(report), report.verdict) == ([], Verdict.GOOD)
    access = report.observed.access
    assert access is not None
    assert access.channel is not None
    assert access.channel.startswith("run:doctor-")
    assert all(trial.lags for trial in report.observed.trials)


async def test_where_nothing_may_be_published_the_state_has_to_do(closed: Address) -> None:
    """The report says what was not seen; nothing is published to a channel that may be somebody's."""
    report = await examined(closed, token=token(read=["run:7"], publish=["run:7"]))

    assert (codes(report), report.verdict) == (["cannot_publish"], Verdict.GOOD)
    assert not any(trial.lags for trial in report.observed.trials)
    access = report.observed.access
    assert access is not None
    assert access.channel == "run:7"
