"""The authority over tasks: what begins, what is reported, what is asked for, what is told of it.

A change of state is stored first, together with its announcements, and announced then; announcements that a crash left
behind are published at the next start, under the idempotency key they always had, so once. Progress goes straight to
the log: newer numbers make good for lost ones, and what is stored of it (for the list, and for who comes after a crash)
is at most a second old.

One task's changes and reports are taken one after the other, so that what is announced is in the order in which it
happened. Not here: who may do what (`server`), running jobs (`embedded`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError, UsageError
from headway.events import Draft, channel_name
from headway.tasks.changes import begun, happened, left_behind, settled, waits, wanted
from headway.tasks.interface import Announce, Beginning, Owned, Report
from headway.tasks.model import Action, Failure, Happening, Progress, State, Status, after
from headway.tasks.records import Announcement, Change, Entry, Filters, Record
from headway.tasks.schedule import Schedule
from headway.tasks.store import Store
from headway.tasks.tables import Tables
from headway.tasks.wire import TASKS, checked_result, child_drafts, item_draft, line_draft, progress_draft

__all__ = ["Page", "Place", "Service"]

logger = logging.getLogger("headway.tasks")

_LOBBY_SECONDS: Final = 1.0
"""Between two tellings of one task's progress to those who look at all of them."""
_KEPT_SECONDS: Final = 7 * 86_400.0
"""For which an ended task is listed: as long as its events are kept."""
_SWEEP_SECONDS: Final = 60.0
_FORGOTTEN: Final = 500
_SILENCE: Final = (1.0, 3_600.0)
"""Bounds of what a reporter may ask for: a sign of life each second is what reporters give; nobody waits a day to learn
that a script died."""
_NAME: Final = 500
"""Characters of a name."""

Hear = Callable[[Status | None], None]
"""Told at once of what is wanted of a task."""


@dataclass(frozen=True, slots=True)
class Place:
    """A task, and its place among all: newer ones have higher numbers."""

    number: int
    state: State


@dataclass(frozen=True, slots=True)
class Page:
    """Some tasks, newest first."""

    places: tuple[Place, ...]
    before: int | None
    """Where the next page begins; None: there is none."""

    @property
    def states(self) -> tuple[State, ...]:
        """The tasks themselves."""
        return tuple(place.state for place in self.places)


@dataclass(slots=True)
class _Live:
    """What this process knows better than the store of a task that is reported to it."""

    record: Record
    ours: bool = True
    """False: its owner speaks to another process, and the store knows better."""
    dirty: bool = False
    lobby_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def _as_it_is(record: Record) -> Record:
    return record


