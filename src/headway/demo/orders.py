"""An import of orders: counts by outcome, a rate, a time that is left, and rows that were refused, each with its
reason."""

from __future__ import annotations

from typing import Any, Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "an import with rejects"

_TOTAL: Final = 1_200
_OUTCOMES: Final = ("created", "updated", "skipped", "failed")
_WEIGHTS: Final = (70, 22, 7, 1)
_REASONS: Final = (
    ("unknown_customer", "the customer does not exist"),
    ("invalid_postcode", "the postcode has four digits, and five are needed"),
    ("duplicate", "an order with this number was imported in line 118"),
)


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("import-orders", title="Import yesterday's orders")
    async def load(work: Work) -> dict[str, Any]:  # Any: JSON values
        work.unit = "orders"
        work.update(total=_TOTAL)
        first, done = stage.random.randrange(40_000, 90_000), work.done
        while done < _TOTAL:
            await work.apoint()
            await stage.pause(0.25)
            for outcome in stage.random.choices(_OUTCOMES, _WEIGHTS, k=int(min(6, _TOTAL - done))):
                order = f"order {first + int(done)}"
                if outcome == "failed":
                    code, message = stage.random.choice(_REASONS)
                    work.item(order, outcome, message, code=code, count=False)
                work.advance(outcome=outcome, current=order)
                done += 1
            work.checkpoint["next"] = done
            await work.save(every=5.0)
        return {"file": "orders-yesterday.csv", **work.counts}


async def play(stage: Stage) -> None:
    """Import, and rest."""
    task = await stage.live.submit("import-orders")
    await stage.ended(task.id)
    await stage.pause(20)
