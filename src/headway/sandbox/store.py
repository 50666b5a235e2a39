"""What there is in a sandbox: environments, their populations and users. Pure: times and ids are handed in.

An environment keeps its users three times: by id, by what must be unique, and in the order they came, which is the
order of lists. A deleted user leaves its place empty, so that a page begins where the one before it ended, whatever
happened between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from headway.sandbox.errors import Document, Problem
from headway.sandbox.passwords import PasswordStatus
from headway.sandbox.schema import ATTRIBUTES

__all__ = ["Environment", "Population", "User"]

_UNIQUE: Final = tuple(attribute.name for attribute in ATTRIBUTES.values() if attribute.unique)


@dataclass(slots=True)
class Population:
    """A set of users. Every user is in one."""

    id: str
    created_at: str
    updated_at: str
    name: str
    default: bool = False
    attributes: Document = field(default_factory=dict)
    """What can be left out: description, passwordPolicy and others."""
    users: int = 0


@dataclass(slots=True)
class User:
    """One user. Its password is not kept."""

    id: str
    sequence: int
    """Place in the order of users."""
    born: float
    """When it was created, on the monotonic clock."""
    created_at: str
    updated_at: str
    population: str
    attributes: Document
    enabled: bool = True
    lifecycle: str = "ACCOUNT_OK"
    provider: str | None = None
    password: PasswordStatus = PasswordStatus.NONE

    def value(self, path: str) -> Any:  # Any: a JSON value
        """What an attribute holds, or None: `name.given` is a part of one."""
        match path:
            case "id":
                return self.id
            case "population.id":
                return self.population
            case "enabled":
                return self.enabled
            case "createdAt":
                return self.created_at
            case "updatedAt":
                return self.updated_at
            case "lifecycle.status":
                return self.lifecycle
        name, dot, part = path.partition(".")
        found = self.attributes.get(name)
        return found.get(part) if dot and isinstance(found, dict) else found


@dataclass(slots=True)
class Environment:
    """One environment, and everything in it."""

    id: str
    name: str
    kind: str
    """SANDBOX or PRODUCTION."""
    description: str
    created_at: str
    organization: str
    licence: str
    schema: str
    fold: bool = True
    """Whether usernames are compared without regard to case."""
    populations: dict[str, Population] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    order: list[User | None] = field(default_factory=list)
    created: dict[str, int] = field(default_factory=dict)
    """How often a user of each name was created, deleted ones included: whether a client did it once."""
    _taken: dict[str, dict[str, User]] = field(init=False)

    def __post_init__(self) -> None:
        self._taken = {name: {} for name in _UNIQUE}

    def named(self, username: str) -> User | None:
        """The user of a name."""
        return self._taken["username"].get(self._key("username", username))

    def default_population(self) -> Population:
        """Where users go that name no population; there is always one."""
        return next(population for population in self.populations.values() if population.default)

    def clashes(self, attributes: Document, own: User | None = None, *, tell: bool = True) -> list[Problem]:
        """What must be unique and is not; `tell` who has it."""
        problems = []
        for name in _UNIQUE:
            value = attributes.get(name)
            holder = self._taken[name].get(self._key(name, value)) if value is not None else None
            if holder is not None and holder is not own:
                inner = {"existingId": holder.id} if tell else {}
                message = "is unique but a non-unique value is provided"
                problems.append(Problem("UNIQUENESS_VIOLATION", name, message, inner))
        return problems

    def add(self, user: User) -> None:
        """Take a user in; it clashes with nobody."""
        self.users[user.id] = user
        self.order.append(user)
        self.populations[user.population].users += 1
        self._hold(user)
        name = user.attributes["username"]
        self.created[name] = self.created.get(name, 0) + 1

    def change(self, user: User, attributes: Document) -> None:
        """Give a user other attributes; they clash with nobody."""
        self._release(user)
        user.attributes = attributes
        self._hold(user)

    def move(self, user: User, population: str) -> None:
        """Put a user into another population."""
        self.populations[user.population].users -= 1
        self.populations[population].users += 1
        user.population = population

    def remove(self, user: User) -> None:
        """Delete a user."""
        del self.users[user.id]
        self.order[user.sequence] = None
        self.populations[user.population].users -= 1
        self._release(user)

    def after(self, sequence: int) -> Iterator[User]:
        """The users from a place in the order on."""
        for place in range(sequence, len(self.order)):
            user = self.order[place]
            if user is not None:
                yield user

    def _hold(self, user: User) -> None:
        for name in _UNIQUE:
            value = user.attributes.get(name)
            if value is not None:
                self._taken[name][self._key(name, value)] = user

    def _release(self, user: User) -> None:
        for name in _UNIQUE:
            value = user.attributes.get(name)
            if value is not None:
                del self._taken[name][self._key(name, value)]

    def _key(self, name: str, value: str) -> str:
        return value.casefold() if self.fold and name == "username" else value
