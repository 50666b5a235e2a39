"""What a client was told, held against what was published, and how long it was told nothing. Pure.

Every event is a milestone and nothing is trimmed, so a transcript is right if it is 1, 2, 3 … to the last, and a gap
that was told would be a lie.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["NOTHING", "Verdict", "judge", "longest_silence", "quantile", "rows"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one transcript, or of several."""

    events: int = 0
    lost: int = 0
    repeated: int = 0
    disordered: int = 0

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            self.events + other.events,
            self.lost + other.lost,
            self.repeated + other.repeated,
            self.disordered + other.disordered,
        )

    @property
    def clean(self) -> bool:
        """Whether everything was told once and in order."""
        return self.lost + self.repeated + self.disordered == 0


NOTHING = Verdict()


def judge(told: Sequence[int], head: int, gaps: int = 0) -> Verdict:
    """What became of the events 1 to `head`, told as these numbers."""
    once = set(told)
    lost = head - len(once & set(range(1, head + 1))) + gaps
    disordered = sum(later < earlier for earlier, later in pairwise(told))
    return Verdict(len(told), lost, len(told) - len(once), disordered)


def longest_silence(times: Iterable[float], since: float, until: float) -> float:
    """The longest time without an event between two moments."""
    moments = [since, *(time for time in times if since < time <= until), until]
    return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)


def quantile(values: Iterable[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """A table for a terminal that Markdown reads too. The first column is text, the others are numbers."""
    lines = [tuple(head), *map(tuple, body)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *others])} |"

    rule = "|".join([":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])])
    return [line(lines[0]), f"|{rule}|", *map(line, lines[1:])]
