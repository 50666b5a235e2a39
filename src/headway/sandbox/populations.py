"""What can be done with populations: one call each. There is always a default one."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import Any, Final

from headway.sandbox.calls import Reply, answer, document_of
from headway.sandbox.errors import Document, Problem, conflicting, invalid
from headway.sandbox.filters import matcher, parse
from headway.sandbox.shapes import population_shown
from headway.sandbox.store import Population
from headway.sandbox.visit import JSON, Visit, found, listed

__all__ = ["create", "delete", "read", "replace", "search"]

_MOST: Final = 256
"""Characters of a name or a description. [L]"""
_KINDS: Final[dict[str, type]] = {
    "description": str,
    "passwordPolicy": dict,
    "alternativeIdentifiers": list,
    "preferredLanguage": str,
    "theme": dict,
}
"""What a population may have beside its name, and of which type."""
_SHOWN: Final = frozenset({"_links", "_embedded", "id", "environment", "userCount", "createdAt", "updatedAt"})
_parse: Final = partial(parse, supported=MappingProxyType({"id": ("eq",), "name": ("eq", "sw")}))


def create(visit: Visit) -> Reply:
    """`POST /populations`."""
    document = document_of(visit.call, JSON)
    _check(visit, document, None)
    population = Population(visit.made.next(), visit.now, visit.now, "")
    visit.environment.populations[population.id] = population
    _fill(visit, population, document)
    return answer(visit.call, _shown(visit, population), 201)


def read(visit: Visit) -> Reply:
    """`GET /populations/{id}`."""
    return answer(visit.call, _shown(visit, visit.population))


def replace(visit: Visit) -> Reply:
    """`PUT /populations/{id}`."""
    population = visit.population
    document = document_of(visit.call, JSON)
    _check(visit, document, population)
    _fill(visit, population, document)
    population.updated_at = visit.now
    return answer(visit.call, _shown(visit, population))


def delete(visit: Visit) -> Reply:
    """`DELETE /populations/{id}`: only an empty one, and never the default."""
    population = visit.population
    if population.default:
        raise conflicting(Problem("CONSTRAINT_VIOLATION", "default", "the default population cannot be deleted"))
    if population.users:
        raise conflicting(Problem("CONSTRAINT_VIOLATION", "userCount", "a population with users cannot be deleted"))
    del visit.environment.populations[population.id]
    return Reply(204)


def search(visit: Visit) -> Reply:
    """`GET /populations`: all, or those that a filter on id or name finds."""
    where = found(visit, "populations", _parse)
    chosen = matcher(where.filter, _value) if where.filter is not None else lambda _: True
    things = [
        (place, population)
        for place, population in enumerate(list(visit.environment.populations.values()))
        if place >= where.cursor.after and chosen(population)
    ]
    return listed(visit, "populations", where, things, partial(_shown, visit), len(things))


def _check(visit: Visit, document: Document, own: Population | None) -> None:
    """Raises `Refusal` with everything that is wrong."""
    problems = _check_name(visit, document.get("name"), own)
    for name, value in document.items():
        kind = _KINDS.get(name)
        if kind is None and name not in ("name", "default") and name not in _SHOWN:
            problems.append(Problem("INVALID_VALUE", name, "is not an attribute of a population"))
        elif kind is not None and value is not None and not isinstance(value, kind):
            problems.append(Problem("INVALID_VALUE", name, "is not of the right type"))
    default = document.get("default")
    if default is not None and not isinstance(default, bool):
        problems.append(Problem("INVALID_VALUE", "default", "must be true or false"))
    elif own is not None and own.default and default is False:
        problems.append(Problem("CONSTRAINT_VIOLATION", "default", "make another population the default instead"))
    if problems:
        raise invalid(problems)


def _check_name(visit: Visit, name: object, own: Population | None) -> list[Problem]:
    if name is None:
        return [Problem("REQUIRED_VALUE", "name", "is required")]
    if not isinstance(name, str):
        return [Problem("INVALID_VALUE", "name", "must be a string")]
    if not name.strip():
        return [Problem("EMPTY_VALUE", "name", "must not be empty")]
    if len(name) > _MOST:
        inner = {"rangeMinimumValue": 1, "rangeMaximumValue": _MOST}
        return [Problem("OUT_OF_RANGE", "name", f"size must be between 1 and {_MOST}", inner)]
    if any(one.name == name and one is not own for one in visit.environment.populations.values()):
        return [Problem("UNIQUENESS_VIOLATION", "name", "is unique but a non-unique value is provided")]
    return []


def _fill(visit: Visit, population: Population, document: Document) -> None:
    population.name = document["name"]
    population.attributes = {name: document[name] for name in _KINDS if document.get(name) is not None}
    if document.get("default"):
        for other in visit.environment.populations.values():
            other.default = other is population


def _shown(visit: Visit, population: Population) -> Document:
    return population_shown(population, visit.environment.id, visit.base)


def _value(population: Population, path: str) -> Any:  # Any: a JSON value
    return population.id if path == "id" else population.name
