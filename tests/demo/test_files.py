"""The files being processed, as the page of the WebSocket guide watches them."""

from __future__ import annotations

from pathlib import Path

from headway.tasks.model import Status
from tests.demo.stages import events_of, staged


async def test_the_page_is_told_of_every_file_and_of_the_end(tmp_path: Path) -> None:
    """`processing_progress` with a percentage, a text for the rest, and the file; then `processing_complete`."""
    async with staged(tmp_path) as stage:
        task = await stage.live.submit("process-scans")
        state = await stage.ended(task.id)
        told = await events_of(stage, "processing")

    progress = [event.data for event in told if event.type == "processing_progress"]
    assert progress[0] == {"progress": 0, "eta": "29 s", "current_file": "contract-2101.pdf"}
    assert [one["progress"] for one in progress] == sorted(one["progress"] for one in progress)
    assert (progress[-1]["progress"], told[-1].type) == (100, "processing_complete")
    assert told[-1].data == state.result


async def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    """`processing_error` says which file and what to do, and so does the task."""
    async with staged(tmp_path) as stage:
        task = await stage.live.submit("process-scans", {"damaged": True})
        state = await stage.ended(task.id)
        told = await events_of(stage, "processing")

    assert (state.status, told[-1].type) == (Status.FAILED, "processing_error")
    assert state.error is not None
    assert told[-1].data == {"error": state.error.message}
    assert "contract-2119.pdf" in state.error.message
