"""`GET /api/health`: whether the server can do its work, in the words the seeds' clients read (`status`, `details`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headway.errors import HeadwayError
from headway.log.interface import Log

__all__ = ["report"]


async def report(
    log: Log, *, uptime: float, draining: bool, version: str, statistics: Mapping[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Status and body. 503 when publishing would fail, or when the server is about to leave: balancers should look
    elsewhere."""
    checks: dict[str, Any] = {}
    try:
        await log.check()
        checks["log"] = {"status": "healthy"}
    except HeadwayError as error:
        checks["log"] = {"status": "degraded", "message": error.message}
    if draining:
        checks["server"] = {"status": "degraded", "message": "the server is shutting down"}
    healthy = all(check["status"] == "healthy" for check in checks.values())
    details = {"server": "running", "version": version, "uptime": round(uptime, 3), "checks": checks, **statistics}
    return (200 if healthy else 503), {"status": "healthy" if healthy else "degraded", "details": details}
