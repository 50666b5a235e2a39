"""Decisions read from an input, so that a few bytes become a sequence of calls and a change of a byte a change of one
call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final, TypeVar

__all__ = ["Choices", "cut"]

Chosen = TypeVar("Chosen")

_LONG: Final = 255
"""As a length: the length stands in the next two bytes."""


class Choices:
    """Reads an input from its front. When it is used up every number is 0 and every piece empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def number(self, most: int = 255) -> int:
        """A number from 0 to `most`, at most 255."""
        byte = self._data[self._at] if self else 0
        self._at += 1
        return byte % (most + 1)

    def pick(self, among: Sequence[Chosen]) -> Chosen:
        """One of these."""
        return among[self.number(len(among) - 1)]

    def piece(self) -> bytes:
        """Some bytes, behind their length."""
        size = self.number()
        if size == _LONG:
            size = self.number() << 8 | self.number()
        begin = self._at
        self._at += size
        return self._data[begin : self._at]

    def text(self) -> str:
        """The same as text. What is not UTF-8 becomes characters that are."""
        return self.piece().decode(errors="replace")

    def rest(self) -> bytes:
        """Everything that is left."""
        begin, self._at = self._at, len(self._data)
        return self._data[begin:]


def cut(data: bytes, sizes: bytes) -> Iterator[bytes]:
    """The data in pieces of these sizes, over and over; a 0 is one byte, and no sizes are single bytes."""
    sizes_for_ever, at = cycle(sizes or b"\x01"), 0
    while at < len(data):
        size = max(1, next(sizes_for_ever))
        yield data[at : at + size]
        at += size
