"""What the doctor hands over: findings with advice, and a verdict. `document` is the same as JSON; its names are
stable, as docs/how-to/diagnose-a-connection.md has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from headway.client.doctor.observed import Fallbacks, Observed, ServerSeen, Sizes, Trial, Trouble, WaySeen

__all__ = ["FORMAT", "Finding", "Level", "Report", "Verdict", "document"]

FORMAT: Final = 1
"""Of the document. A new name does not change it; one that is renamed, or means something else, does."""

Fields = dict[str, Any]
"""An object of the document. Any: JSON values."""


class Level(Enum):
    """How much a finding matters."""

    NOTE = "note"
    """Worth knowing; nothing is wrong."""
    IMPAIRED = "impaired"
    """Something is worse than it has to be; the client works around it."""
    FAILED = "failed"
    """It does not work."""


class Verdict(Enum):
    """All of it in a word. The command exits with the number."""

    GOOD = ("good", 0)
    IMPAIRED = ("impaired", 1)
    UNUSABLE = ("unusable", 2)

    def __init__(self, spelling: str, exit: int) -> None:
        self.spelling = spelling
        self.exit = exit


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know, and what to do about it."""

    code: str
    level: Level
    subject: str
    """What it is about: `network`, `server`, `token`, `fallback`, `sizes`, or a transport."""
    sentence: str
    advice: str | None = None
    recipe: str | None = None
    """Lines of a configuration, where there are any to add."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of an examination."""

    observed: Observed
    findings: tuple[Finding, ...]
    levels: dict[str, Level | None] = field(default_factory=dict)
    """Of each transport that was tried. None: it is good."""
    verdict: Verdict = Verdict.GOOD
    sentence: str = ""
    began: float = 0.0
    """Seconds since 1970."""
    seconds: float = 0.0
    version: str = ""
    """Of the one who examined."""


def document(report: Report) -> Fields:
    """The report as one JSON object. Times are in seconds; what was not measured is null."""
    seen = report.observed
    return {
        "format": FORMAT,
        "url": str(seen.address),
        "time": datetime.fromtimestamp(report.began, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": _rounded(report.seconds),
        "version": report.version,
        "verdict": report.verdict.spelling,
        "sentence": report.sentence,
        "network": _way(seen.way),
        "server": None if seen.server is None else _server(seen.server),
        "token": _access(seen),
        "transports": [_trial(trial, report.levels) for trial in seen.trials],
        "fallback": None if seen.fallbacks is None else _fallbacks(seen.fallbacks),
        "sizes": None if seen.sizes is None else _sizes(seen.sizes),
        "findings": [_finding(finding) for finding in report.findings],
    }


def _way(way: WaySeen) -> Fields:
    return {
        "host": way.host,
        "port": way.port,
        "addresses": list(way.addresses),
        "dns_seconds": _rounded(way.dns),
        "tcp_seconds": _rounded(way.tcp),
        "tls_seconds": _rounded(way.tls),
        "tls_version": way.tls_version,
        "certificate_days": None if way.certificate_days is None else round(way.certificate_days, 1),
        "proxy": way.via,
    }


def _server(server: ServerSeen) -> Fields:
    return {
        "status": server.status,
        "headway": server.headway,
        "healthy": server.healthy,
        "version": server.version,
        "clock_ahead_seconds": None if server.skew is None else round(server.skew, 1),
        "answered_by": server.by.server,
        "via": server.by.via,
        "redirects_to": server.location,
    }


def _access(seen: Observed) -> Fields | None:
    access = seen.access
    if access is None:
        return None
    return {
        "given": access.given,
        "accepted": access.trouble is None,
        "user": access.user,
        "role": access.role,
        "may_publish": access.publish,
        "channel": access.channel,
    }


def _trial(trial: Trial, levels: dict[str, Level | None]) -> Fields:
    level, hold = levels.get(trial.check.value), trial.hold
    return {
        "name": trial.check.value,
        "level": "good" if level is None else level.value,
        "connect_seconds": _rounded(trial.connect),
        "state_seconds": _rounded(trial.follow),
        "ping_seconds": _rounded(trial.ping),
        "event_seconds": [_rounded(lag) for lag in trial.lags],
        "events_missing": trial.missing,
        "events_together": trial.together,
        "held_seconds": None if hold is None else _rounded(hold.held),
        "held": None if hold is None else hold.trouble is None and hold.proven,
        "content_encoding": trial.notes.encoding,
        "failure": _trouble(trial.trouble or (hold.trouble if hold is not None else None)),
    }


def _fallbacks(fallbacks: Fallbacks) -> Fields:
    return {
        "rungs": [
            {"transport": rung.transport, "after_seconds": _rounded(rung.after), "told": rung.told}
            for rung in fallbacks.rungs
        ],
        "published": fallbacks.published,
        "lost": fallbacks.lost,
        "repeated": fallbacks.repeated,
    }


def _sizes(sizes: Sizes) -> Fields:
    return {
        "address_bytes": sizes.address_bytes,
        "address_failure": _trouble(sizes.address),
        "body_bytes": sizes.body_bytes or None,
        "body_failure": _trouble(sizes.body),
    }


def _trouble(trouble: Trouble | None) -> Fields | None:
    if trouble is None:
        return None
    return {
        "kind": trouble.kind.value,
        "stage": trouble.stage.value,
        "reason": trouble.reason,
        "status": trouble.status,
        "code": None if trouble.code is None else trouble.code.spelling,
        "answered_by": trouble.by.name,
    }


def _finding(finding: Finding) -> Fields:
    return {
        "code": finding.code,
        "level": finding.level.value,
        "subject": finding.subject,
        "sentence": finding.sentence,
        "advice": finding.advice,
        "recipe": finding.recipe,
    }


def _rounded(seconds: float | None) -> float | None:
    """To a tenth of a millisecond: the rest is noise."""
    return None if seconds is None else round(seconds, 4)
