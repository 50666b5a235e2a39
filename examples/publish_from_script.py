"""Progress of a script, published to a running server: `headway serve`, then `python publish_from_script.py`.

Publishing is tried again for half a minute where the server cannot be reached, and stores nothing twice.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from headway.client import connect

CHANNEL = "nightly"
FILES = ("customers.csv", "orders.csv", "invoices.csv")


async def main(files: Sequence[str]) -> None:
    """Work through the files, and say so."""
    async with connect(os.environ.get("HEADWAY_URL", "http://127.0.0.1:4000")) as client:
        for done, name in enumerate(files, 1):
            await asyncio.sleep(0.5)  # the work
            # With a key: whoever arrives late is shown the newest of these, and no others.
            progress = {"current": done, "total": len(files), "file": name}
            await client.publish(CHANNEL, "progress", progress, key="progress")
        # Without a key: a milestone, which reaches everybody.
        await client.publish(CHANNEL, "completion", {"files": len(files)})


if __name__ == "__main__":
    asyncio.run(main(FILES))
