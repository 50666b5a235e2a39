"""`Figures`: what the rest of the monitor uses.

    recorded = await figures.record(Look(application=7, at=now, status=Status.ERROR, code="TIMEOUT", …))
    seen = (await figures.seen([7]))[7]; seen.standing, seen.uptime["24h"], seen.sla(99.9), seen.incident

The law:
1. What `record` has returned is stored. Looks that come within a moment of each other are one transaction.
2. Hours that are over are rolled up by the looks that follow: nothing else has to be run.
3. What `seen` answers knows every look that was recorded before it was asked, and is no older than a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import Connection

from headway.apps.monitor.figures import incidents, recording, reports, samples
from headway.apps.monitor.figures.gathering import Gathering, not_there
from headway.apps.monitor.figures.incidents import Incident
from headway.apps.monitor.figures.recording import Aside, Recorded, Transition
from headway.apps.monitor.figures.reports import FailuresReport, SlaReport, Summary, Trends
from headway.apps.monitor.figures.rollups import Keeping, read_marks
from headway.apps.monitor.figures.samples import Look, Looked, clean
from headway.apps.monitor.figures.seen import Seen, look_up
from headway.apps.monitor.figures.series import Bucket, series, step_for
from headway.apps.monitor.figures.status import Standing, Status
from headway.apps.monitor.figures.windows import Marks
from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError
from headway.records.records import Records

__all__ = ["Figures"]

Answer = TypeVar("Answer")

_GATHER: Final = 0.2
"""Seconds in which looks are gathered: five transactions a second at most, and nobody sees the delay."""
_KEEPING: Final = Keeping()
_FRESH: Final = 60.0
"""Seconds for which an answer is good where nobody looks: windows slide on."""
_AT_ONCE: Final = 500
"""Applications in one set of queries: databases bound the parameters of a statement."""


class Figures:
    """All figures of all applications, by their numbers."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        keeping: Keeping = _KEEPING,
        gather: float = _GATHER,
    ) -> None:
        self._records = records
        self._clock = clock
        self._gathering = Gathering(records, clock, new_id, keeping, gather, self._outdated)
        self._cards: dict[int, tuple[float, Seen]] = {}
        self._changes: dict[int, int] = {}
        """How often what is known of an application has changed: what was read before is not kept after."""

    async def record(self, look: Look) -> Recorded:
        """Store a look and what follows from it. Raises `HeadwayError` where the application is not there,
        `UsageError`, `StorageError`. Cancelling gives up the answer, not the deed."""
        return await self._gathering.put(clean(look))

    async def set_aside(self, number: int, status: Status | None) -> Recorded:
        """Nobody looks any more (paused, unconfigured), or again (None). Raises `HeadwayError`."""
        return await self._gathering.put(Aside(application=number, at=self._clock.now(), status=status))

    async def forget(self, number: int) -> None:
        """Remove all there is of an application: before its row is."""
        await self._records.write(lambda connection: recording.forget(connection, number))
        self._outdated([number])

    async def tidy(self) -> None:
        """Roll up what is over and remove what is no longer kept. Looks do it by the way; a test may."""
        await self._gathering.roll()

    async def close(self) -> None:
        """Store what was gathered. Idempotent."""
        await self._gathering.close()

    # Cards.

    async def standing(self, number: int) -> Standing:
        """How one stands. Raises `HeadwayError`."""
        found = await self._records.read(lambda connection: recording.standings(connection, [number]))
        if number not in found:
            raise not_there(number)
        return found[number]

    async def seen(self, numbers: Iterable[int]) -> dict[int, Seen]:
        """What cards show of these applications; those that are not there are left out. One set of queries for all
        that changed since they were asked for last, and none where nothing did."""
        wanted, now = list(numbers), self._clock.monotonic()
        fresh = {one: card for one in wanted if (card := self._cards.get(one)) and now - card[0] < _FRESH}
        found = {one: card[1] for one, card in fresh.items()}
        for some in _batches(one for one in wanted if one not in found):
            found |= await self._look_up(some, now)
        return {one: found[one] for one in wanted if one in found}

    async def _look_up(self, numbers: list[int], asked: float) -> dict[int, Seen]:
        changes = {one: self._changes.get(one, 0) for one in numbers}
        moment = self._clock.now()
        found = await self._records.read(lambda connection: look_up(connection, numbers, moment))
        # What changed meanwhile is good for this answer, and for no other.
        same = [one for one in found if changes[one] == self._changes.get(one, 0)]
        self._cards |= {one: (asked, found[one]) for one in same}
        return found

    def _outdated(self, numbers: Iterable[int]) -> None:
        for one in numbers:
            self._changes[one] = self._changes.get(one, 0) + 1
            self._cards.pop(one, None)

    # One application.

    async def samples(self, number: int, begin: float, end: float, limit: int) -> list[Looked]:
        """Its samples, the newest first."""
        return await self._records.read(lambda connection: samples.within(connection, number, begin, end, limit))

    async def beats(self, number: int, last: int) -> list[Looked]:
        """Its latest samples, the oldest first: a heartbeat bar."""
        return await self._records.read(lambda connection: samples.latest(connection, number, last))

    async def series(self, numbers: Sequence[int], begin: float, end: float, step: int | None = None) -> list[Bucket]:
        """A chart of these together. Raises `UsageError` for a step that is none."""
        return await self._with_marks(
            lambda connection, marks: series(
                connection, numbers, begin, end, step_for(begin, end, marks) if step is None else step, marks
            )
        )

    async def incidents(self, numbers: Sequence[int], begin: float, end: float, limit: int) -> list[Incident]:
        """Incidents that touch a stretch of time, the newest first."""
        return await self._records.read(
            lambda connection: incidents.overlapping(connection, numbers, begin, end, limit)
        )

    async def transitions(self, number: int, begin: float, end: float, limit: int) -> list[Transition]:
        """Changes of its status, the newest first."""
        return await self._records.read(lambda connection: recording.transitions(connection, number, begin, end, limit))

    async def incident(self, id: str) -> Incident:
        """One incident. Raises `HeadwayError`."""
        return _there(await self._records.read(lambda connection: incidents.get(connection, id)), id)

    async def acknowledge(self, id: str, by: str) -> Incident:
        """Somebody takes care of an incident; who was first stays. Raises `HeadwayError`."""
        return await self._changed(id, lambda connection: incidents.acknowledge(connection, id, by))

    async def told(self, id: str, at: float) -> Incident:
        """People were told of an incident, once more. Raises `HeadwayError`."""
        return await self._changed(id, lambda connection: incidents.told(connection, id, at))

    async def _changed(self, id: str, work: Callable[[Connection], Incident | None]) -> Incident:
        incident = _there(await self._records.write(work), id)
        self._outdated([incident.application])
        return incident

    # Reports.

    async def summary(self, numbers: Sequence[int], begin: float, end: float) -> Summary:
        """How it went."""
        return await self._with_marks(
            lambda connection, marks: reports.summary(connection, numbers, (begin, end), marks)
        )

    async def slas(self, targets: Mapping[int, float], begin: float, end: float) -> SlaReport:
        """How targets were met."""
        return await self._with_marks(lambda connection, marks: reports.slas(connection, targets, (begin, end), marks))

    async def trends(self, numbers: Sequence[int], begin: float, end: float) -> Trends:
        """Where it goes."""
        return await self._with_marks(
            lambda connection, marks: reports.trends(connection, numbers, (begin, end), marks)
        )

    async def failures(self, numbers: Sequence[int], begin: float, end: float) -> FailuresReport:
        """What went wrong."""
        return await self._with_marks(
            lambda connection, marks: reports.failures(connection, numbers, (begin, end), marks)
        )

    async def _with_marks(self, work: Callable[[Connection, Marks], Answer]) -> Answer:
        return await self._records.read(lambda connection: work(connection, read_marks(connection)))


def _batches(numbers: Iterable[int]) -> Iterator[list[int]]:
    every = iter(numbers)
    while some := list(islice(every, _AT_ONCE)):
        yield some


def _there(incident: Incident | None, id: str) -> Incident:
    if incident is None:
        raise HeadwayError(f"there is no incident {id!r}", code=Code.NOT_FOUND)
    return incident
