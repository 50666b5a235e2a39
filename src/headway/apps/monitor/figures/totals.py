"""What looks add up to over a stretch of time. Pure.

The law:
1. A look speaks from its moment to the next look's, and for at most its own `seconds`. What nobody spoke for is
   unknown, as is what a look learned nothing about.
2. up + down + maintenance + unknown is the length of the stretch.
3. Stretches that follow each other add up to the whole, however they were cut.
4. Response times are those of looks that found the application up: the time an error took says nothing about its speed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from headway.apps.monitor.figures.percentiles import Histogram
from headway.apps.monitor.figures.status import OUTCOMES, Status

__all__ = ["Sample", "Totals", "measure", "measured"]

_UP, _WARNING, _DOWN, _, _MAINTENANCE = range(len(OUTCOMES))
_IS_UP = (_UP, _WARNING)


class Sample(NamedTuple):
    """One look, as figures need it."""

    at: float
    status: int
    """Its place in `OUTCOMES`."""
    milliseconds: float | None
    seconds: float

    @classmethod
    def of(cls, at: float, status: Status, milliseconds: float | None = None, seconds: float = 60.0) -> Sample:
        """One by the name of its status."""
        return cls(at, OUTCOMES.index(status), milliseconds, seconds)


@dataclass(slots=True)
class Totals:
    """What a stretch of time adds up to."""

    seconds: float = 0.0
    """Its length."""
    up: float = 0.0
    down: float = 0.0
    maintenance: float = 0.0
    looks: int = 0
    """All but those in maintenance."""
    failures: int = 0
    """Looks that found an error."""
    sum_milliseconds: float = 0.0
    max_milliseconds: float | None = None
    histogram: Histogram = field(default_factory=Histogram)

    @property
    def unknown(self) -> float:
        """Seconds about which nobody knows."""
        # Of sums of fractions; below zero would be a rounding error.
        return max(0.0, self.seconds - self.up - self.down - self.maintenance)

    @property
    def known(self) -> float:
        """Seconds that count: the window without maintenance and what is unknown."""
        return self.up + self.down

    @property
    def uptime(self) -> float | None:
        """In percent; None where nothing is known."""
        return 100 * self.up / self.known if self.known > 0 else None

    def percentile(self, share: float) -> float | None:
        """Of the response times, in milliseconds. Never above the longest of them."""
        found = self.histogram.percentile(share)
        return found if found is None or self.max_milliseconds is None else min(found, self.max_milliseconds)

    def add(self, other: Totals) -> None:
        """Another stretch that touches none of this."""
        self.seconds += other.seconds
        self.up += other.up
        self.down += other.down
        self.maintenance += other.maintenance
        self.looks += other.looks
        self.failures += other.failures
        self.sum_milliseconds += other.sum_milliseconds
        self._reach(other.max_milliseconds)
        self.histogram.merge(other.histogram)

    def _reach(self, milliseconds: float | None) -> None:
        if milliseconds is not None:
            self.max_milliseconds = max(milliseconds, self.max_milliseconds or 0.0)

    def _spend(self, status: int, seconds: float) -> None:
        if status in _IS_UP:
            self.up += seconds
        elif status == _DOWN:
            self.down += seconds
        elif status == _MAINTENANCE:
            self.maintenance += seconds

    def _look(self, sample: Sample, *, times: bool) -> None:
        if sample.status == _MAINTENANCE:
            return
        self.looks += 1
        self.failures += sample.status == _DOWN
        if sample.status in _IS_UP and sample.milliseconds is not None:
            self.sum_milliseconds += sample.milliseconds
            self._reach(sample.milliseconds)
            if times:
                self.histogram.add(sample.milliseconds)


def measure(samples: Sequence[Sample], begin: float, end: float, *, times: bool = True) -> Totals:
    """What samples add up to: in order of time, with the last one before `begin`, which may still speak. `times`: with
    a histogram, which is a third of the work."""
    totals = Totals(seconds=max(0.0, end - begin))
    for place, sample in enumerate(samples):
        at, status, _, seconds = sample
        following = samples[place + 1].at if place + 1 < len(samples) else end
        start, stop = max(at, begin), min(at + seconds, following, end)
        if stop > start:
            totals._spend(status, stop - start)
        if begin <= at < end:
            totals._look(sample, times=times)
    return totals


def measured(samples: Sequence[Sample], edges: Iterable[float]) -> Iterator[Totals]:
    """The same for many stretches, each from one edge to the next."""
    times = [sample.at for sample in samples]
    for begin, end in pairwise(edges):
        first = max(0, bisect_left(times, begin) - 1)
        yield measure(samples[first : bisect_left(times, end)], begin, end)
