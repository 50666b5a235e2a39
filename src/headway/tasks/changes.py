"""What becomes of a task when something happens to it: pure. A record goes in; a change, with everything to be told of
it, comes out.

Every change of a task's state is made here, so that none is stored without being announced and none breaks the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from headway.events import Draft
from headway.tasks.model import Action, Failure, Happening, IllegalTransition, Progress, State, Status, after
from headway.tasks.records import Announcement, Change, Entry, Record
from headway.tasks.wire import TASKS, milestone, progress_draft, requested

__all__ = ["begun", "happened", "left_behind", "settled", "told", "waits", "wanted"]

_REACHED = {
    Happening.PAUSED: Status.PAUSED,
    Happening.RESUMED: Status.RUNNING,
    Happening.STARTED: Status.RUNNING,
}


def begun(record: Record, now: float, by: str | None = None) -> Change:
    """A task that has just come into being, queued or running."""
    happening = Happening.QUEUED if record.state.status is Status.QUEUED else Happening.STARTED
    return told(record, happening, now, by=by)


def happened(
    record: Record,
    happening: Happening,
    now: float,
    *,
    progress: Progress | None = None,
    error: Failure | None = None,
    result: Any = None,  # any JSON value
    by: str | None = None,
    detail: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Change:
    """The change that something happened. Raises `IllegalTransition`."""
    state = record.state
    status = after(state.status, happening)
    if happening in (Happening.INTERRUPTED, Happening.RETRYING) and state.wanted is Status.CANCELLED:
        # A cancel that its owner did not follow any more is followed now: it is not begun again.
        status, happening = Status.CANCELLED, Happening.CANCELLED
    numbers = progress or state.progress
    if status in (Status.INTERRUPTED, Status.QUEUED):
        numbers = _from_checkpoint(record)
    changed = replace(
        state,
        status=status,
        wanted=_still_wanted(state, happening, status),
        progress=settled(numbers, status),
        waiting=None if status is not Status.QUEUED else state.waiting,
        attempt=state.attempt + (happening is Happening.STARTED),
        started_at=state.started_at if state.started_at is not None or status is not Status.RUNNING else now,
        ended_at=now if status.terminal else None,
        error=error if error is not None or happening in (Happening.COMPLETED, Happening.STARTED) else state.error,
        result=result if happening is Happening.COMPLETED else state.result,
    )
    left = record if status.active or _may_return(record, status) else record.freed()
    if status.terminal:
        left = replace(left, ended_by=record.owner)
    return told(replace(left, state=changed), happening, now, by=by, detail=detail, more=more)


def wanted(record: Record, action: Action, now: float, by: str | None) -> Change:
    """The change that somebody asked for something. Raises `IllegalTransition` where the state does not permit it."""
    state = record.state
    if not state.permits(action):
        raise IllegalTransition(_not_permitted(state, action), details={"state": str(state.status), "action": action})
    if action is Action.CANCEL and not record.alive:
        return _asked(happened(record, Happening.CANCELLED, now, by=by), record, action, now, by)
    if action is Action.RESUME and state.status is not Status.PAUSED:
        target: Status | None = None  # the pause is taken back before it was reached
    else:
        target = {Action.PAUSE: Status.PAUSED, Action.RESUME: Status.RUNNING, Action.CANCEL: Status.CANCELLED}[action]
    changed = record.with_state(wanted=target)
    drafts = (progress_draft(changed.state), requested(changed.state, action, by))
    return Change(
        changed,
        (Announcement(state.id, state.channel, drafts), _in_lobby(changed.state)),
        (Entry(f"{action}_requested", now, by),),
    )


def told(
    record: Record,
    happening: Happening,
    now: float,
    *,
    by: str | None = None,
    detail: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Change:
    """A change together with everything that is announced of it."""
    state = record.state
    own: Sequence[Draft] = (progress_draft(state), milestone(state, happening, more))
    lobby: Sequence[Draft] = (progress_draft(state, lobby=True), milestone(state, happening, more, lobby=True))
    return Change(
        record,
        (Announcement(state.id, state.channel, tuple(own)), Announcement(state.id, TASKS, tuple(lobby))),
        (Entry(happening.value, now, by, detail),),
        happening,
    )


def left_behind(record: Record, now: float) -> Change:
    """A paused task whose owner is gone: it goes on from its checkpoint, when it is told to."""
    left = replace(record, lease_until=None) if record.state.job is None else record.freed()
    left = left.with_state(progress=settled(_from_checkpoint(record), Status.PAUSED))
    return replace(_shown(left), history=(Entry("owner_lost", now),))


def waits(record: Record) -> Change:
    """The change that a queued task waits for something else now."""
    return _shown(record)


def _shown(record: Record) -> Change:
    """A record, with the state as it is now for everybody to see."""
    state = record.state
    return Change(record, (Announcement(state.id, state.channel, (progress_draft(state),)), _in_lobby(state)))


def _still_wanted(state: State, happening: Happening, status: Status) -> Status | None:
    """What was asked for and is not reached by what happened."""
    if status.terminal or state.wanted is _REACHED.get(happening):
        return None
    if happening is Happening.PAUSED and state.wanted is None:
        return Status.RUNNING  # the pause was taken back while its owner was already holding still
    if happening is Happening.RESUMED and state.wanted is None:
        return Status.PAUSED  # and this one was asked for anew while its owner was already going on
    return state.wanted


def _asked(change: Change, record: Record, action: Action, now: float, by: str | None) -> Change:
    """The change, preceded by the telling that it was asked for."""
    asking = Announcement(record.state.id, record.state.channel, (requested(record.state, action, by),))
    entry = Entry(f"{action}_requested", now, by)
    return replace(change, announcements=(asking, *change.announcements), history=(entry, *change.history))


def _from_checkpoint(record: Record) -> Progress:
    """The numbers a task goes on from. Whoever only reports has them itself."""
    if record.state.job is None:
        return record.state.progress
    return replace(record.saved, initial=record.saved.done)


def _may_return(record: Record, status: Status) -> bool:
    """Whoever only reports may have been cut off and not dead: its word counts again when it is back. So does that of a
    queue that tries again."""
    return record.state.job is None and status in (Status.INTERRUPTED, Status.QUEUED)


def _in_lobby(state: State) -> Announcement:
    return Announcement(state.id, TASKS, (progress_draft(state, lobby=True),))


def settled(progress: Progress, status: Status) -> Progress:
    """The numbers of a task that does not move: no rate, nothing left to wait for."""
    if status is Status.RUNNING:
        return progress
    eta = 0.0 if status is Status.COMPLETED else None
    return replace(progress, rate=progress.rate if status.terminal else None, eta=eta, stalled=False)


def _not_permitted(state: State, action: Action) -> str:
    if state.status.terminal:
        return f"a task that is {state.status} has ended and takes no {action}"
    if state.wanted is not None and state.status.active:
        return f"a task that is {state.status} and will be {state.wanted} takes no {action}"
    if state.status.active and action not in state.honours:
        return f"what runs this task does not follow a {action}"
    return f"a task that is {state.status} takes no {action}"
