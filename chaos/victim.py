"""The victim: a real server in a process of its own, on a port and over a data folder that outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from headway.testing.readers import Ended, fetch
from headway.testing.serving import Address, listener

__all__ = ["Broken", "Victim", "end_with_us"]

_UP_SECONDS: Final = 20.0
"""For a server to answer after it was started: it takes one or two on a machine that has other work."""
_DRAIN_SECONDS: Final = 10.0
"""From SIGTERM to the end: what a rolling restart is given."""
_PARENT_DIED: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Broken(Exception):
    """The server did what no server may: it did not start, did not end, or changed its epoch for no reason."""


def end_with_us() -> None:
    """Run in a child before its program: the kernel kills it when this process ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)


class Victim:
    """The server."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.data = folder / "data"
        self.output = folder / "server.txt"
        """Whatever it wrote, all its lives one after the other."""
        with contextlib.closing(listener()) as probe:
            self.address = Address(probe.getsockname()[1])
        self._settings = {"PORT": str(self.address.port), "DATA": str(self.data), **settings}
        self._child: asyncio.subprocess.Process | None = None
        self.starts = 0

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int:
        """Of the process, which has been started."""
        assert self._child is not None  # it was started
        return self._child.pid

    async def start(self) -> None:
        """Start, and wait until it is healthy. Raises `Broken`."""
        self.starts += 1
        with self.output.open("ab") as sink:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "headway.testing.serving"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=os.environ | {f"HEADWAY_{name}": value for name, value in self._settings.items()},
                start_new_session=True,
                preexec_fn=end_with_us,
            )
        try:
            async with asyncio.timeout(_UP_SECONDS):
                while not await self._healthy():  # noqa: ASYNC110 - another process: there is nothing to wait on
                    await asyncio.sleep(0.03)
        except TimeoutError:
            raise Broken(f"the server was not healthy {_UP_SECONDS:.0f} s after its start") from None

    async def _healthy(self) -> bool:
        if not self.running:
            raise Broken("the server ended by itself while it started")
        try:
            return (await fetch(self.address, "GET", "/api/health")).status == 200
        except (OSError, EOFError, Ended):
            return False

    async def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()

    async def terminate(self) -> float:
        """SIGTERM; returns the seconds it took to end. Raises `Broken` if it took too long, or ended in another way."""
        assert self._child is not None  # it was started
        began = asyncio.get_running_loop().time()
        self._child.terminate()
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                status = await self._child.wait()
        except TimeoutError:
            raise Broken(f"the server still ran {_DRAIN_SECONDS:.0f} s after SIGTERM") from None
        if status not in (0, -signal.SIGTERM):
            raise Broken(f"the server ended with status {status} after SIGTERM")
        return asyncio.get_running_loop().time() - began

    async def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while."""
        assert self._child is not None  # it was started
        self._child.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGCONT)

    def tear(self, chance: random.Random) -> str:
        """Damage the log of a server that is down, as a disk that had not written everything. Returns what was done."""
        wal = self.data / "events.sqlite3-wal"
        size = wal.stat().st_size if wal.exists() else 0
        if size == 0 or chance.random() < 0.3:
            (self.data / "events.witness").unlink(missing_ok=True)
            return "removed the witness"
        lost = chance.randint(1, min(size, 300_000))
        if chance.random() < 0.5:
            os.truncate(wal, size - lost)
            return f"cut {lost} of {size} bytes off the write-ahead log"
        with wal.open("r+b") as file:
            file.seek(size - lost)
            file.write(chance.randbytes(min(lost, 64)))
        return f"overwrote the write-ahead log {lost} bytes before its end, of {size}"

    def complaints(self) -> list[str]:
        """What the server wrote that no server should: the last line of each traceback."""
        if not self.output.exists():
            return []
        lines = self.output.read_text(errors="replace").splitlines()
        found: list[str] = []
        inside = False
        for line in lines:
            if line.startswith("Traceback"):
                inside = True
            elif inside and line and not line.startswith((" ", "\t")):
                found.append(line)
                inside = False
        return found
