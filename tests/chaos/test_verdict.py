"""The negative control of chaos: every planted fault must be found, and nothing must be found where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chaos.verdict import (
    Acknowledged,
    Began,
    Chronicle,
    Entry,
    Fault,
    GapTold,
    Life,
    Record,
    Told,
    around,
    judge,
    judge_log,
)
from headway.positions import BEGINNING, GapReason, Position

HEAD = 10


def records(head: int = HEAD, keyed: Sequence[int] = ()) -> dict[int, Record]:
    """A log of milestones, but for the offsets that have the key `cpu`."""
    return {offset: Record(f"e{offset}", "cpu" if offset in keyed else None) for offset in range(1, head + 1)}


def whole(keyed: Sequence[int] = (), trimmed: int = 0) -> Chronicle:
    """A log of one life. What it has forgotten, somebody saw."""
    everything = records(keyed=keyed)
    held = {offset: record for offset, record in everything.items() if offset > trimmed}
    return Chronicle([Life("a")], held, HEAD, {Position("a", at): record for at, record in everything.items()})


def torn() -> Chronicle:
    """The first life told 8 and saved 5; the second goes on from there with other events, up to 10."""
    held = {offset: Record(f"e{offset}" if offset <= 5 else f"n{offset}") for offset in range(1, HEAD + 1)}
    seen = {Position("a", offset): Record(f"e{offset}") for offset in range(1, 9)}
    return Chronicle([Life("a", 5), Life("b")], held, HEAD, seen)


def began(since: Position | None = BEGINNING, at: int = 0, epoch: str = "a", known: int | None = None) -> Began:
    """Where a reader begins; of everything the log holds, unless said otherwise."""
    return Began(since, Position(epoch, at), None if known is None else Position(epoch, known))


def told(*offsets: int, epoch: str = "a", letter: str = "e") -> list[Entry]:
    """Events of the log, told one after the other."""
    return [Told(Position(epoch, offset), f"{letter}{offset}") for offset in offsets]


def gap(after: str, until: str, reason: GapReason) -> GapTold:
    """A gap, its ends as they are spelled."""
    return GapTold(Position.parse(after), Position.parse(until), reason)


def assert_found(transcript: Sequence[Entry], chronicle: Chronicle, *faults: Fault, overtaking: bool = True) -> None:
    """Exactly these kinds of faults are found."""
    tally = judge(transcript, chronicle, overtaking=overtaking)
    assert {finding.fault for finding in tally.findings} == set(faults), tally.findings


# Transcripts.


def test_everything_once_and_in_order_is_right() -> None:
    """A transcript that equals the log has no finding."""
    tally = judge([began(), *told(*range(1, 11))], whole())

    assert (tally.events, tally.gaps, tally.overtaken, tally.findings) == (10, 0, 0, [])


def test_a_reconnect_changes_nothing() -> None:
    """A reader that came back with its position goes on with the next event."""
    again = Began(Position("a", 4), Position("a", 4))

    assert_found([began(), *told(1, 2, 3, 4), again, *told(*range(5, 11))], whole())


@pytest.mark.parametrize("missing", range(1, HEAD + 1))
def test_a_lost_event_is_found(missing: int) -> None:
    """Whichever event is missing, it is found, the last one too."""
    offsets = [offset for offset in range(1, 11) if offset != missing]

    assert_found([began(), *told(*offsets)], whole(), Fault.LOST)


@pytest.mark.parametrize("repeated", range(1, HEAD + 1))
def test_a_repeated_event_is_found(repeated: int) -> None:
    """Whichever event is told twice in a row, it is found."""
    offsets = sorted([*range(1, 11), repeated])

    assert_found([began(), *told(*offsets)], whole(), Fault.REPEATED)


@pytest.mark.parametrize("first", range(1, HEAD))
def test_swapped_events_are_found(first: int) -> None:
    """Whichever two neighbours are told in the wrong order, they are found, and none of them counts as lost."""
    offsets = list(range(1, 11))
    offsets[first - 1], offsets[first] = offsets[first], offsets[first - 1]

    assert_found([began(), *told(*offsets)], whole(), Fault.ORDER)


def test_a_position_that_holds_another_event_is_found() -> None:
    """The right offset with the wrong content is no right event."""
    other = Told(Position("a", 5), "e7")

    assert_found([began(), *told(1, 2, 3, 4), other, *told(*range(6, 11))], whole(), Fault.REUSED)


def test_a_reader_that_never_began_is_found() -> None:
    """A reader without a transcript was told nothing."""
    assert_found([], whole(), Fault.LOST)


def test_a_reader_that_begins_too_late_is_found() -> None:
    """Who asks for everything begins before everything the log holds."""
    assert_found([began(at=3), *told(*range(4, 11))], whole(), Fault.LOST)


def test_a_reader_that_begins_anew_unasked_is_found() -> None:
    """A client whose recovery failed, and who was given the state instead, has lost what lay between."""
    anew = Began(None, Position("a", 8))

    assert_found([began(), *told(1, 2, 3), anew, *told(9, 10)], whole(), Fault.ORDER)


def test_what_is_still_under_way_is_not_lost() -> None:
    """A reader that was not given the time to be told everything may stand before the head."""
    assert judge([began(), *told(1, 2, 3)], whole(), finished=False).findings == []


# Overtaken events.


def test_an_overtaken_event_may_be_missing() -> None:
    """A lagging reader may miss keyed events if it is told a newer one of the key."""
    tally = judge([began(), *told(1, 4, 5, 6, 7, 8, 9, 10)], whole(keyed=[2, 3, 4]))

    assert (tally.overtaken, tally.findings) == (2, [])


def test_the_newest_of_a_key_may_not_be_missing() -> None:
    """An event that nothing of its key overtook is lost if it is not told."""
    assert_found([began(), *told(1, 4, 5, 6, 7, 8, 9, 10)], whole(keyed=[2, 3]), Fault.LOST)


def test_a_milestone_may_never_be_missing() -> None:
    """An event without a key always arrives, even between keyed ones."""
    assert_found([began(), *told(1, 4, 5, 6, 7, 8, 9, 10)], whole(keyed=[2, 4]), Fault.LOST)


def test_what_was_asked_for_by_position_is_told_whole() -> None:
    """What was in the log when the reader asked for it by position is not skipped, overtaken or not."""
    again = began(Position("a", 1), 1, known=3)

    assert_found([began(), *told(1), again, *told(4, 5, 6, 7, 8, 9, 10)], whole(keyed=[2, 3, 4]), Fault.LOST)


def test_a_poller_misses_nothing() -> None:
    """Where nothing can lag, nothing may be skipped."""
    assert_found([began(), *told(1, 4, 5, 6, 7, 8, 9, 10)], whole(keyed=[2, 3, 4]), Fault.LOST, overtaking=False)


# Gaps.


def test_an_announced_gap_is_right() -> None:
    """A reader that was away for longer than the log remembers is told so, and goes on behind the gap."""
    missed = gap("a.2", "a.6", GapReason.TRIMMED)

    assert_found([began(), *told(1, 2), missed, *told(7, 8, 9, 10)], whole(trimmed=6))


def test_a_gap_told_again_after_a_cut_is_right() -> None:
    """A reader cut off right after a gap may be told it once more."""
    missed = gap("a.2", "a.6", GapReason.TRIMMED)

    assert_found([began(), *told(1, 2), missed, missed, *told(7, 8, 9, 10)], whole(trimmed=6))


def test_a_silent_gap_is_found() -> None:
    """That the log forgot events does not excuse keeping silent about them."""
    assert_found([began(), *told(1, 2, 7, 8, 9, 10)], whole(trimmed=6), Fault.LOST)


def test_a_gap_over_what_the_log_still_holds_is_found() -> None:
    """A gap ends where the log begins, not later."""
    assert_found([began(), *told(1, 2), gap("a.2", "a.6", GapReason.TRIMMED), *told(7, 8, 9, 10)], whole(), Fault.GAP)


def test_a_gap_that_begins_elsewhere_is_found() -> None:
    """A gap says what this reader is missing, from where it stands."""
    later = gap("a.4", "a.6", GapReason.TRIMMED)

    assert_found([began(), *told(1, 2), later, *told(7, 8, 9, 10)], whole(trimmed=6), Fault.LOST)
    earlier = gap("a.1", "a.6", GapReason.TRIMMED)

    assert_found([began(), *told(1, 2), earlier, *told(7, 8, 9, 10)], whole(trimmed=6), Fault.GAP)


def test_something_lost_behind_a_gap_is_found() -> None:
    """A gap excuses what it spans and nothing more."""
    missed = gap("a.2", "a.6", GapReason.TRIMMED)

    assert_found([began(), *told(1, 2), missed, *told(8, 9, 10)], whole(trimmed=6), Fault.LOST)


# Lives.


def test_a_reader_within_what_was_saved_goes_on() -> None:
    """Where nothing was torn off before a reader, it needs no gap: the next life goes on for it."""
    assert_found(
        [began(), *told(1, 2, 3), *told(4, 5, epoch="b"), *told(6, 7, 8, 9, 10, epoch="b", letter="n")], torn()
    )


def test_a_reader_that_saw_what_was_torn_off_is_told() -> None:
    """Who had been told what the log lost gets a gap back to where the lives part."""
    back = gap("a.7", "b.5", GapReason.EPOCH)

    assert_found([began(), *told(*range(1, 8)), back, *told(6, 7, 8, 9, 10, epoch="b", letter="n")], torn())


def test_a_silent_new_life_is_found() -> None:
    """Going on in another life as if nothing had been torn off is a loss."""
    assert_found([began(), *told(*range(1, 8)), *told(8, 9, 10, epoch="b", letter="n")], torn(), Fault.LOST)


def test_a_gap_for_nothing_is_found() -> None:
    """A reader that lost nothing must not be told that it did."""
    back = gap("a.3", "b.5", GapReason.EPOCH)

    assert_found([began(), *told(1, 2, 3), back, *told(6, 7, 8, 9, 10, epoch="b", letter="n")], torn(), Fault.GAP)


def test_an_event_of_the_life_before_told_again_is_found() -> None:
    """An event that the next life inherited is the same event."""
    transcript = [began(), *told(1, 2, 3), *told(3, 4, 5, epoch="b"), *told(6, 7, 8, 9, 10, epoch="b", letter="n")]

    assert_found(transcript, torn(), Fault.REPEATED)


def test_an_event_of_a_life_that_is_over_is_found() -> None:
    """Nothing of an earlier life is told behind a later one."""
    back = gap("a.7", "b.5", GapReason.EPOCH)
    rest = told(7, 8, 9, 10, epoch="b", letter="n")

    assert_found(
        [began(), *told(*range(1, 8)), back, *told(6, epoch="b", letter="n"), *told(8), *rest], torn(), Fault.ORDER
    )


# Snapshots.


def test_a_snapshot_is_the_newest_of_each_key() -> None:
    """Who asks for the state gets the latest event of each key, and then everything behind it."""
    right = Began(None, Position("a", 6), state=((Position("a", 4), "e4"),))
    stale = Began(None, Position("a", 6), state=((Position("a", 2), "e2"),))

    assert_found([right, *told(7, 8, 9, 10)], whole(keyed=[2, 4]))
    assert_found([stale, *told(7, 8, 9, 10)], whole(keyed=[2, 4]), Fault.STATE)


# The log.


def acknowledged(*offsets: int, last: Position | None) -> Acknowledged:
    """A publish of events of the log."""
    return Acknowledged("publisher", tuple(f"e{offset}" for offset in offsets), last)


def test_a_log_that_kept_its_promise_is_right() -> None:
    """Everything acknowledged is where it was said to be."""
    publishes = [acknowledged(1, 2, 3, last=Position("a", 3)), acknowledged(4, last=None)]

    assert judge_log(whole(), publishes) == []


def test_an_acknowledged_publish_that_is_missing_is_found() -> None:
    """What was acknowledged and is not there was lost."""
    missing = Acknowledged("publisher", ("x",), Position("a", 4))

    assert [finding.fault for finding in judge_log(whole(), [missing])] == [Fault.LOG]


def test_a_publish_stored_twice_is_found() -> None:
    """A publish that was tried again is stored once."""
    held = {**records(), 7: Record("e3")}

    assert "stored 2 times" in judge_log(Chronicle([Life("a")], held, HEAD), [])[0].text


def test_half_a_publish_is_found() -> None:
    """A publish is stored whole or not at all, also where nobody heard the answer."""
    half = Acknowledged("publisher", ("e4", "x"), None)

    assert "half of a publish" in judge_log(whole(), [half])[0].text


def test_a_publish_in_pieces_is_found() -> None:
    """The events of one publish are neighbours."""
    assert judge_log(whole(), [acknowledged(2, 4, last=None)]) != []


def test_a_hole_is_found() -> None:
    """Offsets have no hole."""
    held = {offset: record for offset, record in records().items() if offset != 6}

    assert "a hole at 6" in judge_log(Chronicle([Life("a")], held, HEAD), [])[0].text


def test_an_offset_that_was_used_twice_is_found() -> None:
    """What somebody saw at a position stands there for everybody, for as long as its life lasts."""
    seen = {Position("a", 3): Record("e3"), Position("a", 4): Record("other")}

    assert [finding.fault for finding in judge_log(Chronicle([Life("a")], records(), HEAD, seen), [])] == [Fault.REUSED]


def test_publishes_out_of_order_are_found() -> None:
    """What a publisher waited for stands before what it published then."""
    publishes = [acknowledged(5, last=Position("a", 5)), acknowledged(4, last=Position("a", 4))]

    assert "after a later one" in judge_log(whole(), publishes)[0].text


def test_what_was_torn_off_may_be_missing() -> None:
    """A torn log may lose what it acknowledged behind the tear, and only that."""
    lost = Acknowledged("publisher", ("e6", "e7"), Position("a", 7))
    kept = Acknowledged("publisher", ("x",), Position("a", 5))

    assert judge_log(torn(), [lost]) == []
    assert judge_log(torn(), [kept]) != []


def test_a_difference_is_shown_with_what_is_around_it() -> None:
    """The first difference is printed with the entries before and behind it."""
    transcript = [began(), *told(1, 2, 3, 5, 6, 7, 8, 9, 10)]
    finding = judge(transcript, whole()).findings[0]

    assert around(transcript, finding.index) == [
        "       1 event a.1 (e1)",
        "       2 event a.2 (e2)",
        "       3 event a.3 (e3)",
        ">      4 event a.5 (e5)",
        "       5 event a.6 (e6)",
        "       6 event a.7 (e7)",
        "       7 event a.8 (e8)",
    ]
