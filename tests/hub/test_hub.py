"""Fan-out over one log, one promise at a time; `test_stateful.py` attacks them all at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from headway.errors import Closed, StorageError
from headway.hub.cursors import Cursor
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.positions import BEGINNING, Gap, GapReason, Position
from headway.testing.clock import FakeClock
from headway.testing.outlets import FakeOutlet, PlainForm, ToldGap
from headway.testing.waiting import wait_until
from tests.hub.harness import TINY, Reader, RestlessLog, draft, drafts, settled


@pytest.fixture
def log() -> RestlessLog:
    """An empty log."""
    return RestlessLog()


@pytest.fixture
async def hub(log: RestlessLog) -> AsyncIterator[Hub]:
    """A hub with tiny bounds."""
    made = Hub(log, TINY, chunk_events=4, retry_seconds=0.0)
    yield made
    await made.close()


async def publish(hub: Hub, *numbers: int, key: str | None = None) -> None:
    """Publish to `run`, all at once."""
    await hub.publish("run", drafts(*numbers, key=key))


# Where a reader begins.


async def test_without_a_position_a_reader_begins_at_the_head(hub: Hub) -> None:
    """It is given the snapshot, then what happens from now on."""
    await publish(hub, 1, 2, key="p")
    reader = Reader(hub)
    start = await reader.join()
    await publish(hub, 3)
    await settled(hub)

    assert start.snapshot is not None
    assert [event.data["n"] for event in start.snapshot.events] == [2]
    assert reader.numbers == [3]


async def test_from_the_beginning_a_reader_gets_all_that_is_held(hub: Hub, log: RestlessLog) -> None:
    """What retention removed before is no gap to who asks for everything."""
    await publish(hub, *range(1, 30))
    await log.trim("run", 10)
    reader = Reader(hub)
    start = await reader.join(BEGINNING)
    await settled(hub)

    assert (start.gap, start.recovered) == (None, True)
    assert reader.numbers == list(range(11, 30))


async def test_from_a_position_a_reader_gets_what_comes_after_it(hub: Hub) -> None:
    """Overtaken events too, because it asked for them."""
    await publish(hub, *range(1, 30), key="p")
    reader = Reader(hub)
    await reader.join(Position((await hub.head("run")).epoch, 5))
    await settled(hub)

    assert reader.numbers == list(range(6, 30))


async def test_from_a_lost_position_a_reader_is_told_the_gap(hub: Hub, log: RestlessLog) -> None:
    """The start names the gap and the state behind it; reading goes on there."""
    await publish(hub, *range(1, 10), key="p")
    epoch = (await hub.head("run")).epoch
    await log.trim("run", 5)
    reader = Reader(hub)
    start = await reader.join(Position(epoch, 2))
    await settled(hub)

    assert start.gap == Gap("run", Position(epoch, 2), Position(epoch, 5), GapReason.TRIMMED)
    assert start.snapshot is not None
    assert reader.numbers == [6, 7, 8, 9]
    assert hub.statistics()["gaps"] == 1


# Living on.


async def test_events_of_one_tick_are_one_write(hub: Hub) -> None:
    """What became visible together is joined, for each reader."""
    readers = [Reader(hub, form=form) for form in [PlainForm()] * 3]
    for reader in readers:
        await reader.join()
    await settled(hub)
    await asyncio.gather(publish(hub, 1), publish(hub, 2), publish(hub, 3))
    await settled(hub)

    assert [len(reader.outlet.written) for reader in readers] == [1, 1, 1]
    assert len({reader.outlet.written[0] for reader in readers}) == 1
    assert readers[0].form.encoded == 3


async def test_a_stalled_reader_costs_nothing_and_loses_no_milestone(hub: Hub) -> None:
    """While it stalls nothing is kept for it; afterwards it gets every milestone and the newest of each key."""
    reader = Reader(hub)
    await reader.join()
    await settled(hub)
    reader.outlet.stall()
    for number in range(1, 20):
        await publish(hub, number, key="p")
        await publish(hub, -number)
        await settled(hub)
    assert reader.outlet.written == []
    reader.resume()
    await settled(hub)

    assert [number for number in reader.numbers if number < 0] == [-number for number in range(1, 20)]
    assert [number for number in reader.numbers if number > 0] == [19]
    assert hub.statistics()["conflated"] == 18


async def test_a_short_wait_costs_a_reader_nothing(log: RestlessLog) -> None:
    """Nothing is skipped for a reader who could not be written while no more than `lag_events` happened."""
    hub = Hub(log, Limits(lag_events=3))
    reader = Reader(hub)
    await reader.join()
    await settled(hub)
    reader.outlet.stall()
    await publish(hub, 1, 2, 3, key="p")
    await settled(hub)
    reader.resume()
    await settled(hub)

    assert reader.numbers == [1, 2, 3]
    await hub.close()


async def test_a_reader_that_caught_up_lags_no_more(hub: Hub) -> None:
    """Once it stands at the head again, progress is no longer skipped, though it got there by reading the log."""
    reader = Reader(hub)
    await reader.join()
    await settled(hub)
    reader.outlet.stall()
    await publish(hub, *range(1, 20))
    await settled(hub)
    reader.resume()
    await settled(hub)
    await publish(hub, 21, 22, 23, key="p")
    await settled(hub)

    assert reader.numbers[-3:] == [21, 22, 23]


async def test_a_reader_that_learned_of_a_new_epoch_lags_no_more(hub: Hub, log: RestlessLog) -> None:
    """It stands at the head of the new life, so nothing that happens from now on is skipped for it."""
    reader = Reader(hub)
    await reader.join()
    await settled(hub)
    reader.outlet.stall()
    await publish(hub, *range(1, 20))
    await settled(hub)
    log.restart()
    reader.resume()
    await settled(hub)
    await publish(hub, 21, 22, 23, key="p")
    await settled(hub)

    assert [type(told) for told in reader.told[:1]] == [ToldGap]
    assert reader.numbers == [21, 22, 23]


async def test_a_full_outlet_ends_the_catching_up(hub: Hub) -> None:
    """A reader is written until its outlet is full, and goes on from there when it is woken."""
    await publish(hub, *range(1, 30))
    reader = Reader(hub, form=PlainForm(max_events=2))
    reader.outlet.resume(room=3)
    await reader.join(BEGINNING)
    await settled(hub)
    assert reader.numbers == [1, 2, 3, 4, 5, 6]
    reader.resume()
    await settled(hub)

    assert reader.numbers == list(range(1, 30))


async def test_a_reader_that_retention_overtook_is_told(hub: Hub, log: RestlessLog) -> None:
    """It is told what it lost and the state behind it, and goes on there."""
    reader = Reader(hub)
    start = await reader.join()
    reader.outlet.stall()
    await hub.publish("run", [draft(1), draft(2, "p"), *drafts(*range(3, 30))])
    await settled(hub)
    await log.trim("run", 10)
    reader.resume()
    await settled(hub)

    epoch = start.position.epoch
    gap = reader.told[0]
    assert isinstance(gap, ToldGap)
    assert gap.gap == Gap("run", Position(epoch, 0), Position(epoch, 10), GapReason.TRIMMED)
    assert [event.data["n"] for event in gap.state] == [2]
    assert reader.numbers == list(range(11, 30))


@pytest.mark.parametrize("before", [0, 3, 20])
async def test_a_new_epoch_is_told_to_who_follows(hub: Hub, log: RestlessLog, before: int) -> None:
    """Readers of a life of the log that is over are told so before the first event of the next."""
    reader = Reader(hub)
    start = await reader.join()
    await settled(hub)
    if before:
        await publish(hub, *range(1, before + 1))
    await settled(hub)
    log.restart()
    await publish(hub, 101)
    await publish(hub, 102)
    await settled(hub)

    gap = reader.told[before]
    assert isinstance(gap, ToldGap)
    assert (gap.gap.reason, gap.gap.after) == (GapReason.EPOCH, Position(start.position.epoch, before))
    assert reader.numbers == [*range(1, before + 1), 101, 102]
    assert reader.cursor.position == await hub.head("run")


async def test_who_joins_in_a_new_epoch_brings_the_hub_up_to_date(hub: Hub, log: RestlessLog) -> None:
    """A reader that begins in a life of the log the hub has not heard of yet makes it ask, and nobody waits in vain."""
    await publish(hub, *range(1, 10))
    old, new = Reader(hub), Reader(hub)
    await old.join()
    await settled(hub)
    log.restart()
    start = await new.join()
    await settled(hub)

    assert await hub.head("run") == start.position
    assert [type(told) for told in old.told] == [ToldGap]
    assert new.told == []


async def test_many_forms_at_once(hub: Hub) -> None:
    """Each reader gets its own form, shared or private, and nobody gets another's bytes."""
    shared = PlainForm()
    forms = [shared, shared, PlainForm(max_events=1), PlainForm(shared=False), PlainForm(shared=False, max_events=2)]
    readers = [Reader(hub, form=form) for form in forms]
    for reader in readers:
        await reader.join()
    await publish(hub, *range(1, 8))
    await settled(hub)

    assert [reader.numbers for reader in readers] == [list(range(1, 8))] * 5
    assert max(len(reader.form.read([data])) for reader in readers[2:3] for data in reader.outlet.written) == 1


