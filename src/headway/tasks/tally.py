"""The numbers of one handle: written by the work, as cheaply as can be, and read ten times a second by who reports.

A loop counts in a `Cell` of its own, which only that loop writes: no lock, no clock, no allocation for an item. So does
a thread that adds by hand. What has an outcome takes a lock. The sum of all is what was done.

    done     additions + cells; where there is no total of its own, the parts as well
    total    as given; else what the loops know of their length; else, where every part has one, the sum of the parts'
    counts   by outcome. Where they exceed `done`, they are what was done: an item is told before its loop goes on
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import get_ident
from typing import Final

__all__ = ["Cell", "Number", "Numbers", "Tally", "word"]

_OUTCOME: Final = 500

Number = int | float


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a tally amounts to at one moment."""

    done: Number = 0
    total: Number | None = None
    initial: Number = 0
    counts: Mapping[str, int] = field(default_factory=dict)


class Cell:
    """What one loop has done."""

    __slots__ = ("done", "outcome")

    def __init__(self, outcome: str | None) -> None:
        self.done: Number = 0
        self.outcome = outcome


class Tally:
    """The numbers of one handle. Safe from any thread."""

    def __init__(self, total: Number | None, initial: Number) -> None:
        # Reentrant: a signal's handler may count in the middle of counting.
        self._lock = threading.RLock()
        self.initial = _plain(initial)
        self.total = _total(total)
        self._given = self.total is not None
        self._added: Number = self.initial
        self._counts: dict[str, int] = {}
        self._cells: list[Cell] = []
        self.mine: dict[int, Cell] = {}
        """What each thread, by its identity, adds by hand without an outcome. Only that thread writes it."""

    def add(self, number: Number, outcome: str | None) -> None:
        """More was done."""
        with self._lock:
            self._added += number
            if outcome is not None:
                outcome = word(outcome)
                self._counts[outcome] = self._counts.get(outcome, 0) + int(number)

    def add_mine(self, number: Number) -> None:
        """More was done by this thread, for which it has no cell yet."""
        cell = self.open(None, None)
        self.mine[get_ident()] = cell
        cell.done += number

    def count(self, outcome: str) -> None:
        """One more had this outcome; that it was done is said elsewhere."""
        outcome = word(outcome)
        with self._lock:
            self._counts[outcome] = self._counts.get(outcome, 0) + 1

    def set(
        self, done: Number | None = None, total: Number | None = None, counts: Mapping[str, int] | None = None
    ) -> None:
        """So much it is."""
        with self._lock:
            if total is not None:
                self.total = _total(total)
                self._given = self.total is not None
            if done is not None:
                self._added = _plain(done) - sum(cell.done for cell in self._cells)
            if counts is not None:
                self._counts = {word(outcome): int(number) for outcome, number in counts.items()}

    def open(self, outcome: str | None, length: Number | None) -> Cell:
        """A loop begins. What it knows of its length is part of the total, unless that was given."""
        cell = Cell(None if outcome is None else word(outcome))
        with self._lock:
            self._cells.append(cell)
            if length is not None and not self._given:
                self.total = (self.initial if self.total is None else self.total) + _plain(length)
        return cell

    def close(self, cell: Cell) -> None:
        """The loop is over."""
        with self._lock:
            self._cells.remove(cell)
            self.add(cell.done, cell.outcome)

    @property
    def own(self) -> Numbers:
        """What it amounts to, without the parts."""
        with self._lock:
            counts = Counter(self._counts)
            done = self._added
            for cell in self._cells:
                done += cell.done
                if cell.outcome is not None and cell.done:
                    counts[cell.outcome] += int(cell.done)
            return _numbers(_plain(done), self.total, self.initial, counts)

    def with_parts(self, parts: Iterable[Numbers]) -> Numbers:
        """What it amounts to with its parts, where it has no total of its own."""
        own = self.own
        if own.total is not None:
            return own
        done, initial, counts = own.done, own.initial, Counter(own.counts)
        total: Number | None = None
        for part in parts:
            done, initial = done + part.done, initial + part.initial
            counts.update(part.counts)
            # Once not a number, it stays so: then the whole is unknown, too.
            total = (own.done if total is None else total) + (math.nan if part.total is None else part.total)
        return _numbers(done, _total(total), initial, counts)


def word(outcome: str) -> str:
    """An outcome as a server takes it: neither empty nor a novel."""
    return str(outcome)[:_OUTCOME] or "unnamed"


def _numbers(done: Number, total: Number | None, initial: Number, counts: Mapping[str, int]) -> Numbers:
    return Numbers(max(done, sum(counts.values())), total, initial, dict(counts))


def _total(total: Number | None) -> Number | None:
    """None where it says nothing: tqdm's infinity, and what is not a number."""
    return None if total is None or not math.isfinite(total) or total < 0 else _plain(total)


def _plain(number: Number) -> Number:
    """A number that JSON has: others' integers (numpy's) only behave like them."""
    if type(number) is int:
        return number
    if not math.isfinite(number):
        return 0
    whole = int(number)
    return whole if whole == number and not isinstance(number, float) else float(number)
