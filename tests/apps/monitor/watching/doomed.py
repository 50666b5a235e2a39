"""A server that watches, to be killed: `python doomed.py FOLDER [SECONDS AHEAD]` prints its port."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from headway.clock import SystemClock
from headway.server.live import Headway
from headway.testing.serving import serving
from tests.apps.monitor.watching.stage import Watch


class Ahead(SystemClock):
    """The time of later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        """What it will be then."""
        return super().now() + self._seconds


async def main(folder: str, seconds: str = "0") -> None:
    """Serve until killed."""
    live = Headway(Path(folder), apps=[Watch()], clock=Ahead(float(seconds)))
    async with serving(live) as address:
        print(address.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
