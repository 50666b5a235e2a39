"""Where a reader begins, on every transport."""

from __future__ import annotations

import pytest

from headway.testing.readers import Refused
from tests.delivery.harness import CHANNEL, KEEPS_TEN, Stack, assert_delivered, assert_gap, take, take_until


async def test_without_since_a_reader_gets_the_snapshot_and_then_what_is_new(stack: Stack, transport: str) -> None:
    """Who comes without a position is told the latest event of each key, and then only what happens from now on."""
    await stack.start()
    await stack.publish("milestone")
    await stack.publish("progress", "progress", key="progress", percent=40)
    head = await stack.publish("cpu", key="cpu", load=3)
    reader = stack.reader(transport)

    beginning = await reader.subscribe(CHANNEL)
    await stack.publish("milestone")
    event = await reader.next()

    assert [(told["type"], told["offset"]) for told in beginning.snapshot or []] == [("progress", 3), ("cpu", 4)]
    assert (beginning.position, beginning.recovered) == (str(head), False)
    assert (event["type"], event["offset"]) == ("milestone", 5)


async def test_with_an_empty_since_a_reader_gets_everything(stack: Stack, transport: str) -> None:
    """Who comes with an empty position is told everything the log holds, each step, and then what is new."""
    await stack.start()
    await stack.publish("progress", "progress", "done", key="progress")
    reader = stack.reader(transport)

    await reader.subscribe(CHANNEL, "")
    history = await take(reader, 3)
    await stack.publish("more")
    news = await reader.next()

    assert_delivered([*history, news], 1, 4)


async def test_with_a_position_a_reader_gets_what_comes_after_it(stack: Stack, transport: str) -> None:
    """Who comes with a position is told everything after it and nothing before."""
    await stack.start()
    middle = await stack.publish("one", "two")
    await stack.publish("three", "four")
    reader = stack.reader(transport)

    beginning = await reader.subscribe(CHANNEL, str(middle))
    rest = await take(reader, 2)

    assert (beginning.recovered, beginning.snapshot) == (True, None)
    assert_delivered(rest, 3, 4)


async def test_events_are_flat_and_say_where_they_stand(stack: Stack, transport: str) -> None:
    """An event has its data at the top level, beside its type, channel, offset, position and timestamp."""
    await stack.start()
    reader = stack.reader(transport)
    await reader.subscribe(CHANNEL)

    position = await stack.publish("progress", percent=40, nested={"ü": [1, None, "\u2028"]})
    event = await reader.next()

    timestamp = event.pop("timestamp")
    assert timestamp.endswith("Z")
    assert event == {
        "type": "progress",
        "channel": CHANNEL,
        "offset": 1,
        "position": str(position),
        "percent": 40,
        "nested": {"ü": [1, None, "\u2028"]},
    }


async def test_a_position_is_handed_out_before_the_first_event(stack: Stack, transport: str) -> None:
    """A reader that was told nothing yet can leave, come back with its position, and has missed nothing."""
    await stack.start()
    first = stack.reader(transport)
    await first.subscribe(CHANNEL)
    await first.cut()
    await stack.publish("one", "two")
    second = stack.reader(transport)

    beginning = await second.subscribe(CHANNEL, first.token)

    assert beginning.recovered
    assert_delivered(await take(second, 2), 1, 2)


async def test_a_bad_position_is_refused(stack: Stack, transport: str) -> None:
    """What was never a position is answered with `bad_position`, not taken for a beginning."""
    await stack.start()
    for since in ("nonsense", "abc.-1", "abc.1.2", "ABC.1"):
        reader = stack.reader(transport)
        with pytest.raises(Refused) as refusal:
            await reader.subscribe(CHANNEL, since)

        assert (refusal.value.code, since) == ("bad_position", since)


async def test_what_retention_took_is_announced_as_a_gap(stack: Stack, transport: str) -> None:
    """A reader whose next event was trimmed is told what it lost, with the state behind the gap, and then the rest."""
    await stack.start(retention=KEEPS_TEN)
    old = await stack.publish("one")
    await stack.publish("progress", key="progress", percent=10)
    head = await stack.publish_many(12)
    reader = stack.reader(transport)

    beginning = await reader.subscribe(CHANNEL, str(old))
    gap, *rest = await take(reader, 11)

    assert not beginning.recovered
    assert_gap(gap, until=f"{head.epoch}.4", reason="trimmed")
    assert gap["lost"] == 3
    assert [(event["type"], event["percent"]) for event in gap["snapshot"]] == [("progress", 10)]
    assert_delivered(rest, 5, 14)


async def test_another_life_of_the_log_is_announced_as_a_gap(stack: Stack, transport: str) -> None:
    """A position of an epoch that is no more gets a gap, and then everything of the new one."""
    await stack.start()
    head = await stack.publish("one", "two")
    reader = stack.reader(transport)

    beginning = await reader.subscribe(CHANNEL, "anotherlife.17")
    gap, *rest = [entry for entry in await take_until(reader, "two") if entry["channel"] == CHANNEL]

    assert not beginning.recovered
    assert_gap(gap, until=f"{head.epoch}.0", reason="epoch")
    assert gap["lost"] is None
    assert_delivered(rest, 1, 2)


async def test_a_position_ahead_of_the_log_is_announced_as_a_gap(stack: Stack, transport: str) -> None:
    """Who knows more than the log is told so and goes on from its head."""
    await stack.start()
    head = await stack.publish("one", "two")
    reader = stack.reader(transport)

    await reader.subscribe(CHANNEL, f"{head.epoch}.9")
    gap = await reader.next()
    await stack.publish("three")
    event = await reader.next()

    assert_gap(gap, until=str(head), reason="ahead")
    assert event["offset"] == 3
