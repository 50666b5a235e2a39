"""Where a quote opened that never closed. Slow and exact; asked only when a row has no end."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from headway.apps.imports.csv.dialects import Format

__all__ = ["opening"]


class _State(Enum):
    BEGIN = auto()
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()
    """After a quote in quotes: another one makes it a character."""


def opening(lines: Iterable[str], format: Format) -> tuple[int, int] | None:
    """The line (from 0) and column (from 1) of the quote that is open after a row's `lines`; None where none is."""
    state, opened, column, escaped = _State.BEGIN, (0, 1), 1, False
    for number, line in enumerate(lines):
        for character in line:
            if escaped:
                escaped = False
                state = _State.QUOTED if state is _State.QUOTED else _State.PLAIN
            elif character == format.escape:
                escaped = True
            elif state is _State.QUOTED:
                if character == format.quote:
                    state = _State.CLOSED
            elif character == format.quote and state is not _State.PLAIN:
                if state is _State.BEGIN:
                    opened = (number, column)
                state = _State.QUOTED
            elif character == format.delimiter:
                state, column = _State.BEGIN, column + 1
            elif not (format.spaced and state is _State.BEGIN and character == " "):
                state = _State.PLAIN
    return opened if state is _State.QUOTED else None