class Service:
    """Tasks. Implements `Outlet`."""

    def __init__(
        self,
        store: Store,
        announce: Announce,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        kept: float = _KEPT_SECONDS,
    ) -> None:
        """`new_id` makes ids that nobody can guess; `kept` is for how many seconds an ended task is listed."""
        self._store = store
        self._announce = announce
        self._clock = clock
        self._new_id = new_id
        self._kept = kept
        self._live: dict[str, _Live] = {}
        self._hearers: dict[str, Hear] = {}
        self._swept = clock.monotonic()
        self._oldest: int | None = None
        """The announcement that waited longest, when that was last looked at."""
        self._publishing = asyncio.Lock()
        self._pending = self._more = False
        self._published: list[int] = []
        """Announcements that are published and still stored."""
        self.happenings: Counter[Happening] = Counter()
        """What happened to tasks in this process."""
        self.reports = 0
        """Reports taken."""
        self.open: Mapping[Status, int] = {}
        """Tasks that have not ended, by state, as of the last keeping of house."""
        self.on_ready: Callable[[], None] = lambda: None
        """Called when there may be something to run."""

    async def start(self) -> None:
        """Publish what a crash left behind, and give those who report the time to come back. Raises `StorageError`."""
        self._pending = True
        await self._publish_pending()
        now = self._clock.now()

        def renew(tables: Tables) -> None:
            for record in tables.owned():
                if record.state.job is None and record.alive:
                    tables.put(Change(replace(record, lease_until=now + record.silence)))

        await self._store.do(renew)

    async def close(self) -> None:
        """Leave nothing behind that was published. Raises `StorageError`."""
        await self._store_progress()
        await self._forget_published()

    # Reporting.

    async def begin(
        self, beginning: Beginning, *, idempotency_key: str | None = None, by: str | None = None, job: str | None = None
    ) -> Owned:
        """Have a task that runs from now on and belongs to the caller."""
        id, owner, now = self._new_id(), self._new_id(), self._clock.now()
        if not _SILENCE[0] <= beginning.silence <= _SILENCE[1]:
            raise UsageError(f"silence is {_SILENCE[0]:g} to {_SILENCE[1]:g} seconds", details={"field": "silence"})
        channel = channel_of(id, beginning.channel)
        state = State(
            id,
            named(beginning.name),
            channel,
            Status.RUNNING,
            honours=beginning.honours,
            progress=beginning.progress,
            attempt=1,
            queued_at=now,
            started_at=now,
            by=by,
        )
        record = Record(state, owner, now + beginning.silence, beginning.silence)
        change = begun(record, now, by)

        def add(tables: Tables) -> Change | Record:
            return tables.add(change, idempotency_key) or _present(tables.known(idempotency_key or ""), id)

        with self._told_later():
            stored = await self._store.do(add)
            if isinstance(stored, Record):
                if stored.owner is None:
                    raise UsageError("the task that was begun with this key has ended", code=Code.CONFLICT)
                return Owned(stored.state.id, stored.state.channel, stored.owner)
            self._live[id] = _Live(stored.record)
            await self._made(stored)
        return Owned(id, channel, owner)

    async def report(
        self, id: str, owner: str, report: Report, *, adjust: Callable[[Record], Record] = _as_it_is
    ) -> Status | None:
        """Take a report. Returns what is wanted of the task. `adjust` changes what is stored with what happened."""
        async with await self._locked(id) as live:
            await self._refresh(live)
            record = live.record
            if record.ended_by == owner and report.number <= record.number:
                return None  # its last report, whose answer was lost
            record.owned_by(owner)
            live.ours = True
            if report.number <= record.number:
                return record.state.wanted
            if record.state.status is Status.INTERRUPTED:
                await self._happened(live, Happening.STARTED, lambda record: record.owned_by(owner))
            said = self._said(report)
            if report.happened is not None:
                after(live.record.state.status, report.happened)  # what cannot have happened is not told in part
            # Nothing is taken before it could be told: a report that cannot be told can be sent again.
            await self._tell(live, said(live.record), report)
            if report.happened is None:
                live.record, live.dirty = said(live.record), True
            else:
                await self._happened(
                    live,
                    report.happened,
                    lambda record: record.owned_by(owner),
                    error=report.error,
                    result=report.result,
                    adjust=lambda record: adjust(said(record)),
                )
            self.reports += 1
            return live.record.state.wanted

    async def _refresh(self, live: _Live) -> None:
        """Who was silent for too long may have lost the task, and this process with it: what is stored counts."""
        record = live.record
        if live.ours and record.lease_until is not None and record.lease_until < self._clock.now():
            stored = await self._store.do(lambda tables: tables.get(record.state.id))
            live.record = _merged(live, _present(stored, record.state.id))

    def _said(self, report: Report) -> Callable[[Record], Record]:
        """What a record becomes by a report. Raises what is wrong with it."""
        name = named(report.name) if report.name else None
        if report.happened is Happening.COMPLETED:
            checked_result(report.result)

        def said(record: Record) -> Record:
            lease = self._clock.now() + record.silence
            progress = settled(report.progress, record.state.status)
            told = record.with_state(progress=progress, name=name or record.state.name)
            return replace(told, number=report.number, lease_until=lease)

        return said

    async def _tell(self, live: _Live, newer: Record, report: Report) -> None:
        """Publish what a report says, under a key of its own: one that is sent again is not published again."""
        state = newer.state
        drafts: list[Draft] = []
        drafts += [line_draft(state.id, line) for line in report.lines]
        drafts += [item_draft(state.id, item) for item in report.items]
        drafts += child_drafts(state.id, report.children)
        if report.happened is None:
            drafts.append(progress_draft(state))
        if not drafts:
            return
        if self._pending:
            await self._publish_pending()  # what came before is told before
        milestones = bool(report.lines or report.items)
        key = f"{state.id}/{newer.owner}/{report.number}" if milestones else None
        try:
            await self._announce(state.channel, drafts, idempotency_key=key)
        except HeadwayError as error:
            if error.code is not Code.IDEMPOTENCY:
                raise
            # Told already, when the numbers beside it were others.
        if report.happened is None and self._clock.monotonic() - live.lobby_at >= _LOBBY_SECONDS:
            live.lobby_at = self._clock.monotonic()
            await self._announce(TASKS, [progress_draft(state, lobby=True)])

    # Asking.

    async def request(self, id: str, action: Action, by: str | None = None) -> State:
        """Ask for a pause, a resumption or the end. Raises `IllegalTransition`, `NotFound`."""
        async with await self._locked(id) as live:
            change = await self._change(live, lambda record: wanted(record, action, self._clock.now(), by))
        self.on_ready()
        return change.record.state

    async def get(self, id: str) -> State:
        """One task, as new as this process knows it."""
        return (await self.record(id)).state

    async def record(self, id: str) -> Record:
        """One task with what belongs to its running."""
        stored = await self._store.do(lambda tables: _present(tables.get(id), id))
        live = self._live.get(id)
        return _merged(live, stored) if live is not None else stored

    async def find(self, filters: Filters) -> Page:
        """Tasks, newest first."""
        rows = await self._store.do(lambda tables: tables.listed(filters))
        places = tuple(Place(number, self._newest(record).state) for number, record in rows)
        return Page(places, rows[-1][0] if len(rows) == filters.limit else None)

    async def counts(self) -> dict[Status, int]:
        """How many tasks are in which state."""
        return await self._store.do(lambda tables: tables.counts())

    async def history(self, id: str) -> list[Entry]:
        """What happened to a task and what was asked of it, in order."""

        def read(tables: Tables) -> list[Entry]:
            _present(tables.get(id), id)
            return tables.history(id)

        return await self._store.do(read)

    # Running: for whoever runs jobs.

    async def add(self, record: Record, idempotency_key: str | None = None) -> State:
        """Queue a task, or give the one that was queued with this key. Raises `UsageError`."""
        channel_of(record.state.id, record.state.channel)
        change = begun(record, self._clock.now(), record.state.by)

        def add(tables: Tables) -> Change | Record:
            return tables.add(change, idempotency_key) or _present(tables.known(idempotency_key or ""), "")

        with self._told_later():
            stored = await self._store.do(add)
            if isinstance(stored, Record):
                return stored.state
            self.on_ready()
            await self._made(stored)
        return stored.record.state

    async def take(self, choose: Callable[[Tables], Sequence[Change]]) -> list[Record]:
        """Make tasks this process's own: `choose` picks and changes them within one transaction."""
        with self._told_later():
            changes = await self._store.do(lambda tables: [tables.put(change) for change in choose(tables)])
            for change in changes:
                self._own(change.record)
            await asyncio.gather(*map(self._made, changes))
        return [change.record for change in changes]

    def _own(self, record: Record) -> None:
        """From here on this process knows best. Somebody may be in the middle of asking for something."""
        if record.owner is not None:
            live = self._live.setdefault(record.state.id, _Live(record))
            live.record, live.ours, live.dirty = record, True, False

    def listen(self, id: str, hear: Hear) -> None:
        """Be told at once of what is wanted of a task that this process took. Called in the loop; must not raise."""
        self._hearers[id] = hear
        live = self._live.get(id)
        if live is not None:
            hear(live.record.state.wanted)

    def unlisten(self, id: str, hear: Hear) -> None:
        """Be told no more. Somebody else who listens now still is."""
        if self._hearers.get(id) is hear:
            del self._hearers[id]

    async def interrupt_all(self, prefix: str) -> None:
        """Whoever had an owner's secret that begins like this is dead."""
        for record in await self._store.do(lambda tables: tables.owned()):
            if (record.owner or "").startswith(prefix):
                await self.interrupt(record.state.id, lambda newest: (newest.owner or "").startswith(prefix))

    async def come_round(self, schedule: Schedule, record: Record) -> None:
        """Queue a task if its job's time has come, once for all processes, and not beside one that is still there."""
        job, now = record.state.job or "", self._clock.now()

        def come(tables: Tables) -> Change | None:
            due = tables.due(job)
            if due is None or due <= now:
                tables.set_due(job, schedule.first(now) if due is None else schedule.after(due, now))
            if due is None or due > now or tables.unfinished(job, "schedule"):
                return None
            return tables.add(begun(record, now, record.state.by))

        with self._told_later():
            change = await self._store.do(come)
            if change is not None:
                self.on_ready()
                await self._made(change)

    async def explain(self, reasons: Callable[[Tables], Sequence[tuple[Record, str | None]]]) -> None:
        """Say why queued tasks wait, where that has changed."""

        def put(tables: Tables) -> list[Change]:
            changed = [
                record.with_state(waiting=reason)
                for record, reason in reasons(tables)
                if record.state.waiting != reason
            ]
            return [tables.put(waits(record)) for record in changed]

        with self._told_later():
            for change in await self._store.do(put):
                await self._made(change)

    async def tell(self, channel: str, draft: Draft, idempotency_key: str | None) -> None:
        """Publish an event of the work's own. One that was published under this key is not published again, whatever
        it said."""
        try:
            await self._announce(channel, [draft], idempotency_key=idempotency_key)
        except HeadwayError as error:
            if error.code is not Code.IDEMPOTENCY:
                raise

    async def save(self, id: str, owner: str, checkpoint: Any, progress: Progress) -> None:  # Any: JSON values
        """Store a checkpoint and the numbers that belong to it: with both the task goes on. Raises `Lost`."""
        async with await self._locked(id) as live:

            def decide(record: Record) -> Change:
                record.owned_by(owner)
                return Change(replace(record, checkpoint=checkpoint, saved=progress, crashes=0))

            await self._change(live, decide)

    # Keeping house.

    async def renew(self, owners: Mapping[str, str], until: float) -> list[str]:
        """Give a sign of life for tasks that run in this process, and hear what was asked of them in another. Returns
        those it has lost."""
        if not owners:
            return []

        def renew(tables: Tables) -> dict[str, Status | None]:
            asked = {}
            for id, owner in owners.items():
                record = tables.get(id)
                if record is not None and record.owner == owner:
                    tables.put(Change(replace(record, lease_until=until)))
                    asked[id] = record.state.wanted
            return asked

        kept = await self._store.do(renew)
        for id, asked in kept.items():
            live = self._live.get(id)
            if live is not None and live.record.owner == owners[id]:
                news = live.record.state.wanted is not asked
                live.record = replace(live.record, lease_until=until).with_state(wanted=asked)
                if news:
                    self._hear(live)
        return [id for id in owners if id not in kept]

    async def keep(self) -> None:
        """Once a second: store what was reported, find the dead, forget the old, publish what is left behind."""
        await self._store_progress()
        await self._bury()
        if self._pending:
            await self._publish_pending()
        await self._forget_published()
        await self._speak_for_the_dead()
        self.open = await self._store.do(lambda tables: tables.open())
        if self._clock.monotonic() - self._swept >= _SWEEP_SECONDS:
            self._swept = self._clock.monotonic()
            before = self._clock.now() - self._kept
            await self._store.do(lambda tables: tables.forget(before, _FORGOTTEN))

    async def _speak_for_the_dead(self) -> None:
        """Publish what another process decided and did not live to announce. What it still works on may be published by
        both, to no effect."""
        oldest = await self._store.do(lambda tables: next((one.number for one in tables.unannounced(1)), None))
        left, self._oldest = oldest is not None and oldest == self._oldest, oldest
        if left:
            self._pending = True
            await self._publish_pending()

    async def _store_progress(self) -> None:
        dirty = [live for live in self._live.values() if live.dirty and not live.lock.locked()]
        if not dirty:
            return
        records = [live.record for live in dirty]

        def put(tables: Tables) -> None:
            for live in records:
                stored = tables.get(live.state.id)
                if stored is not None and stored.owner == live.owner and stored.state.status is live.state.status:
                    kept = stored.with_state(name=live.state.name, progress=live.state.progress)
                    tables.put(Change(replace(kept, number=live.number, lease_until=live.lease_until)))

        for live in dirty:
            live.dirty = False
        try:
            await self._store.do(put)
        except HeadwayError:
            for live in dirty:
                live.dirty = True
            raise

    async def _bury(self) -> None:
        """Interrupt what has an owner that gives no sign of life."""
        now = self._clock.now()
        for expired in await self._store.do(lambda tables: tables.expired(now)):
            # Where the runner is this very process, it lives: it was only kept from saying so.
            if expired.state.id not in self._hearers:
                await self.interrupt(expired.state.id, lambda record: (record.lease_until or now) < now)

    async def interrupt(self, id: str, dead: Callable[[Record], bool]) -> None:
        """The owner of a task is dead, if `dead` says so of the record as it is now."""
        async with await self._locked(id) as live:
            now = self._clock.now()

            def decide(record: Record) -> Change | None:
                if record.owner is None or not dead(record):
                    return None
                if record.state.status is Status.PAUSED and record.state.wanted is not Status.CANCELLED:
                    return left_behind(record, now)
                if record.state.status is Status.PAUSED:
                    return happened(record, Happening.CANCELLED, now, detail="its owner died")
                if record.state.status is not Status.RUNNING:
                    return None
                counted = replace(record, crashes=record.crashes + 1)
                return happened(counted, Happening.INTERRUPTED, now, detail="no sign of life from its owner")

            if await self._change_or_none(live, decide) is not None:
                logger.warning("! task %s lost its owner", id)
        self.on_ready()

    # Within.

    async def _locked(self, id: str) -> _Lock:
        """The task, as this process knows it, for nobody else as long as the block lasts."""
        while True:
            live = self._live.get(id)
            if live is None:
                stored = await self._store.do(lambda tables: _present(tables.get(id), id))
                live = self._live.setdefault(id, _Live(stored, ours=False))
            await live.lock.acquire()
            if self._live.get(id) is live:
                return _Lock(self, live)
            live.lock.release()

    def _unlock(self, live: _Live) -> None:
        live.lock.release()
        id = live.record.state.id
        if (not live.ours or not live.record.alive) and self._live.get(id) is live:
            # Others may change it; whoever asks next reads the store.
            del self._live[id]

    async def _happened(
        self,
        live: _Live,
        happening: Happening,
        check: Callable[[Record], None],
        *,
        error: Failure | None = None,
        result: Any = None,  # any JSON value
        detail: str | None = None,
        adjust: Callable[[Record], Record] = _as_it_is,
    ) -> None:
        def decide(record: Record) -> Change:
            check(record)
            change = happened(adjust(record), happening, self._clock.now(), error=error, result=result, detail=detail)
            lease = self._clock.now() + record.silence
            if change.record.owner is not None and change.record.state.status.active:
                return replace(change, record=replace(change.record, lease_until=lease))
            return change

        await self._change(live, decide)

    async def _change(self, live: _Live, decide: Callable[[Record], Change]) -> Change:
        change = await self._change_or_none(live, decide)
        assert change is not None  # `decide` always decides
        return change

    async def _change_or_none(self, live: _Live, decide: Callable[[Record], Change | None]) -> Change | None:
        id, newest = live.record.state.id, live

        def work(tables: Tables) -> Change | None:
            change = decide(_merged(newest, _present(tables.get(id), id)))
            return None if change is None else tables.put(change)

        with self._told_later():
            try:
                change = await self._store.do(work)
            except asyncio.CancelledError:
                self._live.pop(id, None)  # it may be stored all the same: whoever asks next reads the store
                raise
            if change is not None:
                live.record, live.dirty = change.record, False
                self._hear(live)
                await self._made(change)
        return change

    def _hear(self, live: _Live) -> None:
        hear = self._hearers.get(live.record.state.id)
        if hear is not None and live.ours:
            hear(live.record.state.wanted)

    # Announcing.

    @property
    def late(self) -> bool:
        """Whether changes are stored that the log could not take yet."""
        return self._pending

    async def _made(self, change: Change) -> None:
        """Tell of a change that is stored."""
        if change.happening is not None:
            self.happenings[change.happening] += 1
        if self._pending:
            self._more = True  # while something waits to be announced, so does what comes after it
        else:
            await self._publish(change.announcements)

    @contextmanager
    def _told_later(self) -> Iterator[None]:
        """Who gives up waiting gives up the answer, and not the deed: what was stored is told with what is left
        behind."""
        try:
            yield
        except BaseException:  # most of all `CancelledError`
            self._pending = True
            raise

    async def _publish(self, announcements: Sequence[Announcement]) -> bool:
        """Publish, or leave it for later: what is stored is not undone because the log cannot take it now. Returns
        whether nothing is left.

        In the order of one channel; several channels at the same time.
        """
        channels: dict[str, list[Announcement]] = {}
        for announcement in announcements:
            channels.setdefault(announcement.channel, []).append(announcement)
        return all(await asyncio.gather(*map(self._publish_in_order, channels.values())))

    async def _publish_in_order(self, announcements: Sequence[Announcement]) -> bool:
        for announcement in announcements:
            try:
                await self._announce(announcement.channel, announcement.drafts, idempotency_key=announcement.key)
            except HeadwayError as error:
                if error.code.retry:
                    if not self._pending:
                        logger.warning("! changes of tasks are announced later: %s", error)
                    self._pending = True
                    return False
                logger.error("! a change of task %s could not be announced: %s", announcement.task, error)
            # Deleted with the next keeping of house: what a crash leaves is published again to no effect.
            self._published.append(announcement.number)
        return True

    async def _publish_pending(self) -> None:
        """Publish what is left behind. Until nothing is, whatever is new waits behind it."""
        async with self._publishing:
            while self._pending:
                self._more = False
                await self._forget_published()
                left = await self._store.do(lambda tables: tables.unannounced())
                if not left and not self._more:
                    self._pending = False
                elif not await self._publish(left):
                    return

    async def _forget_published(self) -> None:
        published, self._published = self._published, []
        if published:
            await self._store.do(lambda tables: tables.announced(published))

    def _newest(self, record: Record) -> Record:
        live = self._live.get(record.state.id)
        return _merged(live, record) if live is not None else record


