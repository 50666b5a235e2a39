"""How a run holds itself still: for a question that somebody has to answer, or where going on is pointless.

It asks for its own pause, as somebody would; whoever resumes it has it go on. After a crash in between it is paused
still, and asks or tries again when it is resumed.
"""

from __future__ import annotations

import contextlib

from headway.apps.imports.engine.interface import Bench, Choice, Options, Question
from headway.apps.imports.engine.stopping import Stop, Stopped
from headway.apps.imports.engine.telling import stop_told
from headway.errors import Conflict, HeadwayError
from headway.tasks.model import Action
from headway.tasks.work import Work

__all__ = ["Holding"]

_WHO = "imports"


class Holding:
    """Holds one run."""

    def __init__(self, work: Work, options: Options, bench: Bench) -> None:
        self._work = work
        self._options = options
        self._bench = bench

    async def ask(self, question: Question) -> Choice | str:
        """Ask, and hold still until there is an answer. Raises `Cancelled`."""
        run = self._work.task
        while (answer := await self._bench.answered(run, question.kind)) is None:
            await self._bench.ask(run, question)
            await self._work.publish(question.kind, question.data, once=question.kind)
            await self.still()
        return answer

    async def stop(self, found: Stop) -> None:
        """Tell why it stops, and hold still until somebody has it go on. Raises `Stopped` where it is to fail instead,
        `Cancelled`."""
        if self._options.on_stop == "fail":
            raise Stopped(found)
        number = self._work.checkpoint["stops"] = self._work.checkpoint.get("stops", 0) + 1
        self._work.log(found.message, "error")
        with contextlib.suppress(HeadwayError):  # where nothing can be stored, that is what it stops for
            await self._work.save()
            await self._work.publish("error", stop_told(found), once=f"stop {number}")
            await self._bench.stopped(self._work.task, found.code, found.message)
        await self.still()
        with contextlib.suppress(HeadwayError):  # as above; told again with the next stop, or with the end
            await self._bench.stopped(self._work.task, "", "")

    async def still(self) -> None:
        """Pause, until somebody resumes it. Raises `Cancelled`."""
        with contextlib.suppress(Conflict):  # somebody was quicker, or wants the end
            await self._bench.tasks.request(self._work.task, Action.PAUSE, _WHO)
        if not self._work.gate.shut:
            raise HeadwayError("the run has to hold still, and cannot be paused")
        await self._work.apoint()
