"""What an update changes."""

from __future__ import annotations

from typing import Any

import pytest

from headway.apps.imports.engine.policies import Changes, changes
from headway.pingone.records import User

THERE = User(
    "id",
    "ada",
    None,
    True,
    "home",
    {"email": "a@x.org", "name": {"given": "Ada", "family": "L"}, "tags": ["a"], "custom": "1"},
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"username": "ADA", "email": "a@x.org", "enabled": True}, Changes()),
        ({"name": {"given": "Ada"}}, Changes()),
        ({"name": {"given": "Eve"}}, Changes({"name": {"given": "Eve", "family": "L"}})),
        ({"name": {"middle": "K"}}, Changes({"name": {"given": "Ada", "family": "L", "middle": "K"}})),
        ({"address": {"region": "X"}}, Changes({"address": {"region": "X"}})),
        ({"tags": ["a", "b"]}, Changes({"tags": ["a", "b"]})),
        ({"custom": 1}, Changes({"custom": 1})),
        ({"enabled": False}, Changes(enabled=False)),
        ({"population": {"id": "home"}}, Changes()),
        ({"population": {"id": "away"}}, Changes(population="away")),
        ({"password": {"value": "x"}, "lifecycle": {"status": "ACCOUNT_OK"}, "emailVerified": True}, Changes()),
    ],
)
def test_only_what_differs_changes(body: dict[str, Any], expected: Changes) -> None:
    """What the row says and PingOne shows alike stays; a complex attribute changes as a whole, with its other parts."""
    found = changes(body, THERE)

    assert found == expected
    assert bool(found) == (expected != Changes())
