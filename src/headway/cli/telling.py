"""What happens to tasks, in words.

    completed   Nightly ETL · 1,000/1,000 rows · created 980 · failed 20 · in 1:05
    failed      row 17: no email (no_email)
    progress    Nightly ETL · 42% · 46 s left · 420/1,000 rows · 12.5/s · row 420

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from headway.cli.standing import Standing, standing_of
from headway.client import Event
from headway.tasks.model import Status

__all__ = ["WISHES", "Story", "counts_of", "span", "story_of", "way_of"]

WISHES: Final = {"paused": "pausing…", "running": "resuming…", "cancelled": "cancelling…"}
"""What was asked for and is not reached yet."""
_RESULT: Final = 300
"""Characters of a result: what is longer is read elsewhere."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happened, as a word, and more of it."""

    word: str
    text: str


class _Item(msgspec.Struct, frozen=True):
    item: str
    outcome: str
    message: str | None = None
    code: str | None = None


class _Log(msgspec.Struct, frozen=True):
    level: str
    message: str
    logger: str | None = None


class _Requested(msgspec.Struct, frozen=True):
    action: str
    by: str | None = None


def story_of(event: Event) -> Story | None:
    """What happened; None for what is nothing of a task, or only looks like it."""
    kind = event.type.removeprefix("task_")
    if kind == event.type:
        return None
    try:
        match kind:
            case "item":
                return _item_line(msgspec.convert(event.data, _Item))
            case "log":
                return _log_line(msgspec.convert(event.data, _Log))
            case "requested":
                asked = msgspec.convert(event.data, _Requested)
                return _joined("asked", [f"{asked.action}, by {asked.by}" if asked.by else asked.action])
    except msgspec.ValidationError:
        return None
    told = standing_of(event)
    if told is None:
        return None
    if kind == "progress":
        percent = "" if told.percent is None else f"{int(told.percent)}%"
        return _joined("progress", [told.name, percent, way_of(told), told.current or ""])
    return _joined(kind, [told.name, *_story(kind, told)])


def _item_line(item: _Item) -> Story:
    message = f"{item.item}: {item.message}" if item.message else item.item
    return _joined(item.outcome, [f"{message} ({item.code})" if item.code else message])


def _log_line(line: _Log) -> Story:
    return _joined(line.level, [line.message if line.logger is None else f"{line.logger}: {line.message}"])


def _joined(word: str, parts: Iterable[str]) -> Story:
    return Story(word, " · ".join(part for part in parts if part))


def _story(kind: str, told: Standing) -> list[str]:
    """What is worth telling of a state that was reached."""
    match kind:
        case "queued":
            return [_waits(told)]
        case "started":
            return [f"attempt {told.attempt}" if told.attempt > 1 else ""]
        case "retrying":
            return ["it is tried again", _error(told)]
        case "interrupted":
            return ["whoever ran it is gone; it goes on from its checkpoint"]
        case "completed" | "failed" | "cancelled":
            return [_error(told), _amount(told), *counts_of(told), f"in {span(told.elapsed)}", _result(told)]
        case _:
            return []


def way_of(told: Standing) -> str:
    """How a task stands, the most important first: the end is cut off where there is no room."""
    match told.status:
        case Status.QUEUED:
            parts = [_waits(told) or "queued"]
        case Status.RUNNING:
            left = "" if told.eta is None or told.stalled else f"{span(told.eta)} left"
            rate = "" if told.rate is None or told.stalled else _rate(told)
            parts = ["stalled" if told.stalled else left, _amount(told), rate]
        case Status.COMPLETED:
            parts = [f"done in {span(told.elapsed)}", _amount(told)]
        case Status.FAILED:
            parts = ["failed", _error(told), _amount(told)]
        case Status.PAUSED | Status.INTERRUPTED | Status.CANCELLED:
            parts = [told.status.value, _amount(told)]
    if told.wanted is not None:
        parts.insert(0, WISHES.get(told.wanted.value, ""))
    return " · ".join(part for part in parts if part)


def _waits(told: Standing) -> str:
    return f"waits {told.waiting}" if told.waiting else ""


def _error(told: Standing) -> str:
    return "" if told.error is None else told.error.message


def _result(told: Standing) -> str:
    if told.result is None:
        return ""
    text = msgspec.json.encode(told.result).decode()
    return text if len(text) <= _RESULT else f"{text[:_RESULT]}…"


def counts_of(told: Standing) -> list[str]:
    """How many had which outcome."""
    return [f"{outcome} {count:,}" for outcome, count in told.counts.items()]


def _amount(told: Standing) -> str:
    unit = f" {told.unit}" if told.unit else ""
    if told.total is None:
        return f"{_number(told.done)}{unit}" if told.done else ""
    return f"{_number(told.done)}/{_number(told.total)}{unit}"


def _number(number: float) -> str:
    return f"{number:,.1f}" if isinstance(number, float) and not number.is_integer() else f"{int(number):,}"


def _rate(told: Standing) -> str:
    rate = told.rate or 0.0
    # What takes longer than a second is said in seconds each.
    return f"{1 / rate:.1f} s each" if 0 < rate < 1 else f"{rate:,.1f}/s"


def span(seconds: float) -> str:
    """A length of time: <1 s, 46 s, 1:05, 2:03:04, 3 d 4 h."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    if minutes:
        return f"{minutes}:{rest:02}"
    return "<1 s" if 0 <= seconds < 1 else f"{whole} s"