async def test_who_catches_up_shares_the_reading(log: RestlessLog) -> None:
    """Readers that catch up over the same history read it once, after finding where each begins, and encode it once."""
    hub, form = Hub(log, Limits(tail_events=8)), PlainForm()
    await publish(hub, *range(1_024))
    readers = [Reader(hub, form=form) for _ in range(50)]
    log.turns = 1
    for reader in readers:
        await reader.join(BEGINNING)
    await settled(hub)

    assert all(reader.numbers == list(range(1_024)) for reader in readers)
    assert (log.reads - len(readers), form.encoded) == (4, 1_024)
    await hub.close()


# Leaving.


async def test_nothing_is_written_to_who_left(hub: Hub) -> None:
    """After `detach` nothing comes, also if a read of the log was under way; detaching twice is once."""
    await publish(hub, *range(1, 30))
    reader = Reader(hub)
    await reader.join(BEGINNING)
    for _ in range(5):
        await asyncio.sleep(0)
    reader.leave()
    reader.leave()
    written = len(reader.outlet.written)
    await publish(hub, 31)
    await settled(hub)

    assert len(reader.outlet.written) == written
    assert hub.statistics()["cursors"] == hub.statistics()["channels"] == 0


async def test_a_cursor_can_change_its_outlet_in_the_middle(hub: Hub, log: RestlessLog) -> None:
    """Attached anew with another outlet and form while history is being read, it misses and repeats nothing."""
    await publish(hub, *range(1, 30))
    reader, second, log.turns = Reader(hub), PlainForm(), 2
    await reader.join(BEGINNING)
    for _ in range(8):
        await asyncio.sleep(0)
    first = reader.numbers
    reader.leave()
    reader.cursor.form, reader.cursor.outlet = second, FakeOutlet()
    hub.attach(reader.cursor)
    await publish(hub, 30)
    await settled(hub)

    assert isinstance(reader.cursor.outlet, FakeOutlet)
    rest = [told.event.data["n"] for told in second.read(reader.cursor.outlet.written) if not isinstance(told, ToldGap)]
    assert first + rest == list(range(1, 31))


