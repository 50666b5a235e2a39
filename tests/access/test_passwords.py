"""Passwords of local users."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from headway.access import passwords
from headway.access.passwords import hashed, matches, outdated
from headway.errors import UsageError

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def kept() -> str:
    """The hash that is kept of the password."""
    return hashed(PASSWORD)


def test_a_password_matches(kept: str) -> None:
    """The password matches its hash, and no other does; neither stands in the other."""
    assert matches(kept, PASSWORD)
    assert not matches(kept, PASSWORD + " ")
    assert PASSWORD not in kept
    assert kept.startswith("$argon2id$")
    assert hashed(PASSWORD) != kept


def test_an_unknown_user_matches_nothing() -> None:
    """Nobody's password matches, and finding that out is the work of a real check: it is of today's parameters."""
    assert not matches(None, PASSWORD)
    assert not outdated(passwords._NOBODYS)


@pytest.mark.parametrize("hash", ["", "x", "$argon2id$v=19$m=65536,t=3,p=4$AAAA", "plain", "$2b$12$abc"])
def test_what_is_no_hash(hash: str) -> None:
    """Where no hash was kept nothing matches, and it is to be replaced."""
    assert not matches(hash, PASSWORD)
    assert outdated(hash)


@pytest.mark.parametrize("password", ["", "short", "x" * 7, "x" * 1_025, "é" * 513, "x" * 10_000_000, "\ud800" * 9])
def test_lengths(kept: str, password: str) -> None:
    """A password has 8 to 1,024 bytes of text; another is not kept, and matches nothing."""
    with pytest.raises(UsageError, match="8 to 1024 bytes"):
        hashed(password)
    assert not matches(kept, password)


def test_the_same_letters_are_the_same_password() -> None:
    """A password matches however the keyboard spells its letters."""
    assert matches(hashed("caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301")
    assert matches(hashed("é" * 512), "é" * 512)
    assert matches(hashed("x" * 8), "x" * 8)


def test_hashes_of_other_parameters_are_outdated(kept: str) -> None:
    """A hash of fewer rounds still matches, and says that it is to be replaced."""
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)

    assert matches(weak, PASSWORD)
    assert outdated(weak)
    assert not outdated(kept)
