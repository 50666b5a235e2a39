"""What becomes of a row whose user is there already.

    skip     it is left alone                          skipped, EXISTS
    fail     the row is wrong                          failed, with PingOne's own code
    update   what differs is changed, and no more      updated; nothing differs: skipped, UNCHANGED

An update compares what the row says with what PingOne shows. What the row leaves out stays. Left alone, because it
cannot be compared or belongs to an account's beginning: the password, `lifecycle`, `emailVerified`,
`identityProvider`. A username differs in more than case, or it is the same user (L).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from headway.apps.imports.engine.interface import Body, Client
from headway.pingone.errors import PingOneError
from headway.pingone.records import User

__all__ = ["EXISTS", "UNCHANGED", "Changes", "Policy", "apply", "changes", "existing_id", "is_there", "look_up"]

EXISTS: Final = "EXISTS"
UNCHANGED: Final = "UNCHANGED"

_LEFT_ALONE: Final = frozenset({"username", "password", "lifecycle", "emailVerified", "identityProvider"})
_APART: Final = frozenset({"population", "enabled"})
"""What PingOne changes by requests of its own."""


class Policy(StrEnum):
    """What to do with a user who is there."""

    SKIP = "skip"
    UPDATE = "update"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Changes:
    """What of a user is to change."""

    attributes: Body = field(default_factory=dict, repr=False)
    population: str | None = None
    enabled: bool | None = None

    def __bool__(self) -> bool:
        return bool(self.attributes) or self.population is not None or self.enabled is not None


def is_there(error: PingOneError) -> bool:
    """Whether a refusal says that the username is taken. It is 400 and not 409 (H), and may list more beside it (L)."""
    return error.status == 400 and error.refusal.has("UNIQUENESS_VIOLATION", "username")


def existing_id(error: PingOneError) -> str | None:
    """The id of who has the name, where the refusal names it (L)."""
    for detail in error.refusal.details:
        found = detail.inner.get("existingId")
        if detail.code == "UNIQUENESS_VIOLATION" and detail.target == "username" and isinstance(found, str):
            return found
    return None


async def look_up(client: Client, username: str, id: str | None) -> User | None:
    """Who has a username: by id, which does not lag, or else by search. None: nobody that can be seen."""
    if id is not None:
        try:
            found = await client.user(id)
        except PingOneError as error:
            if error.status != 404:
                raise
        else:
            if found.username.casefold() == username.casefold():
                return found
    return await client.user_named(username)


def changes(body: Mapping[str, Any], user: User) -> Changes:  # Any: JSON
    """What has to change for a user to be as the row says."""
    wanted = {name: value for name, value in body.items() if name not in _LEFT_ALONE and name not in _APART}
    differing = {
        name: _merged(value, user.attributes.get(name))
        for name, value in wanted.items()
        if not _same(value, user.attributes.get(name))
    }
    population, enabled = body.get("population"), body.get("enabled")
    place = population.get("id") if isinstance(population, Mapping) else None
    return Changes(
        differing,
        place if place is not None and place != user.population_id else None,
        enabled if isinstance(enabled, bool) and enabled != user.enabled else None,
    )


async def apply(client: Client, id: str, found: Changes) -> None:
    """Change a user. Done twice, it comes to the same. Raises `PingOneError`."""
    if found.attributes:
        await client.patch_user(id, found.attributes)
    if found.population is not None:
        await client.move_user(id, found.population)
    if found.enabled is not None:
        await client.set_enabled(id, found.enabled)


def _same(wanted: Any, there: Any) -> bool:  # Any: JSON values
    """Whether everything that is wanted is there; parts that are not mentioned do not count."""
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        return all(_same(value, there.get(name)) for name, value in wanted.items())
    # 1 and True are equal in Python, and two things in JSON.
    return type(wanted) is type(there) and bool(wanted == there)


def _merged(wanted: Any, there: Any) -> Any:  # Any: JSON values
    """Whole, so that it means the same whether PingOne merges the parts of a complex attribute or replaces it (L)."""
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        return {**there, **{name: _merged(value, there.get(name)) for name, value in wanted.items()}}
    return wanted