class _Lock:
    """A task that is changed by one at a time."""

    def __init__(self, service: Service, live: _Live) -> None:
        self._service = service
        self._live = live

    async def __aenter__(self) -> _Live:
        return self._live

    async def __aexit__(self, *_: object) -> None:
        self._service._unlock(self._live)


def channel_of(id: str, given: str | None) -> str:
    """The channel a task writes to. Raises `InvalidChannel`, `UsageError`."""
    channel = channel_name(given or f"task:{id}")
    if channel == TASKS:
        raise UsageError(f"the channel {TASKS!r} is that of all tasks; choose another", details={"field": "channel"})
    return channel


def named(name: object) -> str:
    """A name for people. Raises `UsageError`."""
    if not isinstance(name, str) or not name.strip():
        raise UsageError("a task's name is a text that is not empty", details={"field": "name"})
    return name.strip()[:_NAME]


def _present(record: Record | None, id: str) -> Record:
    if record is None:
        raise HeadwayError(f"there is no task {id!r}", code=Code.NOT_FOUND)
    return record


def _merged(live: _Live, stored: Record) -> Record:
    """What is stored, with the numbers that this process has newer. Another owner's are not newer."""
    if not live.ours or live.record.owner is None or stored.owner != live.record.owner:
        return stored
    state = replace(stored.state, progress=live.record.state.progress, name=live.record.state.name)
    newer = stored if live.record.number <= stored.number else replace(stored, number=live.record.number)
    return replace(newer, state=state, lease_until=max_lease(live.record.lease_until, stored.lease_until))


def max_lease(one: float | None, other: float | None) -> float | None:
    """The later of two."""
    return other if one is None else one if other is None else max(one, other)
