"""The live end of one channel: what the tail holds and when it reaches a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.hub.cursors import Cursor
from headway.hub.feed import Feed
from headway.positions import Position
from headway.testing.outlets import FakeOutlet, PlainForm, Told
from tests.hub.harness import event, offsets

PAGE = 1_000_000


def feed(*found: int, max_events: int = 100, max_bytes: int = 10_000) -> Feed:
    """A feed that took these offsets, one commit each."""
    made = Feed("run", max_events, max_bytes)
    for offset in found:
        made.take([event(offset)])
    return made


def cursor(offset: int, form: PlainForm, *, epoch: str = "life1", whole_until: int = 0) -> Cursor:
    """A reader that stands there."""
    return Cursor("run", Position(epoch, offset), form, FakeOutlet(), whole_until=whole_until)


def test_the_tail_ends_at_the_head() -> None:
    """Events follow one another in the tail; those already known are passed over."""
    made = feed(4, 5, 5, 4, 6)

    assert offsets(made.tail) == [4, 5, 6]
    assert (made.epoch, made.head) == ("life1", 6)


def test_a_hole_starts_the_tail_anew() -> None:
    """After a hole the tail holds what came behind it, because a tail is contiguous."""
    assert offsets(feed(1, 2, 5, 6).tail) == [5, 6]


def test_a_new_epoch_starts_everything_anew() -> None:
    """The tail and the head of a life that is over say nothing about the next."""
    made = feed(1, 2, 3)
    made.take([event(1, epoch="life2")])

    assert (made.epoch, made.head, offsets(made.tail)) == ("life2", 1, [1])
    assert made.behind(Position("life1", 3))
    assert not made.covers(Position("life1", 0))


def test_who_is_behind() -> None:
    """A reader is behind if there is an event after its offset, or if its epoch is over."""
    made = feed(1, 2, 3)

    assert [made.behind(Position("life1", offset)) for offset in (0, 2, 3)] == [True, True, False]
    assert made.behind(Position("life0", 3))


def test_whom_the_tail_covers() -> None:
    """The tail covers a reader if it holds everything behind it, up to the head."""
    made = feed(4, 5, 6)

    assert [made.covers(Position("life1", offset)) for offset in (2, 3, 5, 6, 7)] == [False, True, True, True, False]
    made.head = 9  # the log is known to be further than what was told

    assert not made.covers(Position("life1", 5))


def test_the_tail_is_bounded() -> None:
    """The tail holds at most twice its bounds and is then cut back to them; the newest event always stays."""
    assert len(feed(*range(1, 7), max_events=3).tail) == 6
    assert offsets(feed(*range(1, 8), max_events=3).tail) == [5, 6, 7]
    assert len(feed(*range(1, 10), max_bytes=20).tail) <= 5
    assert offsets(feed(1, 2, max_bytes=1).tail) == [2]


@given(st.lists(st.integers(1, 12), max_size=40), st.integers(1, 4))
def test_the_tail_is_contiguous_whatever_comes(found: list[int], most: int) -> None:
    """Whatever is taken, the tail is contiguous, bounded, and never ends before what was last put into it."""
    made = feed(*found, max_events=most)

    assert offsets(made.tail) == list(range(made.tail[0].offset, made.tail[-1].offset + 1)) if made.tail else not found
    assert len(made.tail) <= 2 * most
    assert made.head == max(found, default=0)


def test_events_are_encoded_once_for_all() -> None:
    """Readers of a shared form get the same bytes, made once; a private form is asked each time."""
    made, shared, own = feed(1, 2, 3), PlainForm(), PlainForm(shared=False)

    first, reached, skipped = made.chunk(cursor(0, shared), PAGE)
    again, _, _ = made.chunk(cursor(1, shared), PAGE)
    made.chunk(cursor(0, own), PAGE)
    made.chunk(cursor(0, own), PAGE)

    assert (reached, skipped) == (3, 0)
    assert first.endswith(again)
    assert (shared.encoded, own.encoded) == (3, 6)


def test_what_left_the_tail_is_not_kept_encoded() -> None:
    """Encoded bytes go with the events they belong to, and with the last reader of their form."""
    made, form = feed(1, 2, max_events=1), PlainForm()
    reader = cursor(0, form)
    made.add(reader)
    made.chunk(reader, PAGE)
    made.take([event(3)])

    made.chunk(cursor(2, form), PAGE)
    assert form.encoded == 3
    made.remove(reader)
    made.chunk(cursor(2, form), PAGE)
    assert form.encoded == 4


def test_a_write_takes_no_more_than_a_form_does() -> None:
    """A chunk ends at the most events of the form and at the bytes of a page."""
    made = feed(1, 2, 3, 4)

    assert made.chunk(cursor(0, PlainForm(max_events=3)), PAGE)[1] == 3
    assert made.chunk(cursor(0, PlainForm()), 14)[1] == 2


@pytest.mark.parametrize("most", [1, 2, 5])
def test_a_lagging_reader_skips_what_is_overtaken(most: int) -> None:
    """What a newer event anywhere in the tail overtook is skipped; what was asked for whole is not."""
    made, form = Feed("run", 100, 10_000), PlainForm(max_events=most)
    made.take([event(1, "a"), event(2, "a"), event(3, "b"), event(4), event(5, "a")])
    reader = cursor(0, form, whole_until=1)
    reader.lagging = True

    written, skipped = [], 0
    while made.behind(reader):
        data, reader.offset, count = made.chunk(reader, PAGE)
        written.append(data)
        skipped += count

    assert [told.event.offset for told in form.read(written) if isinstance(told, Told)] == [1, 3, 4, 5]
    assert skipped == 1


def test_a_feed_is_idle_when_nobody_follows_or_waits() -> None:
    """Adding and removing readers, also twice, leaves nothing."""
    made, reader = feed(1), cursor(0, PlainForm())
    made.add(reader)
    made.add(reader)
    assert not made.idle

    made.remove(reader)
    made.remove(reader)
    assert made.idle
