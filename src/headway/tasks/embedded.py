"""The runner in the server's own process: takes what is ready, runs it, and gives it back in good order.

The law:
1. Whoever runs a task holds a lease, and shows every few seconds that it lives. The lease of a dead runner ends, and
   another takes the task; the new turn has a new owner, so that the old one, should it wake up, changes nothing.
2. A runner that starts with the name of one that is dead takes over what that one had at once, without being asked.
3. A task that is to pause holds still at its next point, in memory and in its slot; after a crash it stays paused, and
   goes on from its checkpoint when it is told to.
4. A cancel ends a coroutine at its next point, or where it stands after `grace` seconds. A function in a thread can be
   ended at its points only.
5. A runner that stops lets everything come to its next point, for some seconds; what it had goes on elsewhere, or here
   after the restart.

Not here: states (`model`), what is stored (`service`), where jobs come from (`jobs`).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from headway.clock import Clock
from headway.errors import HeadwayError
from headway.events import channel_name
from headway.tasks.changes import happened
from headway.tasks.interface import Beginning, Lost, Owned, Report
from headway.tasks.jobs import Job, Jobs, Rate
from headway.tasks.model import Failure, Happening, Progress, State, Status
from headway.tasks.pump import Desk
from headway.tasks.records import Change, Record
from headway.tasks.service import Service, named
from headway.tasks.tables import Tables
from headway.tasks.task import Cancelled, failure
from headway.tasks.wire import checked_result
from headway.tasks.work import ThreadWork, Work

__all__ = ["Runner"]

logger = logging.getLogger("headway.tasks")

LEASE_SECONDS: Final = 15.0
"""Until a runner that shows no sign of life counts as dead. It shows one every second, and a machine that swaps or a
laptop that wakes up is not dead at once."""
_BEAT_SECONDS: Final = 1.0
_RELEASE_SECONDS: Final = 5.0
"""For running work to come to a point when the runner stops."""
AT_ONCE: Final = 64
"""Tasks of one runner, of all jobs."""
_TRACEBACK: Final = 4_000
"""Characters of a traceback in a task's log: its end says what happened."""
_EXPLAINED: Final = 100
"""Queued tasks whose waiting is explained: those that come next."""


class Stop(Enum):
    """Why an execution is to end."""

    CANCELLED = "somebody cancelled the task"
    TIMED_OUT = "it took too long"
    RELEASED = "the runner stops"
    LOST = "somebody else has the task now"


@dataclass(slots=True, eq=False)
class _Execution:
    """One turn of one task."""

    record: Record
    job: Job
    work: Work
    stop: Stop | None = None
    stopped_at: float = 0.0
    running: asyncio.Task[None] | None = None
    called: bool = False
    """Whether the function is at work: what gives its turn back is not to be cancelled for being late."""

    @property
    def id(self) -> str:
        return self.record.state.id

    @property
    def owner(self) -> str:
        return self.record.owner or ""

    def end(self, why: Stop, now: float) -> None:
        """Have it end at its next point."""
        if self.stop is None:
            self.stop, self.stopped_at = why, now
            self.work.gate.abandon(why.value)


