"""Readers that are slow: they cost little, hold nobody up, and come back to the present without losing a milestone."""

from __future__ import annotations

import random
from base64 import b64encode

import pytest

from headway.testing.readers import Reader
from tests.delivery.harness import CHANNEL, PUSHING, SMALL, Fields, Stack, assert_delivered, take_until

FRAMES = 240
SIZE = 8_000
MAY_WAIT = 700_000
"""Bytes on their way to one reader: two socket buffers, the write buffer, one page; a third of what is published."""


@pytest.fixture(params=[name for name in PUSHING if name != "eventsource-several"])
def slow(request: pytest.FixtureRequest) -> str:
    """A transport whose reader can be stalled."""
    name: str = request.param
    return name


async def publish_frames(stack: Stack, *, keyed: bool = True, watched_by: Reader | None = None) -> list[Fields]:
    """Large events that compress badly, most of them of one key, with a milestone after every ten.

    Returns what a reader saw that takes each event before the next is published, so that it never lags.
    """
    seen: list[Fields] = []
    noise = random.Random(7)
    for number in range(1, FRAMES + 1):
        image = b64encode(noise.randbytes(SIZE * 3 // 4)).decode()
        await stack.publish("frame", key="frame" if keyed else None, number=number, image=image)
        if number % 10 == 0:
            await stack.publish("milestone", number=number)
        while watched_by is not None and len(seen) < number + number // 10:
            seen.append(await watched_by.next())
    return seen


def assert_ordered(events: list[Fields]) -> None:
    """Each came after the one before it, none twice."""
    offsets = [event["offset"] for event in events]
    assert offsets == sorted(set(offsets))


async def test_a_stalled_reader_costs_little_and_comes_back_to_the_present(stack: Stack, slow: str) -> None:
    """Who stops reading is not written to beyond a bound, holds nobody up, and then gets every milestone and the
    newest of each key, without what was overtaken while it lagged."""
    await stack.start(small_buffers=True, limits=SMALL)
    stalled = stack.reader(slow, receive_buffer=8_192)
    await stalled.subscribe(CHANNEL)
    stalled.stall()
    (lagging,) = stack.sessions()
    other = stack.reader("websocket")
    await other.subscribe(CHANNEL)

    seen = await publish_frames(stack, watched_by=other)
    await stack.publish("done")
    written = lagging.cursors[CHANNEL].offset * SIZE
    stalled.resume()
    told = await take_until(stalled, "done")

    assert_delivered(seen, 1, FRAMES + FRAMES // 10)
    assert written < MAY_WAIT
    frames = [event["number"] for event in told if event["type"] == "frame"]
    assert [event["number"] for event in told if event["type"] == "milestone"] == list(range(10, FRAMES + 1, 10))
    assert frames[-1] == FRAMES
    assert len(frames) < FRAMES * 0.75
    assert_ordered(told)


async def test_a_stalled_reader_gets_every_milestone(stack: Stack, slow: str) -> None:
    """What has no key cannot be overtaken: a slow reader gets all of it."""
    await stack.start(small_buffers=True, limits=SMALL)
    stalled = stack.reader(slow, receive_buffer=8_192)
    await stalled.subscribe(CHANNEL)
    stalled.stall()

    await publish_frames(stack, keyed=False)
    await stack.publish("done")
    stalled.resume()

    assert_delivered(await take_until(stalled, "done"), 1, FRAMES + FRAMES // 10 + 1)


async def test_history_comes_whole_however_slowly_it_is_read(stack: Stack, slow: str) -> None:
    """Who asks for the past gets each step of it; only what happens after it joined may be skipped."""
    await stack.start(small_buffers=True, limits=SMALL)
    await publish_frames(stack)
    stalled = stack.reader(slow, receive_buffer=8_192)
    await stalled.subscribe(CHANNEL, "")
    stalled.stall()

    await stack.publish("done")
    stalled.resume()

    assert_delivered(await take_until(stalled, "done"), 1, FRAMES + FRAMES // 10 + 1)
