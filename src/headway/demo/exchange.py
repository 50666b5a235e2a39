"""The exchange rates: a short job that comes to its end, with a result."""

from __future__ import annotations

from typing import Any, Final

from headway.demo.stage import Stage
from headway.tasks.work import Work

__all__ = ["SHOWS", "play", "prepare"]

SHOWS: Final = "a result"

_CURRENCIES: Final = (
    *("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY"),
    *("KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"),
)


def prepare(stage: Stage) -> None:
    """Add the job."""

    @stage.live.jobs.job("sync-exchange-rates", title="Sync the exchange rates")
    async def sync(work: Work) -> dict[str, Any]:  # Any: JSON values
        work.unit = "currencies"
        moved: dict[str, float] = {}
        async for currency in work.track(_CURRENCIES):
            work.update(current=f"EUR/{currency}")
            await stage.pause(0.2)
            change = round(stage.random.gauss(0, 0.4), 2)
            if abs(change) > 0.05:
                moved[currency] = change
            work.item(currency, "updated" if currency in moved else "unchanged", f"{change:+.2f} %")
        most = max(moved, key=lambda currency: abs(moved[currency]), default="none")
        return {"updated": len(moved), "unchanged": len(_CURRENCIES) - len(moved), "moved most": most}


async def play(stage: Stage) -> None:
    """Sync, and rest."""
    task = await stage.live.submit("sync-exchange-rates")
    await stage.ended(task.id)
    await stage.pause(45)
