"""A reader that goes on where it stopped, also after its own restart: it keeps its position in a file.

The position is written after an event was handled. A crash in between repeats one event, so handling must stand that.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import assert_never

from headway import Gap, Position
from headway.client import Event, connect

PLACE = Path("nightly.position")


async def main() -> None:
    """Print every event of the channel once, whatever happens; a first start begins at the beginning."""
    async with connect(os.environ.get("HEADWAY_URL", "http://127.0.0.1:4000")) as client:
        async for told in client.channel("nightly", since=kept()):
            match told:
                case Event():
                    print(told.type, told.data, flush=True)
                    keep(told.position)
                case Gap():
                    print(f"lost {told.lost or 'an unknown number of'} events", flush=True)
                    keep(told.until)
                case _:
                    assert_never(told)


def kept() -> Position:
    """Where the last run stopped; at first the beginning."""
    return Position.parse(PLACE.read_text() if PLACE.exists() else "")


def keep(position: Position) -> None:
    """Replace the file whole: half a position would be none."""
    new = PLACE.with_suffix(".new")
    new.write_text(str(position))
    new.replace(PLACE)


if __name__ == "__main__":
    asyncio.run(main())