class Runner:
    """Runs jobs. Every method is called on the event loop."""

    def __init__(
        self,
        service: Service,
        jobs: Jobs,
        clock: Clock,
        new_id: Callable[[], str],
        random: Callable[[], float],
        *,
        name: str = "embedded",
        lease: float = LEASE_SECONDS,
        at_once: int = AT_ONCE,
        mask: Callable[[str], str] = str,
    ) -> None:
        """`name` is this runner's own: no other process that lives has it. `mask` takes secrets out of errors."""
        self.jobs = jobs
        self._service = service
        self._clock = clock
        self._new_id = new_id
        self._random = random
        self._name = name
        self._lease = lease
        self._at_once = at_once
        self._mask = mask
        self._executions: dict[str, _Execution] = {}
        self._ready = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None
        self._beat_task: asyncio.Task[None] | None = None
        self._closing = False
        self._wake_at: float | None = None
        self.ran: Counter[str] = Counter()
        """How turns ended, by what happened."""

    # For programs.

    async def submit(
        self,
        job: str,
        arguments: Mapping[str, Any] | None = None,  # Any: JSON values
        *,
        name: str | None = None,
        channel: str | None = None,
        priority: int | None = None,
        at: float | None = None,
        idempotency_key: str | None = None,
        by: str | None = None,
    ) -> State:
        """Have a job run, now or at a moment. With a known key, the task of then. Raises `UsageError`."""
        found = self.jobs.find(job)
        checked = found.check(arguments or {})
        record = self._record(found, checked, name=name, channel=channel, priority=priority, at=at, by=by)
        return await self._service.add(record, idempotency_key)

    async def start(self) -> None:
        """Take over what a dead runner of this name had, and run what is ready from now on. Raises `StorageError`."""
        await self._service.interrupt_all(f"{self._name}:")
        self._service.on_ready = self._ready.set
        self._loop_task = asyncio.create_task(self._run(), name="runner")
        self._beat_task = asyncio.create_task(self._beat(), name="runner's beat")

    async def close(self) -> None:
        """Stop: what runs comes to a point and is given back. Idempotent."""
        self._closing = True
        self._ready.set()
        if self._beat_task is not None:
            self._beat_task.cancel()
        # Not cancelled: what it is just taking would belong to nobody.
        loops = [loop for loop in (self._loop_task, self._beat_task) if loop is not None]
        await asyncio.gather(*loops, return_exceptions=True)
        now = self._clock.monotonic()
        running = []
        for execution in self._executions.values():
            execution.end(Stop.RELEASED, now)
            if execution.running is not None:
                running.append(execution.running)
        late = await _unfinished(running)
        for one in late:
            one.cancel()
        for stuck in await _unfinished(late):
            logger.warning("! %s does not end; it is left behind", stuck.get_name())

    @property
    def running(self) -> Collection[str]:
        """The tasks that run here."""
        return self._executions.keys()

    def statistics(self) -> dict[str, int]:
        """What runs, and how turns ended."""
        return {"running": len(self._executions), **self.ran}

    # Taking.

    async def _run(self) -> None:
        while not self._closing:
            self._ready.clear()
            try:
                await self._take()
            except HeadwayError as error:
                logger.warning("! no task can be taken now: %s", error)
            except Exception:  # a mistake in one choice must not end the runner
                logger.exception("! no task could be taken")
            now = self._clock.now()
            wait = _BEAT_SECONDS if self._wake_at is None else min(_BEAT_SECONDS, max(0.0, self._wake_at - now))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._ready.wait()

    async def _take(self) -> None:
        room = self._at_once - len(self._executions)
        if room <= 0 or not len(self.jobs) or self._closing:
            return
        # A turn that was lost may still be here: two of one task are never beside each other.
        here = frozenset(self._executions)
        for record in await self._service.take(lambda tables: self._choose(tables, room, here)):
            if record.state.status is Status.RUNNING:
                self._execute(record)

    def _choose(self, tables: Tables, room: int, here: Set[str]) -> list[Change]:
        """What to run next: those that go first, as far as there are slots. Runs in the store's thread."""
        now = self._clock.now()
        names = [job.name for job in self.jobs]
        slots = _Slots(tables, self.jobs, now)
        chosen: list[Change] = []
        while len(chosen) < room:
            ready = tables.ready(names, slots.full, now, room + len(here))
            ready = [record for record in ready if record.state.id not in here][: room - len(chosen)]
            took = [record for record in ready if slots.take(record)]
            chosen += [self._taken(record, now) for record in took]
            here = here | {record.state.id for record in took}
            if not took:
                break
        due = tables.next_due(names, now)
        moments = [moment for moment in (due, slots.again) if moment is not None]
        self._wake_at = min(moments) if moments else None
        return chosen

    def _taken(self, record: Record, now: float) -> Change:
        job = self.jobs.find(record.state.job or "")
        if record.crashes > job.crashes and record.state.status is not Status.QUEUED:
            why = Failure("crashed", f"whoever ran it died {record.crashes} times without a checkpoint in between")
            return happened(record, Happening.FAILED, now, error=why)
        owned = replace(
            record,
            owner=f"{self._name}:{self._new_id()}",
            lease_until=now + self._lease,
            silence=self._lease,
            number=0,
        )
        resumed = record.state.status is Status.PAUSED
        return happened(owned, Happening.RESUMED if resumed else Happening.STARTED, now)

    # Running.

    def _execute(self, record: Record) -> None:
        job = self.jobs.find(record.state.job or "")
        loop = asyncio.get_running_loop()
        id, owner = record.state.id, record.owner or ""
        execution: _Execution

        async def outlet() -> _Turn:
            return _Turn(self._service, record, lambda record: self._later(record, job))

        async def save(checkpoint: Any, progress: Progress) -> None:  # Any: JSON values
            await self._service.save(id, owner, checkpoint, progress)

        desk = Desk(outlet, lambda: loop, self._clock, new_id=self._new_id, random=self._random, near=True)
        tell = self._service.tell
        work = Work(desk, record, save, tell) if job.asynchronous else ThreadWork(desk, record, save, tell, loop)
        execution = _Execution(record, job, work)
        self._executions[id] = execution
        execution.running = asyncio.create_task(self._turn(execution), name=f"task {id}")

    async def _turn(self, execution: _Execution) -> None:
        work = execution.work
        end: Happening | None = None

        def hear(wanted: Status | None) -> None:
            self._hear(execution, wanted)

        try:
            work.start()
            self._service.listen(execution.id, hear)
            end, error, result = await self._outcome(execution)
            await work.give_back(end, error, result)
        except Exception:  # a mistake of ours in one turn must not take the runner with it
            logger.exception("! a turn of task %s failed", execution.id)
        finally:
            self._service.unlisten(execution.id, hear)
            del self._executions[execution.id]
            if end is not None:
                self.ran[end.value] += 1
            self._ready.set()
            await work.leave()

    async def _outcome(self, execution: _Execution) -> tuple[Happening | None, Failure | None, Any]:  # Any: JSON
        """Call the function, and say what became of that. None: nothing that is ours to say."""
        try:
            execution.called = True
            try:
                result = await self._called(execution)
            finally:
                execution.called = False
            checked_result(result)
        except (Cancelled, asyncio.CancelledError) as error:
            return self._stopped(execution, error)
        except Lost:
            return None, None, None
        except BaseException as error:  # the job's own mistake: even `SystemExit` ends the job and not the server
            logger.info("! task %s: %s", execution.id, error, exc_info=True)
            execution.work.log(self._mask("".join(traceback.format_exception(error)))[-_TRACEBACK:], "error")
            why = failure(error)
            return self._failed(execution, replace(why, message=self._mask(why.message)))
        return Happening.COMPLETED, None, result

    def _stopped(
        self, execution: _Execution, error: BaseException
    ) -> tuple[Happening | None, Failure | None, Any]:  # Any: JSON
        """What became of a function that was told to end, and did."""
        match execution.stop:
            case Stop.RELEASED:
                # A thread that is left behind has given nothing back.
                left = not execution.job.asynchronous and isinstance(error, asyncio.CancelledError)
                return (None if left or execution.work.gate.held else Happening.INTERRUPTED), None, None
            case Stop.LOST:
                return None, None, None
            case Stop.TIMED_OUT:
                late = f"it ran for longer than {execution.job.timeout:g} s"
                return self._failed(execution, Failure("timeout", late))
            case Stop.CANCELLED:
                return Happening.CANCELLED, None, None
            case None if execution.work.gate.cancelled:
                return Happening.CANCELLED, None, None  # heard with the answer to a report
            case None:
                return self._failed(execution, failure(error))  # nobody asked for it

    def _failed(self, execution: _Execution, error: Failure) -> tuple[Happening, Failure, None]:
        again = execution.record.tries < execution.job.retries
        return (Happening.RETRYING if again else Happening.FAILED), error, None

    def _later(self, record: Record, job: Job) -> Record:
        """The record with the time of its next attempt."""
        wait = job.backoff.before(record.tries + 1) * (0.5 + self._random() / 2)
        later = replace(record, tries=record.tries + 1, not_before=self._clock.now() + wait)
        return later.with_state(waiting=_WAITS_FOR_ATTEMPT)

    async def _called(self, execution: _Execution) -> Any:  # Any: whatever it returns
        job, work = execution.job, execution.work
        arguments = job.bound(execution.record.arguments or {})
        if job.asynchronous:
            return await job.function(work, **arguments)
        context = contextvars.copy_context()
        result, error = await _in_thread(lambda: context.run(job.function, work, **arguments), f"job {execution.id}")
        if error is not None:
            raise error
        return result

    def _hear(self, execution: _Execution, wanted: Status | None) -> None:
        """Somebody asked for something: at once, without waiting for the next report."""
        if wanted is Status.CANCELLED:
            execution.end(Stop.CANCELLED, self._clock.monotonic())
        else:
            execution.work.want(wanted)

    # Once a second.

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await self.keep()

    async def keep(self) -> None:
        """Show that it lives, end what is late, have come round what is due, and say what waits for what."""
        for chore in (self._renew, self._hurry, self._come_round, self._explain):
            try:
                await chore()
            except HeadwayError as error:
                logger.warning("! the runner's housekeeping: %s", error)
            except Exception:  # a mistake of ours in one must not keep the others from being done
                logger.exception("! the runner's housekeeping failed")

    async def _renew(self) -> None:
        lost = await self._service.renew(
            {one.id: one.owner for one in self._executions.values()}, self._clock.now() + self._lease
        )
        for id in lost:
            if id in self._executions:
                self._executions[id].end(Stop.LOST, self._clock.monotonic())

    async def _hurry(self) -> None:
        """End what ran too long, and what does not come to a point after it was told to."""
        now = self._clock.monotonic()
        for execution in self._executions.values():
            timeout = execution.job.timeout
            if timeout is not None and execution.work.elapsed(now) > timeout:
                execution.end(Stop.TIMED_OUT, now)
            late = execution.stop is not None and now - execution.stopped_at > execution.job.grace
            if late and execution.called and execution.job.asynchronous and execution.running is not None:
                execution.running.cancel()
                execution.stopped_at = now

    async def _come_round(self) -> None:
        """Queue what its schedule calls for."""
        for job in self.jobs:
            if job.schedule is not None:
                record = self._record(job, job.check({}), by="schedule")
                await self._service.come_round(job.schedule, record)

    async def _explain(self) -> None:
        """Say why what waits does."""

        def explain(tables: Tables) -> list[tuple[Record, str | None]]:
            now = self._clock.now()
            # Who runs nothing knows no more than one to whom all jobs are foreign.
            slots = _Slots(tables, self.jobs if self._at_once else Jobs(), now)
            busy = _WAITS_FOR_RUNNER if len(self._executions) >= self._at_once else None
            return [(record, slots.explain(record, busy)) for record in tables.queued(_EXPLAINED)]

        await self._service.explain(explain)

    def _record(
        self,
        job: Job,
        arguments: Mapping[str, Any],  # Any: JSON values
        *,
        name: str | None = None,
        channel: str | None = None,
        priority: int | None = None,
        at: float | None = None,
        by: str | None = None,
    ) -> Record:
        id, now = self._new_id(), self._clock.now()
        state = State(
            id,
            named(name or job.title),
            channel_name(channel or f"task:{id}"),
            job=job.name,
            queued_at=now,
            by=by,
            waiting=None if at is None or at <= now else _WAITS_FOR_TIME,
        )
        own = job.priority if priority is None else priority
        return Record(state, arguments=arguments, pool=job.pool, priority=own, not_before=at or now)


