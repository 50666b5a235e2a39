"""What an operation has at hand: the call, the environment it is about, the moment, and the sandbox around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import urlencode

from headway.sandbox.calls import Call, Reply, answer
from headway.sandbox.errors import Document, no_such_thing
from headway.sandbox.faults import Faults
from headway.sandbox.filters import Filter
from headway.sandbox.identifiers import Identifiers
from headway.sandbox.options import Options
from headway.sandbox.pages import Cursor, Cursors, limit_of
from headway.sandbox.shapes import href
from headway.sandbox.store import Environment, Population, User

__all__ = ["JSON", "Found", "Visit", "found", "listed"]

Thing = TypeVar("Thing")
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Visit:
    """One call on its way through."""

    call: Call
    environment: Environment
    base: str
    """Address of the environment."""
    ids: tuple[str, ...]
    """Ids in the path below the environment."""
    now: str
    passed: float
    options: Options
    faults: Faults
    made: Identifiers
    cursors: Cursors
    attributes: Mapping[str, str]
    """Ids of the attributes of the schema."""

    @property
    def user(self) -> User:
        """The user of the path. Raises `Refusal`."""
        user = self.environment.users.get(self.ids[0].lower())
        if user is None:
            raise no_such_thing()
        return user

    @property
    def population(self) -> Population:
        """The population of the path. Raises `Refusal`."""
        population = self.environment.populations.get(self.ids[0].lower())
        if population is None:
            raise no_such_thing()
        return population


@dataclass(frozen=True, slots=True)
class Found:
    """Where a list is read: its cursor, and its filter if there is one."""

    cursor: Cursor
    filter: Filter | None


def found(visit: Visit, collection: str, parse: Callable[[str], Filter]) -> Found:
    """Where the list of this call begins, and what it holds. Raises `Refusal`."""
    name, query = f"{visit.environment.id}/{collection}", visit.call.query
    token = query.get("cursor")
    if token is not None:
        cursor = visit.cursors.read(token, name)
    else:
        cursor = Cursor(name, limit_of(query, visit.options.page_users), filter=query.get("filter", ""))
    return Found(cursor, parse(cursor.filter) if cursor.filter.strip() else None)


def listed(
    visit: Visit,
    collection: str,
    found: Found,
    things: Iterable[tuple[int, Thing]],
    show: Callable[[Thing], Document],
    total: int | None,
) -> Reply:
    """One page of `things`, which come with their places; where `total` is not known they are counted to the end."""
    cursor, rest = found.cursor, iter(things)
    page = list(islice(rest, cursor.limit))
    following = next(rest, None)
    count = cursor.count
    if count is None and visit.options.counts:
        count = total if total is not None else len(page) + (following is not None) + sum(1 for _ in rest)
    address = f"{visit.base}/{collection}"
    query = urlencode(list(visit.call.query.items()))
    links = {"self": href(f"{address}?{query}" if query else address)}
    if following is not None:
        later = Cursor(cursor.list, cursor.limit, page[-1][0] + 1, cursor.filter, count)
        links["next"] = href(f"{address}?cursor={visit.cursors.spelled(later)}")
    document: Document = {"_links": links, "_embedded": {collection: [show(thing) for _, thing in page]}}
    if count is not None:
        document["count"] = count
    document["size"] = len(page)
    return answer(visit.call, document)
