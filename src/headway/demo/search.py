"""A search index that somebody cancels: another one is on its way already."""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.model import Action
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a cancel"

_DOCUMENTS: Final = 9_000
_CANCELLED_AT: Final = 500


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("rebuild-search", title="Rebuild the search index")
    async def rebuild(work: Work) -> dict[str, int]:
        work.unit = "documents"
        work.update(total=_DOCUMENTS)
        while work.done < _DOCUMENTS:
            await work.apoint()
            await stage.pause(0.4)
            indexed = int(min(stage.random.randint(20, 60), _DOCUMENTS - work.done))
            work.advance(indexed, outcome="indexed", current=f"document {int(work.done) + indexed}")
        return {"indexed": _DOCUMENTS}


async def play(stage: Stage) -> None:
    """Begin, have it cancelled, and rest."""
    task = await stage.live.submit("rebuild-search")
    await stage.until(task.id, lambda state: state.progress.done >= _CANCELLED_AT)
    await stage.ask(task.id, Action.CANCEL, "sam")
    await stage.ended(task.id)
    await stage.pause(55)