_WAITS_FOR_TIME: Final = "for its time"
_WAITS_FOR_ATTEMPT: Final = "for its next attempt"
_WAITS_FOR_RUNNER: Final = "for a place: the runner has its hands full"


async def _in_thread(call: Callable[[], Any], name: str) -> tuple[Any, BaseException | None]:  # Any: what it returns
    """Call it in a thread of its own. What is left behind there keeps no program from ending."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()  # Any: as above

    def settle(result: Any, error: BaseException | None) -> None:  # Any: as above
        if not ended.done():
            ended.set_result((result, error))

    def run() -> None:
        result, raised = None, None
        try:
            result = call()
        except BaseException as error:  # handed to who waits, whatever it is
            raised = error
        with contextlib.suppress(RuntimeError):  # the loop is over, and nobody waits
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await ended


async def _unfinished(running: Collection[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait a bounded time. Returns those that take longer."""
    if not running:
        return set()
    _, late = await asyncio.wait(running, timeout=_RELEASE_SECONDS)
    return late


class _Turn:
    """The outlet of one turn: it was begun when it was taken."""

    def __init__(self, service: Service, record: Record, later: Callable[[Record], Record]) -> None:
        """`later` puts down when it is tried again."""
        self._service = service
        self._record = record
        self._later = later

    async def begin(self, beginning: Beginning, *, idempotency_key: str | None = None) -> Owned:
        return Owned(self._record.state.id, self._record.state.channel, self._record.owner or "")

    async def report(self, id: str, owner: str, report: Report) -> Status | None:
        adjust = self._later if report.happened is Happening.RETRYING else _as_it_is
        return await self._service.report(id, owner, report, adjust=adjust)


