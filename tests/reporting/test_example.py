"""The example of a script that is watched does what it says."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from headway.server.live import Headway
from headway.tasks.model import Status
from headway.testing.serving import serving

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "report_from_script.py"


async def test_the_script_can_be_watched() -> None:
    """report_from_script.py prints where, and its parts add up to the whole."""
    live = Headway()
    async with serving(live) as server:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", EXAMPLE),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "HEADWAY_URL": server.http("")},
        )
        out, _ = await child.communicate()
        url = out.decode().strip()
        state = await live.running.tasks.get(url.rsplit(":", 1)[1])

    assert child.returncode == 0
    assert url.startswith(server.http("/#channel=task:"))
    assert (state.name, state.status) == ("Nightly import", Status.COMPLETED)
    assert (state.progress.done, state.progress.total, state.progress.counts) == (240, 240, {"created": 240})
