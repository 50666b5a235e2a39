"""How an application stands: a value that one look after another changes. Pure.

    after(standing, outcome, at, thresholds)      a look
    aside(standing, status, at)                   nobody looks any more: paused, unconfigured
    back(standing, at)                            somebody does again

The law:
1. What looks have decided (`decided`) moves by `RULES` alone: each needs a streak of looks that say the same.
2. A look that learned nothing (`unknown`) neither breaks nor lengthens a streak. As many of them as it takes to be in
   error show `unknown`; what was decided before stays beneath, and shows again with the first look that says something.
3. Maintenance shows while it lasts, decides nothing, and ends all streaks: they begin anew behind it.
4. Set aside, looks decide nothing and nothing is remembered; back again, it is unknown until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

import msgspec

from headway.errors import UsageError

__all__ = ["OUTCOMES", "RULES", "Last", "Rule", "Standing", "Status", "Streaks", "Thresholds", "after", "aside", "back"]


@unique
class Status(StrEnum):
    """How an application stands."""

    HEALTHY = "healthy"
    WARNING = "warning"
    """It answers as wished, and something needs a person soon. Counts as up."""
    ERROR = "error"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    PAUSED = "paused"
    UNCONFIGURED = "unconfigured"


OUTCOMES: Final = (Status.HEALTHY, Status.WARNING, Status.ERROR, Status.UNKNOWN, Status.MAINTENANCE)
"""What one look may say; a sample's number is its place here."""


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """How many looks it takes. The numbers are Gatus' own."""

    failures: int = 3
    """In a row, until it is in error."""
    recoveries: int = 2
    """In a row, until it is healthy again."""

    def __post_init__(self) -> None:
        if self.failures < 1 or self.recoveries < 1:
            raise UsageError("thresholds are whole numbers from 1: a status needs at least one look")


class Streaks(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Looks in a row that said the same."""

    failures: int = 0
    """That found an error."""
    successes: int = 0
    """That found none: healthy, or with a warning."""
    warnings: int = 0
    """That were not wholly healthy."""
    clears: int = 0
    """That were."""
    unknowns: int = 0
    """That learned nothing, since the last that did."""


class Last(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The latest look."""

    at: float
    status: Status
    milliseconds: float | None = None
    code: str | None = None
    message: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a restart must not forget, as JSON."""

    status: Status = Status.UNKNOWN
    """What is shown."""
    since: float | None = None
    """Since when it has been shown; None: nobody has ever looked."""
    decided: Status = Status.UNKNOWN
    """What looks have decided: healthy, warning, error, or unknown."""
    aside: Status | None = None
    """paused or unconfigured, while nobody looks."""
    streaks: Streaks = Streaks()
    turned: float | None = None
    """When the streak of failures, or of successes, began."""
    incident: str | None = None
    """The one that is open."""
    last: Last | None = None
    about: Mapping[str, Any] = {}  # Any: JSON of whoever looks: a certificate, the last beat, when to look next


@dataclass(frozen=True, slots=True)
class Rule:
    """A status that was decided, the streak that ends it, how long that must be, and what follows."""

    during: frozenset[Status]
    streak: str
    enough: str | int
    """A threshold's name, or a number."""
    becomes: Status | None
    """None: what this look found."""


RULES: Final = (
    Rule(frozenset({Status.UNKNOWN, Status.HEALTHY, Status.WARNING}), "failures", "failures", Status.ERROR),
    Rule(frozenset({Status.ERROR}), "successes", "recoveries", None),
    Rule(frozenset({Status.HEALTHY}), "warnings", "failures", Status.WARNING),
    Rule(frozenset({Status.WARNING}), "clears", "recoveries", Status.HEALTHY),
    # Who has just been entered wants to see that it works.
    Rule(frozenset({Status.UNKNOWN}), "successes", 1, None),
)
"""The first that fits decides."""


def after(standing: Standing, outcome: Status, at: float, thresholds: Thresholds) -> Standing:
    """Where a look leads."""
    if standing.aside is not None:
        return standing
    streaks = _counted(standing.streaks, outcome)
    decided = _decided(standing.decided, outcome, streaks, thresholds)
    turned = at if _turns(standing.streaks, streaks) else standing.turned
    changed = msgspec.structs.replace(standing, decided=decided, streaks=streaks, turned=turned)
    if outcome is Status.MAINTENANCE:
        return _showing(changed, Status.MAINTENANCE, at)
    return _showing(changed, Status.UNKNOWN if streaks.unknowns >= thresholds.failures else decided, at)


def aside(standing: Standing, status: Status, at: float) -> Standing:
    """Where it leads that nobody looks any more. An incident that was open is over: nobody can say how it goes on."""
    return _showing(msgspec.structs.replace(_forgotten(standing), aside=status), status, at)


def back(standing: Standing, at: float) -> Standing:
    """Where it leads that somebody looks again. Who was not aside stays as it is."""
    return standing if standing.aside is None else _showing(_forgotten(standing), Status.UNKNOWN, at)


def _forgotten(standing: Standing) -> Standing:
    return msgspec.structs.replace(
        standing, decided=Status.UNKNOWN, aside=None, streaks=Streaks(), turned=None, incident=None
    )


def _showing(standing: Standing, status: Status, at: float) -> Standing:
    if standing.status is status and standing.since is not None:
        return standing
    return msgspec.structs.replace(standing, status=status, since=at)


def _turns(before: Streaks, now: Streaks) -> bool:
    return (now.failures == 1 and not before.failures) or (now.successes == 1 and not before.successes)


def _counted(streaks: Streaks, outcome: Status) -> Streaks:
    before = streaks
    if outcome is Status.HEALTHY:
        return Streaks(successes=before.successes + 1, clears=before.clears + 1)
    if outcome is Status.WARNING:
        return Streaks(successes=before.successes + 1, warnings=before.warnings + 1)
    if outcome is Status.ERROR:
        return Streaks(failures=before.failures + 1, warnings=before.warnings + 1)
    if outcome is Status.UNKNOWN:
        return msgspec.structs.replace(before, unknowns=before.unknowns + 1)
    return Streaks()


def _decided(decided: Status, outcome: Status, streaks: Streaks, thresholds: Thresholds) -> Status:
    if outcome not in {Status.HEALTHY, Status.WARNING, Status.ERROR}:
        return decided
    for rule in RULES:
        enough = getattr(thresholds, rule.enough) if isinstance(rule.enough, str) else rule.enough
        if decided in rule.during and getattr(streaks, rule.streak) >= enough:
            return rule.becomes or outcome
    return decided
