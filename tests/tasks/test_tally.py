"""The numbers of a handle, whoever writes them and in whatever order."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from headway.tasks.tally import Cell, Number, Numbers, Tally

outcomes = st.sampled_from([None, "created", "failed"])
numbers = st.integers(0, 9)


@given(st.lists(st.tuples(st.sampled_from(["add", "count", "loop", "turn", "over"]), numbers, outcomes)), numbers)
def test_the_counts_never_exceed_what_is_done(steps: list[tuple[str, int, str | None]], initial: int) -> None:
    """Whatever the work says, and at every moment: the counts add up to no more than is done, and nothing of it is ever
    taken back."""
    tally, cells, last = Tally(None, initial), list[Cell](), Numbers()
    for step, number, outcome in steps:
        match step:
            case "add":
                tally.add(number, outcome)
            case "count":
                tally.count(outcome or "created")
            case "loop":
                cells.append(tally.open(outcome, None))
            case "turn" if cells:
                cells[-1].done += 1
            case "over" if cells:
                tally.close(cells.pop())
        now = tally.own

        assert sum(now.counts.values()) <= now.done
        assert now.done >= last.done
        assert all(now.counts.get(name, 0) >= count for name, count in last.counts.items())
        last = now


@given(st.lists(st.tuples(numbers, st.one_of(st.none(), st.integers(9, 20)))), numbers)
def test_parts_add_up(parts: list[tuple[int, int | None]], own: int) -> None:
    """What is done is the sum; the total is, too, where every part has one."""
    tally = Tally(None, 0)
    tally.add(own, None)
    whole = tally.with_parts(Numbers(done, total) for done, total in parts)
    totals = [total for _, total in parts if total is not None]

    assert whole.done == own + sum(done for done, _ in parts)
    assert whole.total == (own + sum(totals) if parts and len(totals) == len(parts) else None)


def test_an_absolute_number_stays_while_a_loop_goes_on() -> None:
    """What was set is what is shown; the next turn of the loop adds to it."""
    tally = Tally(None, 0)
    cell = tally.open(None, 10)
    cell.done = 4
    tally.set(done=100)
    assert tally.own.done == 100
    cell.done = 5

    assert tally.own.done == 101
    tally.close(cell)
    assert tally.own.done == 101


def test_other_peoples_numbers_become_json() -> None:
    """What only behaves like a number (numpy's, a fraction, infinity) becomes one that JSON has."""

    class Wide(int):
        """As numpy's integers: whole, and none of Python's own."""

    tally = Tally(Wide(10), Wide(0))
    tally.add(Wide(3), None)
    tally.add(0.5, None)
    assert (type(tally.own.total), type(tally.own.initial), tally.own.done) == (int, int, 3.5)
    tally.set(done=math.inf)

    done: Number = tally.own.done
    assert done == 0


def test_an_outcome_has_a_name() -> None:
    """An empty outcome, which no server takes, has one all the same; a novel is cut."""
    tally = Tally(None, 0)
    tally.count("")
    tally.count("x" * 10_000)

    assert sorted(map(len, tally.own.counts)) == [len("unnamed"), 500]
