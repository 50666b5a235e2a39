"""Cells that a spreadsheet would run, made harmless by an apostrophe before them, and taken back exactly.

    guarded("=1+1") == "'=1+1"    unguarded("'=1+1") == "=1+1"    unguarded(guarded(cell)) == cell, whatever the cell

Dangerous is a cell whose first character is = + - or @ (or one of their wide forms), be there white space or
apostrophes before it, and one that begins with a tab or a line break. An apostrophe before a dangerous cell leaves it
dangerous by this rule: that is what makes the way back certain. Only a file that says it is ours is taken back
(`own`): in any other an apostrophe is what somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["OWN", "guarded", "own", "unguarded"]

OWN: Final = "headway."
"""How columns begin that we add. A file with one of them was written by us."""

_DANGEROUS: Final = re.compile("[\\s'\ufeff]*[=+\\-@＝＋－＠]|'*[\t\r\n]")


def guarded(cell: str) -> str:
    """The cell as a spreadsheet may have it."""
    return "'" + cell if _DANGEROUS.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell that was guarded."""
    return cell[1:] if cell[:1] == "'" and _DANGEROUS.match(cell, 1) else cell


def own(header: Iterable[str]) -> bool:
    """Whether we wrote the file."""
    return any(name.strip().lower().startswith(OWN) for name in header)
