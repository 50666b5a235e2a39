"""A histogram of response times that merges: an hour's of minutes, a month's of days.

Buckets grow by a constant factor, so what a percentile says is within `ERROR` (2.5 %) of a response time that was
measured, from a tenth of a millisecond to an hour; what lies outside counts as the nearest of these.

    bytes    for each bucket that is not empty, in order: how far from the one before, how many; both as LEB128
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["ERROR", "Histogram"]

ERROR: Final = 0.025
"""Nobody sees 2.5 % on a chart, and an hour of minute checks is some forty bytes."""
_GROWTH: Final = (1 + ERROR) / (1 - ERROR)
_LOG: Final = math.log(_GROWTH)
_LEAST: Final = 0.1
"""Milliseconds: faster than any request over a network."""
_MOST: Final = 3_600_000.0
_TOP: Final = math.ceil(math.log(_MOST / _LEAST) / _LOG)


class Histogram:
    """How many response times fell into which bucket."""

    __slots__ = ("_counts",)

    def __init__(self, milliseconds: Iterable[float] = ()) -> None:
        self._counts: dict[int, int] = {}
        for one in milliseconds:
            self.add(one)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"<Histogram of {self.count}, p50 {self.percentile(0.5)}>"

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self._counts.values())

    def add(self, milliseconds: float) -> None:
        """One more."""
        bucket = 0 if milliseconds <= _LEAST else min(_TOP, math.ceil(math.log(milliseconds / _LEAST) / _LOG))
        self._counts[bucket] = self._counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        """All of another's, too."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count

    def percentile(self, share: float) -> float | None:
        """The least response time that so large a share did not exceed (nearest rank); None where there is none."""
        left = max(1, math.ceil(share * self.count - 1e-9))
        for bucket, count in sorted(self._counts.items()):
            left -= count
            if left <= 0:
                # The middle, by the ratio: as far from the least of the bucket as from the greatest.
                return _LEAST if bucket == 0 else _LEAST * 2 * _GROWTH**bucket / (_GROWTH + 1)
        return None

    def encode(self) -> bytes | None:
        """As it is stored; None where there is nothing."""
        data, before = bytearray(), 0
        for bucket, count in sorted(self._counts.items()):
            _put(data, bucket - before)
            _put(data, count)
            before = bucket
        return bytes(data) or None

    @classmethod
    def decode(cls, data: bytes | None) -> Histogram:
        """One that was stored."""
        histogram, bucket, numbers = cls(), 0, _taken(data or b"")
        for step in numbers:
            bucket += step
            histogram._counts[bucket] = next(numbers)
        return histogram


def _put(data: bytearray, number: int) -> None:
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)


def _taken(data: bytes) -> Iterator[int]:
    number, shift = 0, 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number, shift = 0, 0
