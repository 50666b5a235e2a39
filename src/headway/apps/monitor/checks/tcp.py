"""The TCP probe: whether a port takes connections. Says and reads nothing.

With a condition on `[CONNECTED]` the conditions alone decide: `[CONNECTED] == false` is a port that must stay closed.
"""

from __future__ import annotations

from headway.apps.monitor.checks.conditions import Condition
from headway.apps.monitor.checks.configuration import TcpCheck
from headway.apps.monitor.checks.connection import Found, opened
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.measured import Measured
from headway.apps.monitor.checks.outcome import Failed, Outcome
from headway.apps.monitor.checks.verdict import Extras, conditions_judged, failure, good, unhappy
from headway.egress import address_of

__all__ = ["probe"]


async def probe(check: TcpCheck, means: Means, found: Found) -> Outcome:
    """Connect. Everything is in the outcome, `TimeoutError` from outside excepted. Cancel freely."""
    try:
        async with opened(str(address_of(check.host)), check.port, means, found):
            connected = True
    except Failed as error:
        if error.unknown or not _decides(check):
            return failure(error, found)
        connected = False
    except TimeoutError:
        if not _decides(check):
            raise
        # The conditions have their say, and there is no time left that this could take.
        connected = False
    found.watch.stop()
    return _judged(check, found, connected)


def _decides(check: TcpCheck) -> bool:
    return any("CONNECTED" in Condition.of(condition).placeholders for condition in check.conditions)


def _judged(check: TcpCheck, found: Found, connected: bool) -> Outcome:
    measured = Measured(
        address=str(found.address) if found.address else None,
        connected=connected,
        response_time_ms=found.watch.timings().total,
    )
    judgements = conditions_judged(check.conditions, measured)
    message = "connected" if connected else "not connected, as is wished"
    return unhappy(judgements, found, Extras()) or good(message, judgements, found, warn_after=check.warn_after)
