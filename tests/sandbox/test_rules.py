"""What a user may look like, rule by rule; over HTTP they are in test_users.py."""

from __future__ import annotations

import pytest

from headway.sandbox.passwords import PasswordPolicy
from headway.sandbox.rules import Checked, Operation, check_size, check_user
from tests.sandbox.harness import PASSWORD, user_of


def checked(**attributes: object) -> Checked:
    """An imported user with these attributes, looked at."""
    return check_user(user_of(**attributes), Operation.IMPORT, PasswordPolicy(), email_required=True)


def problems(**attributes: object) -> list[tuple[str, str]]:
    """Code and target of each."""
    return [(one.code, one.target) for one in checked(**attributes).problems]


@pytest.mark.parametrize(
    "attributes",
    [
        {"username": "x" * 128},
        {"username": "Zoë 😀 李 naïve"},
        {"title": "no\u00a0break"},
        {"email": "o'brien+tag@sub.example.co.uk"},
        {"email": "ada@localhost"},
        {"email": "zoë@bücher.example"},
        {"primaryPhone": "1" * 32, "mobilePhone": "+44 (0) 20"},
        {"externalId": "x" * 1024},
        {"address": {"countryCode": "GB", "postalCode": "1" * 40}},
        {"timezone": "Europe/London"},
        {"photo": {"href": "https://example.com/ada.png"}},
        {"name": {"given": "x" * 256, "middle": None}},
        {"emailVerified": True, "enabled": False},
        {"preferences": {"deep": [1, None]}, "badges": ["a", "b"], "department": "x"},
        {"badges": "one"},
        {"lifecycle": {"status": "VERIFICATION_REQUIRED", "suppressVerificationCode": True}},
        {"identityProvider": {"id": "00000000-0000-4000-8000-000000000000"}},
        {"identityProvider": {"type": "PING_ONE"}},
        {"title": None, "password": None, "population": None, "lifecycle": None, "enabled": None},
        {"id": "x", "createdAt": "y", "_links": {}},
    ],
)
def test_what_is_allowed(attributes: dict[str, object]) -> None:
    """The edges of every rule, from within; null is the same as nothing."""
    assert problems(**attributes) == []


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"username": None}, ("REQUIRED_VALUE", "username")),
        ({"username": ""}, ("EMPTY_VALUE", "username")),
        ({"username": "x" * 129}, ("OUT_OF_RANGE", "username")),
        ({"username": 7}, ("INVALID_VALUE", "username")),
        ({"username": "a\nb"}, ("INVALID_VALUE", "username")),
        ({"username": "a\x00"}, ("INVALID_VALUE", "username")),
        ({"title": "a\u2028b"}, ("INVALID_VALUE", "title")),
        ({"title": "a\u200bb"}, ("INVALID_VALUE", "title")),
        ({"title": "x" * 257}, ("OUT_OF_RANGE", "title")),
        ({"title": ["x"]}, ("INVALID_VALUE", "title")),
        ({"email": None}, ("REQUIRED_VALUE", "email")),
        ({"email": "ada"}, ("INVALID_VALUE", "email")),
        ({"email": "ada@"}, ("INVALID_VALUE", "email")),
        ({"email": "@example.com"}, ("INVALID_VALUE", "email")),
        ({"email": "a b@example.com"}, ("INVALID_VALUE", "email")),
        ({"email": "a..b@example.com"}, ("INVALID_VALUE", "email")),
        ({"email": "a@b@example.com"}, ("INVALID_VALUE", "email")),
        ({"email": f"{'x' * 65}@example.com"}, ("INVALID_VALUE", "email")),
        ({"email": "ada@-example.com"}, ("INVALID_VALUE", "email")),
        ({"email": "ada@example..com"}, ("INVALID_VALUE", "email")),
        ({"mobilePhone": "1" * 33}, ("OUT_OF_RANGE", "mobilePhone")),
        ({"externalId": "x" * 1025}, ("OUT_OF_RANGE", "externalId")),
        ({"address": {"postalCode": "1" * 41}}, ("OUT_OF_RANGE", "address.postalCode")),
        ({"address": {"countryCode": "GBR"}}, ("INVALID_VALUE", "address.countryCode")),
        ({"address": {"countryCode": "gb"}}, ("INVALID_VALUE", "address.countryCode")),
        ({"address": "London"}, ("INVALID_VALUE", "address")),
        ({"timezone": "GMT"}, ("INVALID_VALUE", "timezone")),
        ({"timezone": "America/Argentina/Ushuaia"}, ("INVALID_VALUE", "timezone")),
        ({"photo": {"href": "javascript:alert(1)"}}, ("INVALID_VALUE", "photo.href")),
        ({"name": {"first": "Ada"}}, ("INVALID_VALUE", "name.first")),
        ({"emailVerified": "true"}, ("INVALID_VALUE", "emailVerified")),
        ({"enabled": 1}, ("INVALID_VALUE", "enabled")),
        ({"preferences": "x"}, ("INVALID_VALUE", "preferences")),
        ({"badges": ["a", ""]}, ("EMPTY_VALUE", "badges[1]")),
        ({"population": {}}, ("REQUIRED_VALUE", "population.id")),
        ({"population": "x"}, ("REQUIRED_VALUE", "population.id")),
        ({"population": {"id": "x"}}, ("INVALID_VALUE", "population.id")),
        ({"identityProvider": {"id": 1}}, ("INVALID_VALUE", "identityProvider.id")),
        ({"lifecycle": "x"}, ("INVALID_VALUE", "lifecycle")),
        ({"lifecycle": {"status": "x"}}, ("INVALID_VALUE", "lifecycle.status")),
        ({"lifecycle": {"status": ["x"]}}, ("INVALID_VALUE", "lifecycle.status")),
        ({"lifecycle": {"suppressVerificationCode": 1}}, ("INVALID_VALUE", "lifecycle.suppressVerificationCode")),
        ({"password": "x"}, ("REQUIRED_VALUE", "password.value")),
        ({"password": {"value": ""}}, ("EMPTY_VALUE", "password")),
        ({"password": {"value": 7}}, ("INVALID_VALUE", "password")),
        ({"password": {"value": PASSWORD, "forceChange": 1}}, ("INVALID_VALUE", "password.forceChange")),
        ({"shoeSize": 42}, ("INVALID_VALUE", "shoeSize")),
    ],
)
def test_what_is_not_allowed(attributes: dict[str, object], problem: tuple[str, str]) -> None:
    """The edges of every rule, from without; each is told with its place."""
    assert problems(**attributes) == [problem]


def test_an_error_shows_the_pattern_that_is_asked_for() -> None:
    """`allowedPattern`, and for a length its range."""
    wrong = checked(username="x" * 200, title="a\tb", address={"countryCode": "xx"}).problems
    found = {one.target: one.inner for one in wrong}

    assert found["title"] == {"allowedPattern": r"^[\p{L}\p{M}\p{Zs}\p{S}\p{N}\p{P}]*$"}
    assert found["address.countryCode"] == {"allowedPattern": "[A-Z]{2}"}
    assert found["username"] == {"rangeMinimumValue": 1, "rangeMaximumValue": 128}


def test_nothing_of_a_password_is_in_what_is_wrong_with_it() -> None:
    """An error is written down by whoever gets it."""
    told = [one.document() for one in checked(password={"value": "hunter2"}).problems]

    assert "hunter2" not in str(told)


def test_all_attributes_together_have_a_size() -> None:
    """16 KB as JSON, counted in bytes."""
    assert check_size({"title": "x" * (16_384 - len('{"title":""}'))}) == []
    assert [one.code for one in check_size({"title": "é" * 8_192})] == ["SIZE_LIMIT_EXCEEDED"]
