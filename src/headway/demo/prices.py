"""A supplier's price list that is wrong: it fails, and says in which lines and why."""

from __future__ import annotations

from typing import Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "PriceListRejected", "play", "prepare"]

SHOWS: Final = "a failure with reasons"

_LINES: Final = 80
_WRONG: Final = {
    14: ("not_a_number", 'the price "12,9O" has a letter O where a zero belongs'),
    31: ("unknown_article", 'there is no article "KX-2201"; the nearest is "KX-2210"'),
    32: ("unknown_article", 'there is no article "KX-2202"; the nearest is "KX-2220"'),
    57: ("negative_price", 'the price "-4.50" is below zero'),
    73: ("unknown_currency", 'the currency "EURO" is spelled "EUR"'),
}
"""By line."""


class PriceListRejected(Exception):
    """The list has errors, and nothing of it was taken."""


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("check-prices", title="Check the supplier's price list")
    async def check(work: Work) -> None:
        work.unit = "lines"
        work.update(total=_LINES)
        for line in range(1, _LINES + 1):
            await work.apoint()
            await stage.pause(0.1)
            if line in _WRONG:
                code, message = _WRONG[line]
                work.item(f"line {line}", "failed", message, code=code, count=False)
            work.advance(outcome="failed" if line in _WRONG else "valid", current=f"line {line}")
        raise PriceListRejected(f"{len(_WRONG)} of {_LINES} lines are wrong, the first is line {min(_WRONG)}")


async def play(stage: Stage) -> None:
    """Check, and rest."""
    task = await stage.live.submit("check-prices")
    await stage.ended(task.id)
    await stage.pause(50)
