"""One target, tried in a process of its own: start it, wait for its end, read what it said.

A finding is an input that raised, that took too much memory, or that took too long; and any end but the regular one,
even if no input can be blamed. The input stays in the folder of the target.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Outcome", "outcome", "try_out"]

_GRACE_SECONDS: Final = 180
"""From the end of its time until a process that still runs hangs: starting, reading the corpus, one last input."""
_SHOWN: Final = 25
"""Last lines of a failed process that are printed."""
_STATUS: Final = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)
_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)
_PEAK: Final = re.compile(r"^stat::peak_rss_mb:\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a target."""

    target: str
    inputs: int
    edges: int
    """Places in Headway's code that were reached, counted by atheris as branches."""
    corpus: int
    """Inputs that reach something no other does."""
    peak: int
    """MiB of memory at most."""
    crashes: int
    hangs: int
    inputs_found: tuple[bytes, ...] = ()
    last_words: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing was found, and something was fed."""
        return not self.crashes and not self.hangs and self.inputs > 0 and self.edges > 0


async def try_out(target: str, seconds: int, memory: int, seed: int, folder: Path) -> Outcome:
    """Feed one target for so long. Cancelling ends its process."""
    log = _prepared(folder)
    arguments = [f"--seconds={seconds}", f"--memory={memory}", f"--seed={seed}", f"--folder={folder}"]
    with log.open("wb") as file:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fuzz.child",
            target,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            # What a set holds first must not decide what an input does.
            env=os.environ | {"PYTHONHASHSEED": "0"},
        )
        status: int | None = None
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds + _GRACE_SECONDS):
                    status = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    return outcome(target, status, log.read_text(errors="replace"), folder)


def _prepared(folder: Path) -> Path:
    """Where the process says what it does. What an earlier run found is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("finding-*"):
        old.unlink()
    return folder / "log"


def outcome(target: str, status: int | None, said: str, folder: Path) -> Outcome:
    """Read what a process said. A status of None: it had to be killed."""
    found = sorted(folder.glob("finding-*"))
    late = [path for path in found if path.name.startswith(("finding-timeout", "finding-slow"))]
    hangs = len([path for path in late if "timeout" in path.name]) + (status is None)
    crashes = len(found) - len(late)
    if status != 0 and not crashes and not hangs:
        crashes = 1
    steps = _STATUS.findall(said)
    executed, peak = _EXECUTED.findall(said), _PEAK.findall(said)
    return Outcome(
        target,
        inputs=int(executed[-1]) if executed else int(steps[-1][0]) if steps else 0,
        edges=int(steps[-1][1]) if steps else 0,
        corpus=int(steps[-1][3]) if steps else 0,
        peak=int(peak[-1]) if peak else 0,
        crashes=crashes,
        hangs=hangs,
        inputs_found=tuple(path.read_bytes() for path in found),
        last_words="\n".join(said.splitlines()[-_SHOWN:]) if status != 0 else "",
    )
