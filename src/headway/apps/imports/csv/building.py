"""What a row of cells is in PingOne: values by path, and from them the body of an import.

    ["ada", "Ada", "", "yes"]  →  {"username": "ada", "name.given": "Ada", "enabled": True}
                               →  {"username": "ada", "name": {"given": "Ada"}, "enabled": true}

An empty cell is left out: PingOne refuses empty texts. Cells are trimmed, except passwords, of which a space may be
part. A default stands where the row has nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Keyed
from dataclasses import dataclass, field
from typing import Final

from headway.apps.imports.csv.mapping import Mapping
from headway.apps.imports.csv.problems import INVALID_VALUE, Problem, shown
from headway.apps.imports.csv.schema import STANDARD, Attribute, Kind, Schema
from headway.apps.imports.csv.veils import secret_columns

__all__ = ["Builder", "Defaults", "Values", "body"]

Values = dict[str, object]
"""By path: texts, booleans, and what JSON attributes hold."""

TRUE: Final = frozenset({"true", "yes", "y", "1", "t", "on", "active", "enabled"})
FALSE: Final = frozenset({"false", "no", "n", "0", "f", "off", "inactive", "disabled"})

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the file says nothing."""

    population: str | None = None
    """The id of the population that was chosen; None: the environment's own default."""
    population_wins: bool = False
    """The chosen population holds even where the row names another."""
    force_change: bool = False
    """Who is imported with a password has to change it at the first sign-on."""
    values: Keyed[str, str | bool] = field(default_factory=dict)
    """By path."""


class Builder:
    """Turns the rows of one file into values."""

    def __init__(
        self,
        mapping: Mapping,
        header: Sequence[str],
        schema: Schema = STANDARD,
        *,
        defaults: Defaults | None = None,
        populations: Keyed[str, str] | None = None,
    ) -> None:
        """`populations` are the environment's, names to ids; without them the cell of a population column stays as it
        is, under `population`, for who knows them later. Raises `Refused` as `Mapping.bind` does."""
        self._defaults = defaults or Defaults()
        self._populations = populations and {name.casefold(): id for name, id in populations.items()}
        self._steps = [
            (index, path, self._place(path), self._conversion(schema[path]))
            for index, path in mapping.bind(header, schema)
            if not (path == "population" and self._defaults.population_wins and self._defaults.population)
        ]
        self.mapped = dict(mapping.bind(header, schema))
        """The attribute of each column that has one."""
        self.secret = frozenset(index for index, path in self.mapped.items() if path == "password")
        """Columns that are passwords."""
        self.hidden = secret_columns(header, self.secret)
        """Columns that nobody may see: these, and what is called like one."""
        self._fixed: Values = dict(self._defaults.values)
        if self._defaults.population:
            self._fixed["population.id"] = self._defaults.population

    def values(self, cells: Sequence[str]) -> tuple[Values, list[Problem]]:
        """What the row says, and the cells that say nothing we understand."""
        values: Values = dict(self._fixed)
        problems: list[Problem] = []
        for index, path, target, convert in self._steps:
            cell = cells[index]
            text = cell.strip()
            if not text:
                continue
            if convert is None:
                values[target] = text
                continue
            try:
                values[target] = convert(cell)
            except ValueError as error:
                problems.append(Problem(INVALID_VALUE, path, str(error)))
        if self._defaults.force_change and "password.value" in values:
            values.setdefault("password.forceChange", True)
        return values, problems

    def _conversion(self, attribute: Attribute) -> Callable[[str], object] | None:
        match attribute.kind:
            case Kind.BOOLEAN:
                return _boolean
            case Kind.JSON:
                return _document
            case Kind.POPULATION:
                return None if self._populations is None else self._population
            case Kind.PASSWORD:
                return _verbatim
            case Kind.STRING:
                return _several if attribute.many else None

    def _place(self, path: str) -> str:
        """Where the values of a column go, which may be called otherwise."""
        if path == "population" and self._populations is not None:
            return "population.id"
        return "password.value" if path == "password" else path

    def _population(self, cell: str) -> str:
        text = cell.strip()
        assert self._populations is not None  # or nobody converts
        if _ID.fullmatch(text):
            return text.lower()
        if id := self._populations.get(text.casefold()):
            return id
        raise ValueError(f"{shown(text)} is no population of the environment, neither by name nor by id.")


def body(values: Values) -> dict[str, object]:
    """The values as PingOne wants them: dots open objects."""
    nested: dict[str, object] = {}
    for path, value in values.items():
        *above, last = path.split(".")
        inner = nested
        for name in above:
            within = inner.setdefault(name, {})
            assert isinstance(within, dict)  # a schema has no attribute that is a text and an object
            inner = within
        inner[last] = value
    return nested


def _boolean(cell: str) -> bool:
    word = cell.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(f"{shown(cell.strip())} is neither true nor false; write true or false, yes or no, 1 or 0.")


def _document(cell: str) -> object:
    try:
        return json.loads(cell, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError(f"{shown(cell.strip())} is no JSON.") from None


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON.")


def _several(cell: str) -> list[str]:
    text = cell.strip()
    if not text.startswith("["):
        return [text]
    found = _document(text)
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return found
    raise ValueError(f"{shown(text)} is no JSON array of texts.")


def _verbatim(cell: str) -> str:
    return cell
