"""Items and lines that wait to be reported. Bounded: where a server is away for too long, the oldest go, and in their
place one line says how many there were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from headway.tasks.interface import Item, Line

__all__ = ["MOST_WAITING", "Backlog"]

MOST_WAITING: Final = 10_000
"""At their longest (4,000 characters) 40 MB of a script's memory; at 100 a second, more than a minute and a half."""


class Backlog:
    """What waits, in order. Safe from any thread: each step is one operation of a deque, or of one thread alone."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._entries: deque[Item | Line] = deque()
        self._most = most
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        """How many went unreported, and have not been told of."""
        return self._dropped

    def put(self, entry: Item | Line) -> None:
        """Have it wait."""
        self._entries.append(entry)
        if len(self._entries) > self._most:
            try:
                self._entries.popleft()
            except IndexError:  # taken in the same moment
                return
            self._dropped += 1

    def lose(self, number: int) -> None:
        """So many could not be told for another reason."""
        self._dropped += number

    def take(self, most: int) -> tuple[Sequence[Item], Sequence[Line]]:
        """The oldest, and no more than that many. Only one thread takes."""
        taken = [self._entries.popleft() for _ in islice(iter(self._entries.__len__, 0), most)]
        items = [entry for entry in taken if isinstance(entry, Item)]
        lines = [entry for entry in taken if isinstance(entry, Line)]
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            lines.insert(0, Line("warning", f"{dropped} items and lines are missing here: they could not be reported"))
        return items, lines
