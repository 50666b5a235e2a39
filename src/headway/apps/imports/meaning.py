"""What options of a run cannot be meant, seen before there is a run: whatever PingOne says later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from headway.apps.imports.csv.mapping import Mapping as Columns
from headway.apps.imports.csv.schema import Attribute, Kind, Schema
from headway.apps.imports.engine.interface import Options
from headway.errors import UsageError

__all__ = ["fitting", "sound"]

_NAME: Final = 200
"""Characters of a run's name: a line of a page."""
_MOST_PARALLEL: Final = 1_000
"""Rows at once that may be asked for; a run takes fewer where the engine knows better."""


def sound(options: Options) -> None:
    """Raise `UsageError` for what cannot be meant, whatever is in the file and at PingOne."""
    if options.parallel is not None and not 1 <= options.parallel <= _MOST_PARALLEL:
        raise UsageError(f"parallel is 1 to {_MOST_PARALLEL} rows at once", details={"field": "parallel"})
    if options.name is not None and not (1 <= len(options.name.strip()) <= _NAME and options.name.isprintable()):
        raise UsageError(f"a run's name is 1 to {_NAME} characters on one line", details={"field": "name"})
    chosen = options.population
    if chosen is not None and (bool(chosen.id) == bool(chosen.name and chosen.name.strip())):
        raise UsageError("name a population by its id or by its name, one of them", details={"field": "population"})


def fitting(mapping: Mapping[str, str | None], header: Sequence[str]) -> None:
    """Raise `Refused` where a mapping cannot be of a file with this header. Which attributes the tenant has, and which
    a mapping misses, is the run's to say."""
    columns = Columns(tuple(mapping.items()))
    known = Schema({path: Attribute(path, Kind.STRING) for path in columns.targets})
    columns.bind(header, known)
