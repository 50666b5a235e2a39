"""What is wanted of a task, and who holds still because of it: one rule at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.tasks.gate import Gate
from headway.tasks.model import TRANSITIONS, Happening, Status, after

wishes = st.sampled_from([None, Status.PAUSED, Status.RUNNING, Status.CANCELLED])


@given(st.lists(st.one_of(wishes, st.just("point"), st.just("abandon"))))
def test_only_what_the_table_allows_is_said(steps: list[Status | str | None]) -> None:
    """Whatever is wanted, and wherever the points are: what happens is legal, and nobody waits without a pause."""
    gate, status, waiting = Gate(), Status.RUNNING, []
    for step in steps:
        happened: Happening | None
        if step == "point":
            future, happened = gate.hold()
            if future is not None:
                waiting.append(future)
        elif step == "abandon":
            happened = gate.abandon()
        else:
            happened = gate.want(None if step is None else Status(step))
        if happened is not None:
            status = after(status, happened)

        assert gate.held == (status is Status.PAUSED)
        holding = [future for future in waiting if not future.done()]
        assert not holding or (gate.held and gate.shut)
        assert gate.shut or not gate.held
    assert TRANSITIONS[status]


def test_a_cancel_is_for_ever() -> None:
    """Nothing that is wanted afterwards takes it back."""
    gate = Gate()
    gate.want(Status.CANCELLED)
    for wanted in (None, Status.RUNNING, Status.PAUSED):
        gate.want(wanted)
    gate.abandon()

    assert gate.cancelled
    assert gate.shut
    assert gate.hold() == (None, None)


def test_nobody_left_to_say_so_lets_go() -> None:
    """Who waited goes on; with a reason, it is the end."""
    gate = Gate()
    gate.want(Status.PAUSED)
    waiting, _ = gate.hold()
    assert waiting is not None
    assert gate.abandon() is Happening.RESUMED
    assert waiting.done()
    gate.abandon("somebody else has it")

    assert (gate.cancelled, gate.why) == (True, "somebody else has it")
