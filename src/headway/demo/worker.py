"""A worker as `headway worker` is one, for the scene that kills it.

    python -m headway.demo.worker FOLDER URL          HEADWAY_TOKEN, where the server wants a token

It ends with whoever started it, however that ended: when its stdin does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from headway.demo.catalogue import JOBS
from headway.server.working import Worker

__all__ = ["main"]

_LEASE_SECONDS: Final = 3.0
"""The least there is: who watches the demo should not wait for the dead."""


async def _work(folder: Path, url: str, token: str | None) -> None:
    async with Worker(folder, url, token, JOBS, lease=_LEASE_SECONDS, durable=False):
        await _stdin_ended()
        # Nothing is given back: whoever could be told is gone, or has no more to do.
        os._exit(0)


async def _stdin_ended() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def main(arguments: Sequence[str]) -> None:
    """Work until stdin ends."""
    folder, url = arguments
    asyncio.run(_work(Path(folder), url, os.environ.get("HEADWAY_TOKEN") or None))


if __name__ == "__main__":
    main(sys.argv[1:])
