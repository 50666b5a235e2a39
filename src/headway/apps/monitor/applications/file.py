"""A file of applications that is followed: what it says is so, a few seconds after it was written.

    File(Path("applications.yaml"), applications, notify)       of our own format, whole: what it has no more is removed
    File(None, …)                                               no file: what one managed before is the API's now

The law:
1. All of a file is applied, or nothing of it. A broken one keeps what was, and says so: in `problem`, and once for
   each fault to `notify`.
2. A file that is gone, empty or unreadable is a broken one. Only `applications: []` takes all of them away.
3. The name of an application that the API made becomes the file's, if the file has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from headway.apps.monitor.applications.documents import BYTES
from headway.apps.monitor.applications.planning import Plan
from headway.apps.monitor.applications.reading import read
from headway.apps.monitor.applications.store import Applications
from headway.errors import HeadwayError, UsageError

__all__ = ["File", "Notify"]

logger = logging.getLogger("headway.monitor")

Notify = Callable[[str, str], Awaitable[None]]
"""`await notify("error", sentence)`, or with `success`: something people are to know. It must not raise."""

_EVERY: Final = 3.0
"""Seconds between two looks. An editor's save is seen while its author still looks."""
_FAULTS: Final = 5
"""Faults that are told at once."""


class File:
    """The file that manages applications, or none. Start it after the applications are loaded; close it."""

    def __init__(self, path: Path | None, applications: Applications, notify: Notify, *, every: float = _EVERY) -> None:
        self._path = path
        self._applications = applications
        self._notify = notify
        self._every = every
        self._stamp: tuple[int, int, int] | None = None
        self._hash = ""
        self._turn = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self.problem: str | None = None
        """Why the file is not applied, for the health of the server; None: it is."""
        if path is not None:
            applications.file = f"the file {path.name}"

    async def start(self) -> None:
        """Apply it, and follow it from then on. A broken one is no reason not to start. Raises `StorageError`."""
        if self._path is None:
            await self._applications.release()
            return
        await self.look()
        self._following = asyncio.create_task(self._follow(), name="monitor file")

    async def close(self) -> None:
        """Follow it no longer. Idempotent."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def look(self) -> Plan | None:
        """Look at once; what it changed, or None where nothing was applied. Raises `StorageError`."""
        async with self._turn:
            if self._path is None or (content := await self._content(self._path)) is None:
                return None
            try:
                found = await asyncio.to_thread(read, content, "headway")
                plan = await self._applications.apply(found, by="file", whole=True, dry=True)
                if plan.skipped:
                    raise UsageError("; ".join(f"{one.name}: {one.why}" for one in plan.skipped[:_FAULTS]))
                plan = await self._applications.apply(found, by="file", whole=True)
            except UsageError as error:
                await self._broken(error.message)
                return None
            self._hash = hashlib.sha256(content).hexdigest()
            await self._mended(plan)
            return plan

    async def _content(self, path: Path) -> bytes | None:
        """What it holds, where that is new and something."""
        try:
            stamp, content = await asyncio.to_thread(_looked, path, None if self.problem else self._stamp)
        except OSError as error:
            self._stamp = None
            await self._broken(f"it cannot be read: {error.strerror}")
            return None
        self._stamp = stamp
        if content is None:
            return None
        if not content.strip():
            await self._broken("it is empty; `applications: []` takes all of them away")
            return None
        if self.problem is None and hashlib.sha256(content).hexdigest() == self._hash:
            return None
        return content

    async def _broken(self, why: str) -> None:
        assert self._path is not None  # who has no file has nothing that breaks
        sentence = f"{self._path.name} is not applied, and the applications stay as they were: {why}"
        if sentence != self.problem:
            self.problem = sentence
            logger.error("! %s", sentence)
            await self._notify("error", sentence)

    async def _mended(self, plan: Plan) -> None:
        assert self._path is not None  # a plan is of a file
        if self.problem is not None:
            self.problem = None
            await self._notify("success", f"{self._path.name} is applied again")
        logger.info("= %s: %d new, %d changed", self._path.name, len(plan.created), len(plan.updated))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            # The records may be away for a while: the next look tries again.
            with contextlib.suppress(HeadwayError):
                await self.look()


def _looked(path: Path, before: tuple[int, int, int] | None) -> tuple[tuple[int, int, int], bytes | None]:
    """Its time, size and place on the disk, and its content where those differ from before. In a thread."""
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    if stamp == before:
        return stamp, None
    with path.open("rb") as file:
        # One byte more than is read, so that who reads it sees that it is too large.
        return stamp, file.read(BYTES + 1)
