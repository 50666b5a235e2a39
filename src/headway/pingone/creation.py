"""Creating something exactly once, although an answer may be lost on its way back.

PingOne takes no idempotency key. If a request fails without an answer, or with 5xx, it is sent again; if then the name
is taken (400, UNIQUENESS_VIOLATION), it may be we who took it. *Maybe ours*:

    1  look up who has the name, again for a while: search is eventually consistent
    2  it was made since the first try that was left open, by PingOne's clock, and where we wanted it: created, by us
    3  otherwise it is somebody else's, and the refusal stands

The same holds for a row that was tried before this process was killed: the caller says since when (`not_before`).
An inference (L): no document promises it. What it can get wrong: somebody else takes the same name in the same
moment, in the same population; the two cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, NamedTuple

from headway.pingone.errors import PingOneError
from headway.pingone.exchange import Reply, Trail
from headway.pingone.records import Created, Evidence, Made, in_utc
from headway.pingone.servertime import ServerTime

__all__ = ["Creation", "Holder"]

_MARGIN: Final = 2.0
"""Seconds by which PingOne's machines may disagree: who stamps a record is not who writes the `Date`."""
_MARGIN_UNKNOWN: Final = 30.0
"""The same while no answer has told PingOne's time, and our own clock has to do."""
_LOOKS: Final = (0.0, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 4.0)
"""Seconds before each look: ten in all. A search that is staler than that is no lag but an outage."""


class Holder(NamedTuple):
    """Who has the name."""

    id: str
    created_at: datetime | None
    population_id: str | None


class Creation:
    """Creates, and recognises what it has created."""

    def __init__(self, time: ServerTime, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._time = time
        self._sleep = sleep

    async def create(
        self,
        post: Callable[[Trail], Awaitable[Reply[Made]]],
        find: Callable[[str | None], Awaitable[Holder | None]],
        *,
        unique: str,
        population_id: str | None = None,
        not_before: float | None = None,
        trail: Trail | None = None,
    ) -> Created:
        """Create by `post`. `find` looks up who has the name, given the id that PingOne named, if it did; `unique` is
        the attribute that holds the name. Raises `PingOneError`."""
        trail = trail or Trail()
        try:
            reply = await post(trail)
        except PingOneError as error:
            # Whatever its status: 400 today (H), and codes may move within the class.
            taken = error.refusal.has("UNIQUENESS_VIOLATION", unique)
            since = self._since(trail, not_before)
            if not taken or since is None:
                raise
            holder = await self._look(find, existing_id(error))
            if holder is None:
                # Stale beyond patience, or where we must not look: not even this is known.
                error.uncertain = True
                raise
            if not _ours(holder, since, population_id):
                raise
            return Created(holder.id, Evidence.LOOKUP, error.correlation_id)
        return Created(reply.value.id, Evidence.ANSWER, reply.correlation_id)

    def _since(self, trail: Trail, not_before: float | None) -> float | None:
        """The earliest moment, by PingOne's clock, at which we can have created it; None if we cannot have."""
        margin = _MARGIN if self._time.known else _MARGIN_UNKNOWN
        moments = [] if not_before is None else [not_before]
        if trail.uncertain_since is not None:
            moments.append(self._time.at(trail.uncertain_since))
        return min(moments) - margin if moments else None

    async def _look(self, find: Callable[[str | None], Awaitable[Holder | None]], named: str | None) -> Holder | None:
        for pause in _LOOKS:
            if pause:
                await self._sleep(pause)
            holder = await find(named)
            if holder is not None:
                return holder
        return None


def existing_id(error: PingOneError) -> str | None:
    """The id of who has the name: in the official model (H), its presence is not certain (L)."""
    for detail in error.refusal.details:
        found = detail.inner.get("existingId")
        if detail.code == "UNIQUENESS_VIOLATION" and isinstance(found, str):
            return found
    return None


def _ours(holder: Holder, since: float, population_id: str | None) -> bool:
    created = in_utc(holder.created_at)
    if created is None or created.timestamp() < since:
        return False
    there, wanted = holder.population_id, population_id
    return there is None or wanted is None or there.casefold() == wanted.casefold()
