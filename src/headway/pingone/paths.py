"""The addresses below an environment, and the values that go into them. What comes from outside is checked or quoted,
so that no id and no name can lead elsewhere.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode

from yarl import URL

from headway.errors import UsageError
from headway.pingone.regions import Addresses

__all__ = ["Paths", "equals", "identifier"]

_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
"""PingOne's ids are UUIDs; anything of letters and digits is let through, and nothing that means something in an
address."""


def identifier(value: str, what: str) -> str:
    """An id as it stands. Raises `UsageError` if it is none."""
    if not _IDENTIFIER.match(value):
        raise UsageError(f"the {what} is not an id like 5f1c2a34-7a5e-4c1b-9d52-0a1b2c3d4e5f")
    return value


def equals(attribute: str, value: str) -> str:
    """The SCIM filter for an attribute that is this text."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{attribute} eq "{quoted}"'


class Paths:
    """The addresses of one environment."""

    def __init__(self, addresses: Addresses, environment: str) -> None:
        self._root = f"{addresses.api}/environments/{identifier(environment, 'environment id')}"
        self.environment = URL(self._root, encoded=True)
        self.users = self.environment / "users"
        self.populations = self.environment / "populations"
        self.schemas = self.environment / "schemas"

    def user(self, id: str, *below: str) -> URL:
        """A user, or something below it."""
        return URL("/".join([f"{self._root}/users", identifier(id, "user id"), *below]), encoded=True)

    def attributes(self, schema: str) -> URL:
        """The attributes of a schema."""
        return URL(f"{self._root}/schemas/{identifier(schema, 'schema id')}/attributes", encoded=True)

    def listed(self, collection: URL, *, filter: str | None = None, limit: int | None = None) -> URL:
        """The first page of a collection."""
        asked = {"filter": filter, "limit": None if limit is None else str(limit)}
        query = urlencode({name: value for name, value in asked.items() if value is not None}, quote_via=quote)
        return URL(f"{collection}?{query}", encoded=True) if query else collection

    def total_identities(self, filter: str) -> URL:
        """How many users there are, by day."""
        return self.listed(URL(f"{self._root}/totalIdentities", encoded=True), filter=filter)
