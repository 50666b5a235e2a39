"""The messages of the native protocol as data, read from the table at the top of `stream.py`, which is their law.

A shape is written `name {field, field?, one | other}`: a field that may be missing, and two of which there is one. What
is made for machines, the TypeScript interfaces and the AsyncAPI document, is made from here, so nothing is said twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from headway.events import Event
from headway.protocols import stream

__all__ = ["ANSWERS", "Shape", "Shapes", "event_shape", "shapes"]

ANSWERS: Final = ("subscribed", "unsubscribed", "published", "auth_success", "auth_failed", "pong", "error")
"""Messages that may carry the `id` of a request."""

_SHAPE: Final = re.compile(r"\b([a-z_]+) \{([^{}:]*)\}")


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one message, beside its `type`."""

    name: str
    fields: dict[str, bool]
    """Each field, and whether it may be missing."""
    either: tuple[str, ...] = ()
    """Fields of which there is exactly one."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a client says, and what it is told."""

    asked: dict[str, Shape]
    told: dict[str, Shape]
    answers: dict[str, tuple[str, ...]]
    """What each request is answered with, where it is right."""


@cache
def shapes() -> Shapes:
    """Every message: the two columns of the table, and the shapes in the prose below it."""
    lines = (stream.__doc__ or "").splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("A client says"))
    until = lines.index("", head)
    column = lines[head].index("and is answered")
    rows = lines[head + 1 : until]
    asked: dict[str, Shape] = {}
    told: dict[str, Shape] = {}
    answers: dict[str, tuple[str, ...]] = {}
    for row in rows:
        said, heard = _named([row[:column].strip()]), _named(row[column:].strip(" |").split(" | "))
        asked |= said
        told |= heard
        if row[:column].strip():
            answers |= dict.fromkeys(said, tuple(heard))
        else:
            # A second line of the answers to the request above.
            above = next(reversed(asked))
            answers[above] = (*answers[above], *heard)
    for name, shape in _named(match[0] for match in _SHAPE.finditer(" ".join(lines[until:]))).items():
        told.setdefault(name, shape)
    return Shapes(asked, told, answers)


def event_shape() -> Shape:
    """An event's own fields, beside the producer's data."""
    written = stream.flat_fields(Event("c", "e", 1, "t", b"{}", "k", 0))
    return Shape("event", {name: name == "key" for name in written})


def _named(spelled: Iterable[str]) -> dict[str, Shape]:
    return {shape.name: shape for shape in _read(spelled)}


def _read(spelled: Iterable[str]) -> Iterator[Shape]:
    for text in spelled:
        match = _SHAPE.fullmatch(text) or re.fullmatch(r"([a-z_]+)()", text)
        if match is None:
            continue
        fields: dict[str, bool] = {}
        either: tuple[str, ...] = ()
        for part in filter(None, (part.strip() for part in match[2].split(","))):
            names = [name.strip() for name in part.split("|")]
            fields |= {name.removesuffix("?"): name.endswith("?") or len(names) > 1 for name in names}
            either += tuple(names) if len(names) > 1 else ()
        yield Shape(match[1], fields, either)
