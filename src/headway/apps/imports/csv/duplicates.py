"""Usernames that came before, in bounded memory: 20 bytes a slot, 42 MB for a million of them.

A table of our own, since a `dict` would take 150 MB. A username stands in it as two of Python's keyed hashes, 128 bits
together: that two of a hundred million different names share both is likelier to be a fault of the memory than chance,
so nothing has to be read again to be sure. Usernames are the same whatever their case, as they are taken to be in
PingOne.
"""

from __future__ import annotations

from array import array
from typing import Final

__all__ = ["Usernames"]

_SMALLEST: Final = 1 << 10
_FULL: Final = 0.7
"""Of the slots taken, before there are twice as many: a search then looks at two or three."""
_WORD: Final = (1 << 64) - 1


class Usernames:
    """Which row had a username first."""

    def __init__(self, expected: int = 0) -> None:
        """Room for so many from the start: growing holds two tables for a moment."""
        slots = _SMALLEST
        while slots * _FULL < expected:
            slots *= 2
        self._resize(slots)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def first(self, username: str, row: int) -> int | None:
        """The row that had this username first; None where it is this one. Rows are numbers from 1 to 4,294,967,295."""
        name = username.lower()
        mark, check = hash(name) & _WORD, hash("\0" + name) & _WORD
        rows, marks, mask = self._rows, self._marks, self._mask
        slot = mark & mask
        while taken := rows[slot]:
            if marks[slot] == mark and self._checks[slot] == check:
                return taken if taken != row else None
            slot = (slot + 1) & mask
        rows[slot], marks[slot], self._checks[slot] = row, mark, check
        self._count += 1
        if self._count > self._most:
            self._grow()
        return None

    def _resize(self, slots: int) -> None:
        self._mask = slots - 1
        self._most = int(slots * _FULL)
        self._rows = array("I", [0]) * slots
        self._marks = array("Q", [0]) * slots
        self._checks = array("Q", [0]) * slots

    def _grow(self) -> None:
        rows, marks, checks = self._rows, self._marks, self._checks
        self._resize(2 * len(rows))
        for old, row in enumerate(rows):
            if row:
                slot = marks[old] & self._mask
                while self._rows[slot]:
                    slot = (slot + 1) & self._mask
                self._rows[slot], self._marks[slot], self._checks[slot] = row, marks[old], checks[old]
