"""The password policy."""

from __future__ import annotations

import pytest

from headway.sandbox.passwords import PasswordPolicy, check_password, is_encoded


def missing(password: str, policy: PasswordPolicy) -> object:
    """What is not satisfied."""
    return [one.inner["unsatisfiedRequirements"] for one in check_password(password, policy)]


@pytest.mark.parametrize(
    "scheme", ["PBKDF2", "ARGON2", "MSKCC_PBKDF2", "SCRYPT", "SCRYPT_RFC7914", "BCRYPT", "SSHA512"]
)
def test_an_encoded_password_is_not_looked_at(scheme: str) -> None:
    """`{SCHEME}` and a hash is taken as it is."""
    assert is_encoded(f"{{{scheme}}}x")
    assert check_password(f"{{{scheme}}}x", PasswordPolicy(least=200)) == []


@pytest.mark.parametrize("password", ["{MD5}x", "{BCRYPT}", "{bcrypt}x", " {BCRYPT}x"])
def test_what_only_looks_encoded_is_a_clear_text(password: str) -> None:
    """A scheme that is not known, or no hash behind it, is checked as a password."""
    assert not is_encoded(password)
    assert check_password(password, PasswordPolicy(least=200)) != []


def test_the_policy_can_be_set() -> None:
    """Length and classes of characters."""
    strict, easy = PasswordPolicy(), PasswordPolicy(least=4, classes=frozenset({"digit"}))

    assert missing("Aa1!567", strict) == [["length"]]
    assert missing("aaaaaaa1!", strict) == [["minCharacters"]]
    assert missing("A1!" + "a" * 253, strict) == [["length"]]
    assert (missing("Aa1!5678", strict), missing("abc1", easy)) == ([], [])
    assert missing("abc", easy) == [["length", "minCharacters"]]
