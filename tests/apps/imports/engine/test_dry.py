"""What a dry run knows of users who are there. What it decides, the tests of `job` show against a sandbox."""

from __future__ import annotations

from array import array

from headway.apps.imports.engine.dry import Known, _mark


def test_a_username_is_known_whatever_its_case() -> None:
    """PingOne takes names that differ in case for one (an assumption)."""
    known = Known(array("Q", [_mark("Ada"), _mark("straße"), _mark("user1")]))

    assert "ADA" in known
    assert "STRASSE" in known
    assert "eve" not in known
    assert len(known) == 3


def test_many_usernames_are_known() -> None:
    """Each of thousands is found again, and no other."""
    known = Known(_mark(f"user{n}") for n in range(5_000))

    assert all(f"user{n}" in known for n in range(5_000))
    assert not any(f"other{n}" in known for n in range(5_000))
