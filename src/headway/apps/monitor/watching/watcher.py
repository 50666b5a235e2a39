"""Who looks at whom: one loop over all active applications.

    turn ─▶ look (probe, retries) ─▶ Figures.record: sample, standing, incident ─▶ events ─▶ alerts

The law:
1. An application is looked at by one look at a time, and at most `parallel` are looked at in all. Who is asked for by a
   person comes first.
2. What a look found is stored before anybody is told. The events that must not be told twice have a key of what was
   stored, and are told again after a crash: nothing is lost, nothing repeated.
3. A change of a definition takes effect at once: a look by the old one is broken off and leaves nothing.
4. Who is paused, or has no check, is not looked at; nor does it alarm anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

import msgspec

from headway.apps.interface import Context
from headway.apps.monitor.applications.model import Application
from headway.apps.monitor.applications.store import Applications, Changed
from headway.apps.monitor.checks.configuration import PushCheck
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.figures.facade import Figures
from headway.apps.monitor.figures.status import Standing, Status
from headway.apps.monitor.watching.agenda import About, about_of, next_turn, turn_at_start
from headway.apps.monitor.watching.looking import Looking
from headway.apps.monitor.watching.seen import LastTest, last_tests
from headway.apps.monitor.watching.voice import Alerting, Voice
from headway.apps.monitor.watching.watched import Looked, Watched
from headway.errors import Closed, Conflict, HeadwayError

__all__ = ["PARALLEL", "Watcher"]

logger = logging.getLogger("headway.monitor")

PARALLEL: Final = 20
"""Looks at once. A look waits for somebody else's answer; what is bounded is what a network of them bears."""
_PAUSE: Final = 5.0
"""Seconds between two looks at the agenda at most: the clock may have been set."""
_CLOSING: Final = 5.0
"""Seconds for what is being stored and told when the server ends."""
_FAR: Final = 1.25
"""Intervals: no turn is farther ahead, if the clock was not set back."""