def _as_it_is(record: Record) -> Record:
    return record


class _Slots:
    """What may start now, by pool, within one transaction."""

    def __init__(self, tables: Tables, jobs: Jobs, now: float) -> None:
        self._tables = tables
        self._jobs = jobs
        self._now = now
        self._taken = tables.taken()
        self.again: float | None = None
        """When a rate allows the next start."""
        self._paced: dict[str, str] = {}
        for job in jobs:
            if job.rate is not None and job.pool not in self._paced:
                self._pace(job.pool, job.rate)

    def _pace(self, pool: str, rate: Rate) -> None:
        starts = self._tables.starts(pool, self._now - rate.seconds)
        if len(starts) >= rate.starts:
            again = starts[-rate.starts] + rate.seconds
            self.again = again if self.again is None else min(again, self.again)
            self._paced[pool] = f"for its turn: {rate.starts} in {rate.seconds:g} s may start"

    @property
    def full(self) -> set[str]:
        """Pools from which nothing may start."""
        return {job.pool for job in self._jobs if not self._room(job)} | set(self._paced)

    def take(self, record: Record) -> bool:
        """Take a slot for a task, if there is one."""
        job = self._jobs.find(record.state.job or "")
        if job.pool in self._paced or not self._room(job):
            return False
        self._taken[job.pool] = self._taken.get(job.pool, 0) + 1
        if job.rate is not None:
            self._tables.started(job.pool, self._now)
            self._pace(job.pool, job.rate)
        return True

    def explain(self, record: Record, busy: str | None) -> str | None:
        """Why a queued task waits; `busy` is what keeps this runner from taking it, if there is room for it."""
        if record.state.job is None:
            return record.state.waiting  # somebody else's queue
        if record.not_before > self._now:
            return _WAITS_FOR_ATTEMPT if record.tries else _WAITS_FOR_TIME
        if record.state.job not in self._jobs:
            # Who knows the job may have said what it waits for.
            said = record.state.waiting not in (None, _WAITS_FOR_TIME, _WAITS_FOR_ATTEMPT)
            return record.state.waiting if said else f"for a runner that knows the job {record.state.job!r}"
        job = self._jobs.find(record.state.job or "")
        if not self._room(job):
            slots = "slot" if job.concurrency == 1 else "slots"
            return f"for 1 of {job.concurrency} {job.pool} {slots}"
        return self._paced.get(job.pool, busy)

    def _room(self, job: Job) -> bool:
        return self._taken.get(job.pool, 0) < job.concurrency
