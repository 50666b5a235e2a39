"""What is wrong with a file, and what is wrong with a row, in sentences people can act on.

A file that cannot be read at all is `Refused`, with a reason for programs and where it is. A row that cannot be
imported has problems, and the next row is read. Codes of PingOne's own stand for what PingOne would have said; the
others are ours, and say what a file can do wrong before any user is seen in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headway.errors import UsageError

__all__ = [
    "COLUMNS",
    "DUPLICATE",
    "EMPTY_VALUE",
    "ENCODING",
    "INVALID_VALUE",
    "NUL",
    "REQUIRED_VALUE",
    "SIZE_LIMIT_EXCEEDED",
    "UNCLOSED_QUOTE",
    "Problem",
    "Refused",
    "shown",
]

# PingOne's.
REQUIRED_VALUE: Final = "REQUIRED_VALUE"
EMPTY_VALUE: Final = "EMPTY_VALUE"
INVALID_VALUE: Final = "INVALID_VALUE"
SIZE_LIMIT_EXCEEDED: Final = "SIZE_LIMIT_EXCEEDED"

# Ours.
COLUMNS: Final = "COLUMNS"
"""The row has more or fewer columns than the header."""
UNCLOSED_QUOTE: Final = "UNCLOSED_QUOTE"
"""A quote opens and never closes."""
ENCODING: Final = "ENCODING"
"""Bytes that are no characters of the file's encoding."""
NUL: Final = "NUL"
"""A NUL character: the file is damaged."""
DUPLICATE: Final = "DUPLICATE_IN_FILE"
"""An earlier row has the same username."""

_SHOWN: Final = 40
"""Characters of a value that a sentence repeats: enough to recognise it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be imported."""

    code: str
    field: str
    """The attribute as PingOne names it, or empty where it is the row as a whole."""
    message: str


class Refused(UsageError):
    """The file cannot be imported. `details` has a `reason`, and `line` and `offset` where they are known."""

    def __init__(self, reason: str, message: str, *, line: int | None = None, offset: int | None = None) -> None:
        where = {"line": line, "offset": offset}
        known = {name: value for name, value in where.items() if value is not None}
        super().__init__(message, details={"reason": reason, **known})
        self.reason = reason


def shown(text: str) -> str:
    """A value as a sentence repeats it: short, and on one line."""
    line = "".join(character if character.isprintable() else "�" for character in text[: _SHOWN + 1])
    return f"“{line[:_SHOWN]}…”" if len(line) > _SHOWN else f"“{line}”"
