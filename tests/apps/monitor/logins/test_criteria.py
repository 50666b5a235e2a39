"""What counts as signed in, and whose fault it is if not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from headway.apps.monitor.logins.criteria import Evidence, Failure, judge
from headway.apps.monitor.logins.model import Criteria
from headway.browsers.faults import Fault

_IN = Evidence("https://shop.example/home", "Welcome,\n probe", sent=True)
_ALL = Criteria(selectors=("#w",), url_pattern="/home$", text_content=("Welcome, probe",), custom_validation="true")


def test_signed_in_is_when_everything_holds() -> None:
    """Line breaks of the page do not matter to a text."""
    assert judge(_ALL, _IN) is None


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ({"missing": ("#w",)}, "The page does not show #w."),
        ({"url": "https://shop.example/"}, 'The address https://shop.example/ does not match "/home$".'),
        ({"text": "Hello"}, 'The page does not say "Welcome, probe".'),
        ({"custom": False}, "The custom validation is not true."),
        ({"custom": "x is not defined"}, "The custom validation failed: x is not defined"),
    ],
)
def test_what_does_not_hold_is_named(seen: dict[str, Any], sentence: str) -> None:
    """Without a sign that the credentials were refused it is an assertion that failed."""
    assert judge(_ALL, replace(_IN, **seen)) == Failure(Fault.ASSERTION_FAILED, sentence)


@pytest.mark.parametrize(
    "line",
    ["Wrong user name or password.", "Login failed", "Invalid credentials!", "Your password is incorrect",
     "The account is locked", "Username and password do not match"],
)  # fmt: skip
def test_a_refusal_is_read(line: str) -> None:
    """The usual words for a wrong password make it the credentials' fault, in a dialog too."""
    seen = replace(_IN, missing=("#w",), text=f"Sign in\n{line}\nHelp")
    said = replace(_IN, missing=("#w",), dialogs=(line,))

    for evidence in (seen, said):
        failure = judge(_ALL, evidence)
        assert failure is not None
        assert failure.fault is Fault.AUTHENTICATION_FAILED
        assert f'the page says "{line}"' in failure.message


def test_a_password_still_asked_for_is_a_refusal() -> None:
    """But only where credentials were sent: otherwise nobody tried."""
    seen = replace(_IN, missing=("#w",), asks=True)

    assert judge(_ALL, seen) == Failure(
        Fault.AUTHENTICATION_FAILED, "The page still asks for a password. The page does not show #w."
    )
    assert judge(_ALL, replace(seen, sent=False)) == Failure(Fault.ASSERTION_FAILED, "The page does not show #w.")


def test_an_error_pattern_is_the_authors_own() -> None:
    """It takes the place of the usual words."""
    criteria = Criteria(text_content=("Willkommen",), error_pattern="Kennwort falsch")
    failure = judge(criteria, replace(_IN, text="Login failed"))
    refused = judge(criteria, replace(_IN, text="Das Kennwort falsch"))

    assert failure is not None
    assert failure.fault is Fault.ASSERTION_FAILED
    assert refused is not None
    assert refused.fault is Fault.AUTHENTICATION_FAILED


def test_without_criteria_no_password_may_be_asked_for() -> None:
    """A test without criteria still tells a login page from what comes after it."""
    assert judge(Criteria(), _IN) is None
    assert judge(Criteria(), replace(_IN, asks=True)) is not None
