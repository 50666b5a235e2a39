"""The tables: what was tried and answered, and what the valid clients noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from siege.measures import Window

__all__ = ["Record", "Round", "answers", "rounds", "spelled"]

_MOST_ANSWERS = 5
"""Kinds of answers that are spelled in one line, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Record:
    """One attack, struck once."""

    attack: str
    tried: str
    answered: Counter[str]


@dataclass(frozen=True, slots=True)
class Round:
    """One attack at full speed, and what the valid clients noticed."""

    attack: str
    tried: float
    """Answers a second."""
    answered: Counter[str]
    before: Window
    during: Window
    grown: int
    """Bytes by which the server's memory grew at most."""
    used: float
    """Share of a core that the attacker had."""
    load: float
    """Processes that wanted a core, in the last minute: what else the machine had to do is in all the figures."""
    findings: tuple[str, ...]
    """What should not have been."""


def answers(records: Sequence[Record]) -> list[str]:
    """A line for each attack: what was tried, what was answered."""
    wide = max(len(record.tried) for record in records)
    lines = [f"{'attack':28}{'tried':{wide + 2}}answered"]
    return lines + [f"{one.attack:28}{one.tried:{wide + 2}}{spelled(one.answered)}" for one in records]


def rounds(table: Sequence[Round]) -> list[str]:
    """A line for each attack. Of the columns lost, repeated, disorder and gone every number must be 0."""
    head = ("tried/s", "p50 before", "during", "p99 before", "during", "ratio", "lost", "repeated", "disorder", "gone")
    lines = [f"{'attack':28}" + "".join(f"{name:>11}" for name in (*head, "RSS +MB", "foe CPU", "load")) + "  answered"]
    for one in table:
        before, during = one.before, one.during
        figures = (
            f"{one.tried:,.0f}",
            _milliseconds(before.quantile(0.5)),
            _milliseconds(during.quantile(0.5)),
            _milliseconds(before.quantile(0.99)),
            _milliseconds(during.quantile(0.99)),
            f"{during.quantile(0.99) / max(before.quantile(0.99), 1e-9):.1f}",
            *(f"{count:,}" for count in (during.lost, during.repeated, during.disorder, during.gone)),
            f"{one.grown / 1e6:.1f}",
            f"{one.used:.0%}",
            f"{one.load:.1f}",
        )
        lines.append(f"{one.attack:28}" + "".join(f"{figure:>11}" for figure in figures) + f"  {spelled(one.answered)}")
    return lines


def spelled(answered: Counter[str]) -> str:
    """`403 ×60, close 1009 ×2`."""
    shown = [f"{name} ×{count:,}" for name, count in answered.most_common(_MOST_ANSWERS)]
    more = len(answered) - len(shown)
    return ", ".join([*shown, f"and {more} more kinds"] if more > 0 else shown) or "–"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1_000:.1f} ms"
