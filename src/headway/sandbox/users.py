"""What can be done with users: one call each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from headway.sandbox.calls import Reply, answer, document_of
from headway.sandbox.errors import Document, Problem, invalid, licence_exceeded
from headway.sandbox.filters import Filter, matcher, parse, pinned
from headway.sandbox.identifiers import is_uuid
from headway.sandbox.passwords import PasswordStatus, check_password
from headway.sandbox.rules import IMPORT_MEDIA, PROFILE_BYTES, Checked, Operation, check_size, check_user, merged
from headway.sandbox.schema import ATTRIBUTES
from headway.sandbox.shapes import href, password_shown, population_shown, user_shown
from headway.sandbox.store import User
from headway.sandbox.visit import JSON, Visit, found, listed

__all__ = [
    "create",
    "delete",
    "patch",
    "read",
    "read_enabled",
    "read_password",
    "read_population",
    "replace",
    "search",
    "set_enabled",
    "set_password",
    "set_population",
]

_SET: Final = "application/vnd.pingidentity.password.set+json"
_SET_VALUE: Final = "application/vnd.pingidentity.password.setvalue+json"
_OPERATIONS: Final = {IMPORT_MEDIA: Operation.IMPORT, JSON: Operation.CREATE}


def _supported() -> Mapping[str, tuple[str, ...]]:
    """What users can be searched by. [L] beyond the examples of the documents"""
    texts = ("eq", "sw", "ew", "co")
    exact = ("id", "population.id", "lifecycle.status", "enabled", "emailVerified")
    names: dict[str, tuple[str, ...]] = dict.fromkeys(exact, ("eq",))
    for attribute in ATTRIBUTES.values():
        if attribute.type == "STRING":
            names[attribute.name] = texts
        names |= {f"{attribute.name}.{part}": texts for part in attribute.parts}
    return MappingProxyType(names | dict.fromkeys(("createdAt", "updatedAt"), ("eq", "ge", "le")))


_SUPPORTED: Final = _supported()
_parse: Final = partial(parse, supported=_SUPPORTED)


def create(visit: Visit) -> Reply:
    """`POST /users`: with its password as an import, or plain."""
    call, environment = visit.call, visit.environment
    document = document_of(call, IMPORT_MEDIA, JSON)
    checked = check_user(
        document, _OPERATIONS[call.media], visit.options.password, email_required=visit.options.email_required
    )
    problems = checked.problems
    if checked.population is not None and checked.population not in environment.populations:
        problems.append(_no_population("population.id"))
    problems += environment.clashes(checked.attributes, tell=visit.options.existing_id)
    if len(call.body) > PROFILE_BYTES:
        problems += check_size(checked.attributes)
    if problems:
        raise invalid(problems)
    quota = visit.faults.licence
    if quota is not None and len(environment.users) >= quota:
        raise licence_exceeded(quota)
    return answer(call, _shown(visit, _added(visit, checked)), 201)


def _added(visit: Visit, checked: Checked) -> User:
    environment = visit.environment
    user = User(
        id=visit.made.next(),
        sequence=len(environment.order),
        born=visit.passed,
        created_at=visit.now,
        updated_at=visit.now,
        population=checked.population or environment.default_population().id,
        attributes=checked.attributes,
        enabled=checked.enabled,
        lifecycle=checked.lifecycle,
        provider=checked.provider,
        password=checked.password,
    )
    environment.add(user)
    return user


def read(visit: Visit) -> Reply:
    """`GET /users/{id}`, with its population or its groups on request. Nobody is in a group."""
    document = _shown(visit, visit.user)
    include = visit.call.query.get("include", "")
    for name in ("memberOfGroupIDs", "memberOfGroupNames"):
        if name in include.split(","):
            document[name] = []
    if visit.call.query.get("expand") == "population":
        population = visit.environment.populations[visit.user.population]
        document["_embedded"] = {"population": population_shown(population, visit.environment.id, visit.base)}
    return answer(visit.call, document)


def replace(visit: Visit) -> Reply:
    """`PUT /users/{id}`: attributes that are left out are cleared."""
    user = visit.user
    return _changed(visit, user, Operation.REPLACE)


def patch(visit: Visit) -> Reply:
    """`PATCH /users/{id}`: null clears, what is left out stays."""
    user = visit.user
    return _changed(visit, user, Operation.PATCH)


def _changed(visit: Visit, user: User, operation: Operation) -> Reply:
    document = document_of(visit.call, JSON)
    checked = check_user(document, operation, visit.options.password, email_required=False)
    after = merged(user.attributes, checked) if operation is Operation.PATCH else checked.attributes
    problems = checked.problems
    problems += visit.environment.clashes(after, user, tell=visit.options.existing_id)
    problems += check_size(after)
    if problems:
        raise invalid(problems)
    visit.environment.change(user, after)
    user.updated_at = visit.now
    return answer(visit.call, _shown(visit, user))


def delete(visit: Visit) -> Reply:
    """`DELETE /users/{id}`."""
    visit.environment.remove(visit.user)
    return Reply(204)


def search(visit: Visit) -> Reply:
    """`GET /users`: all, or those that a filter finds; a user who was created a moment ago may not be there yet."""
    where = found(visit, "users", _parse)
    users: Iterable[User] = _candidates(visit, where.filter, where.cursor.after)
    if visit.faults.lag:
        until = visit.passed - visit.faults.lag / 1000
        users = (user for user in users if user.born <= until)
    if where.filter is not None:
        users = filter(matcher(where.filter, _value), users)
    total = len(visit.environment.users) if where.filter is None else None
    return listed(visit, "users", where, ((user.sequence, user) for user in users), partial(_shown, visit), total)


def _candidates(visit: Visit, chosen: Filter | None, after: int) -> Iterator[User]:
    """Those a filter can find: where it names a user, that one is looked up and not looked for."""
    if chosen is not None:
        name, id = pinned(chosen, "username"), pinned(chosen, "id")
        if name is not None or id is not None:
            user = visit.environment.named(name) if name is not None else visit.environment.users.get(str(id).lower())
            return iter([user] if user is not None and user.sequence >= after else [])
    return visit.environment.after(after)


def read_enabled(visit: Visit) -> Reply:
    """`GET /users/{id}/enabled`."""
    return _enabled(visit, visit.user)


def set_enabled(visit: Visit) -> Reply:
    """`PUT /users/{id}/enabled`."""
    user = visit.user
    enabled = document_of(visit.call, JSON).get("enabled")
    if not isinstance(enabled, bool):
        raise invalid([Problem("INVALID_VALUE", "enabled", "must be true or false")])
    user.enabled, user.updated_at = enabled, visit.now
    return _enabled(visit, user)


def _enabled(visit: Visit, user: User) -> Reply:
    own = f"{visit.base}/users/{user.id}"
    return answer(visit.call, {"_links": {"self": href(f"{own}/enabled"), "user": href(own)}, "enabled": user.enabled})


def read_population(visit: Visit) -> Reply:
    """`GET /users/{id}/population`."""
    return _population(visit, visit.user)


def set_population(visit: Visit) -> Reply:
    """`PUT /users/{id}/population`."""
    user = visit.user
    id = document_of(visit.call, JSON).get("id")
    if not is_uuid(id) or str(id).lower() not in visit.environment.populations:
        raise invalid([_no_population("id")])
    visit.environment.move(user, str(id).lower())
    user.updated_at = visit.now
    return _population(visit, user)


def _population(visit: Visit, user: User) -> Reply:
    own = f"{visit.base}/users/{user.id}"
    links = {"self": href(f"{own}/population"), "user": href(own)}
    return answer(visit.call, {"_links": links, "id": user.population})


def read_password(visit: Visit) -> Reply:
    """`GET /users/{id}/password`: its state, never itself."""
    return answer(visit.call, password_shown(visit.user, visit.environment.id, visit.base))


def set_password(visit: Visit) -> Reply:
    """`PUT /users/{id}/password`: a new one, or with `setValue` and no value none."""
    user = visit.user
    document = document_of(visit.call, _SET, _SET_VALUE)
    value, change = document.get("value"), document.get("forceChange")
    problems = []
    if change is not None and not isinstance(change, bool):
        problems.append(Problem("INVALID_VALUE", "forceChange", "must be true or false"))
    if value is None and visit.call.media == _SET:
        problems.append(Problem("REQUIRED_VALUE", "value", "is required"))
    elif value is not None and document.get("bypassPolicy") is not True:
        problems += check_password(value, visit.options.password, "value")
    elif value is not None and not isinstance(value, str):
        problems.append(Problem("INVALID_VALUE", "value", "must be a string"))
    if problems:
        raise invalid(problems)
    given = PasswordStatus.MUST_CHANGE if change is True else PasswordStatus.OK
    user.password = PasswordStatus.NONE if value is None else given
    user.updated_at = visit.now
    return answer(visit.call, password_shown(user, visit.environment.id, visit.base))


def _shown(visit: Visit, user: User) -> Document:
    return user_shown(user, visit.environment.id, visit.base)


def _value(user: User, path: str) -> Any:  # Any: a JSON value
    return user.value(path)


def _no_population(target: str) -> Problem:
    return Problem("INVALID_VALUE", target, "is not a population of this environment")