class Watcher:
    """The loop. `start` it, and close it."""

    def __init__(
        self,
        applications: Applications,
        figures: Figures,
        means: Means,
        context: Context,
        alerts: Alerting,
        *,
        parallel: int = PARALLEL,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.parallel = parallel
        self._applications, self._figures, self._context = applications, figures, context
        self._clock, self._random = context.clock, context.random
        self._watched: dict[str, Watched] = {}
        self._tests: dict[int, LastTest] = {}
        self._voice = Voice(context, figures, self, alerts)
        self._looking = Looking(figures, means, context.clock, sleep)
        self._wake = asyncio.Event()
        self._doing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    # Its life.

    async def start(self) -> None:
        """Take up what was left, and watch from now on. Raises `StorageError`."""
        self._tests = await self._context.records.read(last_tests)
        standings = await self._applications.standings()
        self._applications.on_change(self._changed)
        found = [self._take_up(one, standings.get(one.id, {})) for one in self._applications.all()]
        for one in found:
            await self._set_aside(one)
            await self._voice.resume(one)
        self._loop = asyncio.create_task(self._run(), name="monitor watcher")

    async def close(self) -> None:
        """Break off what is under way; what is being stored is finished and told. Idempotent."""
        if self._loop:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
            self._loop = None
        for one in self._watched.values():
            _break_off(one)
        if self._doing:
            _, late = await asyncio.wait([*self._doing], timeout=_CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for one in self._watched.values():
            _refuse(one, Closed("the server is shutting down"))

    # What others ask of it.

    def wake(self) -> None:
        """Look at the agenda now."""
        self._wake.set()

    async def check_now(self, id: str) -> Looked:
        """Look at one at once; it counts as any other look. Raises `HeadwayError`, `Conflict`."""
        one = self._one(id)
        if not one.looked_at:
            why = "paused" if not one.application.is_active else "without a health check"
            raise Conflict(f"{one.application.name} is {why}: there is nothing to look at")
        future: asyncio.Future[Looked] = asyncio.get_running_loop().create_future()
        one.wanted.append(future)
        self.wake()
        return await future

    async def beat(self, id: str, *, ok: bool = True, message: str = "") -> Looked:
        """An application told us that it lives, or does not. Raises `HeadwayError`, `Conflict`."""
        one = self._one(id)
        if not one.looked_at or not isinstance(one.application.health_check, PushCheck):
            raise Conflict(f"{one.application.name} expects no beat now", details={"field": "healthCheck"})
        self._looking.beat(one, ok=ok, message=message)
        return await self.check_now(id)

    def tested(self, number: int, test: LastTest) -> None:
        """A test of a run came to its end."""
        before = self._tests.get(number)
        if before is None or before.at <= test.at:
            self._tests[number] = test
            if one := self._by_number(number):
                self._do(self._voice.card(one, fresh=False))

    async def refresh(self, id: str) -> None:
        """Something else that its card shows has changed."""
        if one := self._watched.get(id):
            await self._voice.card(one, fresh=True)

    def last_test(self, number: int) -> LastTest | None:
        """The latest test of an application."""
        return self._tests.get(number)

    def watched(self) -> list[Watched]:
        """All of them, for figures."""
        return [*self._watched.values()]

    # The loop.

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = self._begin()
            # Not `wait_for`: before Python 3.12 it may swallow a cancellation that comes together with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def _begin(self) -> float:
        """Begin what is due, as much as may be. Answers when to come back."""
        now = self._clock.now()
        waiting = [one for one in self._watched.values() if one.looked_at and one.looking is None]
        for one in waiting:
            self._not_too_far(one, now)
        due = sorted(
            (one for one in waiting if one.wanted or one.due <= now), key=lambda one: (not one.wanted, one.due)
        )
        free = max(0, self.parallel - sum(one.looking is not None for one in self._watched.values()))
        for one in due[:free]:
            one.looking = self._do(self._turn(one))
        if due[free:]:
            return _PAUSE  # whoever is done wakes
        return min([_PAUSE, *(max(0.0, one.due - now) for one in waiting if one.looking is None)])

    def _not_too_far(self, one: Watched, now: float) -> None:
        check = one.application.health_check
        if check is not None and one.due - now > _FAR * check.interval + 60:
            one.due = now + check.interval

    async def _turn(self, one: Watched) -> None:
        application, due, before = one.application, one.due, one.about
        # Who asks from now on means a look that has not begun: they may just have repaired something.
        wanted = _taken(one)
        try:
            if not one.looked_at:  # since its turn was made
                raise Conflict(f"{application.name} is not watched any more")
            await self._set_aside(one)
            looked, recorded = await self._looking.look(
                one, lambda about, now: self._next(application, about, due, now)
            )
            one.due = one.about.due
            await self._voice.looked(one, recorded, before)
            for future in _waiting(wanted):
                future.set_result(looked)
        except asyncio.CancelledError:
            one.wanted = [*wanted, *one.wanted]  # the next look is theirs
            raise
        except HeadwayError as error:
            self._failed(one, wanted, error)
        except Exception as error:  # a mistake of ours: the others are looked at all the same
            logger.exception("! a look at %s broke off", application.name)
            self._failed(one, wanted, HeadwayError(f"the look broke off: {type(error).__name__}"))
        finally:
            one.looking = None
            self.wake()

    def _next(self, application: Application, about: About, due: float, now: float) -> float:
        return next_turn(application, about, due, now, self._random())

    def _failed(self, one: Watched, wanted: list[asyncio.Future[Looked]], error: HeadwayError) -> None:
        check = one.application.health_check
        one.due = self._clock.now() + (check.interval if check else _PAUSE)
        logger.warning("! a look at %s counts for nothing: %s", one.application.name, error)
        for future in _waiting(wanted):
            future.set_exception(error)

    # Definitions.

    def _take_up(self, application: Application, standing: Mapping[str, Any]) -> Watched:  # Any: JSON
        number, known = self._applications.numbers[application.id], msgspec.convert(standing, Standing)
        one = self._watched[application.id] = Watched(application, number, known, about_of(known.about))
        if one.looked_at:
            one.due = turn_at_start(application, one.about, self._clock.now())
        return one

    def _changed(self, changed: Changed) -> None:
        """Called by the store with each change."""
        if changed.after is None:
            assert changed.before is not None
            self._removed(changed.before, changed.number)
        elif (one := self._watched.get(changed.after.id)) is None:
            self._do(self._told_anew(self._take_up(changed.after, {})))
        else:
            self._redefined(one, changed.after)

    def _removed(self, application: Application, number: int) -> None:
        if one := self._watched.pop(application.id, None):
            one.gone = True
            _break_off(one)
            _refuse(one, Conflict(f"{application.name} was removed"))
        self._tests.pop(number, None)
        self._do(self._voice.removed(application, number))

    def _redefined(self, one: Watched, after: Application) -> None:
        before, one.application = one.application, after
        if before.health_check != after.health_check:
            one.about = msgspec.structs.replace(one.about, certificate=None)
        if (before.health_check, before.is_active) != (after.health_check, after.is_active):
            _break_off(one)
            one.about = msgspec.structs.replace(one.about, due=0.0, since=0.0, beat=None)
            one.due = self._clock.now() if one.looked_at else float("inf")
        elif before.maintenance != after.maintenance and one.looked_at:
            one.due = self._clock.now()
        if not one.looked_at:
            _refuse(one, Conflict(f"{after.name} is not watched any more"))
        self._do(self._told_anew(one))

    async def _told_anew(self, one: Watched) -> None:
        await self._set_aside(one)
        await self._voice.card(one, fresh=True)
        self.wake()

    async def _set_aside(self, one: Watched) -> None:
        """Have figures know whether anybody looks. Again, where that changed while they were told."""
        with contextlib.suppress(HeadwayError):  # removed meanwhile; else the next look or start tells it
            while not one.gone and (wanted := _aside(one.application)) is not one.standing.aside:
                recorded = await self._figures.set_aside(one.number, wanted)
                before, one.standing = one.about, recorded.standing
                await self._voice.looked(one, recorded, before, quiet=True)

    # Within.

    def _one(self, id: str) -> Watched:
        application = self._applications.get(id)
        return self._watched[application.id]

    def _by_number(self, number: int) -> Watched | None:
        return next((one for one in self._watched.values() if one.number == number), None)

    def _do(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="monitor watching")
        self._doing.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._doing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("! something about an application could not be told: %s", error)


def _aside(application: Application) -> Status | None:
    if not application.is_active:
        return Status.PAUSED
    return None if application.configured else Status.UNCONFIGURED


def _taken(one: Watched) -> list[asyncio.Future[Looked]]:
    taken, one.wanted = one.wanted, []
    return taken


def _waiting(futures: list[asyncio.Future[Looked]]) -> list[asyncio.Future[Looked]]:
    return [future for future in futures if not future.done()]


def _refuse(one: Watched, error: HeadwayError) -> None:
    for future in _waiting(_taken(one)):
        future.set_exception(error)


def _break_off(one: Watched) -> None:
    """What is being stored is left alone: it will be told."""
    if one.looking and one.asking:
        one.looking.cancel()
