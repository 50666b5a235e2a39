"""Addresses below an environment."""

from __future__ import annotations

import pytest

from headway.errors import UsageError
from headway.pingone.paths import Paths, equals, identifier
from headway.pingone.regions import Region
from tests.pingone.harness import ENVIRONMENT, ID

PATHS = Paths(Region.EU.addresses, ENVIRONMENT)


def test_addresses() -> None:
    """Everything stands below its environment."""
    root = f"https://api.pingone.eu/v1/environments/{ENVIRONMENT}"

    assert str(PATHS.environment) == root
    assert str(PATHS.users) == f"{root}/users"
    assert str(PATHS.user(ID, "password")) == f"{root}/users/{ID}/password"
    assert str(PATHS.attributes(ID)) == f"{root}/schemas/{ID}/attributes"


@pytest.mark.parametrize("bad", ["", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "ä", "a\n", "x" * 65])
def test_ids(bad: str) -> None:
    """An id that could lead elsewhere is none."""
    with pytest.raises(UsageError, match="is not an id"):
        identifier(bad, "user id")
    with pytest.raises(UsageError, match="is not an id"):
        PATHS.user(bad)
    with pytest.raises(UsageError, match="is not an id"):
        Paths(Region.EU.addresses, bad)


def test_filters_are_quoted() -> None:
    """A value cannot end its quotes, and every character survives the address."""
    filter = equals("username", 'a"b\\c + ü&d')
    url = PATHS.listed(PATHS.users, filter=filter, limit=10)

    assert filter == 'username eq "a\\"b\\\\c + ü&d"'
    assert url.query["filter"] == filter
    assert "+" not in url.raw_query_string
    assert url.query["limit"] == "10"
