"""Which transport to try first. A transport is judged by the lives of its connections, by what got through and not by
whether a socket opened:

    a life                                           counts
    useful: answered, and lasted                     clears the transport of everything
    answered, but over soon                          1 strike: three in a row
    never answered, while another one was            2 strikes: two in a row
    ended by the server's own word, or by us         nothing: a restart is no fault of a transport
    unanswered, like all others                      nothing: the server is away, or the whole network

At three strikes a transport is demoted: it is tried last, until a time that grows with each demotion and is jittered.
Then it is probed beside the connection that works. So a demotion is never for ever. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Promotion", "Scores"]

_MOST_STRIKES: Final = 3
_ANSWERED_SHORT: Final = 1
_UNANSWERED: Final = 2


@dataclass(frozen=True, slots=True)
class Promotion:
    """A better transport, and when to try it."""

    name: str
    at: float


@dataclass(slots=True)
class _Record:
    strikes: int = 0
    demotions: int = 0
    until: float = 0.0


class Scores:
    """What was learnt of the transports, named in the order in which they are wanted."""

    def __init__(
        self,
        order: Sequence[str],
        random: Callable[[], float],
        *,
        first: float,
        most: float,
    ) -> None:
        self._order = tuple(order)
        self._random = random
        self._first = first
        self._most = most
        self._records: dict[str, _Record] = {}

    def rank(self, now: float) -> list[str]:
        """All transports, the one to try first first."""
        return sorted(self._order, key=lambda name: self.demoted(name, now))

    def demoted(self, name: str, now: float) -> bool:
        """Whether it is tried last."""
        return self._of(name).until > now

    def doubtful(self, name: str) -> bool:
        """Whether it has not been of use since it was demoted."""
        return self._of(name).demotions > 0

    def worse(self, name: str, than: str) -> bool:
        """Whether somebody would rather have the other one."""
        return self._order.index(name) > self._order.index(than)

    def useful(self, name: str) -> None:
        """It was answered, and lasted."""
        self._records.pop(name, None)

    def short(self, name: str, now: float) -> None:
        """It was answered, but over soon."""
        self._strike(name, _ANSWERED_SHORT, now)

    def unanswered(self, name: str, now: float) -> None:
        """It was not answered, while another one was."""
        self._strike(name, _UNANSWERED, now)

    def promotion(self, name: str, now: float) -> Promotion | None:
        """When to try one of those that are better than this, and which."""
        better = self._order[: self._order.index(name)]
        return min(
            (Promotion(one, max(now, self._of(one).until)) for one in better), key=lambda it: it.at, default=None
        )

    def forgive(self) -> None:
        """Another network, or a healed one: what was learnt does not hold any more."""
        for record in self._records.values():
            record.until = 0.0

    def _strike(self, name: str, strikes: int, now: float) -> None:
        record = self._records.setdefault(name, _Record())
        record.strikes += strikes
        # Who fails its probe has had its chance.
        if record.strikes >= _MOST_STRIKES or record.demotions > 0:
            # Beyond some powers of two the bound holds anyway, and a float would overflow.
            ceiling = min(self._most, self._first * 2.0 ** min(record.demotions, 32))
            record.until = now + ceiling * (0.5 + self._random() / 2)
            record.demotions += 1
            record.strikes = 0

    def _of(self, name: str) -> _Record:
        return self._records.get(name) or _Record()
