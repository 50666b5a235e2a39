"""What every log promises: `headway.log.interface`, sentence by sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from headway.codes import Code
from headway.errors import Closed, Conflict
from headway.events import Draft, Event
from headway.figures import plain
from headway.limits import Retention
from headway.positions import BEGINNING, GapReason, Position
from tests.log.harness import EVERYTHING, Subject, all_of, assert_gap, draft, drafts, everything, numbers, offsets

DAY = 86_400.0


# Order


async def test_offsets_begin_at_one_and_have_no_hole(subject: Subject) -> None:
    """The events of one channel have offsets 1, 2, 3 … in the order they were appended."""
    first = await subject.log.append("run", drafts(1, 2))
    second = await subject.log.append("run", drafts(3))
    await subject.log.append("other", drafts(9))

    assert offsets(first.events + second.events) == [1, 2, 3]
    assert numbers(await everything(subject.log, "run")) == [1, 2, 3]


async def test_one_append_gets_neighbouring_offsets(subject: Subject) -> None:
    """Appends at the same time do not mix their events."""
    results = await asyncio.gather(*(subject.log.append("run", drafts(i, i, i)) for i in range(50)))

    for result in results:
        first = result.events[0].offset
        assert offsets(result.events) == [first, first + 1, first + 2]
    assert sorted(offset for result in results for offset in offsets(result.events)) == list(range(1, 151))


async def test_an_event_is_stored_as_it_was_drafted(subject: Subject) -> None:
    """Type, key, data byte for byte and the clock's time are what is read back."""
    awkward = [
        Draft.of(
            "step.done", {"text": 'quote " back \\ slash, é 漢字 🎉, line\nend', "deep": {"a": [1, 2.5, None]}}, "k/ü"
        ),
        Draft("raw", b'{ "spaced" : 1 }'),
        Draft.of("large", {"body": "x" * 300_000}),
        Draft.of("empty"),
    ]

    appended = await subject.log.append("run/ü", awkward)

    read = await everything(subject.log, "run/ü")
    assert tuple(read) == appended.events
    assert [(event.type, event.json, event.key) for event in read] == [(d.type, d.json, d.key) for d in awkward]
    assert {event.time for event in read} == {1_700_000_000_000}
    assert {event.channel for event in read} == {"run/ü"}


async def test_nothing_appended_is_nothing_stored(subject: Subject) -> None:
    """An append of no drafts returns no events and tells nobody."""
    assert (await subject.log.append("run", [])).events == ()
    assert (await subject.log.head("run")).offset == 0
    assert subject.told == []


# Durable before visible


async def test_the_listener_is_told_before_the_caller(subject: Subject) -> None:
    """When an append returns, the listener has been called with its events, once, in order."""
    appended = await subject.log.append("run", drafts(1, 2))

    assert tuple(subject.told) == appended.events


async def test_the_listener_is_told_in_commit_order(subject: Subject) -> None:
    """Over all channels every event is told once, and those of a channel in the order of their offsets."""
    await asyncio.gather(*(subject.log.append(f"run-{i % 3}", drafts(i, i)) for i in range(60)))

    for channel in ("run-0", "run-1", "run-2"):
        assert offsets(event for event in subject.told if event.channel == channel) == list(range(1, 41))


async def test_what_is_told_can_be_read(subject: Subject) -> None:
    """Whoever reads because the listener was called finds the event."""
    reads: list[asyncio.Task[list[Event]]] = []

    def listener(events: Sequence[Event]) -> None:
        reads.append(asyncio.ensure_future(everything(subject.log, "run")))

    subject.log.listen(listener)
    await subject.log.append("run", drafts(1))
    await subject.log.append("run", drafts(2))

    assert [numbers(found)[: i + 1] for i, found in enumerate(await asyncio.gather(*reads))] == [[1], [1, 2]]