async def test_closing_leaves_nothing(log: RestlessLog) -> None:
    """After `close` no task and no reader is left, and the hub takes no more calls."""
    hub = Hub(log, TINY)
    await publish(hub, *range(1, 30))
    reader, log.turns = Reader(hub), 100
    waiting = asyncio.create_task(hub.changed("run", await hub.head("run"), 60.0))
    await reader.join(BEGINNING)
    await asyncio.sleep(0)
    await hub.close()

    assert not reader.cursor.attached
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(Closed):
        await publish(hub, 1)
    with pytest.raises(Closed):
        hub.attach(reader.cursor)
    assert hub.statistics()["reading"] == hub.statistics()["cursors"] == 0


# Storage that fails.


async def test_readers_go_on_when_storage_recovers(
    hub: Hub, log: RestlessLog, caplog: pytest.LogCaptureFixture
) -> None:
    """While the log cannot be read readers stay where they are; when it can, they go on by themselves."""
    caplog.set_level(logging.ERROR, "headway.hub")
    await publish(hub, *range(1, 30))
    early, late = Reader(hub), Reader(hub, "other")
    start = await early.join(BEGINNING)
    begin = await hub.start("other", None)
    log.ill = True
    late.cursor = _cursor_of(late, begin.position)
    hub.attach(late.cursor)
    with pytest.raises(StorageError):
        await publish(hub, 31)
    with pytest.raises(StorageError):
        await hub.start("run", start.position)
    log.ill = False
    await hub.publish("other", drafts(7))
    await wait_until(lambda: early.numbers == list(range(1, 30)) and late.numbers == [7])


