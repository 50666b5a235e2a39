"""What becomes of a task: every change announces the state it leads to, and none breaks the table."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.tasks.changes import begun, happened, left_behind, waits, wanted
from headway.tasks.model import (
    TRANSITIONS,
    Action,
    Failure,
    Happening,
    IllegalTransition,
    Progress,
    State,
    Status,
)
from headway.tasks.records import Change, Record
from headway.tasks.wire import TASKS, fields

NOW = 1_700_000_000.0
HALF = Progress(50, 100, counts={"created": 50}, rate=5.0, eta=10.0, elapsed=10.0)
SAVED = Progress(40, 100, counts={"created": 40}, rate=5.0, eta=12.0, elapsed=8.0)


def a_record(status: Status = Status.RUNNING, *, job: str | None = "copy", wanted: Status | None = None) -> Record:
    """A task that is half done, of which less is saved; somebody has it where somebody can."""
    owner = "me" if status.active or (job is None and status is Status.INTERRUPTED) else None
    state = State("id", "Work", "run:1", status, job=job, wanted=wanted, progress=HALF, attempt=1, started_at=NOW - 9)
    return Record(state, owner, NOW + 15 if owner else None, checkpoint={"next": 40}, saved=SAVED, number=7)


def assert_announced(change: Change) -> None:
    """Its own channel and that of all tasks are told the state, last of all, as what newer ones replace."""
    state = change.record.state
    told = {announcement.channel: announcement.drafts for announcement in change.announcements}
    assert list(told) == [state.channel, TASKS]
    own = [draft for draft in told[state.channel] if draft.key == "task"]
    all_of_them = [draft for draft in told[TASKS] if draft.key == state.id]
    assert msgspec.json.decode(own[-1].json) == msgspec.json.decode(msgspec.json.encode(fields(state)))
    short = {name: value for name, value in fields(state).items() if name != "result"}
    assert msgspec.json.decode(all_of_them[-1].json) == msgspec.json.decode(msgspec.json.encode(short))
    for drafts in told.values():
        for number, draft in enumerate(drafts):
            if draft.key is None and draft.type != "task_requested":
                assert drafts[number - 1].type == "task_progress", "a milestone comes after its state"


@pytest.mark.parametrize(("status", "happening"), [*product(Status, Happening)])
def test_what_happens_follows_the_table_and_is_announced(status: Status, happening: Happening) -> None:
    """What the table names is announced with the state it leads to and written into the history; the rest is
    refused."""
    record = a_record(status)
    if happening not in TRANSITIONS[status]:
        with pytest.raises(IllegalTransition):
            happened(record, happening, NOW)
        return
    change = happened(record, happening, NOW)

    assert change.record.state.status is TRANSITIONS[status][happening]
    assert change.happening is happening
    assert [(entry.what, entry.time) for entry in change.history] == [(happening.value, NOW)]
    assert change.announcements[0].drafts[-1].type == f"task_{happening.value}"
    assert_announced(change)


def test_a_task_that_begins_is_told() -> None:
    """Queued or running: with everything that is known of it."""
    for status, said in ((Status.QUEUED, "task_queued"), (Status.RUNNING, "task_started")):
        change = begun(a_record(status), NOW, "ada")

        assert [draft.type for draft in change.announcements[0].drafts] == ["task_progress", said]
        assert change.history[0].by == "ada"
        assert_announced(change)


@pytest.mark.parametrize("end", [Happening.COMPLETED, Happening.FAILED, Happening.CANCELLED])
def test_who_ended_belongs_to_nobody(end: Happening) -> None:
    """An ended task has no owner, no wish and no lease; it knows who ended it, when, and with which numbers."""
    change = happened(a_record(wanted=Status.PAUSED), end, NOW, error=Failure("x", "y"), result=[1])
    record, state = change.record, change.record.state

    assert (record.owner, record.lease_until, record.ended_by, state.wanted) == (None, None, "me", None)
    assert (state.ended_at, state.progress.done, state.progress.counts) == (NOW, 50, {"created": 50})
    assert state.progress.eta == (0.0 if end is Happening.COMPLETED else None)
    assert state.result == ([1] if end is Happening.COMPLETED else None)
    assert state.allowed == ()


def test_who_goes_back_to_a_checkpoint_has_its_numbers() -> None:
    """A job that is interrupted or tried again shows what is saved, and counts its rate from there."""
    for happening in (Happening.INTERRUPTED, Happening.RETRYING):
        state = happened(a_record(), happening, NOW).record.state

        assert (state.progress.done, state.progress.initial, state.progress.counts) == (40, 40, {"created": 40})
        assert (state.progress.rate, state.progress.eta, state.progress.stalled) == (None, None, False)


def test_who_only_reports_keeps_its_numbers_and_its_word() -> None:
    """A reporter that was cut off may come back: its task is still its own, and its numbers are what it said."""
    change = happened(a_record(job=None), Happening.INTERRUPTED, NOW)

    assert (change.record.owner, change.record.state.progress.done) == ("me", 50)
    assert happened(a_record(), Happening.INTERRUPTED, NOW).record.owner is None


def test_a_cancel_survives_the_death_of_its_owner() -> None:
    """What was to be cancelled is cancelled when its owner dies or fails, and is not begun again."""
    for happening in (Happening.INTERRUPTED, Happening.RETRYING):
        change = happened(a_record(wanted=Status.CANCELLED), happening, NOW)

        assert change.record.state.status is Status.CANCELLED
        assert (change.happening, change.record.owner) == (Happening.CANCELLED, None)
        assert change.announcements[0].drafts[-1].type == "task_cancelled"


def test_a_pause_survives_the_death_of_its_owner() -> None:
    """What was to be paused is paused by its next owner, unless that is taken back before."""
    for happening in (Happening.INTERRUPTED, Happening.RETRYING):
        left = happened(a_record(wanted=Status.PAUSED), happening, NOW).record
        assert left.state.wanted is Status.PAUSED
        assert left.state.allowed == (Action.RESUME, Action.CANCEL)
        assert happened(left, Happening.STARTED, NOW).record.state.wanted is Status.PAUSED
        assert wanted(left, Action.RESUME, NOW, None).record.state.wanted is None


def test_what_is_reached_is_wanted_no_more() -> None:
    """Paused and resumed fulfil a wish; another wish stays."""
    paused = happened(a_record(wanted=Status.PAUSED), Happening.PAUSED, NOW).record
    assert paused.state.wanted is None
    resumed = happened(paused.with_state(wanted=Status.RUNNING), Happening.RESUMED, NOW).record
    assert resumed.state.wanted is None
    dying = happened(a_record(wanted=Status.CANCELLED), Happening.PAUSED, NOW).record
    assert dying.state.wanted is Status.CANCELLED


def test_a_pause_that_was_taken_back_too_late_ends_at_once() -> None:
    """The work held still before it heard that nobody wants that any more: it is told to go on."""
    taken_back = wanted(a_record(wanted=Status.PAUSED), Action.RESUME, NOW, None).record
    assert taken_back.state.wanted is None

    assert happened(taken_back, Happening.PAUSED, NOW).record.state.wanted is Status.RUNNING


def test_a_pause_that_was_asked_for_again_too_early_is_kept() -> None:
    """Paused, taken back, paused again, faster than its owner says: what it still says of the first pause does not
    count for the second."""
    first = a_record(wanted=Status.PAUSED)
    again = wanted(wanted(first, Action.RESUME, NOW, None).record, Action.PAUSE, NOW, None).record
    stale = happened(happened(again, Happening.PAUSED, NOW).record, Happening.RESUMED, NOW).record

    assert (stale.state.status, stale.state.wanted) == (Status.RUNNING, Status.PAUSED)


def test_who_is_started_again_has_a_new_attempt_and_no_error() -> None:
    """The time of the first start stays."""
    failed = happened(a_record(), Happening.RETRYING, NOW, error=Failure("oops", "no")).record
    assert failed.state.error == Failure("oops", "no")
    again = happened(failed, Happening.STARTED, NOW + 5).record.state

    assert (again.attempt, again.error, again.started_at) == (2, None, NOW - 9)


@pytest.mark.parametrize(("status", "action"), [*product(Status, Action)])
def test_a_wish_is_announced_or_refused(status: Status, action: Action) -> None:
    """Where the state permits it, it is told who asked for what, and the page says so; else the refusal names both."""
    record = a_record(status)
    if not record.state.permits(action):
        with pytest.raises(IllegalTransition) as refused:
            wanted(record, action, NOW, "ada")
        assert refused.value.details == {"state": status.value, "action": action}
        assert status.value in str(refused.value)
        return
    change = wanted(record, action, NOW, "ada")
    requests = [draft for one in change.announcements for draft in one.drafts if draft.type == "task_requested"]

    assert [msgspec.json.decode(draft.json)["action"] for draft in requests] == [action.value]
    assert [msgspec.json.decode(draft.json)["by"] for draft in requests] == ["ada"]
    assert (change.history[0].what, change.history[0].by) == (f"{action.value}_requested", "ada")
    if status.active:
        assert change.record.state.status is status
        assert_announced(change)
    else:
        assert change.record.state.status is Status.CANCELLED
        assert [entry.what for entry in change.history] == ["cancel_requested", "cancelled"]


def test_what_nobody_works_on_is_cancelled_at_once() -> None:
    """A paused task whose owner is dead has nobody to ask."""
    for job in ("copy", None):
        dead = left_behind(a_record(Status.PAUSED, job=job), NOW).record

        assert wanted(dead, Action.CANCEL, NOW, None).record.state.status is Status.CANCELLED
    alive = wanted(a_record(Status.PAUSED), Action.CANCEL, NOW, None).record
    assert (alive.state.status, alive.state.wanted) == (Status.PAUSED, Status.CANCELLED)


def test_a_paused_task_that_is_left_behind_shows_what_it_goes_on_from() -> None:
    """The numbers of the checkpoint, told to everybody; a reporter keeps its own, and may come back."""
    job, reporter = (left_behind(a_record(Status.PAUSED, job=job), NOW) for job in ("copy", None))

    assert (job.record.owner, job.record.lease_until, job.record.state.progress.done) == (None, None, 40)
    assert (reporter.record.owner, reporter.record.lease_until, reporter.record.state.progress.done) == ("me", None, 50)
    for change in (job, reporter):
        assert change.record.state.status is Status.PAUSED
        assert [entry.what for entry in change.history] == ["owner_lost"]
        assert_announced(change)


def test_why_it_waits_is_told() -> None:
    """As an event that newer ones replace, without a line of history."""
    change = waits(a_record(Status.QUEUED).with_state(waiting="for 1 of 5 browser slots"))

    assert change.history == ()
    assert_announced(change)


@given(
    st.lists(st.one_of(st.sampled_from(Happening), st.sampled_from(Action)), max_size=25),
    st.sampled_from(["copy", None]),
)
def test_whatever_comes_its_announcements_are_what_is_stored(steps: list[Happening | Action], job: str | None) -> None:
    """After any sequence of happenings and wishes, followers know the state; no end is left, no wish outlives it, and
    only who works has a lease."""
    record = a_record(Status.QUEUED, job=job)
    for step in steps:
        if record.owner is None and step in (Happening.STARTED, Happening.RESUMED):
            record = replace(record, owner="me", lease_until=NOW + 15)
        before = record.state
        try:
            change = happened(record, step, NOW) if isinstance(step, Happening) else wanted(record, step, NOW, None)
        except IllegalTransition:
            continue
        record, state = change.record, change.record.state
        assert not before.status.terminal
        assert state.status is before.status or state.status in TRANSITIONS[before.status].values()
        assert not state.progress.stalled or state.status is Status.RUNNING
        assert sum(state.progress.counts.values()) <= state.progress.done
        if state.status.terminal:
            assert (record.owner, state.wanted, state.allowed) == (None, None, ())
        assert (state.ended_at is not None) is state.status.terminal
        told = {one.channel: one.drafts for one in change.announcements}
        assert msgspec.json.decode(told[state.channel][-1].json)["status"] == state.status.value
        assert msgspec.json.decode(told[TASKS][-1].json)["status"] == state.status.value