async def test_a_listener_that_fails_fails_nobody_else(subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
    """The error of a listener is logged; the events are stored and the caller gets them."""

    def listener(events: Sequence[Event]) -> None:
        raise RuntimeError("a listener made of glass")

    subject.log.listen(listener)

    assert offsets((await subject.log.append("run", drafts(1))).events) == [1]
    assert "the listener of the log failed" in caplog.text


async def test_a_second_listener_replaces_the_first(subject: Subject) -> None:
    """There is one listener."""
    second: list[Event] = []
    subject.log.listen(second.extend)

    await subject.log.append("run", drafts(1))

    assert (numbers(subject.told), numbers(second)) == ([], [1])


async def test_a_cancelled_append_may_still_be_stored(subject: Subject) -> None:
    """Cancelling gives up the answer, not the deed: what is stored all the same is told, without a hole."""
    calls = [asyncio.ensure_future(subject.log.append("run", drafts(i))) for i in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    await all_of(*calls)
    await subject.log.append("run", drafts(99))

    stored = await everything(subject.log, "run")
    assert offsets(stored) == list(range(1, len(stored) + 1))
    assert stored == subject.told
    assert set(range(1, 20, 2)) <= set(numbers(stored))


# Epochs


async def test_a_channel_has_its_epoch_before_its_first_event(subject: Subject) -> None:
    """The position of an empty channel stays valid: reading from it misses nothing."""
    empty = await subject.log.head("run")
    await subject.log.append("run", drafts(1))

    page = await subject.log.read("run", empty)
    assert (empty.offset, (await subject.log.head("run")).epoch) == (0, empty.epoch)
    assert (numbers(page.events), page.gap) == ([1], None)


async def test_no_two_channels_share_an_epoch(subject: Subject) -> None:
    """A position tells by itself which channel it belongs to, and its spelling can be read back."""
    found = {(await subject.log.head(f"run-{i}")).epoch for i in range(100)}

    assert len(found) == 100
    assert all(Position.parse(f"{epoch}.0") == Position(epoch, 0) for epoch in found)


# Reading


async def test_any_channel_can_be_read(subject: Subject) -> None:
    """An unknown channel is empty, has a head of 0, and reading it changes nothing."""
    page = await subject.log.read("nobody", BEGINNING)

    assert (page.events, page.reached.offset, page.head, page.gap) == ((), 0, 0, None)
    assert (await subject.log.snapshot("nobody")).events == ()
    assert await subject.log.channels() == []


async def test_reading_goes_on_where_the_last_page_ended(subject: Subject) -> None:
    """A page holds at most `limit` events and says through which offset it speaks."""
    await subject.log.append("run", drafts(*range(1, 8)))

    page = await subject.log.read("run", BEGINNING, limit=3)
    rest = await subject.log.read("run", page.reached, limit=10)
    end = await subject.log.read("run", rest.reached)

    assert (numbers(page.events), page.reached.offset, page.head) == ([1, 2, 3], 3, 7)
    assert (numbers(rest.events), rest.reached.offset) == ([4, 5, 6, 7], 7)
    assert (end.events, end.reached, end.gap) == ((), rest.reached, None)


async def test_a_page_is_bounded_in_bytes_but_not_empty(subject: Subject) -> None:
    """A page holds about `max_bytes`, and one event if there is one, however large."""
    size = len(draft(1).json)
    await subject.log.append("run", drafts(1, 2, 3, 4, 5))

    assert numbers((await subject.log.read("run", BEGINNING, max_bytes=3 * size)).events) == [1, 2, 3]
    assert numbers((await subject.log.read("run", BEGINNING, max_bytes=3 * size - 1)).events) == [1, 2]
    assert numbers((await subject.log.read("run", BEGINNING, max_bytes=1)).events) == [1]
    assert numbers((await subject.log.read("run", BEGINNING, limit=2, max_bytes=10_000)).events) == [1, 2]


async def test_a_position_of_another_epoch_is_a_gap(subject: Subject) -> None:
    """Then everything of this epoch follows."""
    await subject.log.append("run", drafts(1, 2))
    foreign = Position("other", 1)

    page = await subject.log.read("run", foreign)

    assert_gap(page, GapReason.EPOCH, foreign, until=0)
    assert numbers(page.events) == [1, 2]


async def test_a_position_ahead_of_the_head_is_a_gap_back(subject: Subject) -> None:
    """Whoever knows more than the log is told, and goes on from the head."""
    head = (await subject.log.append("run", drafts(1, 2))).events[-1].position
    ahead = Position(head.epoch, 7)

    page = await subject.log.read("run", ahead)

    assert_gap(page, GapReason.AHEAD, ahead, until=2)
    assert (page.events, page.reached) == ((), head)


async def test_channels_are_listed_by_name(subject: Subject) -> None:
    """Only those that hold or held events, in pages, with their heads, without Headway's own."""
    for name in ("b", "a", " sessions", "ü", "c"):
        await subject.log.append(name, drafts(1, 2))
    await subject.log.trim("c", 2)
    await subject.log.head("empty")

    listed = await subject.log.channels(limit=2)

    assert [(name, position.offset) for name, position in listed] == [("a", 2), ("b", 2)]
    assert [name for name, _ in await subject.log.channels(after="b")] == ["c", "ü"]
    assert listed[0][1] == await subject.log.head("a")


# Snapshots


async def test_a_snapshot_holds_the_latest_event_of_each_key(subject: Subject) -> None:
    """In offset order, without milestones, with the head it belongs to."""
    await subject.log.append("run", [draft(1, "a"), draft(2, "b"), draft(3), draft(4, "a"), draft(5)])

    snapshot = await subject.log.snapshot("run")

    assert (numbers(snapshot.events), snapshot.position) == ([2, 4], await subject.log.head("run"))
    assert numbers((await subject.log.snapshot("run", ["a", "nobody"])).events) == [4]
    assert (await subject.log.snapshot("run", [])).events == ()


async def test_a_snapshot_survives_trimming(subject: Subject) -> None:
    """The latest event of a key stays in the snapshot when its offset was trimmed, until a newer one supersedes it."""
    await subject.log.append("run", [draft(1, "a"), draft(2, "b"), draft(3)])
    await subject.log.trim("run", 3)

    assert numbers((await subject.log.snapshot("run")).events) == [1, 2]
    await subject.log.append("run", [draft(4, "a")])
    await subject.log.trim("run", 4)
    assert numbers((await subject.log.snapshot("run")).events) == [2, 4]
    assert numbers(await everything(subject.log, "run")) == []


# Trimming and retention


async def test_a_position_behind_the_trimmed_edge_is_a_gap(subject: Subject) -> None:
    """The gap spans what was trimmed; then what is left follows. The head stays."""
    first = (await subject.log.append("run", drafts(1, 2, 3, 4))).events[0]
    await subject.log.trim("run", 3)

    page = await subject.log.read("run", first.position)

    assert_gap(page, GapReason.TRIMMED, first.position, until=3)
    assert page.gap is not None
    assert page.gap.lost == 2
    assert (numbers(page.events), page.head) == ([4], 4)


async def test_at_the_trimmed_edge_nothing_is_missing(subject: Subject) -> None:
    """Whoever was told everything that is trimmed has no gap, and the beginning never has one."""
    third = (await subject.log.append("run", drafts(1, 2, 3, 4))).events[2]
    await subject.log.trim("run", 3)

    for after in (third.position, BEGINNING):
        page = await subject.log.read("run", after)
        assert (numbers(page.events), page.gap) == ([4], None)


async def test_trimming_everything_keeps_the_head(subject: Subject) -> None:
    """Offsets go on after the head, also when the trim named one beyond it."""
    await subject.log.append("run", drafts(1, 2))
    await subject.log.trim("run", 1_000)
    await subject.log.trim("run", 1)
    await subject.log.trim("nobody", 5)

    page = await subject.log.read("run", BEGINNING)
    assert (page.events, page.reached.offset, page.head) == ((), 2, 2)
    assert offsets((await subject.log.append("run", drafts(3))).events) == [3]


async def test_retention_by_count(subject: Subject) -> None:
    """A channel holds its newest events."""
    await subject.start_with(Retention(events=10))
    for i in range(1, 26):
        await subject.log.append("run", drafts(i))

    assert numbers(await everything(subject.log, "run")) == list(range(16, 26))


async def test_retention_by_bytes(subject: Subject) -> None:
    """A channel holds the newest events that fit."""
    size = len(draft(10).json)
    await subject.start_with(Retention(bytes=3 * size))
    await subject.log.append("run", drafts(*range(10, 20)))

    assert numbers(await everything(subject.log, "run")) == [17, 18, 19]


async def test_one_append_larger_than_the_retention(subject: Subject) -> None:
    """All of its events are returned and told; the log holds the last ones."""
    await subject.start_with(Retention(events=3))

    appended = await subject.log.append("run", drafts(*range(10)))

    assert numbers(appended.events) == list(range(10))
    assert numbers(subject.told) == list(range(10))
    assert numbers(await everything(subject.log, "run")) == [7, 8, 9]


async def test_retention_by_age(subject: Subject) -> None:
    """Old events are forgotten when the clock has moved, from the log and from the snapshot."""
    await subject.start_with(Retention(seconds=600))
    old = await subject.log.append("run", [draft(1, "a"), draft(2, "b"), draft(3)])
    subject.clock.advance(400)
    await subject.log.append("run", [draft(4, "a")])
    subject.clock.advance(400)
    await subject.log.append("other", drafts(9))

    page = await subject.log.read("run", old.events[0].position)
    assert_gap(page, GapReason.TRIMMED, old.events[0].position, until=3)
    assert numbers(page.events) == [4]
    assert numbers((await subject.log.snapshot("run")).events) == [4]


async def test_a_channel_can_have_a_retention_of_its_own(subject: Subject) -> None:
    """The name decides."""
    await subject.start(lambda channel: Retention(events=2) if channel == "short" else EVERYTHING)
    for channel in ("short", "long"):
        await subject.log.append(channel, drafts(1, 2, 3))

    assert numbers(await everything(subject.log, "short")) == [2, 3]
    assert numbers(await everything(subject.log, "long")) == [1, 2, 3]


async def test_compaction_is_not_a_gap(subject: Subject) -> None:
    """A page passes over superseded keyed events that compaction removed; milestones and latest ones stay."""
    await subject.start_with(Retention(compact_after=60))
    before = await subject.log.head("run")
    await subject.log.append("run", [draft(1, "a"), draft(2), draft(3, "a"), draft(4, "b"), draft(5, "a")])
    subject.clock.advance(100)
    await subject.log.append("other", drafts(9))

    page = await subject.log.read("run", before)
    assert (numbers(page.events), page.gap, page.reached.offset) == ([2, 4, 5], None, 5)
    passed = await subject.log.read("run", Position(before.epoch, 2), limit=1)
    assert (numbers(passed.events), passed.gap) == ([4], None)


async def test_without_a_setting_nothing_is_compacted(subject: Subject) -> None:
    """A replay shows every step."""
    await subject.start_with(Retention())
    await subject.log.append("run", drafts(1, 2, 3, key="a"))
    subject.clock.advance(3 * DAY)
    await subject.log.append("other", drafts(9))

    assert numbers(await everything(subject.log, "run")) == [1, 2, 3]


# Idempotency


async def test_a_known_key_returns_the_first_events(subject: Subject) -> None:
    """Nothing new is stored or told, however often it is asked, also when the events were trimmed since."""
    first = await subject.log.append("run", drafts(1, 2), idempotency_key="k")
    await subject.log.append("run", drafts(3))
    subject.clock.advance(10)
    again = await subject.log.append("run", drafts(1, 2), idempotency_key="k")
    await subject.log.trim("run", 3)

    assert (again.events, again.replayed, first.replayed) == (first.events, True, False)
    assert (await subject.log.append("run", drafts(1, 2), idempotency_key="k")).events == first.events
    assert numbers(subject.told) == [1, 2, 3]


async def test_a_key_used_at_the_same_time_stores_once(subject: Subject) -> None:
    """Of two calls under way one stores and one is told what was stored."""
    both = await asyncio.gather(*(subject.log.append("run", drafts(1), idempotency_key="k") for _ in range(2)))

    assert sorted(one.replayed for one in both) == [False, True]
    assert both[0].events == both[1].events
    assert numbers(subject.told) == [1]


@pytest.mark.parametrize(
    "other",
    [drafts(2), drafts(1, 1), [draft(1, "a")], [draft(1, type="other")], [Draft("ste", b"p{}")]],
    ids=["data", "number", "key", "type", "spelling"],
)
async def test_a_key_used_for_something_else_is_a_conflict(subject: Subject, other: list[Draft]) -> None:
    """Nothing is stored and the error says so."""
    await subject.log.append("run", drafts(1), idempotency_key="k")

    with pytest.raises(Conflict, match="'k' was used for other events") as caught:
        await subject.log.append("run", other, idempotency_key="k")

    assert caught.value.code is Code.IDEMPOTENCY
    assert numbers(await everything(subject.log, "run")) == [1]


async def test_a_key_belongs_to_its_channel(subject: Subject) -> None:
    """Another channel may use it for something else."""
    await subject.log.append("run", drafts(1), idempotency_key="k")

    assert not (await subject.log.append("other", drafts(2), idempotency_key="k")).replayed


async def test_a_key_is_forgotten_after_a_day(subject: Subject) -> None:
    """Then it is new again."""
    await subject.log.append("run", drafts(1), idempotency_key="k")
    subject.clock.advance(DAY - 1)
    assert (await subject.log.append("run", drafts(1), idempotency_key="k")).replayed
    subject.clock.advance(2)

    assert not (await subject.log.append("run", drafts(2), idempotency_key="k")).replayed


# Ends


async def test_check_stores_no_event(subject: Subject) -> None:
    """It passes on a healthy log and nobody is told anything."""
    await subject.log.check()

    assert (subject.told, await subject.log.channels()) == ([], [])


async def test_a_closed_log_takes_no_calls(subject: Subject) -> None:
    """What was accepted is finished first; closing twice is no error."""
    accepted = [asyncio.ensure_future(subject.log.append("run", drafts(i))) for i in range(5)]
    await asyncio.sleep(0)
    await asyncio.gather(subject.log.close(), subject.log.close())
    await subject.log.close()

    results = await asyncio.gather(*accepted)
    assert sorted(numbers(event for result in results for event in result.events)) == list(range(5))
    with pytest.raises(Closed):
        await subject.log.append("run", drafts(9))
    with pytest.raises(Closed):
        await subject.log.read("run", BEGINNING)


async def test_statistics_tell_what_was_done(subject: Subject) -> None:
    """They name the log and count commits, events, their bytes, and repetitions, which store nothing; and they can be
    written as JSON."""
    for _ in range(3):
        await subject.log.append("run", drafts(1, 2), idempotency_key="k")
    with pytest.raises(Conflict):
        await subject.log.append("run", drafts(3), idempotency_key="k")

    told = subject.log.statistics()
    assert (told["commits"], told["appended"], told["replayed"]) == (1, 2, 2)
    assert (told["appended_bytes"], told["channels"]) == (2 * len(b'{"n":1}'), 1)
    assert told["kind"] in ("memory", "sqlite")
    assert json.loads(json.dumps(plain(told)))["kind"] == told["kind"]


async def test_a_restart_changes_nothing_that_can_be_read(subject: Subject) -> None:
    """Epochs, events, heads, trimmed edges, snapshots and idempotency keys are those from before, and offsets go on."""
    if not subject.durable:
        pytest.skip("this log ends with its process")
    first = await subject.log.append("run", [draft(1, "a"), draft(2), draft(3, "a")], idempotency_key="k")
    await subject.log.trim("run", 1)
    empty = await subject.log.head("empty")
    before = (await subject.log.read("run", BEGINNING), await subject.log.snapshot("run"), await subject.log.channels())

    await subject.restart()

    after = (await subject.log.read("run", BEGINNING), await subject.log.snapshot("run"), await subject.log.channels())
    assert after == before
    assert await subject.log.head("empty") == empty
    assert (await subject.log.append("run", [draft(1, "a"), draft(2), draft(3, "a")], idempotency_key="k")).events == (
        first.events
    )
    assert offsets((await subject.log.append("run", drafts(4))).events) == [4]
