"""Which users a run without a file is about, and as what they are looked for.

{"population": id, "enabled": true, "scim": 'email ew "@example.com"'}
  ─▶ population.id eq "…" and enabled eq true and (email ew "@example.com")

{"attributes": ["username", "email"], "limit": 1000}        of an export: what of them, and how many at most
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from headway.errors import UsageError
from headway.pingone.paths import equals, identifier

__all__ = ["Selection", "selection_of"]

Text = Annotated[str, msgspec.Meta(max_length=4_000)]
"""PingOne takes a filter as part of an address."""


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which users."""

    population: str | None = None
    enabled: bool | None = None
    scim: Text | None = None
    """A filter in PingOne's own words."""
    attributes: list[str] | None = None
    """None: all of them."""
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None

    @property
    def everybody(self) -> bool:
        """Whether nobody is left out."""
        return self.scim_filter is None

    @property
    def scim_filter(self) -> str | None:
        """As PingOne is asked; None: for everybody."""
        parts = []
        if self.population:
            parts.append(equals("population.id", self.population))
        if self.enabled is not None:
            parts.append(f"enabled eq {str(self.enabled).lower()}")
        if self.scim and self.scim.strip():
            parts.append(f"({self.scim.strip()})" if parts else self.scim.strip())
        return " and ".join(parts) or None


def selection_of(filter: dict[str, Any] | None) -> Selection:  # Any: JSON
    """What a run's options say. Raises `UsageError`."""
    try:
        found = msgspec.convert(filter or {}, Selection)
    except msgspec.ValidationError as error:
        raise UsageError(f"filter: {error}", details={"field": "filter"}) from error
    if found.population:
        identifier(found.population, "population")
    return found
