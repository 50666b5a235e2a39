"""What is said. Pure. Text only: whoever made a message up elsewhere (an application that answers) formats nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from headway.apps.monitor.alerts.rules import Kind

__all__ = ["Message", "Words", "gathered", "single", "words_of"]

_SHOWN: Final = 40
"""Alerts that a digest spells out; the others are counted. Most chats take 2 to 4 KB."""
_TEXT: Final = 500
"""Characters of what somebody else said."""

Severity = Literal["info", "success", "warning", "failure"]

_SEVERITIES: Final[dict[Kind, Severity]] = {
    Kind.BEGAN: "failure",
    Kind.AGAIN: "failure",
    Kind.ENDED: "success",
    Kind.WARNING: "warning",
    Kind.RECOVERED: "success",
    Kind.CHANGED: "info",
    Kind.UPTIME: "warning",
    Kind.UPTIME_RESTORED: "success",
    Kind.CERTIFICATE: "warning",
    Kind.TEST: "info",
}
_WORST: Final[tuple[Severity, ...]] = ("failure", "warning", "info", "success")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one alert."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once."""

    title: str
    body: str
    severity: Severity
    keys: tuple[str, ...]
    """Of the alerts in it: who has seen one already may leave it out."""
    kinds: tuple[Kind, ...] = ()


def words_of(kind: Kind, name: str, now: float, text: str = "", since: float | None = None, days: int = 0) -> Words:
    """The words of one alert. `text`: what is known; `since`: when it began."""
    said = " ".join(text.split())[:_TEXT]
    lasted = f" after {_long(now - since)}" if since is not None else ""
    titles: dict[Kind, str] = {
        Kind.BEGAN: f"{name} is down",
        Kind.AGAIN: f"{name} is still down{lasted}",
        Kind.ENDED: f"{name} is up again{lasted}",
        Kind.WARNING: f"{name} needs attention",
        Kind.RECOVERED: f"{name} is healthy again",
        Kind.CHANGED: f"{name}: {said}",
        Kind.UPTIME: f"{name} is up less than promised",
        Kind.UPTIME_RESTORED: f"{name} is up as promised again",
        Kind.CERTIFICATE: f"The certificate of {name} {_expiry(days)}",
        Kind.TEST: "This is a test",
    }
    return Words(titles[kind], f"{said}\n{_moment(now)}".strip())


def single(kind: Kind, words: Words, key: str) -> Message:
    """One alert by itself."""
    return Message(words.title, words.body, _SEVERITIES[kind], (key,), (kind,))


def gathered(alerts: Sequence[tuple[Kind, Words, str]]) -> Message:
    """Many at once, in order; one by itself stays as it is."""
    if len(alerts) == 1:
        return single(*alerts[0])
    lines = [f"{words.title}: {words.body}".replace("\n", " · ") for _, words, _ in alerts[:_SHOWN]]
    if len(alerts) > _SHOWN:
        lines.append(f"and {len(alerts) - _SHOWN} more")
    kinds = tuple(kind for kind, _, _ in alerts)
    severity = next(one for one in _WORST if one in {_SEVERITIES[kind] for kind in kinds})
    title = f"{len(alerts)} alerts"
    return Message(title, "\n".join(lines), severity, tuple(key for _, _, key in alerts), kinds)


def _expiry(days: int) -> str:
    if days <= 0:
        return "expires today"
    return f"expires within {days} day{'s' if days > 1 else ''}"


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _long(seconds: float) -> str:
    seconds = max(0.0, seconds)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
