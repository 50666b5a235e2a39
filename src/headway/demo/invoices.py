"""Invoices by mail: the mail server is away, so the job is tried again, and goes on where it was."""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.jobs import Backoff
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a second attempt"

_INVOICES: Final = 60
_REFUSED_AT: Final = 11
"""The first attempt comes no further."""


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("send-invoices", title="Send the invoices", retries=2, backoff=Backoff(first=12 * stage.pace))
    async def send(work: Work) -> dict[str, int]:
        work.unit = "invoices"
        work.update(total=_INVOICES)
        for number in range(work.checkpoint.get("next", 0), _INVOICES):
            await work.apoint()
            await stage.pause(0.3)
            if number == _REFUSED_AT and work.attempt == 1:
                raise ConnectionRefusedError("mail.example.com, port 587: the connection was refused")
            work.advance(outcome="sent", current=f"invoice {2_600 + number}")
            work.checkpoint["next"] = number + 1
            await work.save()  # a mail cannot be taken back: none may be sent twice
        return {"sent": _INVOICES}


async def play(stage: Stage) -> None:
    """Send, and rest."""
    task = await stage.live.submit("send-invoices")
    await stage.ended(task.id)
    await stage.pause(30)
