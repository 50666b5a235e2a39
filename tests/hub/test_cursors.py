"""The pure joins: what a lagging reader may skip, and where one write ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.hub.cursors import Cursor, page_end, without_overtaken
from headway.positions import Position
from headway.testing.outlets import FakeOutlet, PlainForm
from tests.hub.harness import event, offsets

keys = st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=30)


def test_a_cursor_stands_at_a_position() -> None:
    """A cursor's position is its offset under its epoch."""
    cursor = Cursor("run", Position("life1", 7), PlainForm(), FakeOutlet(), whole_until=9)

    assert cursor.position == Position("life1", 7)


def test_progress_is_overtaken_and_milestones_are_not() -> None:
    """Of each key the newest is kept, and every event without a key, in order."""
    events = [event(1, "a"), event(2), event(3, "b"), event(4, "a"), event(5), event(6, "a")]

    assert offsets(without_overtaken(events)) == [2, 3, 5, 6]


def test_what_was_asked_for_is_kept_whole() -> None:
    """Up to where the reader asked for everything, nothing counts as overtaken."""
    events = [event(1, "a"), event(2, "a"), event(3, "a"), event(4, "a")]

    assert offsets(without_overtaken(events, whole_until=2)) == [1, 2, 4]


def test_newer_events_beyond_the_page_overtake() -> None:
    """An event is overtaken by one of its key that is known to come later; one that is the newest known is kept."""
    events = [event(1, "a"), event(2, "b"), event(3, "c")]

    assert offsets(without_overtaken(events, newest={"a": 9, "b": 2})) == [2, 3]


@given(keys, st.integers(0, 35))
def test_only_overtaken_events_are_left_out(found: list[str | None], whole_until: int) -> None:
    """What is left out has a key, was not asked for whole, and is followed by a newer one of its key that is kept."""
    events = [event(offset, key) for offset, key in enumerate(found, 1)]

    kept = without_overtaken(events, whole_until)

    assert kept == sorted(kept, key=lambda event: event.offset)
    for left in (each for each in events if each not in kept):
        assert left.key is not None
        assert left.offset > whole_until
        assert any(newer.key == left.key and newer.offset > left.offset for newer in kept)


@given(keys, st.integers(1, 6))
def test_leaving_out_page_by_page_keeps_the_newest(found: list[str | None], size: int) -> None:
    """However a history is cut into pages, the newest of each key and every milestone come out."""
    events = [event(offset, key) for offset, key in enumerate(found, 1)]
    newest = {event.key: event.offset for event in events if event.key is not None}

    kept = [
        kept
        for start in range(0, len(events), size)
        for kept in without_overtaken(events[start : start + size], newest=newest)
    ]

    assert offsets(kept) == [event.offset for event in events if event.key is None or newest[event.key] == event.offset]


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 10), st.integers(1, 100), st.data())
def test_where_one_write_ends(sizes: list[int], most: int, most_bytes: int, data: st.DataObject) -> None:
    """A write takes at least one event, at most so many, and no more bytes unless the first alone has more."""
    events = [event(offset + 1, key="x" * size) for offset, size in enumerate(sizes)]
    start = data.draw(st.integers(0, len(events) - 1))

    end = page_end(events, start, most, most_bytes)

    taken = [len(event.json) for event in events[start:end]]
    assert 1 <= len(taken) <= most
    assert len(taken) == 1 or sum(taken) <= most_bytes
    if len(taken) < most and end < len(events):
        assert sum(taken) + len(events[end].json) > most_bytes
