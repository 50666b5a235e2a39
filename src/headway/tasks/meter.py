"""How fast work goes, how long it will still take, and whether it stands still. Pure: the moments come as arguments.

The law, which is made of other tools' complaints:
1. The rate is that of the last while: of 30 seconds, or of the last ten moves where ten took longer. Work that moves
   once a minute, or in batches, has a rate like any other.
2. What was done before (`initial`) says nothing about the rate; neither does the time of a pause.
3. Between two moves the rate stays and the time that is left runs down. A move that is overdue lowers the rate by
   little and little, and never at once.
4. Nothing has moved for far longer than moves took so far: it is stalled, and there is no telling when it ends.
5. Numbers that go backwards begin anew: what was before is no measure of what comes.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from typing import Final

__all__ = ["WINDOW", "Meter", "Reading"]

WINDOW: Final = 30.0
"""Seconds that make the rate: rich's. Less jumps, more lags behind a change."""
_MOVES: Final = 10
"""Moves that make the rate at least. Five batches would let it jump by a fifth with each."""
_STEP: Final = 0.1
"""Moves closer than this count as one: it bounds the memory, and is as often as reports are sent."""
_SHORTEST: Final = 0.5
"""Seconds before there is a rate at all: of the first few moves nothing follows."""
_PATIENCE: Final = 10.0
"""Seconds that nothing may move, however fast it was before: a retry, a slow row, a full disk buffer."""
_USUAL: Final = 5.0
_LONGEST: Final = 2.0
"""It is stalled after so many times the usual, and the longest time between two moves."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter shows."""

    rate: float | None
    eta: float | None
    elapsed: float
    stalled: bool


class Meter:
    """One meter. It runs from the moment it is made; the moments must not go back."""

    def __init__(self, now: float, initial: float = 0) -> None:
        self._began = now
        self._initial = initial
        self._away = 0.0
        self._paused: float | None = None
        self._ready = 0.0
        self._moves: deque[tuple[float, float]] = deque([(0.0, initial)])
        """When (in seconds of running) how much was done; the first is where the window begins."""

    def observe(self, now: float, done: float) -> None:
        """So much is done."""
        at = self.elapsed(now)
        last = self._moves[-1][1]
        if done == last:
            return
        if done < last:
            self._moves.clear()
            self._moves.append((at, done))
            return
        if len(self._moves) > 2 and at - self._moves[-2][0] < _STEP:
            self._moves.pop()
        self._moves.append((at, done))
        if len(self._moves) == 3 and self._moves[0] == (0.0, self._initial):
            # What came before the first move was getting ready: it says nothing about the rate, but something about
            # patience.
            self._ready = self._moves[1][0]
            self._moves.popleft()
        # What is older than the window goes, but for the one where it begins.
        while len(self._moves) > _MOVES + 1 and at - self._moves[1][0] >= WINDOW:
            self._moves.popleft()

    def pause(self, now: float) -> None:
        """Time does not count from here on. Idempotent."""
        if self._paused is None:
            self._paused = now

    def resume(self, now: float) -> None:
        """Time counts again. Idempotent."""
        if self._paused is not None:
            self._away += now - self._paused
            self._paused = None

    def elapsed(self, now: float) -> float:
        """Seconds of running."""
        until = now if self._paused is None else self._paused
        return max(0.0, until - self._began - self._away)

    def read(self, now: float, total: float | None = None) -> Reading:
        """What it shows while the work goes on."""
        at = self.elapsed(now)
        (began, before), (last, done) = self._moves[0], self._moves[-1]
        moves, span = len(self._moves) - 1, last - began
        left = None if total is None or total < done else total - done
        if left == 0:
            return Reading(self._rate(at), 0.0, at, False)
        rate = self._rate(at)
        if rate is None or not moves:
            return Reading(rate, None, at, False)
        silence = at - last
        stalled = self._paused is None and silence > max(_PATIENCE, _USUAL * span / moves, _LONGEST * self._longest())
        if left is None or stalled:
            return Reading(rate, None, at, stalled)
        # What is probably done since, but not told yet: at most one move.
        since = min((done - before) / moves, rate * silence)
        return Reading(rate, max(0.0, left - since) / rate, at, False)

    def final(self, now: float) -> Reading:
        """What it shows for good: the rate is that of the whole."""
        at = self.elapsed(now)
        done = self._moves[-1][1] - self._initial
        return Reading(done / at if at > 0 and done > 0 else None, None, at, False)

    def _rate(self, at: float) -> float | None:
        (began, before), (last, done) = self._moves[0], self._moves[-1]
        moves, span, gain = len(self._moves) - 1, last - began, done - before
        if not moves or at - began < _SHORTEST or gain <= 0:
            return None
        # As if the next move came right now: what is overdue lowers it, what is not does not.
        due = (gain + gain / moves) / (at - began)
        rate = min(gain / span, due) if span > 0 else due
        return rate if math.isfinite(rate) and rate > 0 else None

    def _longest(self) -> float:
        gaps = (later[0] - earlier[0] for earlier, later in itertools.pairwise(self._moves))
        return max(self._ready if len(self._moves) <= _MOVES else 0.0, *gaps, 0.0)
