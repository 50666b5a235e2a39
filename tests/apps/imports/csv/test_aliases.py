"""Names that people's columns have."""

from __future__ import annotations

from headway.apps.imports.csv.aliases import ALIASES, normalised
from headway.apps.imports.csv.schema import STANDARD


def test_what_makes_no_difference() -> None:
    """Case, spaces, dots, dashes and underscores do not count."""
    assert {normalised(name) for name in ("First Name", "first_name", "firstName", "FIRST-NAME ")} == {"firstname"}


def test_every_alias_is_an_attribute() -> None:
    """No alias means what PingOne does not have, and none hides an attribute's own name."""
    assert {target for targets in ALIASES.values() for target in targets} <= set(STANDARD)
    for path in STANDARD:
        assert ALIASES.get(normalised(path), (path,))[0] == path
