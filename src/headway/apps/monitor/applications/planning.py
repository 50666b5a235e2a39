"""What an import would change. Pure: definitions in, edits out.

An entry of our own format is the whole application: what it leaves out has its default. Those of other formats say
nothing of owners, logins or SLAs: what they leave out stays. Each entry stands or falls alone, with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headway.apps.monitor.applications.model import Application, Definition, definition_of, written
from headway.errors import UsageError

__all__ = ["Entry", "Imported", "Note", "Plan", "Skipped", "planned"]

Json = Any  # any JSON value

_SHOWN: Final = 120
"""Characters of a name that could not be read as one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One application of a text, not checked yet."""

    name: str
    """As the text has it."""
    data: Mapping[str, Json]
    partial: bool = False
    """Whether what it leaves out stays as it is."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One that is not taken over."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """One that is taken over, and is not quite the same."""

    name: str
    note: str


@dataclass(slots=True)
class Imported:
    """What a text holds."""

    format: str
    """headway, gatus or upptime."""
    entries: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """What would be."""

    created: list[Definition] = field(default_factory=list)
    updated: list[tuple[Application, Definition]] = field(default_factory=list)
    unchanged: list[Application] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def planned(
    found: Imported, existing: Iterable[Application], *, kept: Mapping[str, str] | None = None, room: int | None = None
) -> Plan:
    """What these entries would change. `kept` are applications that others manage, each with a sentence; `room` is how
    many more there may be."""
    plan, known, taken = Plan(skipped=list(found.skipped), notes=list(found.notes)), _by_name(existing), set[str]()
    for entry in found.entries:
        try:
            definition = _definition(entry, known)
            if definition.name in taken:
                raise UsageError(f"another one of this text is called {definition.name!r} already")
            if kept and definition.name in kept:
                raise UsageError(kept[definition.name])
            if definition.name not in known and room is not None and len(plan.created) >= room:
                raise UsageError("there are too many applications")
        except UsageError as error:
            plan.skipped.append(Skipped(entry.name[:_SHOWN], error.message))
            continue
        taken.add(definition.name)
        before = known.get(definition.name)
        if before is None:
            plan.created.append(definition)
        elif before.definition == definition:
            plan.unchanged.append(before)
        else:
            plan.updated.append((before, definition))
    gone = {one.name for one in plan.skipped}
    plan.notes = [one for one in plan.notes if one.name not in gone]
    return plan


def _definition(entry: Entry, known: Mapping[str, Application]) -> Definition:
    definition = definition_of(entry.data)
    before = known.get(definition.name)
    if not entry.partial or before is None:
        return definition
    return definition_of({**written(before.definition), **entry.data, "name": definition.name})


def _by_name(existing: Iterable[Application]) -> dict[str, Application]:
    return {one.name: one for one in existing}
