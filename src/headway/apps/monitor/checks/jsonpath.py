"""A way into a JSON value: `a.b[0].c`, as Gatus writes it. Pure.

    a.b     the member `b` of the member `a`            [0]     the first element          (empty)    the whole

`null` counts as absent, and so does everything behind what is not there.
"""

from __future__ import annotations

import re
from typing import Any, Final

from headway.errors import UsageError

__all__ = ["ABSENT", "Absent", "Step", "parsed", "walked"]

Json = Any  # any JSON value
Step = str | int


class Absent:
    """There is nothing at the end of the way."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()
_STEPS: Final = 32
"""Of one way. JSON that people write is some five deep."""
_STEP: Final = re.compile(r"\.?(?P<name>[^.\[\]\s]+)|\[(?P<index>\d{1,6})\]")


def parsed(text: str) -> tuple[Step, ...]:
    """A way, as written. Raises `UsageError`."""
    steps: list[Step] = []
    at = 0
    text = text.removeprefix(".")
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or (at == 0 and text[0] == ".") or len(steps) == _STEPS:
            raise UsageError(f"{text!r} is no path into JSON; write one like data.items[0].id")
        if match["name"] is not None and at and text[at] != ".":
            raise UsageError(f"{text!r} is no path into JSON: there is a dot missing before {match['name']!r}")
        steps.append(match["name"] if match["name"] is not None else int(match["index"]))
        at = match.end()
    return tuple(steps)


def walked(value: Json, steps: tuple[Step, ...]) -> Json | Absent:
    """What stands at the end of the way."""
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else ABSENT
        else:
            value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return ABSENT if value is None else value
