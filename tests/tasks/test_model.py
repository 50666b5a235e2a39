"""The table of states, both ways: what it names happens, and nothing else does."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.codes import Code
from headway.tasks.model import TRANSITIONS, Action, Happening, IllegalTransition, Progress, State, Status, after

TERMINAL = {Status.COMPLETED, Status.FAILED, Status.CANCELLED}
WISHES = (None, Status.PAUSED, Status.RUNNING, Status.CANCELLED)

LEGAL = {
    ("queued", "started", "running"),
    ("queued", "cancelled", "cancelled"),
    ("running", "paused", "paused"),
    ("running", "interrupted", "interrupted"),
    ("running", "retrying", "queued"),
    ("running", "completed", "completed"),
    ("running", "failed", "failed"),
    ("running", "cancelled", "cancelled"),
    ("paused", "resumed", "running"),
    ("paused", "failed", "failed"),
    ("paused", "cancelled", "cancelled"),
    ("interrupted", "started", "running"),
    ("interrupted", "failed", "failed"),
    ("interrupted", "cancelled", "cancelled"),
}
"""Written down a second time, by hand: who changes the table has to want it."""


def a_state(status: Status, wanted: Status | None = None, honours: frozenset[Action] = frozenset(Action)) -> State:
    """A task in a state."""
    return State("id", "Work", "task:id", status, wanted=wanted, honours=honours)


def test_the_table_is_complete() -> None:
    """It has every state, and names exactly these changes."""
    named = {
        (status.value, happening.value, reached.value)
        for status, row in TRANSITIONS.items()
        for happening, reached in row.items()
    }

    assert set(TRANSITIONS) == set(Status)
    assert named == LEGAL


@pytest.mark.parametrize(("status", "happening"), [*product(Status, Happening)])
def test_what_the_table_does_not_name_is_refused(status: Status, happening: Happening) -> None:
    """The refusal is a 409 that names the state and what should have happened; nothing else decides."""
    expected = TRANSITIONS[status].get(happening)
    if expected is not None:
        assert after(status, happening) is expected
        return
    with pytest.raises(IllegalTransition) as refused:
        after(status, happening)
    assert refused.value.details == {"state": status.value, "happening": happening.value}
    assert (refused.value.code, refused.value.code.status) == (Code.ILLEGAL_TRANSITION, 409)
    assert ("has ended" in str(refused.value)) is (status in TERMINAL)


@given(st.lists(st.sampled_from(Happening), max_size=30))
def test_any_sequence_follows_the_table(happenings: list[Happening]) -> None:
    """Whatever is tried, in whatever order: each step is one of the table, and after an end there is none."""
    status, ended = Status.QUEUED, False
    for happening in happenings:
        try:
            reached = after(status, happening)
        except IllegalTransition:
            assert happening not in TRANSITIONS[status]
            continue
        assert not ended, "something led out of an end"
        assert (status.value, happening.value, reached.value) in LEGAL
        status, ended = reached, reached.terminal


def test_ends_are_locked_and_everything_else_can_end() -> None:
    """Nothing leads out of an end; from every other state a cancel leads into one."""
    for status in Status:
        assert status.terminal is (status in TERMINAL)
        assert bool(TRANSITIONS[status]) is not status.terminal
        assert (TRANSITIONS[status].get(Happening.CANCELLED) is Status.CANCELLED) is not status.terminal
        assert status.active is (status in (Status.RUNNING, Status.PAUSED))


@pytest.mark.parametrize(("status", "wanted"), [*product(Status, WISHES)])
def test_what_may_be_asked_agrees_with_the_table(status: Status, wanted: Status | None) -> None:
    """An action is allowed only where the table leads to what it wants; what is asked for already, or after a cancel,
    is not; a pause that is not reached can be taken back."""
    state = a_state(status, wanted)
    leads_to = {
        Action.PAUSE: Happening.PAUSED in TRANSITIONS[status],
        Action.RESUME: Happening.RESUMED in TRANSITIONS[status],
        Action.CANCEL: Happening.CANCELLED in TRANSITIONS[status],
    }
    for action in Action:
        taken_back = action is Action.RESUME and wanted is Status.PAUSED
        if state.permits(action):
            assert leads_to[action] or taken_back
            assert wanted is not Status.CANCELLED
        elif leads_to[action]:
            asked = {Action.PAUSE: Status.PAUSED, Action.RESUME: Status.RUNNING, Action.CANCEL: Status.CANCELLED}
            assert wanted in (asked[action], Status.CANCELLED)
    assert state.allowed == tuple(action for action in Action if state.permits(action))
    assert not (status.terminal and state.allowed)


@pytest.mark.parametrize("status", Status)
def test_only_what_its_owner_follows_may_be_asked(status: Status) -> None:
    """Who honours no pause is asked for none; what nobody works on can be cancelled all the same."""
    deaf = a_state(status, honours=frozenset())

    assert set(deaf.allowed) == ({Action.CANCEL} if status in (Status.QUEUED, Status.INTERRUPTED) else set())


@pytest.mark.parametrize(
    ("done", "total", "percent"),
    [
        (0, None, None),
        (5, None, None),
        (0, 0, 100.0),
        (1, 3, 33.33),
        (420, 1000, 42.0),
        (4, 3, 100.0),
        (-1, 3, 0.0),
        (1, -1, None),
        (2.5, 10, 25.0),
        (1e308, 1e-308, 100.0),
    ],
)
def test_percent_is_between_nothing_and_everything(done: float, total: float | None, percent: float | None) -> None:
    """There is one where there is a total; nothing of nothing is all of it."""
    assert Progress(done, total).percent == percent
