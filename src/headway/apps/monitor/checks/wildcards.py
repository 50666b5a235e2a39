"""Patterns with `*`, `?` and `[a-z]`, as `pat(…)` of Gatus has them. Pure, and never slow: between two stars stands a
piece of fixed length, and the first place it fits is as good as any later one, so nothing is tried twice.

`*` also stands for slashes and line breaks; a backslash takes the meaning from what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from headway.errors import UsageError

__all__ = ["Wildcard"]


class Wildcard:
    """A pattern that was read. Raises `UsageError` for one that is none."""

    __slots__ = ("_pieces", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        pieces: list[list[str]] = [[]]
        for token in _tokens(text):
            if token is None:
                pieces.append([])
            else:
                pieces[-1].append(token)
        self._pieces = [(re.compile("".join(piece), re.DOTALL), len(piece)) for piece in pieces]

    def matches(self, text: str) -> bool:
        """Whether the whole text is of this pattern."""
        first, *others = self._pieces
        if not others:
            return first[0].fullmatch(text) is not None
        begin = first[0].match(text)
        if begin is None:
            return False
        at = begin.end()
        *between, (last, length) = others
        for piece, _ in between:
            found = piece.search(text, at)
            if found is None:
                return False
            at = found.end()
        return len(text) - length >= at and last.match(text, len(text) - length) is not None


def _tokens(text: str) -> Iterator[str | None]:
    """A regular expression of each character, or None for a star."""
    characters = iter(text)
    for character in characters:
        match character:
            case "*":
                yield None
            case "?":
                yield "."
            case "[":
                yield _set(text, characters)
            case "\\":
                yield re.escape(_next(text, characters))
            case _:
                yield re.escape(character)


def _set(text: str, characters: Iterator[str]) -> str:
    ranges: list[str] = []
    character = _next(text, characters)
    negated = character == "^"
    if negated:
        character = _next(text, characters)
    while character != "]" or not ranges:
        low = high = _next(text, characters) if character == "\\" else character
        character = _next(text, characters)
        if character == "-":
            high = _next(text, characters)
            high = _next(text, characters) if high == "\\" else high
            character = _next(text, characters)
        if high < low:
            raise UsageError(f"pat({text}): {low}-{high} is no range")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{'^' if negated else ''}{''.join(ranges)}]"


def _next(text: str, characters: Iterator[str]) -> str:
    following = next(characters, None)
    if following is None:
        raise UsageError(f"pat({text}) ends within a set or after a backslash")
    return following
