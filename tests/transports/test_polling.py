"""What only polling has: waiting, ETags, pages, and a server that keeps nothing."""

from __future__ import annotations

import asyncio

import pytest

from headway.testing.readers import fetch
from headway.testing.waiting import wait_until
from tests.delivery.harness import CHANNEL, Stack

PATH = f"/api/channels/{CHANNEL}/events"


def waiting(stack: Stack) -> bool:
    """Whether a poll waits."""
    return bool(stack.live.running.hub.statistics()["waiting_polls"] == 1)


async def test_a_wait_that_brings_nothing_ends_with_nothing(stack: Stack) -> None:
    """At the end of `wait` the answer is empty and its position the one asked with."""
    await stack.start()
    head = await stack.publish("one")

    answer = await fetch(stack.address, "GET", f"{PATH}?since={head}&wait=0.02")

    assert (answer.status, answer.json()) == (200, {"events": [], "position": str(head), "more": False})


async def test_a_poller_without_a_position_may_wait_for_a_change(stack: Stack) -> None:
    """Who knows the state and says so by its ETag waits for the next one, or is told that nothing changed."""
    await stack.start()
    await stack.publish("progress", key="progress", percent=1)
    etag = (await fetch(stack.address, "GET", PATH)).headers["etag"]

    unchanged = await fetch(stack.address, "GET", f"{PATH}?wait=0.02", headers={"If-None-Match": etag})
    poll = asyncio.create_task(fetch(stack.address, "GET", f"{PATH}?wait=30", headers={"If-None-Match": etag}))
    await wait_until(lambda: waiting(stack))
    await stack.publish("progress", key="progress", percent=2)

    assert unchanged.status == 304
    assert [event["percent"] for event in (await poll).json()["snapshot"]] == [2]


async def test_a_drain_lets_every_waiting_poll_go(stack: Stack) -> None:
    """When the server is about to end a waiting poll is answered with nothing, and no new one waits."""
    await stack.start()
    head = await stack.publish("one")
    poll = asyncio.create_task(fetch(stack.address, "GET", f"{PATH}?since={head}&wait=30"))
    await wait_until(lambda: waiting(stack))

    await stack.live.drain(0.0)
    answers = [await poll, await fetch(stack.address, "GET", f"{PATH}?since={head}&wait=30")]

    assert [(answer.status, answer.json()["events"]) for answer in answers] == [(200, []), (200, [])]


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("3", 3), ("1000000", 5), ("", 5)])
async def test_a_page_is_no_longer_than_asked(stack: Stack, limit: str, count: int) -> None:
    """`limit` is brought down to what the server allows, and no limit is that."""
    await stack.start()
    await stack.publish_many(5)

    answer = await fetch(stack.address, "GET", f"{PATH}?since=&limit={limit}")

    assert len(answer.json()["events"]) == count


async def test_of_a_repeated_parameter_the_last_counts(stack: Stack) -> None:
    """As most servers have it."""
    await stack.start()
    await stack.publish_many(5)

    answer = await fetch(stack.address, "GET", f"{PATH}?since=&limit=4&limit=2")

    assert len(answer.json()["events"]) == 2


async def test_an_answer_may_be_kept_only_to_be_asked_about(stack: Stack) -> None:
    """Caches may store an answer but must ask whether it still holds."""
    await stack.start()

    answer = await fetch(stack.address, "GET", PATH)

    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "application/json"
