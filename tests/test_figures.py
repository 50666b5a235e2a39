"""Figures: what is counted adds up, whoever counts and however hostile the labels."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from headway.figures import LIVES, SECONDS, SIZES, TRANSPORTS, Deliveries, Figures, Histogram, Tally, plain


def test_a_tally_counts_by_label() -> None:
    """Known labels are there at 0, others from their first time on."""
    tally = Tally("other", ("ok",))
    tally.add("late")
    tally.add("late", 2)

    assert (tally["ok"], tally["late"], tally["never"], tally.total) == (0, 3, 0, 3)
    assert tally.counts() == {"ok": 0, "late": 3}


def test_a_tally_does_not_grow_beyond_its_bound() -> None:
    """A million invented labels are one: the count is kept, the names are not."""
    tally = Tally("other", ("ok",), most=3)
    for number in range(1_000):
        tally.add(f"name {number}")
    tally.add("ok")

    assert tally.counts() == {"ok": 1, "name 0": 1, "name 1": 1, "other": 998}
    assert tally.total == 1_001


@given(st.lists(st.floats(0, 1e6)))
def test_every_value_falls_into_one_range(values: list[float]) -> None:
    """The numbers up to each bound only rise, are exact, and end with all values at infinity."""
    histogram = Histogram(SECONDS)
    for value in values:
        histogram.note(value)

    up_to = histogram.up_to()
    assert [bound for bound, _ in up_to] == [*SECONDS, math.inf]
    assert [count for _, count in up_to] == [sum(value <= bound for value in values) for bound, _ in up_to]
    assert histogram.count == len(values)
    assert math.isclose(histogram.sum, sum(values), abs_tol=1e-9)


def test_a_quantile_is_the_bound_that_holds_that_many() -> None:
    """It never promises too little; nothing has no quantile, and what is above all bounds is said to be the last."""
    histogram = Histogram((1.0, 10.0))
    assert (histogram.quantile(0.99), histogram.mean) == (0.0, 0.0)

    for value in (0.5, 0.5, 5.0, 100.0):
        histogram.note(value)

    assert [histogram.quantile(part) for part in (0.5, 0.75, 0.99)] == [1.0, 10.0, 10.0]
    assert histogram.mean == 26.5


def test_bounds_rise() -> None:
    """Ranges that are not in order would count wrongly."""
    for bounds in (SECONDS, SIZES, LIVES):
        assert list(bounds) == sorted(set(bounds))


def test_a_life_counts_for_itself_and_for_its_transport() -> None:
    """What a connection says and is answered is in both; its end is counted once, by the first code that was said."""
    figures = Figures([1001, 4001])
    first = figures.begin("websocket", "10.0.0.7", now=1_000.0, monotonic=5.0)
    second = figures.begin("websocket", None, now=1_000.0, monotonic=5.0)
    first.received(10)
    first.received(20)
    first.answered(7)
    first.closing(4001)
    first.closing(1001)
    lasted = first.end(12.0)
    first.end(99.0)

    traffic = figures.of("websocket")
    assert (first.messages_in, first.bytes_in, first.messages_out, first.bytes_out) == (2, 30, 1, 7)
    assert (traffic.messages_in, traffic.bytes_in, traffic.messages_out, traffic.bytes_out) == (2, 30, 1, 7)
    assert (lasted, traffic.opened, traffic.open, traffic.lives.sum) == (7.0, 2, 1, 7.0)
    assert traffic.closes.counts() == {"none": 0, "1001": 0, "4001": 1}
    assert not second.ended


def test_only_known_close_codes_are_counted_by_themselves() -> None:
    """A client may close with any of a thousand codes; they are one label."""
    figures = Figures([1000])
    for code in range(3000, 5000):
        life = figures.begin("websocket", None, now=0.0, monotonic=0.0)
        life.closing(code)
        life.end(1.0)
    figures.begin("websocket", None, now=0.0, monotonic=0.0).end(1.0)

    assert figures.of("websocket").closes.counts() == {"none": 1, "1000": 0, "other": 2_000}


def test_a_life_that_moves_is_one_connection() -> None:
    """A Socket.IO client that upgrades leaves one transport and is on the other; it opened once and ends once."""
    figures = Figures()
    life = figures.begin("socketio-poll", None, now=0.0, monotonic=0.0)
    life.received(1)
    life.move(figures.of("socketio"), "socketio", began=2.0)
    life.received(5)

    polls, frames = figures.of("socketio-poll"), figures.of("socketio")
    assert (polls.open, frames.open, polls.opened, frames.opened) == (0, 1, 1, 0)
    assert (polls.bytes_in, frames.bytes_in, life.bytes_in) == (1, 5, 6)

    assert life.end(5.0) == 5.0
    assert (polls.lives.sum, frames.lives.sum, frames.open, frames.closes.total) == (2.0, 3.0, 0, 1)


def test_a_clock_that_goes_back_counts_nothing_negative() -> None:
    """No life lasts less than nothing."""
    life = Figures().begin("websocket", None, now=0.0, monotonic=10.0)

    assert life.end(3.0) == 0.0


def test_a_transport_nobody_knows_is_not_shown() -> None:
    """Its figures go nowhere: no caller can add a name to those that are shown."""
    figures = Figures()
    figures.of("carrier pigeon").received(1)

    assert tuple(figures.traffic) == TRANSPORTS
    assert sum(one.messages_in for one in figures.traffic.values()) == 0
    assert tuple(figures.statistics()["transports"]) == TRANSPORTS


def test_deliveries_add_up() -> None:
    """Writes, events and bytes of many writes at once."""
    deliveries = Deliveries()
    deliveries.add(2, 4, 100)
    deliveries.add(1, 1, 10)

    assert (deliveries.writes, deliveries.events, deliveries.bytes) == (3, 5, 110)


def test_statistics_can_be_shown_as_json() -> None:
    """Each histogram becomes a few numbers, wherever it stands; the rest stays as it is."""
    histogram = Histogram((1.0, 2.0))
    histogram.note(1.5)

    assert plain({"a": {"b": histogram}, "c": 1, "d": "e"}) == {
        "a": {"b": {"count": 1, "mean": 1.5, "p50": 2.0, "p99": 2.0}},
        "c": 1,
        "d": "e",
    }
