"""Which users a run without a file is about."""

from __future__ import annotations

import pytest

from headway.apps.imports.selecting import selection_of
from headway.errors import UsageError


@pytest.mark.parametrize(
    ("filter", "asked"),
    [
        (None, None),
        ({"population": None, "enabled": None, "scim": " "}, None),
        ({"population": "p1"}, 'population.id eq "p1"'),
        ({"enabled": False}, "enabled eq false"),
        ({"scim": 'username sw "a"'}, 'username sw "a"'),
        (
            {"population": "p1", "enabled": True, "scim": 'a eq "1" or b eq "2"'},
            'population.id eq "p1" and enabled eq true and (a eq "1" or b eq "2")',
        ),
    ],
)
def test_as_pingone_is_asked(filter: dict[str, object] | None, asked: str | None) -> None:
    """Parts are joined by "and", and one with an "or" of its own stays together."""
    found = selection_of(filter)

    assert (found.scim_filter, found.everybody) == (asked, asked is None)


@pytest.mark.parametrize(
    "filter", [{"population": 'p" or true'}, {"limit": 0}, {"limit": "many"}, {"scim": "a" * 5_000}, {"other": 1}]
)
def test_what_cannot_be_is_refused(filter: dict[str, object]) -> None:
    """With the field that is wrong."""
    with pytest.raises(UsageError) as refusal:
        selection_of(filter)
    assert "filter" in str(refusal.value) or "population" in str(refusal.value)