async def test_a_channel_nobody_follows_is_not_asked_for_again(
    hub: Hub, log: RestlessLog, caplog: pytest.LogCaptureFixture
) -> None:
    """When the last reader of a channel leaves while its head cannot be read, nobody goes on trying to read it."""
    caplog.set_level(logging.ERROR, "headway.hub")
    reader = Reader(hub)
    start = await hub.start("run", None)
    log.ill = True
    reader.cursor = _cursor_of(reader, start.position)
    hub.attach(reader.cursor)
    await asyncio.sleep(0)
    reader.leave()

    await wait_until(lambda: hub.statistics()["reading"] == 0)


# Polls.


async def test_a_poll_waits_for_news(hub: Hub) -> None:
    """`changed` returns when something comes after the position, and at once if it is there already."""
    head = await hub.head("run")
    waiting = asyncio.create_task(hub.changed("run", head, 60.0))
    await settled(hub)
    assert not waiting.done()
    await publish(hub, 1)

    assert await waiting
    assert await hub.changed("run", head, 60.0)
    assert hub.statistics()["channels"] == hub.statistics()["waiting_polls"] == 0


async def test_a_poll_waits_no_longer_than_it_said(hub: Hub) -> None:
    """After its time a poll has nothing, and nothing is left of it; likewise when it is cancelled."""
    head = await hub.head("run")
    cancelled = asyncio.create_task(hub.changed("run", head, 60.0))
    await asyncio.sleep(0)
    cancelled.cancel()

    assert not await hub.changed("run", head, 0.0)
    await settled(hub)
    assert hub.statistics()["channels"] == hub.statistics()["waiting_polls"] == 0


async def test_a_poll_hears_of_a_new_epoch(hub: Hub, log: RestlessLog) -> None:
    """A poll whose position belongs to a life of the log that is over is let go, so that it is told the gap."""
    await publish(hub, 1, 2, 3)
    waiting = asyncio.create_task(hub.changed("run", await hub.head("run"), 60.0))
    await settled(hub)
    log.restart()
    await publish(hub, 1)

    assert await waiting


async def test_polls_are_released_before_the_end(hub: Hub) -> None:
    """At a shutdown waiting polls are let go with nothing, and none waits from then on."""
    head = await hub.head("run")
    waiting = asyncio.create_task(hub.changed("run", head, 60.0))
    await settled(hub)
    hub.release()

    assert not await waiting
    assert not await hub.changed("run", head, 60.0)


# Acknowledgement.


async def test_what_all_have_acknowledged(hub: Hub) -> None:
    """The lowest offset confirmed by all who promised to confirm; nobody who did not promise holds it back."""
    readers = [Reader(hub) for _ in range(3)]
    for reader in readers:
        await reader.join()
    assert hub.acknowledged("run") is None

    readers[0].cursor.acknowledged, readers[1].cursor.acknowledged = 7, 4
    assert hub.acknowledged("run") == 4
    assert len(list(hub.readers("run"))) == 3
    assert list(hub.readers("other")) == []


def _cursor_of(reader: Reader, position: Position) -> Cursor:
    return Cursor(reader.channel, position, reader.form, reader.outlet, whole_until=position.offset)


# What is counted.


async def test_deliveries_are_counted_by_transport(hub: Hub) -> None:
    """Writes, events and bytes are those the outlets took, of readers that keep up, that read on, and that stalled."""
    stream = PlainForm(shared=False)
    stream.transport = "eventsource"
    await publish(hub, *range(1, 20))
    readers = [Reader(hub), Reader(hub), Reader(hub, form=stream), Reader(hub, form=stream)]
    for reader, since in zip(readers, [None, BEGINNING, None, BEGINNING], strict=True):
        await reader.join(since)
    await settled(hub)
    readers[1].outlet.stall()
    await publish(hub, *range(20, 40))
    await settled(hub)
    readers[1].resume()
    await settled(hub)

    for transport, told in (("websocket", readers[:2]), ("eventsource", readers[2:])):
        counted = hub.delivered[transport]
        assert counted.writes == sum(len(reader.outlet.written) for reader in told)
        assert counted.bytes == sum(len(data) for reader in told for data in reader.outlet.written)
        assert counted.events == sum(len(reader.told) for reader in told) == 20 + 39
    statistics = hub.statistics()
    assert (statistics["deliveries"], statistics["read_errors"]) == (118, 0)
    assert statistics["delivered"]["websocket"]["events"] == 59


