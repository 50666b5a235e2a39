"""Publishing over HTTP: what is asked before a body is read, and of a body before it is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import jwt
import pytest

from headway.limits import Limits
from headway.server.live import Headway
from headway.server.security import Security
from headway.testing.clock import FakeClock
from headway.testing.readers import Answer, fetch
from headway.testing.serving import Address, Kind, serving
from tests.server.guests import SECRET, bearer

LIMITS = Limits(publish_events=10, containers=100, body_bytes=100_000, paced_bytes=1_000, request_burst=5)
EVENTS = "/api/channels/run:1/events"


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    """An open server with small bounds."""
    async with serving(Headway(limits=LIMITS), Kind.FAST) as address:
        yield address


async def publish(address: Address, body: bytes, **headers: str) -> Answer:
    """One publish."""
    return await fetch(address, "POST", EVENTS, body=body, headers=headers)


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize(("count", "status"), [(10, 201), (11, 413)])
async def test_no_more_events_than_allowed(address: Address, kind: str, count: int, status: int) -> None:
    """Of too many none is stored, however they are written."""
    events = [b'{"type":"step"}'] * count
    body = b"\n".join(events) if "nd" in kind else b" [" + b",".join(events) + b"]"
    answer = await publish(address, body, **{"Content-Type": kind})

    assert answer.status == status
    if status == 413:
        assert answer.json()["error"]["details"] == {"limit": 10}


async def test_a_body_of_brackets_is_refused_before_it_is_read(address: Address) -> None:
    """Lists and objects are bounded: they are small on the wire and large in memory."""
    answer = await publish(address, b'{"type":"bomb","data":{"x":[' + b"[]," * 100 + b"0]}}")

    assert (answer.status, answer.json()["error"]["code"]) == (413, "too_large")
    assert (await publish(address, b'{"type":"calm","data":{"x":[' + b"0," * 1_000 + b"0]}}")).status == 201


@pytest.mark.parametrize("body", [b"[{]", b"[" + b'{"type":"a","data":{"x":' * 2 + b"]", b'["a"', b"[1]"])
async def test_a_list_that_is_none_is_told_apart(address: Address, body: bytes) -> None:
    """What is not JSON, and what is no event, is said to be so."""
    assert (await publish(address, body)).status == 400


async def test_who_may_not_publish_is_refused_before_the_body_is_read() -> None:
    """The refusal is the same for a body that is too large."""
    clock = FakeClock()
    live = Headway(limits=LIMITS, clock=clock, security=Security(secret=SECRET))
    token = _token(clock, publish=["run:2"])
    async with serving(live, Kind.FAST) as address:
        answer = await publish(address, b"x" * 200_000, **bearer(token))

        assert (answer.status, answer.json()["error"]["code"]) == (403, "forbidden")


async def test_large_bodies_count_for_several() -> None:
    """A user's rate is in bytes as well: five requests at once, or one of four thousand bytes."""
    clock = FakeClock()
    live = Headway(limits=LIMITS, clock=clock, security=Security(secret=SECRET))
    headers = bearer(_token(clock, publish=["*"]))
    large = b'{"type":"step","data":{"x":"' + b"x" * 4_000 + b'"}}'
    async with serving(live, Kind.FAST) as address:
        first, second = await publish(address, large, **headers), await publish(address, large, **headers)

        assert (first.status, second.status) == (201, 429)
        assert second.headers["retry-after"] == "1"


def _token(clock: FakeClock, **claims: object) -> str:
    return jwt.encode({"sub": "ann", "exp": clock.now() + 60, **claims}, SECRET, "HS256")


async def test_channels_are_listed_by_name(address: Address) -> None:
    """Names with their heads and readers, page by page, chosen by a part of the name; Headway's own are not told."""
    for name in ("run:1", "run:2", "nightly", "Run:3"):
        await fetch(address, "POST", f"/api/channels/{name}/events", body=b'{"type":"step"}')

    first = (await fetch(address, "GET", "/api/channels?name=RUN&limit=2")).json()
    rest = (await fetch(address, "GET", f"/api/channels?name=RUN&limit=2&after={first['next']}")).json()

    assert [one["channel"] for one in first["channels"]] == ["Run:3", "run:1"]
    assert [(one["channel"], one["offset"], one["readers"]) for one in rest["channels"]] == [("run:2", 1, 0)]
    assert rest["next"] is None


async def test_only_what_may_be_read_is_listed() -> None:
    """Of a channel that a token does not cover not even the name is told."""
    async with serving(Headway(security=Security(secret=SECRET), limits=LIMITS), Kind.FAST) as address:
        owner = bearer(jwt.encode({"sub": "o", "channels": ["*"], "publish": ["*"], "exp": 1 << 33}, SECRET))
        mine = bearer(jwt.encode({"sub": "m", "channels": ["mine:*"], "exp": 1 << 33}, SECRET))
        for name in ("mine:1", "other:1"):
            await fetch(address, "POST", f"/api/channels/{name}/events", body=b'{"type":"step"}', headers=owner)

        listed = (await fetch(address, "GET", "/api/channels", headers=mine)).json()

    assert [one["channel"] for one in listed["channels"]] == ["mine:1"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "9" * 30])
async def test_a_list_has_a_bounded_length(address: Address, limit: str) -> None:
    """A length that is none is refused, whatever it is."""
    assert (await fetch(address, "GET", f"/api/channels?limit={limit}")).status == 400


async def test_a_poller_of_an_import_is_shown_the_import_and_not_its_task(address: Address) -> None:
    """The newest of the words that the tools know; before the first of them what else there is, but for what a task
    says of itself. What is answered changes only with that."""
    path = "/api/import/progress/run:1"
    seen = []
    for event in ("task_started", "question", "progress", "task_progress", "completion", "task_completed", "note"):
        await publish(address, b'{"type":"%b"}' % event.encode())
        seen.append(await fetch(address, "GET", path))
    again = await fetch(address, "GET", path, headers={"If-None-Match": seen[4].headers["etag"]})

    shown = [answer.json().get("type", "waiting") for answer in seen]
    assert shown == ["waiting", "question", "progress", "progress", "completion", "completion", "completion"]
    assert seen[2].headers["etag"] == seen[3].headers["etag"]
    assert again.status == 304
