"""The rules of PingOne for one user."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv.problems import INVALID_VALUE, REQUIRED_VALUE, SIZE_LIMIT_EXCEEDED, Problem
from headway.apps.imports.csv.schema import Schema
from headway.apps.imports.csv.validating import Validator

VALIDATOR = Validator()


def wrong(**values: object) -> list[Problem]:
    """What is wrong with a user who has these besides a name. Two underscores are a dot."""
    return VALIDATOR.validate({"username": "ada", **{path.replace("__", "."): value for path, value in values.items()}})


def test_a_user_with_everything() -> None:
    """A full user has no problem."""
    assert not wrong(
        email="ada.lovelace@example.co.uk",
        name__given="Ada",
        name__family="de l’Étoile 世界",
        timezone="Europe/London",
        primaryPhone="+44 20 7946 0000",
        address__countryCode="GB",
        photo__href="https://example.com/ada.png",
        lifecycle__status="ACCOUNT_OK",
        password__value="{BCRYPT}$2a$10$x",
        enabled=True,
        locale="en-GB",
    )


def test_a_username_is_required() -> None:
    """A row without a username has PingOne's own code for it."""
    assert VALIDATOR.validate({}) == [Problem(REQUIRED_VALUE, "username", "username is required and empty")]


def test_who_is_to_be_verified_needs_an_email() -> None:
    """Verification has nowhere to go without an address."""
    assert [problem.field for problem in wrong(lifecycle__status="VERIFICATION_REQUIRED")] == ["email"]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("username", 128),
        ("name.given", 256),
        ("primaryPhone", 32),
        ("mobilePhone", 32),
        ("address.postalCode", 40),
        ("externalId", 1024),
        ("nickname", 256),
        ("population", 256),
    ],
)
@pytest.mark.parametrize("character", ["a", "ä", "𝒳"])
def test_lengths_are_characters(path: str, most: int, character: str) -> None:
    """The longest text is taken and one character more is not, however many bytes a character has."""
    values: dict[str, object] = {"username": "ada"}

    assert not VALIDATOR.validate(values | {path: character * most})
    [problem] = VALIDATOR.validate(values | {path: character * (most + 1)})
    assert (problem.code, problem.field) == (INVALID_VALUE, path)
    assert f"{most:,} are the most" in problem.message


@given(st.characters())
def test_the_characters_that_are_allowed(character: str) -> None:
    r"""A text holds what is in `\p{L}\p{M}\p{Zs}\p{S}\p{N}\p{P}`, and nothing else."""
    category = unicodedata.category(character)

    assert (not wrong(name__given=character)) == (category[0] in "LMSNP" or category == "Zs")


def test_a_character_that_is_not_allowed_is_named() -> None:
    """A character nobody sees is named by its number."""
    [problem] = wrong(title="a\u200bb")

    assert problem.message == "title has a character that is not allowed: U+200B ZERO WIDTH SPACE"


@pytest.mark.parametrize(
    "email", ["ada", "ada@", "@example.com", "a b@example.com", "a@b@c", "a@-b.com", "a@b..com", "a@b,c", "a@b.com."]
)
def test_addresses_that_are_none(email: str) -> None:
    """What cannot be an address is told as PingOne tells it."""
    [problem] = wrong(email=email)

    assert problem.message.startswith("email must be a well-formed email address, not “")


@given(st.text(st.sampled_from("a@.-_"), max_size=200))
def test_no_address_takes_long(email: str) -> None:
    """No text makes the check of an address slow."""
    wrong(email=email)


@pytest.mark.parametrize(
    ("path", "bad", "good"),
    [
        ("timezone", "London", "Europe/London"),
        ("address__countryCode", "gb", "GB"),
        ("address__countryCode", "GBR", "US"),
        ("photo__href", "ada.png", "http://x/ada.png"),
        ("identityProvider__id", "google", "3b5c1f0e-8d1f-4a6b-9a55-0d7c2f9b1a11"),
        ("population__id", "Staff", "3b5c1f0e-8d1f-4a6b-9a55-0d7c2f9b1a11"),
        ("lifecycle__status", "OK", "ACCOUNT_OK"),
    ],
)
def test_texts_of_a_form(path: str, bad: str, good: str) -> None:
    """What has a form is refused without it, with the value and the attribute's name."""
    assert not wrong(**{path: good})
    [problem] = wrong(**{path: bad})
    assert problem.code == INVALID_VALUE
    assert f"“{bad}”" in problem.message or bad == "OK"


def test_passwords_are_neither_checked_nor_told() -> None:
    """Whether a password will do, only PingOne knows; no sentence repeats one."""
    assert not wrong(password__value="\t" * 300)


def test_all_problems_are_told_at_once() -> None:
    """A row is mended once: everything that is wrong with it is told."""
    assert [problem.field for problem in wrong(email="x", timezone="y", title="z" * 300)] == [
        "email",
        "timezone",
        "title",
    ]


def test_a_profile_has_a_size() -> None:
    """More than 16 KB of profile is refused, counted as bytes of JSON."""
    assert not wrong(preferences={"a": "x" * 16_000})
    assert not wrong(preferences={"a": "ä" * 8_000})
    [problem] = wrong(preferences={"a": "ä" * 8_200})
    assert (problem.code, problem.field) == (SIZE_LIMIT_EXCEEDED, "")


def test_the_tenants_own_rules() -> None:
    """What a tenant requires is required, its lists of values hold, and no length is made up for its own attributes."""
    validator = Validator(
        Schema.of(
            [
                {"name": "team", "required": True, "schemaType": "CUSTOM", "enumeratedValues": [{"value": "red"}]},
                {"name": "memo", "schemaType": "CUSTOM"},
            ]
        )
    )

    assert [problem.code for problem in validator.validate({"username": "ada"})] == [REQUIRED_VALUE]
    assert [problem.field for problem in validator.validate({"username": "ada", "team": "blue"})] == ["team"]
    assert not validator.validate({"username": "ada", "team": "red", "memo": "x" * 2_000})