async def test_what_was_told_live_is_heard_of_once_for_all_readers_alike(log: RestlessLog) -> None:
    """Whoever listens learns transport, channel, newest type, and the sums; however many readers there are."""
    heard: list[tuple[str, str, str, int, int, int]] = []
    hub = Hub(log, TINY, on_told=lambda *told: heard.append(told), chunk_events=4, retry_seconds=0.0)
    form = PlainForm()
    readers = [Reader(hub, form=form) for _ in range(3)]
    for reader in readers:
        await reader.join()
    await settled(hub)
    await publish(hub, 1, 2)
    await settled(hub)
    size = sum(len(data) for reader in readers for data in reader.outlet.written)
    await hub.close()

    assert heard == [("websocket", "run", "step", 3, 6, size)]


async def test_it_is_measured_how_long_telling_takes(log: RestlessLog) -> None:
    """One value for each turn of the loop in which there was something to tell, by the clock it was given."""
    clock = FakeClock()
    hub = Hub(log, TINY, clock=clock)
    reader = Reader(hub)
    await reader.join()
    await settled(hub)
    before = hub.flush_seconds.count
    write = reader.outlet.write

    def slow(data: bytes) -> None:
        clock.advance(0.02)
        write(data)

    reader.outlet.write = slow  # type: ignore[method-assign]  # a reader whose socket takes its time
    await publish(hub, 1)
    await settled(hub)
    await publish(hub, 2)
    await settled(hub)
    await hub.close()

    assert hub.flush_seconds.count - before == 2
    assert hub.flush_seconds.sum == pytest.approx(0.04)


async def test_it_is_counted_how_readers_begin(hub: Hub, log: RestlessLog) -> None:
    """Fresh, recovered with what they had missed, or with a gap; going on over another connection is no beginning."""
    await publish(hub, *range(1, 11))
    epoch = (await hub.head("run")).epoch
    await log.trim("run", 4)
    for since in (None, Position(epoch, 10), Position(epoch, 7), Position(epoch, 1), BEGINNING):
        reader = Reader(hub)
        start = await hub.start("run", since)
        cursor = Cursor("run", start.position, reader.form, reader.outlet, whole_until=start.whole_until)
        hub.attach(cursor, start)
        hub.detach(cursor)
        hub.attach(cursor)
    await settled(hub)

    assert hub.statistics()["starts"] == {"fresh": 1, "recovered": 3, "gap": 1}
    assert (hub.caught_up.count, hub.caught_up.sum) == (4, 0 + 3 + 6 + 6)


async def test_reads_that_fail_are_counted(hub: Hub, log: RestlessLog) -> None:
    """A log that is ill shows in the figures, not only in what is logged."""
    await publish(hub, *range(1, 20))
    reader = Reader(hub)
    await reader.join(BEGINNING)
    log.ill = True
    await wait_until(lambda: hub.statistics()["read_errors"] > 1)
    log.ill = False
    await wait_until(lambda: len(reader.told) == 19)


async def test_only_channels_with_readers_have_a_known_head(hub: Hub) -> None:
    """It is what the hub has in memory: nothing is read for it."""
    await publish(hub, 1, 2)
    assert hub.known_head("run") is None

    reader = Reader(hub)
    await reader.join()
    await settled(hub)
    assert hub.known_head("run") == reader.cursor.position
    assert hub.statistics()["tail_bytes"] == 0

    await publish(hub, 3)
    assert hub.known_head("run") == Position(reader.cursor.epoch, 3)
    assert hub.statistics()["tail_bytes"] == len(b'{"n":3}')
    await settled(hub)


async def test_readers_of_one_form_that_stand_apart_are_counted_each_for_itself(log: RestlessLog) -> None:
    """One that missed a tick gets more than its neighbours in the next; both count what they were written."""
    hub = Hub(log, Limits())
    form = PlainForm()
    readers = [Reader(hub, form=form) for _ in range(4)]
    for reader in readers:
        await reader.join()
    await settled(hub)
    for reader in readers[1:3]:
        reader.outlet.stall()
    await publish(hub, 1, 2)
    await settled(hub)
    for reader in readers[1:3]:
        reader.outlet.resume()
    await publish(hub, 3)
    await settled(hub)
    counted = hub.delivered["websocket"]
    await hub.close()

    assert [reader.numbers for reader in readers] == [[1, 2, 3]] * 4
    assert (counted.events, counted.writes) == (12, 2 + 4)
    assert counted.bytes == sum(len(data) for reader in readers for data in reader.outlet.written)
