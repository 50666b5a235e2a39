"""How far a reader is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.client.following import Event, Following
from headway.errors import PeerError
from headway.positions import BEGINNING, Gap, GapReason, Position

Fields = dict[str, Any]


def event(offset: int, epoch: str = "e", **data: object) -> Fields:
    """An event on the wire."""
    head = {"type": "step", "channel": "run", "offset": offset, "position": f"{epoch}.{offset}"}
    return {**head, "timestamp": "2026-01-31T09:30:00.000Z", **data}


def subscribed(
    position: str, *, head: str | None = None, recovered: bool = False, snapshot: list[Fields] | None = None
) -> Fields:
    """The answer to a subscription; without a head, of a poll."""
    fields = {"type": "subscribed", "channel": "run", "position": position, "recovered": recovered}
    fields |= {} if head is None else {"head": head}
    return fields if snapshot is None else {**fields, "snapshot": snapshot}


def gap(after: str, until: str, reason: str = "trimmed", snapshot: list[Fields] | None = None) -> Fields:
    """A gap on the wire."""
    fields = {"type": "gap", "channel": "run", "from": after, "to": until, "position": until, "lost": None}
    return {**fields, "reason": reason, "snapshot": snapshot or []}


def offsets(told: list[Any]) -> list[int]:
    """Offsets of the events among what was told."""
    return [one.offset for one in told if isinstance(one, Event)]


def test_a_late_joiner_is_told_the_state_and_stands_at_its_position() -> None:
    """Without a position, the snapshot is told first, and the reader goes on where it was taken."""
    following = Following("run", None)

    told = following.take(subscribed("e.9", snapshot=[event(3), event(9)]))

    assert offsets(told) == [3, 9]
    assert following.since == Position("e", 9)


def test_an_event_moves_the_position_to_itself() -> None:
    """What was told last is where the reader goes on."""
    following = Following("run", BEGINNING)
    following.take(subscribed("e.0", recovered=True))

    told = following.take(event(1, text="hi", note=None, key="k"))

    at = "2026-01-31T09:30:00.000Z"
    assert told == [Event("run", "step", 1, Position("e", 1), at, {"text": "hi", "note": None}, "k")]
    assert following.since == Position("e", 1)


def test_an_event_looks_on_every_wire_as_it_came() -> None:
    """The flat form of an event is the message that brought it."""
    following = Following("run", BEGINNING)

    (told,) = following.take(event(1, text="hi"))

    assert isinstance(told, Event)
    assert told.flat() == event(1, text="hi")


def test_a_loss_that_was_not_yet_told_does_not_move_the_position() -> None:
    """A cut between `subscribed` and the gap behind it must not turn an announced loss into a silent one."""
    following = Following("run", Position("e", 5))

    following.take(subscribed("e.90", recovered=False))

    assert following.since == Position("e", 5)


def test_a_gap_is_told_with_the_state_behind_it_once() -> None:
    """Of the state behind a gap, what was told before is left out, and so is what comes by itself."""
    following = Following("run", Position("e", 5))

    told = following.take(gap("e.5", "e.90", snapshot=[event(3), event(50), event(95)]))

    assert told[0] == Gap("run", Position("e", 5), Position("e", 90), GapReason.TRIMMED)
    assert offsets(told) == [50]
    assert following.since == Position("e", 90)


def test_a_new_life_of_the_log_tells_its_state_whole() -> None:
    """Offsets of another epoch say nothing about what was told."""
    following = Following("run", Position("old", 50))

    told = following.take(gap("old.50", "new.20", reason="epoch", snapshot=[event(3, "new")]))

    assert offsets(told) == [3]
    assert offsets(following.take(event(21, "new"))) == [21]


def test_two_connections_may_tell_the_same() -> None:
    """While one connection takes over from another, both tell; each event and each gap is told once."""
    following = Following("run", Position("e", 5))
    lost = gap("e.5", "e.90", snapshot=[event(50)])

    told = [*following.take(lost), *following.take(event(91)), *following.take(lost), *following.take(event(91))]

    assert len(told) == 3
    assert offsets(told) == [50, 91]


def test_a_life_that_is_over_is_not_heard() -> None:
    """A connection that still tells of the log before moves nobody back."""
    following = Following("run", Position("old", 50))
    following.take(gap("old.50", "new.20", reason="epoch"))

    assert following.take(event(51, "old")) == []
    assert following.take(gap("new.20", "old.70", reason="epoch")) == []
    assert following.since == Position("new", 20)


def test_who_has_been_told_nothing_has_lost_nothing() -> None:
    """Without a position a gap is only the state behind it."""
    following = Following("run", None)
    assert following.take(subscribed("e.90", recovered=False)) == []

    told = following.take(gap("e.5", "e.90", snapshot=[event(50)]))

    assert offsets(told) == [50]
    assert len(told) == 1


def test_the_state_is_the_latest_event_of_each_key() -> None:
    """The snapshot and every event make the state; a gap begins it anew."""
    following = Following("run", None)
    following.take(subscribed("e.9", snapshot=[event(3, key="a"), event(9, key="b")]))
    following.take(event(10, key="a"))
    assert {key: kept.offset for key, kept in following.state.items()} == {"a": 10, "b": 9}

    following.take(gap("e.10", "e.90", snapshot=[event(88, key="b")]))

    assert {key: kept.offset for key, kept in following.state.items()} == {"b": 88}


def test_a_reader_goes_on_under_the_life_of_a_copy() -> None:
    """A position that the server reads on under another epoch keeps its offset."""
    following = Following("run", Position("parent", 7))

    following.take(subscribed("child.7", recovered=True))

    assert following.since == Position("child", 7)
    assert offsets(following.take(event(8, "child"))) == [8]


def test_messages_of_a_newer_server_are_passed_over() -> None:
    """A message without an offset is no event, and no reason to end."""
    following = Following("run", Position("e", 5))

    assert following.take({"type": "weather", "sunny": True}) == []
    assert following.since == Position("e", 5)


@pytest.mark.parametrize("message", [{}, {"type": "subscribed"}, {"type": "step", "offset": 1}, gap("?", "e.1")])
def test_nonsense_is_the_servers_fault(message: Fields) -> None:
    """What cannot be read is an error that shows it."""
    with pytest.raises(PeerError, match="the server said something"):
        Following("run", BEGINNING).take(message)


@given(st.lists(st.integers(1, 30), max_size=60))
def test_nothing_is_told_twice_or_out_of_order(repeated: list[int]) -> None:
    """Whatever a server repeats, a reader is told each event at most once, and in order."""
    following = Following("run", BEGINNING)
    following.take(subscribed("e.0", recovered=True))

    told = offsets([one for offset in repeated for one in following.take(event(offset))])

    assert told == sorted(set(told))
    assert str(following.since) == f"e.{max(repeated, default=0)}"


def test_who_has_been_told_everything_up_to_the_head_has_caught_up() -> None:
    """Not one event earlier, and not later; what comes after the head comes as it happens."""
    following = Following("run", BEGINNING)
    caught = []
    for message in (subscribed("e.0", head="e.2", recovered=True), event(1), event(2), event(3)):
        following.take(message)
        caught.append(following.caught_up)

    assert caught == [False, False, True, True]


@pytest.mark.parametrize("since", ["", "e.3"])
def test_where_there_is_nothing_more_one_has_caught_up_at_once(since: str) -> None:
    """Who stands at the head, and who begins in an empty channel."""
    following = Following("run", Position.parse(since))

    following.take(subscribed(since or "e.0", head=since or "e.0", recovered=True))

    assert following.caught_up


def test_nobody_has_caught_up_before_the_gap_is_told() -> None:
    """Who knew more than the log stands behind its head, and has not been told what was lost."""
    following = Following("run", Position("e", 9))
    following.take(subscribed("e.9", head="e.7"))
    before = following.caught_up

    following.take(gap("e.9", "e.7", "ahead"))

    assert (before, following.caught_up) == (False, True)


def test_another_life_is_caught_up_with_at_its_own_head() -> None:
    """The head belongs to the life of the log that the gap leads into."""
    following = Following("run", Position("e", 5))
    caught = []
    for message in (subscribed("f.0", head="f.1"), gap("e.5", "f.0", "epoch"), event(1, "f")):
        following.take(message)
        caught.append(following.caught_up)

    assert caught == [False, False, True]


def test_who_polls_says_itself_that_there_is_no_more() -> None:
    """A poll's answer has no head: that it holds all there is says as much."""
    following = Following("run", Position("e", 1))
    following.take(subscribed("e.1", recovered=True))
    following.take(event(2))
    before = following.caught_up

    following.reach()

    assert (before, following.caught_up) == (False, True)
