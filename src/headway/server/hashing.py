"""Checking and hashing passwords beside the loop: one at a time, in a thread that stands back, with few waiting.

Each takes tens of milliseconds of a core and megabytes of memory. A crowd that guesses gets a 503, not the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from headway.access import passwords
from headway.errors import Overloaded

__all__ = ["Hashing"]

Result = TypeVar("Result")

_MOST_WAITING: Final = 32
"""Some two seconds of work: who comes after that had better come again."""
_NICENESS: Final = 10
"""Half way to the least a thread can be worth."""


class Hashing:
    """Checks and hashes passwords for one server."""

    def __init__(self) -> None:
        # Its thread begins with the first password, so a server where nobody signs in has none.
        self._thread = ThreadPoolExecutor(1, "passwords", _stand_back)
        self._waiting = 0

    async def matches(self, hash: str | None, password: str) -> bool:
        """As `passwords.matches`. Raises `Overloaded` where too many wait. Cancelling gives up the answer."""
        return await self._run(lambda: passwords.matches(hash, password))

    async def hashed(self, password: str) -> str:
        """As `passwords.hashed`. Raises `UsageError`, and `Overloaded` where too many wait."""
        return await self._run(lambda: passwords.hashed(password))

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= _MOST_WAITING:
            raise Overloaded("too many people sign in at this moment; try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Begin nothing more. Idempotent."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _stand_back() -> None:
    """Linux gives each thread a niceness of its own; elsewhere nothing is changed, or it would be for all of them."""
    if os.uname().sysname == "Linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
