"""Processes that belong together: started as a group of their own, ended as one, and waited for.

A browser is a dozen processes. All inherit the session (in the kernel's sense) that its driver was started in, so that
one number finds them, whoever their parent is by now.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import psutil

__all__ = ["Mark", "end", "mark", "members"]

_ROUNDS: Final = 200
_ROUND_SECONDS: Final = 0.02
"""A killed process is gone within milliseconds; a disk that hangs may hold it. A process may also fork while its group
is counted. Some four seconds in all, then it is left to the next sweep."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A process for certain: numbers are used again, but not within one tick of the clock."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """Whether this very process still lives."""
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def mark(pid: int | None = None) -> Mark:
    """The mark of a process, or of this one. Raises `psutil.NoSuchProcess`."""
    process = psutil.Process(pid)
    return Mark(process.pid, process.create_time())


def members(group: int) -> Iterator[psutil.Process]:
    """Who is in the session that process `group` began, dead and not yet buried included."""
    for pid in psutil.pids():
        # Processes of others come and go while this looks.
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == group:
                yield psutil.Process(pid)


def end(group: int, leader: subprocess.Popen[str] | None = None) -> bool:
    """Kill everybody in the session and wait until they are gone; blocks. False where somebody cannot be killed.

    `leader` is the first of the group where it is a child of ours. Whoever's parent died belongs to the machine's first
    process, which buries it when it likes. In a container that may be this one, and then nobody else would.
    """
    for _ in range(_ROUNDS):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        if leader is not None:
            leader.wait()
        living = [process for process in members(group) if _lives(process)]
        if not living:
            return True
        for process in living:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(living, timeout=_ROUND_SECONDS)
    return False


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; one that is dead and ours is buried."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return True
        if process.ppid() == os.getpid():
            os.waitpid(process.pid, os.WNOHANG)
    except (psutil.Error, ChildProcessError):
        pass  # gone meanwhile
    return False
