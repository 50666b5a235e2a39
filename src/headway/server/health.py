"""Whether the server can do its work, in the words the seeds' clients read (`status`, `details`).

GET /api/health          the whole report; what is open and what is kept is for operators
GET /api/health/live     200 while the event loop turns: else restart the process
GET /api/health/ready    200 while events can be stored and nobody is sent away: else send requests elsewhere
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headway.errors import HeadwayError
from headway.figures import plain
from headway.log.interface import Log

__all__ = ["alive", "ready", "report"]

Answer = tuple[int, dict[str, Any]]  # Any: JSON
"""Status and body."""


def alive() -> Answer:
    """That this can be answered is the answer."""
    return 200, {"status": "healthy"}


async def ready(log: Log, *, draining: bool) -> Answer:
    """503 when publishing would fail, or when the server is about to leave."""
    return _judged(await _checks(log, draining))


async def report(
    log: Log,
    *,
    uptime: float,
    draining: bool,
    version: str,
    statistics: Mapping[str, Any],  # Any: what the parts count
    detailed: bool = True,
) -> Answer:
    """As `ready`, with how long the server runs. `detailed` is for operators: the version, why, and the figures of the
    parts."""
    checks = await _checks(log, draining)
    status, body = _judged(checks)
    details: dict[str, Any] = {"server": "running", "uptime": round(uptime, 3)}
    if detailed:
        details |= {"version": version, "checks": checks, **plain(statistics)}
    return status, {**body, "details": details}


def _judged(checks: Mapping[str, Mapping[str, str]]) -> Answer:
    healthy = all(check["status"] == "healthy" for check in checks.values())
    return (200, {"status": "healthy"}) if healthy else (503, {"status": "degraded"})


async def _checks(log: Log, draining: bool) -> dict[str, dict[str, str]]:
    checks = {"log": {"status": "healthy"}}
    try:
        await log.check()
    except HeadwayError as error:
        checks["log"] = {"status": "degraded", "message": error.message}
    if draining:
        checks["server"] = {"status": "degraded", "message": "the server is shutting down"}
    return checks
