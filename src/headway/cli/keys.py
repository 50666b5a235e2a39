"""Keys that are pressed on a terminal, one at a time and without being shown. Where stdin is no terminal nobody presses
any. Ctrl-C stays what it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

__all__ = ["Key", "keys_of", "pressed"]


class Key(Enum):
    """Keys that mean something."""

    SPACE = "space"
    LEFT = "left"
    RIGHT = "right"
    Q = "q"


_SPELLINGS: Final = {
    b" ": Key.SPACE,
    b"q": Key.Q,
    b"Q": Key.Q,
    # What terminals send, in their two modes.
    b"\x1b[D": Key.LEFT,
    b"\x1bOD": Key.LEFT,
    b"\x1b[C": Key.RIGHT,
    b"\x1bOC": Key.RIGHT,
}


def keys_of(typed: bytes) -> list[Key]:
    """The keys in what a terminal sent. What means nothing is passed over."""
    found, at = [], 0
    while at < len(typed):
        spelling = next((each for each in _SPELLINGS if typed.startswith(each, at)), None)
        if spelling is not None:
            found.append(_SPELLINGS[spelling])
        at += len(spelling or b"?")
    return found


@contextlib.contextmanager
def pressed(hear: Callable[[Key], None]) -> Iterator[bool]:
    """Hear of keys until the block ends; whether there is a terminal to press them on. Within a running loop."""
    try:
        import termios
        import tty
    except ImportError:  # not on Windows
        yield False
        return
    if not sys.stdin.isatty():
        yield False
        return
    terminal, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(terminal)

    def read() -> None:
        typed = os.read(terminal, 64)
        if not typed:
            loop.remove_reader(terminal)  # the terminal is gone
        for key in keys_of(typed):
            hear(key)

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield True
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
