"""What PingOne holds: users, populations, attributes, environments. Frozen values, read from JSON.

Of a user everything is kept in `attributes`, because customers add attributes of their own. No repr shows people's
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, unique
from typing import Any, Final, Generic, TypeVar

import msgspec

__all__ = [
    "Attribute",
    "Created",
    "Environment",
    "Evidence",
    "Link",
    "Made",
    "Page",
    "Population",
    "User",
    "made",
    "population",
    "user",
]

T = TypeVar("T")


class Reference(msgspec.Struct, frozen=True):
    """`{"id": …}`."""

    id: str


class Made(msgspec.Struct, frozen=True, rename="camel"):
    """What is looked at of something that was created."""

    id: str
    created_at: datetime | None = None


class Link(msgspec.Struct, frozen=True):
    """`{"href": …}`."""

    href: str


@unique
class Evidence(Enum):
    """Why something counts as created by us."""

    ANSWER = "answer"
    """PingOne said so."""
    LOOKUP = "lookup"
    """It said that the name is taken, and who has it was made since we first asked. An inference (L)."""


@dataclass(frozen=True, slots=True)
class Created:
    """Something was created, by us."""

    id: str
    ours_by: Evidence
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A user."""

    id: str
    username: str = field(repr=False)
    created_at: datetime | None
    enabled: bool
    population_id: str | None
    attributes: Mapping[str, Any] = field(repr=False)
    """The whole of it as it came. Any: JSON, with attributes of the customer's own."""


class Population(msgspec.Struct, frozen=True, rename="camel"):
    """A population."""

    id: str
    name: str
    description: str = ""
    user_count: int | None = None
    default: bool = False
    created_at: datetime | None = None


class SubAttribute(msgspec.Struct, frozen=True, rename="camel"):
    """One part of a complex attribute."""

    name: str
    type: str = "STRING"
    required: bool = False


class Attribute(msgspec.Struct, frozen=True, rename="camel"):
    """An attribute of the users of an environment."""

    name: str
    type: str
    """STRING, JSON, BOOLEAN or COMPLEX."""
    schema_type: str = "STANDARD"
    """STANDARD, CORE or CUSTOM."""
    required: bool = False
    unique: bool = False
    multi_valued: bool = False
    enabled: bool = True
    sub_attributes: tuple[SubAttribute, ...] = ()


class Environment(msgspec.Struct, frozen=True, rename="camel"):
    """An environment."""

    id: str
    name: str
    type: str = ""
    """PRODUCTION or SANDBOX."""
    description: str = ""
    region: str | None = None
    license: Reference | None = None

    @property
    def production(self) -> bool:
        """Whether real people sign on with it: an import shows a warning first."""
        return self.type == "PRODUCTION"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a collection."""

    entries: tuple[T, ...]
    count: int | None = None
    """Of the whole collection, as PingOne believes; may be missing, inexact, or grow."""


class _UserFrame(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    username: str = ""
    created_at: datetime | None = None
    enabled: bool = True
    population: Reference | None = None


_MADE: Final = msgspec.json.Decoder(Made)
made = _MADE.decode
"""Read what was created. Raises `msgspec.MsgspecError`."""


def user(content: bytes | msgspec.Raw) -> User:
    """Read a user. Raises `msgspec.MsgspecError`."""
    attributes = msgspec.json.decode(content, type=dict[str, Any])
    frame = msgspec.convert(attributes, _UserFrame)
    return User(
        frame.id,
        frame.username,
        in_utc(frame.created_at),
        frame.enabled,
        frame.population.id if frame.population else None,
        attributes,
    )


def population(content: bytes | msgspec.Raw) -> Population:
    """Read a population. Raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(content, type=Population)


def in_utc(time: datetime | None) -> datetime | None:
    """A time of a record; one without a zone is UTC."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
