"""What whoever watches a run is told: how far it is, how it ended, and the report that stays.

progress     {current, total, message, counts {created, updated, succeeded, failed, skipped}, status, user?, throttled?}
             key "progress"; at most four a second, and the last one always
error        {message, code, correlationId?}      the run as a whole stopped
completion   {success, total, created, updated, failed, skipped, notAttempted, durationMs, environmentId,
             populationId, dryRun, rejects}        once

created + updated + skipped + failed + notAttempted = total
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headway.apps.imports.engine.journal import Outcome, Standing
from headway.apps.imports.engine.populations import Places
from headway.apps.imports.engine.stopping import Stop

__all__ = ["NAMES", "Facts", "completion", "counts", "progress", "report", "stop_told"]

Json = dict[str, Any]
"""Any: JSON values."""

NAMES: Final = {outcome: outcome.name.lower() for outcome in Outcome}
_WORDS: Final = {
    "running": "Importing",
    "paused": "Paused",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "failed": "Stopped",
}


@dataclass(slots=True)
class Facts:
    """What a report says beside the numbers; part of it comes from earlier attempts."""

    total: int = 0
    dry_run: bool = False
    environment: Mapping[str, str | None] = field(default_factory=dict)
    """id, name, type."""
    places: Places = field(default_factory=Places)
    seconds: float = 0.0
    """Of running, pauses left out."""
    throttled_seconds: float = 0.0
    """Of these, in which PingOne had asked to wait."""
    throttled: int = 0
    """Answers 429."""
    retries: int = 0
    began: float = 0.0
    """Seconds since 1970."""


def counts(standing: Standing) -> dict[str, int]:
    """Rows by what became of them."""
    return {name: standing.counts[outcome] for outcome, name in NAMES.items()}


def progress(
    standing: Standing, total: int, status: str, *, user: str = "", throttled: float = 0.0, dry: bool = False
) -> Json:
    """How far it is."""
    counted = counts(standing)
    current = sum(counted.values())
    word = "Looking" if dry and status == "running" else _WORDS[status]
    told: Json = {
        "current": current,
        "total": total,
        "message": f"{word}: {current:,} of {total:,} rows",
        "counts": {**counted, "succeeded": counted["created"] + counted["updated"]},
        "status": status,
    }
    if user and status == "running":
        told["user"] = user
    if throttled > 0:
        told["throttled"] = round(throttled, 1)
        told["message"] += f"; throttled, retry in {max(1, round(throttled))} s"
    return told


def completion(standing: Standing, facts: Facts, *, success: bool) -> Json:
    """How it ended."""
    counted = counts(standing)
    return {
        "success": success,
        "total": facts.total,
        **counted,
        "notAttempted": max(0, facts.total - sum(counted.values())),
        "durationMs": round(facts.seconds * 1000),
        "environmentId": facts.environment.get("id"),
        "populationId": facts.places.chosen,
        "dryRun": facts.dry_run,
        "rejects": counted["failed"],
    }


def stop_told(found: Stop) -> Json:
    """Why the run as a whole stopped."""
    told: Json = {"message": found.message, "code": found.code}
    if found.correlation_id:
        told["correlationId"] = found.correlation_id
    return told


def report(standing: Standing, facts: Facts, status: str, ended: float) -> Json:
    """Everything that stays."""
    counted = counts(standing)
    attempted = sum(counted.values())
    rows = standing.first_and_last()
    return {
        "status": status,
        "dry_run": facts.dry_run,
        "total": facts.total,
        "counts": {**counted, "not_attempted": max(0, facts.total - attempted)},
        "codes": dict(standing.codes.most_common()),
        "started_at": facts.began,
        "ended_at": ended,
        "duration": round(facts.seconds, 3),
        "rate": round(attempted / facts.seconds, 2) if facts.seconds > 0 and attempted else None,
        "throttled": {"seconds": round(facts.throttled_seconds, 1), "answers": facts.throttled},
        "retries": facts.retries,
        "environment": dict(facts.environment),
        "population": {"id": facts.places.chosen, "name": facts.places.name, "column": facts.places.column},
        "rows": None if rows is None else {"first": rows[0], "last": rows[1]},
    }
