"""The loop behind runs: begins what is due, ends what nobody ended, forgets what is old."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from headway.apps.monitor.runs.results import Runs
from headway.apps.monitor.runs.schedules import Schedules
from headway.errors import HeadwayError

__all__ = ["look"]

logger = logging.getLogger("headway.monitor")

_SECONDS: Final = 2.0
"""Between two looks. Schedules are due by the minute."""
_FORGET_EVERY: Final = 1_800
"""Looks: an hour."""


async def look(runs: Runs, schedules: Schedules) -> None:
    """For ever. Cancel it."""
    number = 0
    while True:
        try:
            await schedules.come_round()
            await runs.settle()
            if number % _FORGET_EVERY == 0:
                await runs.forget()
        except HeadwayError as error:
            logger.warning("! test runs cannot be looked after now: %s", error)
        except Exception:  # a mistake of ours in one look must not end all later ones
            logger.exception("! test runs could not be looked after")
        number += 1
        await asyncio.sleep(_SECONDS)
