"""Keys that are pressed on a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import termios
from collections.abc import Iterator

import pytest

from headway.cli.keys import Key, keys_of, pressed
from headway.testing.waiting import wait_until


def test_what_a_terminal_sends() -> None:
    """Arrows come as sequences, in two modes; what means nothing is passed over."""
    assert keys_of(b"x \x1b[D\x1bOC\x1b[Aq") == [Key.SPACE, Key.LEFT, Key.RIGHT, Key.Q]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of a terminal that is this program's stdin."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours
    os.close(ours)


async def test_a_key_is_heard_at_once_and_not_shown(terminal: int) -> None:
    """Without waiting for Enter; afterwards the terminal is as it was."""
    heard: list[Key] = []
    before = termios.tcgetattr(sys.stdin)
    with pressed(heard.append) as there:
        assert not termios.tcgetattr(sys.stdin)[3] & termios.ECHO
        os.write(terminal, b" ")
        await wait_until(lambda: heard == [Key.SPACE])

    assert there
    assert termios.tcgetattr(sys.stdin) == before


async def test_without_a_terminal_nobody_presses_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Input from a pipe is left alone."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stdin, os.fdopen(writing, "wb", buffering=0):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pressed(lambda key: None) as there:
            await asyncio.sleep(0)

    assert not there
