"""Items and lines that wait: in order, bounded, and honest about what is missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.tasks.backlog import Backlog
from headway.tasks.interface import Item, Line


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(1, 10), st.integers(1, 10))
def test_nothing_is_missing_without_being_counted(puts: list[int], most: int, at_once: int) -> None:
    """Whatever is put and taken: what is told comes in order, and told and counted together are everything."""
    backlog, number, told, counted = Backlog(most), 0, list[int](), 0
    for puts_now in [*puts, 0, *[0] * most]:
        for _ in range(puts_now):
            backlog.put(Line("info", str(number)))
            number += 1
        for line in backlog.take(at_once)[1]:
            if line.level == "warning":
                counted += int(line.message.split()[0])
            else:
                told.append(int(line.message))

    assert told == sorted(set(told))
    assert len(told) + counted == number


def test_items_and_lines_are_taken_apart() -> None:
    """Both wait in one order, and a report has them side by side."""
    backlog = Backlog()
    backlog.put(Item("a", "created"))
    backlog.put(Line("info", "b"))
    backlog.put(Item("c", "created"))

    assert backlog.take(2) == ([Item("a", "created")], [Line("info", "b")])
    assert backlog.take(2) == ([Item("c", "created")], [])
